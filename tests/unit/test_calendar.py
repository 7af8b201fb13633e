"""Working days: counting is Excel's WORKDAY, checked against numpy, and the table grows by itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from service.core.calendar import Calendar, Window
from tests.properties import proved

MONDAY = date(2026, 11, 23)
THANKSGIVING = {date(2026, 11, 26): "Thanksgiving Day", date(2026, 11, 27): "Day after Thanksgiving"}
US = Calendar(name="us", holidays=THANKSGIVING, time_zone="America/New_York", cutoff=time(17))

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
masks = st.text("01", min_size=7, max_size=7).filter(lambda mask: "1" in mask)
calendars = st.builds(
    lambda mask, holidays: Calendar(name="any", weekmask=mask, holidays=dict.fromkeys(holidays, "holiday")),
    masks,
    st.lists(st.dates(date(2025, 1, 1), date(2030, 12, 31)), max_size=30),
)


@proved(calendars, days, st.integers(-400, 400).filter(bool))
def test_a_shift_is_the_one_numpy_makes(calendar: Calendar, day: date, n: int) -> None:
    """The n-th working day after or before any day is numpy's, with the anchor never counted."""
    roll = "preceding" if n > 0 else "following"
    holidays = [np.datetime64(holiday) for holiday in calendar.holidays]
    expected = np.busday_offset(np.datetime64(day), n, roll=roll, weekmask=calendar.weekmask, holidays=holidays)
    assert calendar.shift(day, n) == expected.astype(date)


@proved(calendars, days, st.integers(-400, 400))
def test_shifting_back_returns_to_the_same_working_day(calendar: Calendar, day: date, n: int) -> None:
    """From a working day, n forward and n back is where it began, and the days between are |n|."""
    start = calendar.next(day)
    end = calendar.shift(start, n)
    assert calendar.shift(end, -n) == start
    assert calendar.working_days_between(min(start, end), max(start, end)) == abs(n)


@proved(calendars, days)
def test_next_and_previous_are_the_nearest_working_days(calendar: Calendar, day: date) -> None:
    """`next` and `previous` are worked, on their side of the day, with no working day in between."""
    after, before = calendar.next(day), calendar.previous(day)
    assert calendar.is_working(after)
    assert calendar.is_working(before)
    between = [before + timedelta(step) for step in range(1, (after - before).days)]
    assert before <= day <= after
    assert not any(map(calendar.is_working, between))


@pytest.mark.parametrize(
    ("n", "expected"), [(1, "2026-11-23"), (3, "2026-11-25"), (4, "2026-11-30"), (-1, "2026-11-20")]
)
def test_a_saturday_is_not_counted(n: int, expected: str) -> None:
    """Counting from a Saturday begins on the Monday, or on the Friday before."""
    assert US.shift(date(2026, 11, 21), n).isoformat() == expected


def test_a_make_up_day_is_worked_and_a_holiday_on_a_rest_day_changes_nothing() -> None:
    """A Saturday made a working day counts; a Sunday holiday does not count twice."""
    calendar = Calendar(
        name="c", holidays={date(2026, 11, 29): "Sunday"}, extra_working_days=frozenset({date(2026, 11, 28)})
    )
    assert calendar.shift(date(2026, 11, 27), 1) == date(2026, 11, 28)
    assert calendar.shift(date(2026, 11, 27), 2) == date(2026, 11, 30)
    assert list(calendar.closed_days(MONDAY, date(2026, 12, 31))) == []


@pytest.mark.parametrize(
    ("received", "counts_from"),
    [
        ("2026-12-04T16:59", "2026-12-04"),
        ("2026-12-04T17:00", "2026-12-04"),
        ("2026-12-04T17:01", "2026-12-07"),
        ("2026-12-05T09:00", "2026-12-07"),
        ("2026-12-05T18:00", "2026-12-07"),
    ],
)
def test_what_arrives_late_counts_from_the_next_working_day(received: str, counts_from: str) -> None:
    """After the cutoff, or on a closed day, is the next working day; exactly at the cutoff is in time."""
    instant = datetime.fromisoformat(f"{received}:00-05:00").astimezone(UTC)
    assert US.received_on(instant).isoformat() == counts_from


def test_without_a_cutoff_a_day_is_the_local_day() -> None:
    """An instant belongs to the day of the calendar's own zone, and stays there without a cutoff."""
    calendar = Calendar(name="la", time_zone="America/Los_Angeles")
    saturday_evening = datetime(2026, 11, 22, 3, tzinfo=UTC)
    assert calendar.date_of(saturday_evening) == calendar.received_on(saturday_evening) == date(2026, 11, 21)


def test_an_instant_without_zone_is_refused() -> None:
    """A naive instant has no day."""
    with pytest.raises(ValueError, match="no time zone"):
        US.date_of(datetime(2026, 11, 23, 9))  # noqa: DTZ001 - the mistake itself


@pytest.mark.parametrize(
    "fields",
    [
        {"weekmask": "0000000"},
        {"weekmask": "11111"},
        {"time_zone": "Mars/Base"},
        {"working_hours": ((),) * 7},
        {"weekmask": "0000000", "working_hours": ((),) * 7},
    ],
)
def test_a_calendar_that_cannot_work_is_refused(fields: dict[str, Any]) -> None:
    """No working weekday, half a week, an unknown zone, and working days without hours are each an error."""
    with pytest.raises(ValueError, match="broken: "):
        Calendar(name="broken", **fields)


def test_counting_out_of_the_calendar_is_an_error() -> None:
    """Dates end in the year 9999; counting further says so instead of running on."""
    with pytest.raises(OverflowError):
        Calendar(name="late").shift(date(9999, 12, 30), 5)
    assert Calendar(name="early").shift(date(1, 1, 1), 1) == date(1, 1, 2)


def test_equal_data_is_an_equal_calendar() -> None:
    """Calendars compare, hash and fingerprint by their data, and survive JSON."""
    again = Calendar.from_dict(US.as_dict())
    assert again == US
    assert hash(again) == hash(US)
    assert again.digest == US.digest
    assert again.digest != Calendar(name="us", time_zone="America/New_York", cutoff=time(17)).digest


def test_a_calendar_frozen_before_hours_were_known_still_loads() -> None:
    """A snapshot without hours is the calendar that it was, with its fingerprint, and each working day is open."""
    old = {
        "name": "us",
        "weekmask": "1111100",
        "holidays": {"2026-11-26": "Thanksgiving Day"},
        "extra_working_days": ["2026-11-28"],
        "time_zone": "America/New_York",
        "cutoff": None,
    }
    calendar = Calendar.from_dict(old)
    assert calendar.as_dict() == old
    assert [str(window) for window in calendar.hours_on(MONDAY)] == ["00:00-24:00"]
    assert calendar.hours_on(date(2026, 11, 26)) == ()
    assert calendar.hours_on(date(2026, 11, 28))


def test_an_exception_replaces_the_day_also_on_a_holiday() -> None:
    """Half a holiday is worked for its hours, a day without hours is closed, and both survive JSON."""
    morning = (Window.parse("09:00-12:00"),)
    calendar = Calendar(
        name="c",
        holidays={date(2026, 12, 24): "Christmas Eve"},
        exceptions={date(2026, 12, 24): morning, date(2026, 12, 26): morning, date(2026, 12, 28): ()},
    )
    again = Calendar.from_dict(json.loads(json.dumps(calendar.as_dict())))
    assert again == calendar
    assert calendar.hours_on(date(2026, 12, 24)) == calendar.hours_on(date(2026, 12, 26)) == morning
    assert calendar.shift(date(2026, 12, 23), 1) == date(2026, 12, 24)
    assert calendar.shift(date(2026, 12, 25), 1) == date(2026, 12, 26)
    assert calendar.holidays == {date(2026, 12, 28): "Closed"}


@pytest.mark.parametrize("text", ["9:00-17:00", "09:00-24:01", "09:60-17:00", "17:00-09:00", "09:00-09:00", "always"])
def test_a_stretch_that_no_day_has_is_refused(text: str) -> None:
    """One digit, an hour or minute too many, the wrong way round, nothing at all, or words."""
    with pytest.raises(ValueError, match=text):
        Window.parse(text)


def test_threads_share_one_growing_table() -> None:
    """Counts stay right while other threads make the table grow in both directions."""
    calendar = Calendar(name="shared")
    anchors = [date(1900 + step * 7 % 60, 1, 15) for step in range(60)]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda day: calendar.working_days_between(day, day + timedelta(70)), anchors))
    assert counts == [50] * len(anchors)
