"""Calendars as people write them: what becomes of them, and what is said about the mistakes of a long day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from service.calendars import CalendarRecipe, frozen_holidays, read_calendars
from service.catalogue import Catalogue
from service.company_days import CompanyDays
from service.config_file import read
from service.core.calendar import Calendar

YEARS = range(2026, 2028)
OFFICE = """\
office:
  time_zone: Europe/Berlin
  working_hours:
    mon: ["09:00-12:00", "13:00-17:00"]
    tue: ["09:00-17:00"]
    wed: ["22:00-24:00", "00:00-06:00"]
  cutoff: "16:00"
  holidays:
    country: DE
    subdivision: BY
    categories: [public, catholic]
    add: {"2026-12-22": Inventory}
    remove: ["2026-01-06"]
  exceptions:
    "2026-12-23": ["09:00-13:00"]
    "2026-12-25": ["10:00-12:00"]
    "2026-12-28": []
"""
COMPANY_DAYS = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//a tired person//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
SUMMARY:Year-end closing
DTSTART;VALUE=DATE:20261228
DTEND;VALUE=DATE:20270102
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTAMP:20260101T000000Z
SUMMARY:Founders' Day
DTSTART;VALUE=DATE:20200505
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTAMP:20260101T000000Z
SUMMARY:All hands
DTSTART:20260406T090000Z
DTEND:20260406T100000Z
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTAMP:20260101T000000Z
SUMMARY:Picnic
STATUS:CANCELLED
DTSTART;VALUE=DATE:20260615
END:VEVENT
END:VCALENDAR
"""


def loaded(folder: Path, text: str) -> Catalogue:
    """A folder with this file of calendars, and nothing else of ours."""
    (folder / "calendars.yaml").write_text(text)
    return Catalogue.load(folder)


def frozen(folder: Path, text: str, name: str = "office") -> Calendar:
    """One calendar of the file as plain data."""
    catalogue = loaded(folder, text)
    assert catalogue.problems == []
    return catalogue.calendars[name].freeze(name, YEARS)


def hours(calendar: Calendar, text: str) -> list[str]:
    """The hours of a day as text."""
    return [str(window) for window in calendar.hours_on(date.fromisoformat(text))]


def test_hours_become_plain_data(tmp_path: Path) -> None:
    """Lunch, nights, half days and worked holidays are in the frozen calendar, which survives JSON."""
    calendar = frozen(tmp_path, OFFICE)
    assert calendar.weekmask == "1110000"
    assert hours(calendar, "2026-11-23") == ["09:00-12:00", "13:00-17:00"]
    assert hours(calendar, "2026-11-25") == ["00:00-06:00", "22:00-24:00"]
    assert hours(calendar, "2026-12-23") == ["09:00-13:00"]
    assert hours(calendar, "2026-12-25") == ["10:00-12:00"]
    assert hours(calendar, "2026-12-28") == hours(calendar, "2026-12-22") == []
    assert calendar.holidays[date(2026, 12, 22)] == "Inventory"
    assert date(2026, 1, 6) not in calendar.holidays
    assert Calendar.from_dict(json.loads(json.dumps(calendar.as_dict()))) == calendar


def test_always_is_a_word(tmp_path: Path) -> None:
    """`working_hours: always` is day and night, every day."""
    calendar = frozen(tmp_path, "round:\n  time_zone: UTC\n  working_hours: always\n", "round")
    assert calendar.weekmask == "1111111"
    assert {str(window) for day in calendar.working_hours for window in day} == {"00:00-24:00"}


def test_no_is_norway(tmp_path: Path) -> None:
    """`country: NO` is text as YAML 1.2 has it, and the 17th of May is a holiday."""
    calendar = frozen(
        tmp_path,
        'oslo:\n  time_zone: Europe/Oslo\n  working_hours: {mon: ["08:00-16:00"]}\n  holidays: {country: NO}\n',
        "oslo",
    )
    assert calendar.holidays[date(2026, 5, 17)] == "Constitution Day"


def test_days_can_be_added_without_a_name(tmp_path: Path) -> None:
    """A plain list of dates is closed too."""
    text = 'plain:\n  time_zone: UTC\n  working_hours: {mon: ["09:00-17:00"]}\n  holidays: {add: ["2026-12-28"]}\n'
    assert frozen(tmp_path, text, "plain").holidays == {date(2026, 12, 28): "Closed"}


def test_a_company_calendar_file_closes_its_all_day_events(tmp_path: Path) -> None:
    """The end of an event is not part of it, a yearly day comes every year; meetings close nothing."""
    (tmp_path / "company-days.ics").write_text(COMPANY_DAYS)
    text = OFFICE.replace("country: DE", "ics: company-days.ics\n    country: DE").replace(
        'remove: ["2026-01-06"]', 'remove: ["2026-01-06", "2026-12-30"]'
    )
    calendar = frozen(tmp_path, text)
    closed = {day.isoformat() for day, why in calendar.holidays.items() if why in {"Year-end closing", "Closed"}}
    assert closed == {"2026-12-28", "2026-12-29", "2026-12-31"}
    assert calendar.holidays[date(2027, 1, 1)] == "New Year's Day"
    assert [day.year for day, why in calendar.holidays.items() if why == "Founders' Day"] == [2026, 2027]
    assert not {"All hands", "Picnic"} & set(calendar.holidays.values())
    assert calendar.hours_on(date(2026, 4, 7))


BAD_FILES = [
    (None, "there is no file company-days.ics beside the calendars"),
    ("", "company-days.ics is not a calendar file (ICS)"),
    ("holidays for 2026, see Anna's mail", "company-days.ics is not a calendar file (ICS)"),
    ("<html><body>Please sign in</body></html>", "company-days.ics is not a calendar file (ICS)"),
    (COMPANY_DAYS.partition("END:VCALENDAR")[0], "company-days.ics is not a calendar file (ICS)"),
    (COMPANY_DAYS.replace("20261228", "20260231"), "the event Year-end closing has a wrong DTSTART"),
    (COMPANY_DAYS.replace("DTSTART;VALUE=DATE:20261228\n", ""), "the event Year-end closing has no DTSTART"),
    (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nDTSTART:20260406T090000Z\nEND:VEVENT\nEND:VCALENDAR\n",
        "company-days.ics has no all-day event",
    ),
]


@pytest.mark.parametrize(
    ("content", "said"), BAD_FILES, ids=[said[-30:] + str(i) for i, (_, said) in enumerate(BAD_FILES)]
)
def test_a_bad_calendar_file_is_refused_with_its_name(tmp_path: Path, content: str | None, said: str) -> None:
    """The calendar that names it is refused with file, line and reason, and the others stay usable."""
    if content is not None:
        (tmp_path / "company-days.ics").write_text(content)
    text = OFFICE.replace("country: DE", "ics: company-days.ics\n    country: DE")
    catalogue = loaded(tmp_path, text + "other:\n  time_zone: UTC\n  working_hours: always\n")
    assert set(catalogue.calendars) == {"other"}
    (problem,) = catalogue.problems
    assert (Path(problem.file).name, problem.line) == ("calendars.yaml", 9)
    assert said in problem.message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("DTEND:20260616T100000Z", "has a DTEND that is no day after its start"),
        ("DTEND;VALUE=DATE:20260610", "has a DTEND that is no day after its start"),
        ("DURATION:PT3H", "has a DURATION that is not whole days"),
        ("DTSTART;VALUE=DATE:20260617", "has more than one DTSTART"),
        ("RRULE:FREQ=NEVER", "has a wrong RRULE"),
        ("RRULE:FREQ=YEARLY;INTERVAL=0", "repeats in a way that no day can"),
        ("RRULE:FREQ=SECONDLY", "repeats in a way that no day can"),
        ("EXDATE:sometimes", "has a wrong EXDATE"),
    ],
)
def test_an_event_that_cannot_be_is_refused_when_it_is_read(tmp_path: Path, line: str, said: str) -> None:
    """Not later, when a campaign wants its calendar; some of them would keep a computer busy for ever."""
    event = f"BEGIN:VEVENT\nSUMMARY:Picnic\nDTSTART;VALUE=DATE:20260615\n{line}\nEND:VEVENT"
    path = tmp_path / "days.ics"
    path.write_text(f"BEGIN:VCALENDAR\n{event}\nEND:VCALENDAR\n")
    with pytest.raises(ValueError, match=f"days.ics: the event Picnic {said}"):
        CompanyDays.read(path)


def test_events_over_new_year_and_with_a_length_cover_their_days(tmp_path: Path) -> None:
    """Each year has its own part of them, and what nobody reads may be odd."""
    path = tmp_path / "days.ics"
    path.write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Closing\nDTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270103\nEND:VEVENT\n"
        "BEGIN:VEVENT\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20260615\nDURATION:P2D\nLAST-MODIFIED:never\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    days = CompanyDays.read(path)
    assert [day.isoformat() for day in sorted(days.closed([2026]))] == [
        "2026-06-15",
        "2026-06-16",
        "2026-12-30",
        "2026-12-31",
    ]
    assert [day.isoformat() for day in sorted(days.closed([2027]))] == ["2027-01-01", "2027-01-02"]


MISTAKES = [
    ('cutoff: "16:00"', "cutoff: 16:00", 7, "write '16:00' in quotes"),
    ('tue: ["09:00-17:00"]', "tue: [09:00-17:00]", 5, "write '09:00-17:00' in quotes"),
    ('cutoff: "16:00"', 'cutoff: "4 pm"', 7, "`4 pm` is not a time of day; write it like '17:00'"),
    ('"13:00-17:00"', '"17:00-13:00"', 4, "ends before it begins; a night shift is two stretches"),
    ('"13:00-17:00"', '"13-17"', 4, "is not a stretch of a day; write it like '09:00-17:00'"),
    ('"13:00-17:00"', '"11:30-17:00"', 4, "`09:00-12:00` and `11:30-17:00` overlap"),
    ("Europe/Berlin", "Europe/Berln", 2, "not a time zone; did you mean `Europe/Berlin`?"),
    ("Europe/Berlin", "europe/berlin", 2, "not a time zone; did you mean `Europe/Berlin`?"),
    ("Europe/Berlin", "CEST", 2, "`CEST` is not a time zone"),
    ("country: DE", "country: Germany", 8, "the country `Germany` are not known; did you mean `DE`?"),
    ("country: DE", "country: de", 8, "the country `de` are not known; did you mean `DE`?"),
    ("country: DE", "country: false", 9, "write it in quotes"),
    ("subdivision: BY", "subdivision: DE-BY", 8, "`DE` has no subdivision `DE-BY`; did you mean `BY`?"),
    ("subdivision: BY", "subdivision: Bayrn", 8, "did you mean `Bayern`?"),
    ("subdivision: BY", "subdivision: Bavaria", 8, "`DE` has no subdivision `Bavaria`; use BB, BE"),
    ("subdivision: BY", "subdivision: 03", 10, "write it in quotes"),
    ("    country: DE\n", "", 8, "the subdivision `BY` needs its country"),
    ("catholic]", "catolic]", 8, "did you mean `catholic`?"),
    ("time_zone:", "timezone:", 2, "unknown field `timezone`; did you mean `time_zone`?"),
    ("    mon:", "    monday:", 4, "did you mean `mon`?"),
    ('"2026-12-22"', '"2026-02-31"', 12, "there is no day `2026-02-31`"),
    ('"2026-12-22"', "2026-02-31", 12, "there is no day 2026-02-31"),
    ('"2026-12-22"', '"22.12.2026"', 12, "there is no day `22.12.2026`; write year-month-day, like '2026-12-24'"),
    ('"2026-12-23":', '"12/23/2026":', 15, "there is no day `12/23/2026`"),
    ("    mon:", "\tmon:", 4, "a tab cannot indent YAML"),
    ("    tue:", "    mon:", 5, "`mon` stands here a second time"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"), MISTAKES, ids=[row[1].strip()[:40] or "gone" for row in MISTAKES]
)
def test_a_bad_calendar_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """The file, the line, and what was probably meant."""
    assert old in OFFICE
    catalogue = loaded(tmp_path, OFFICE.replace(old, new, 1))
    problem = catalogue.problems[0]
    assert said in problem.message
    assert (Path(problem.file).name, problem.line) == ("calendars.yaml", line), problem
    assert catalogue.calendars == {}


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("{}", "a calendar needs at least one working weekday"),
        ("{mon: [], tue: []}", "a calendar needs at least one working weekday"),
        ("never", "`never` is not a week; write the hours of each weekday, or `always`"),
    ],
)
def test_a_calendar_that_never_opens_is_refused(tmp_path: Path, week: str, said: str) -> None:
    """Nothing could ever be due on it; the calendar beside it stays usable."""
    good = "other:\n  time_zone: UTC\n  working_hours: always\n"
    catalogue = loaded(tmp_path, f"idle:\n  time_zone: UTC\n  working_hours: {week}\n{good}")
    assert set(catalogue.calendars) == {"other"}
    (problem,) = catalogue.problems
    assert said in problem.message


def test_a_time_without_quotes_spoils_its_own_calendar_only(tmp_path: Path) -> None:
    """The line is told, and the calendars beside it stay usable."""
    tired = "tired: {time_zone: UTC, working_hours: {mon: [09:00-17:00]}}\n"
    after = 'after: {time_zone: UTC, working_hours: {mon: ["09:00-17:00"]}}\n'
    catalogue = loaded(tmp_path, OFFICE + tired + after)
    assert list(catalogue.calendars) == ["office", "after"]
    assert [(problem.line, "in quotes" in problem.message) for problem in catalogue.problems] == [(18, True)]


def test_the_library_is_asked_only_for_what_it_knows() -> None:
    """Who freezes holidays without a file gets the same words."""
    with pytest.raises(ValueError, match="did you mean `US`"):
        frozen_holidays("usa", None, ["public"], {}, [], [2027])


def test_a_recipe_can_be_written_out_again(tmp_path: Path) -> None:
    """What was read, as JSON, reads back as the same recipe."""
    (tmp_path / "calendars.yaml").write_text(OFFICE)
    recipes, problems = read_calendars(read(tmp_path / "calendars.yaml"))
    assert problems == []
    assert CalendarRecipe.model_validate(recipes["office"].model_dump(mode="json")) == recipes["office"]
