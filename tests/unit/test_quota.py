"""Quotas: periods, what counts, pace, and what one period hands to the next."""

from __future__ import annotations

from datetime import date, datetime
from math import exp, factorial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.core.calendar import Calendar
from service.core.commitment import Quota
from service.core.event import Event
from service.core.poisson import at_least
from service.core.quota import QuotaReport, evaluate, stretch_of

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = Calendar("office", time_zone="America/New_York")


def quota(**values: Any) -> Quota:
    """Ten a month, with whatever is different."""
    written = {
        "id": "posts",
        "kind": "quota",
        "version": 1,
        "title": "Posts",
        "calendar": "office",
        "period": {"every": "month"},
        "targets": [{"at_least": 10}],
        "counted_when": {"event": "content.published"},
    }
    return Quota.model_validate(written | values)


def published(count: int, when: str, *, first: int = 0, **data: Any) -> list[Event]:
    """So many things, all at that local time."""
    instant = datetime.fromisoformat(when).replace(tzinfo=NEW_YORK)
    names = [f"{when}-{first + number}" for number in range(count)]
    return [Event(name, "content.published", instant, name, data) for name in names]


def report(of: Quota, events: list[Event], now: str, day: str | None = None) -> QuotaReport:
    """How it stands at that local time in its current period, or in that of another day."""
    instant = datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    return evaluate(of, CALENDAR, events, instant, date.fromisoformat(day) if day else instant.date())


PERIODS = [
    ("day", "2026-11-23", "2026-11-23", "2026-11-23", "2026-11-24"),
    ("week", "2026-12-31", "2026-W53", "2026-12-28", "2027-01-04"),
    ("month", "2026-12-31", "2026-12", "2026-12-01", "2027-01-01"),
    ("quarter", "2026-11-23", "2026-Q4", "2026-10-01", "2027-01-01"),
]


@pytest.mark.parametrize(("every", "day", "name", "first", "after"), PERIODS)
def test_a_period_goes_up_to_the_first_day_of_the_next(every: Any, day: str, name: str, first: str, after: str) -> None:
    """Half-open, across the year's end too; weeks begin on Monday."""
    found = stretch_of(every, date.fromisoformat(day))
    assert (found.name, found.first.isoformat(), found.after.isoformat()) == (name, first, after)


def test_a_thing_counts_once_in_a_period() -> None:
    """Told twice, or published again, it is one."""
    twice = [*published(3, "2026-11-02T10:00"), *published(3, "2026-11-02T10:00")]
    assert report(quota(), twice, "2026-11-23T12:00").targets[0].count == 3


def test_what_was_taken_out_again_does_not_count() -> None:
    """Whenever that happened, and in whatever order it was told."""
    events = published(3, "2026-11-02T10:00")
    taken = Event("x", "content.withdrawn", events[0].at.replace(day=20), events[0].subject)
    rules = {"event": "content.published", "unless": "content.withdrawn"}
    assert report(quota(counted_when=rules), [taken, *events], "2026-11-23T12:00").targets[0].count == 2


def test_only_what_the_condition_takes_counts() -> None:
    """Qualified leads, not all leads."""
    rules = {"event": "content.published", "where": {"field": "content.kind", "equals": "blog"}}
    events = [*published(2, "2026-11-02T10:00", kind="blog"), *published(5, "2026-11-03T10:00", kind="news")]
    assert report(quota(counted_when=rules), events, "2026-11-23T12:00").targets[0].count == 2


def test_each_has_a_count_of_its_own() -> None:
    """One row for everybody who did something."""
    events = [*published(2, "2026-11-02T10:00", by="ana"), *published(5, "2026-11-03T10:00", by="ben")]
    found = report(quota(each="content.by"), events, "2026-12-01T00:00", "2026-11-02")
    assert [(target.each, target.count) for target in found.targets] == [("ana", 2), ("ben", 5)]
    assert found.missed == ("all of ana", "all of ben")


def test_the_first_period_owes_its_share() -> None:
    """From 16 November 11 of 21 business days are left: 5 of 10, rounded down and shown."""
    part = quota(starts_on="2026-11-16", first_period="prorate")
    found = report(part, [], "2026-11-16T09:00").targets[0]
    assert found.at_least == 5
    assert found.notes == ("5 of 10: from Mon 16 Nov 2026, 11 of 21 business days",)
    assert report(part, [], "2026-12-01T09:00").targets[0].at_least == 10


def test_nothing_counts_before_the_first_day() -> None:
    """A period before it owes nothing."""
    later = quota(starts_on="2026-12-01")
    found = report(later, published(3, "2026-11-02T10:00"), "2026-11-23T12:00")
    assert (found.targets[0].count, found.targets[0].at_least, found.verdict) == (0, 0, "met")


CARRIED = [("none", 10, ()), ("surplus", 7, ("3 fewer, carried over",)), ("deficit", 10, ())]


@pytest.mark.parametrize(("carry_over", "owed", "notes"), CARRIED)
def test_a_surplus_is_handed_on_where_the_file_says_so(carry_over: str, owed: int, notes: tuple[str, ...]) -> None:
    """Thirteen in October leave seven for November."""
    one = quota(starts_on="2026-10-01", carry_over=carry_over)
    found = report(one, published(13, "2026-10-05T10:00"), "2026-11-23T12:00").targets[0]
    assert (found.at_least, found.notes) == (owed, notes)


def test_a_deficit_adds_up() -> None:
    """Eight and nine of ten leave thirteen for December."""
    one = quota(starts_on="2026-10-01", carry_over="deficit")
    events = [*published(8, "2026-10-05T10:00"), *published(9, "2026-11-05T10:00")]
    found = report(one, events, "2026-12-02T12:00").targets[0]
    assert (found.at_least, found.notes) == (13, ("3 more, carried over",))


def test_pace_decides_whether_it_is_at_risk() -> None:
    """Half-way with five of ten the odds are even; with four they are not."""
    half = "2026-11-16T00:00"  # 10 of 21 business days are over
    assert report(quota(), published(5, "2026-11-02T10:00"), half).verdict == "on_track"
    assert report(quota(), published(3, "2026-11-02T10:00"), half).verdict == "at_risk"


def test_a_band_is_left_by_one_too_many() -> None:
    """Above it is missed at once; inside it stays open until the period is over."""
    band = quota(targets=[{"at_least": 3, "at_most": 5}])
    assert report(band, published(6, "2026-11-02T10:00"), "2026-11-03T00:00").verdict == "missed"
    assert report(band, published(4, "2026-11-02T10:00"), "2026-11-03T00:00").verdict == "on_track"
    assert report(band, published(4, "2026-11-02T10:00"), "2026-12-01T00:00", "2026-11-01").verdict == "met"


def test_the_end_of_a_period_is_its_own_midnight() -> None:
    """What happened a minute later, by the wall clock of the period's zone, counts for the next one."""
    events = [*published(1, "2026-11-30T23:59"), *published(1, "2026-12-01T00:00")]
    assert report(quota(), events, "2026-12-02T09:00", "2026-11-30").targets[0].count == 1
    assert report(quota(), events, "2026-12-02T09:00").targets[0].count == 1


def test_a_period_without_business_days_has_no_pace() -> None:
    """A Saturday of a daily quota is never behind."""
    daily = quota(period={"every": "day"})
    found = report(daily, [], "2026-11-21T12:00").targets[0]
    assert (found.expected, found.behind, found.state) == (0, 0, "on_track")


@pytest.mark.parametrize(
    ("needed", "mean"), [(0, 3.0), (1, 0.0), (4, 3.5), (10, 3.5), (250, 250.0), (90_000, 90_000.0)]
)
def test_the_odds_are_those_of_a_steady_stream(needed: int, mean: float) -> None:
    """Small cases by the plain sum; in large ones the mean itself is reached about as often as not."""
    if needed <= 10:
        plain = 1 - sum(exp(-mean) * mean**count / factorial(count) for count in range(needed))
        assert at_least(needed, mean) == pytest.approx(plain)
    else:
        assert 0.5 <= at_least(needed, mean) < 0.52
