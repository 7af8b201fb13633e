"""Rules of recurrence: which days they name, and what is refused in words that help."""

from __future__ import annotations

from datetime import date, time

import pytest

from service.core.recurrence import Recurrence


def days(rule: str, low: date, high: date, first: date | None = None) -> list[date]:
    """The days that the rule names in between."""
    return Recurrence.parse(rule).days(first, low, high)


def test_a_weekly_rule_names_its_weekday() -> None:
    """Both ends of the stretch belong to it."""
    assert days("FREQ=WEEKLY;BYDAY=MO", date(2026, 11, 23), date(2026, 12, 7)) == [
        date(2026, 11, 23),
        date(2026, 11, 30),
        date(2026, 12, 7),
    ]


def test_the_last_day_of_a_month_follows_the_month() -> None:
    """BYMONTHDAY=-1 leaves out no month, February included."""
    found = days("FREQ=MONTHLY;BYMONTHDAY=-1", date(2027, 1, 1), date(2027, 4, 30))
    assert found == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_a_quarter_begins_in_the_months_that_are_named() -> None:
    """The first Monday of each quarter, whenever somebody asks."""
    rule = "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO"
    assert days(rule, date(2026, 11, 23), date(2027, 6, 30)) == [date(2027, 1, 4), date(2027, 4, 5)]


def test_every_91_days_counts_from_the_first_day() -> None:
    """Asking about a later stretch does not move the count."""
    rule, first = "FREQ=DAILY;INTERVAL=91", date(2027, 2, 22)
    assert days(rule, date(2027, 1, 1), date(2027, 12, 31), first)[:2] == [date(2027, 2, 22), date(2027, 5, 24)]
    assert days(rule, date(2027, 5, 1), date(2027, 6, 30), first) == [date(2027, 5, 24)]


def test_nothing_falls_before_the_first_day() -> None:
    """A weekly rule that starts in December names no day in November."""
    found = days("FREQ=WEEKLY;BYDAY=MO", date(2026, 11, 1), date(2026, 12, 8), date(2026, 12, 1))
    assert found == [date(2026, 12, 7)]


def test_the_time_of_day_is_read() -> None:
    """Hour and minute; midnight where none is given."""
    assert Recurrence.parse("FREQ=WEEKLY;BYDAY=MO;BYHOUR=10;BYMINUTE=30").at == time(10, 30)
    assert Recurrence.parse("RRULE:FREQ=WEEKLY;BYDAY=MO").at == time(0, 0)


REFUSED = [
    ("FREQ=WEEKLY", "say on which weekday"),
    ("FREQ=WEEKLY;BYDAY=MON", "`BYDAY=MON` is not a weekday; write MO"),
    ("FREQ=WEEKLY;BYDAYS=MO", "did you mean `BYDAY`?"),
    ("FREQ=WEEKLY;BYDAY=1MO", "belong to `FREQ=MONTHLY`"),
    ("FREQ=YEARLY;BYMONTH=1", "write `FREQ=MONTHLY` with `BYMONTH`"),
    ("FREQ=HOURLY", "a cadence is DAILY, WEEKLY, MONTHLY"),
    ("every monday", "says nothing; write it like `BYDAY=MO`"),
    ("FREQ=MONTHLY", "say on which day of the month"),
    ("FREQ=MONTHLY;BYMONTHDAY=31", "is not in every month"),
    ("FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3", "`COUNT` is not counted"),
    ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=24", "a number from 0 to 23 is meant"),
    ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9,17", "falls once a day"),
    ("FREQ=WEEKLY;BYDAY=MO;BYMINUTE=30", "`BYMINUTE` needs `BYHOUR`"),
    ("FREQ=WEEKLY;BYDAY=MO;BYDAY=TU", "stands here a second time"),
    ("FREQ=DAILY;INTERVAL=0", "a number from 1 to 999 is meant"),
    ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "`BYSETPOS` is not counted"),
]


@pytest.mark.parametrize(("rule", "said"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_counted_is_refused(rule: str, said: str) -> None:
    """Each refusal says what to write instead."""
    with pytest.raises(ValueError, match=r".+") as refused:
        Recurrence.parse(rule)
    assert said in str(refused.value)


def test_a_rule_that_is_no_text_is_refused() -> None:
    """A number or a list is answered with an example."""
    with pytest.raises(ValueError, match="write it like 'FREQ=WEEKLY"):
        Recurrence.parse(7)
