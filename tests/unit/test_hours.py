"""Open time: daylight saving, nights, half days and pauses, checked against counting minute by minute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from service.core.calendar import Calendar, Window, Windows
from service.core.hours import ALWAYS, HOUR, MINUTE, SECOND, OpenHours, Pause, instant, moment, open_hours, united
from tests.properties import proved

ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC"]


def windows(*written: str) -> Windows:
    """Windows as people write them."""
    return tuple(map(Window.parse, written))


def weekly(zone: str, *hours: str, **exceptions: list[str]) -> Calendar:
    """Monday to Friday with these hours; exceptions by their date."""
    return Calendar(
        name="office",
        working_hours=(windows(*hours),) * 5 + ((), ()),
        exceptions={date.fromisoformat(day.strip("_").replace("_", "-")): windows(*w) for day, w in exceptions.items()},
        time_zone=zone,
    )


def at(text: str, zone: str = "America/New_York") -> int:
    """A local time as an instant."""
    return instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


US = weekly("America/New_York", "09:00-17:00")


SHAPES = [
    (),
    windows("09:00-17:00"),
    windows("09:00-12:00", "13:00-17:30"),
    windows("00:00-06:00", "22:00-24:00"),
    windows("00:00-24:00"),
    windows("00:00-01:15", "02:30-04:00", "23:45-24:00"),
]
shapes = st.sampled_from(SHAPES)
autumn = st.integers(at("2026-10-20T00:00") // MINUTE, at("2026-11-05T00:00") // MINUTE)
spring = st.integers(at("2027-03-10T00:00") // MINUTE, at("2027-04-02T00:00") // MINUTE)
instants = (autumn | spring).map(lambda minute: minute * MINUTE)
near = instants.map(lambda value: moment(value).date())


def calendar_of(week: list[Windows], holidays: list[date], exceptions: dict[date, Windows], zone: str) -> Calendar:
    """Any week, with closed days and days of other hours."""
    return Calendar(
        name="any",
        weekmask="".join("1" if day else "0" for day in week),
        working_hours=tuple(week),
        holidays=dict.fromkeys(holidays, "holiday"),
        exceptions=exceptions,
        time_zone=zone,
    )


some_calendars = st.builds(
    calendar_of,
    st.lists(shapes, min_size=7, max_size=7).filter(any),
    st.lists(near, max_size=3),
    st.dictionaries(near, shapes, max_size=3),
    st.sampled_from(ZONES),
)
"""With what is special near a night on which clocks are changed."""
lengths = st.integers(1, 4 * 24 * 60).map(lambda length: length * MINUTE)
pause = st.builds(lambda begins, length: (begins, length and begins + length), instants, lengths | st.none())
some_pauses = st.lists(pause, max_size=4)
"""In any order, overlapping or not, some without an end."""


def open_minutes(calendar: Calendar, start: int, end: int, pauses: list[Pause]) -> int:
    """Each minute asked by itself: what does the clock on the wall say, and is that a working hour?"""
    zone, total = ZoneInfo(calendar.time_zone), 0
    for minute in range(start, end, MINUTE):
        local = moment(minute).astimezone(zone)
        shown = local.hour * 60 + local.minute
        working = any(window.opens <= shown < window.closes for window in calendar.hours_on(local.date()))
        total += working and not any(begins <= minute and (until is None or minute < until) for begins, until in pauses)
    return total


def settled(calendar: Calendar) -> bool:
    """Whether no window begins or ends among the times that a change of clocks leaves out or shows twice."""
    zone = ZoneInfo(calendar.time_zone)
    days = [date(2026, 10, 4), date(2026, 10, 25), date(2026, 11, 1), date(2027, 3, 14), date(2027, 3, 28)]
    for day in [*days, date(2027, 4, 4)]:
        for window in calendar.hours_on(day):
            for edge in window:
                wall = datetime.combine(day, datetime.min.time(), tzinfo=zone) + timedelta(minutes=edge)
                if wall.utcoffset() != wall.replace(fold=1).utcoffset():
                    return False
    return True


@proved(some_calendars, instants, st.integers(0, 2 * 24 * 60), some_pauses)
def test_open_time_is_what_counting_minutes_gives(
    calendar: Calendar, start: int, length: int, pauses: list[Pause]
) -> None:
    """Elapsed time is the number of open, unpaused minutes, over changes of the clocks too."""
    assume(settled(calendar))
    end = start + length * MINUTE
    assert OpenHours(calendar).elapsed(start, end, pauses) == open_minutes(calendar, start, end, pauses) * MINUTE


@proved(some_calendars, st.lists(instants, min_size=3, max_size=3).map(sorted), some_pauses)
def test_elapsed_adds_up_over_any_split(calendar: Calendar, cuts: list[int], pauses: list[Pause]) -> None:
    """The time from a to c is the time from a to b and from b to c."""
    hours, (a, b, c) = open_hours(calendar), cuts
    assert hours.elapsed(a, b, pauses) + hours.elapsed(b, c, pauses) == hours.elapsed(a, c, pauses)


@proved(some_calendars, instants, st.integers(1, 40 * HOUR), some_pauses)
def test_at_the_due_instant_exactly_the_target_has_elapsed(
    calendar: Calendar, start: int, target: int, pauses: list[Pause]
) -> None:
    """Due is the first instant with the target elapsed; without one, an open pause keeps it from ever being reached."""
    hours = open_hours(calendar)
    due = hours.due(start, target, pauses)
    if due is None:
        assert any(until is None for _, until in pauses)
        assert hours.elapsed(start, start + 400 * 24 * HOUR, pauses) < target
    else:
        assert hours.elapsed(start, due, pauses) == target
        assert hours.elapsed(start, due - 1, pauses) < target


@proved(some_calendars, instants, instants, some_pauses, st.integers(-23, 23), st.integers(-23, 23))
def test_the_offset_in_which_an_instant_is_written_changes_nothing(
    calendar: Calendar, start: int, end: int, pauses: list[Pause], here: int, there: int
) -> None:
    """The same instants, written on two sides of the world, measure the same."""

    def written(value: int, offset: int) -> int:
        return instant(moment(value).astimezone(timezone(timedelta(hours=offset))))

    again = [(written(a, there), None if b is None else written(b, here)) for a, b in pauses]
    hours = open_hours(calendar)
    assert hours.elapsed(written(start, here), written(end, there), again) == hours.elapsed(start, end, pauses)


@proved(some_calendars, instants, st.integers(0, 6 * 24 * 60))
def test_the_stretches_fill_the_time_and_agree_with_elapsed(calendar: Calendar, start: int, length: int) -> None:
    """Stretches follow each other without a hole, change at every seam, and the open ones add up."""
    hours, end = open_hours(calendar), start + length * MINUTE
    found = list(hours.stretches(start, end))
    seams = [start, *(until for _, until, _ in found)]
    assert [begins for begins, _, _ in found] == seams[:-1]
    assert seams[-1] == end
    assert all(before[2] != after[2] for before, after in pairwise(found))
    assert sum(until - begins for begins, until, is_open in found if is_open) == hours.elapsed(start, end)
    assert all(hours.is_open(begins) == is_open for begins, _, is_open in found)


@pytest.mark.parametrize(
    ("opens", "closes", "hours"),
    [
        ("2027-03-14T00:00", "2027-03-15T00:00", 23),
        ("2026-11-01T00:00", "2026-11-02T00:00", 25),
        ("2027-03-14T02:30", "2027-03-14T05:00", 1.5),
    ],
)
def test_a_day_is_as_long_as_the_clock_runs(opens: str, closes: str, hours: float) -> None:
    """23 hours in spring, 25 in autumn; an opening time that does not exist is an hour later."""
    first, last = datetime.fromisoformat(opens), datetime.fromisoformat(closes)
    day = Window(first.hour * 60 + first.minute, (last.hour * 60 + last.minute) or 24 * 60)
    sunday = Calendar("sundays", "0000001", working_hours=((),) * 6 + ((day,),), time_zone="America/New_York")
    noon = instant(first.replace(hour=12, tzinfo=UTC))
    assert open_hours(sunday).elapsed(noon - 24 * HOUR, noon + 24 * HOUR) == hours * HOUR


def test_a_night_shift_is_one_stretch_over_midnight() -> None:
    """22:00 to 06:00 as two stretches is eight hours, and due at six in the morning, not at midnight."""
    night = Calendar("nights", "1111111", working_hours=(windows("00:00-06:00", "22:00-24:00"),) * 7)
    start = at("2026-12-07T22:00", "UTC")
    assert open_hours(night).due(start, 8 * HOUR) == at("2026-12-08T06:00", "UTC")
    assert open_hours(night).due(start, 2 * HOUR) == at("2026-12-08T00:00", "UTC")
    assert [is_open for *_, is_open in open_hours(night).stretches(start, start + 8 * HOUR)] == [True]


def test_a_make_up_day_and_a_half_day_count_their_own_hours() -> None:
    """Three hours on a Saturday, four on Christmas Eve."""
    calendar = weekly("America/New_York", "09:00-17:00", _2026_12_05=["10:00-13:00"], _2026_12_24=["09:00-13:00"])
    hours = open_hours(calendar)
    assert hours.elapsed(at("2026-12-05T00:00"), at("2026-12-06T00:00")) == 3 * HOUR
    assert hours.due(at("2026-12-24T12:00"), 2 * HOUR) == at("2026-12-25T10:00")


def test_closing_is_in_time_and_closed() -> None:
    """At five the office is closed; what is due then is due then, and the next opening is Monday's."""
    hours, friday = open_hours(US), at("2026-12-04T17:00")
    assert not hours.is_open(friday)
    assert hours.is_open(friday - 1)
    assert hours.within(friday) == friday
    assert hours.within(friday + SECOND) == at("2026-12-07T09:00")
    assert hours.closing(date(2026, 12, 4)) == friday
    assert hours.closing(date(2026, 12, 5)) == at("2026-12-06T00:00")


def test_milliseconds_survive() -> None:
    """59.999 seconds and 60.000 seconds are different amounts."""
    start = instant(datetime(2026, 12, 7, 14, 0, 0, 123_000, tzinfo=UTC))
    hours = open_hours(US)
    assert hours.elapsed(start, start + 59_999_000) == 59_999_000 != MINUTE
    assert moment(start).microsecond == 123_000


def test_pauses_are_taken_together_in_any_order() -> None:
    """Pauses that overlap or touch are one, one without length is none, and one that lasts swallows what follows."""
    assert list(united([(5, 9), (1, 3), (3, 4), (6, 7), (20, 20)])) == [(1, 4), (5, 9)]
    assert list(united([(5, None), (1, 6), (8, 9)])) == [(1, None)]


def test_nothing_has_elapsed_before_the_start() -> None:
    """An end before the start is no negative time, and nothing is due at once."""
    start = at("2026-12-07T10:00")
    assert open_hours(US).elapsed(start, start - HOUR) == 0
    assert open_hours(US).due(start, 0) == start


def test_an_instant_needs_its_zone() -> None:
    """A naive time is refused instead of taken for UTC."""
    with pytest.raises(ValueError, match="no time zone"):
        instant(datetime(2026, 12, 7, 9))  # noqa: DTZ001 - the mistake itself


def test_open_time_reaches_as_far_as_anybody_agrees() -> None:
    """Eighty years of working hours are found; a goal with noughts too many is an error instead of a long wait."""
    eighty_years = open_hours(US).due(at("2026-12-07T09:00"), 80 * 2000 * HOUR)
    assert eighty_years is not None
    assert moment(eighty_years).year in range(2102, 2105)
    with pytest.raises(OverflowError):
        open_hours(ALWAYS).due(at("2026-12-07T09:00"), 900 * 366 * 24 * HOUR)


def test_threads_share_one_growing_table_of_hours() -> None:
    """Answers stay right while other threads make the table grow in both directions."""
    hours = OpenHours(US)
    starts = [instant(datetime(1990 + step * 7 % 40, 1, 1, tzinfo=UTC)) for step in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda start: hours.elapsed(start, start + 28 * 24 * HOUR), starts))
    assert found == [20 * 8 * HOUR] * len(starts)
