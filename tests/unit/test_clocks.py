"""Clocks: what a list of events says about time taken, whatever order it comes in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.core.calendar import Calendar, Window
from service.core.clock_rule import ClockRule
from service.core.clocks import Terms, read_clock
from service.core.cycles import Clock, Cycle, friendly
from service.core.event import Event

ZONE = ZoneInfo("America/New_York")
OFFICE = Calendar(
    "office",
    working_hours=((Window.parse("09:00-17:00"),),) * 5 + ((), ()),
    holidays={date(2026, 11, 26): "Thanksgiving Day"},
    time_zone="America/New_York",
)
REPLY: dict[str, Any] = {
    "start": "request.created",
    "stop": "request.answered",
    "reset": "request.rewritten",
    "cancel": "request.dropped",
    "pause": "defaults",
    "goals": [
        {"when": {"field": "request.priority", "equals": "P1"}, "target": "4 business_hours"},
        {"target": "8 business_hours"},
    ],
    "warn_at": [0.5, 0.75],
}


def at(text: str) -> datetime:
    """An instant by New York's clocks; `10:00` is on Monday 7 December 2026."""
    return datetime.fromisoformat(text if "T" in text else f"2026-12-07T{text}").replace(tzinfo=ZONE)


def told(kind: str, when: str, **data: Any) -> Event:
    """One event about the request; its id says no more than it does itself."""
    return Event(f"{kind} {when} {sorted(data.items())}", f"request.{kind}", at(when), "R-1", data)


def campaign(kind: str, when: str) -> Event:
    """One event about the campaign of the request."""
    return Event(f"{kind} {when}", f"campaign.{kind}", at(when), "R-1")


def read(now: str, *events: Event, rule: Mapping[str, Any] = REPLY, **changed: Any) -> Clock:
    """The clock at that time."""
    return read_clock(events, Terms(ClockRule.model_validate({**rule, **changed}), OFFICE, "v1"), at(now))


def running(now: str, *events: Event, **changed: Any) -> Cycle:
    """Its latest cycle."""
    cycle = read(now, *events, **changed).current
    assert cycle
    return cycle


def local(instant: datetime | None) -> str | None:
    """As the clocks in New York have it."""
    return instant and instant.astimezone(ZONE).isoformat()[:16]


def hours(amount: float) -> timedelta:
    """So many."""
    return timedelta(hours=amount)


CREATED = told("created", "10:00")


def test_before_anything_starts_nothing_is_said() -> None:
    """Without a start there is neither state nor verdict, whatever else happened."""
    clock = read("12:00", told("answered", "11:00"))
    assert (clock.state, clock.verdict, clock.current) == ("not_started", None, None)


def test_what_happens_later_is_not_known_yet() -> None:
    """At noon nobody knows of the answer at one."""
    events = CREATED, told("answered", "13:00")
    assert read("12:00", *events).state == "running"
    assert read("13:00", *events).state == "stopped"


def test_a_running_clock_says_how_long_and_until_when() -> None:
    """Two of eight hours used: six left, due on Tuesday at ten, on track."""
    cycle = running("12:00", CREATED)
    assert (cycle.state, cycle.verdict, cycle.goal) == ("running", "on_track", "8 business_hours")
    assert (cycle.elapsed_time, cycle.remaining_time, cycle.goal_duration) == (hours(2), hours(6), hours(8))
    assert local(cycle.breach_time) == "2026-12-08T10:00"
    assert cycle.stop_time is None


def test_after_hours_is_not_a_pause() -> None:
    """At night the state is outside_hours, nothing elapses in open time, and the wall clock runs on."""
    cycle = running("23:00", CREATED)
    assert (cycle.state, cycle.elapsed_time) == ("outside_hours", hours(7))
    assert (cycle.business_elapsed_time, cycle.wall_elapsed_time) == (hours(7), hours(13))
    assert cycle.as_dict()["within_calendar_hours"] is False
    assert cycle.as_dict()["paused"] is False


def test_waiting_pauses_and_hides_the_due_instant() -> None:
    """While it waits there is only what remains; afterwards it is due later by the time it waited."""
    waits = told("changed", "11:00", status="waiting")
    paused = running("15:00", CREATED, waits)
    assert (paused.state, paused.verdict, paused.breach_time) == ("paused", "on_track", None)
    assert (paused.elapsed_time, paused.remaining_time) == (hours(1), hours(7))
    resumed = running("16:00", CREATED, waits, told("changed", "15:00", status="doing"))
    assert (resumed.state, resumed.elapsed_time) == ("running", hours(2))
    assert local(resumed.breach_time) == "2026-12-08T14:00"


def test_a_paused_clock_can_be_breached_and_its_overdue_time_stands_still() -> None:
    """State and verdict are two things: over by an hour, then waiting, it stays over by an hour."""
    waits = told("changed", "2026-12-08T11:00", status="waiting")
    for now in ("2026-12-08T12:00", "2026-12-11T12:00"):
        cycle = running(now, CREATED, waits)
        assert (cycle.state, cycle.verdict, cycle.remaining_time) == ("paused", "breached", hours(-1))
        assert local(cycle.breach_time) == "2026-12-08T10:00"


@pytest.mark.parametrize(
    ("pauses", "elapsed"),
    [
        ([{"status_in": ["waiting", "on hold"]}], 3),
        ([{"status_in": "on hold"}, {"when": {"field": "request.legal", "equals": True}}], 2),
        ([], 6),
    ],
)
def test_any_reason_to_pause_is_enough_and_overlapping_ones_count_once(pauses: list[Any], elapsed: int) -> None:
    """The clock stands still while at least one condition holds."""
    events = [
        CREATED,
        told("changed", "11:00", legal=True),
        told("changed", "12:00", status="on hold"),
        told("changed", "13:00", legal=False),
        told("changed", "15:00", status="doing"),
    ]
    assert running("16:00", *events, pause=pauses).elapsed_time == hours(elapsed)


@pytest.mark.parametrize(("answered", "verdict"), [("10:00", "met"), ("10:00:00.000001", "breached")])
def test_exactly_the_target_is_met(answered: str, verdict: str) -> None:
    """Elapsed equal to the goal is in time; a microsecond more is not."""
    assert read(f"2026-12-09T{answered}", CREATED, told("answered", f"2026-12-08T{answered}")).verdict == verdict


@pytest.mark.parametrize(("answered", "verdict"), [("09:59:59.999999", "met"), ("10:00", "breached")])
def test_under_means_less_than(answered: str, verdict: str) -> None:
    """With `under`, exactly as much is already too late, and a running clock is over at that instant."""
    goals = [{"under": "8 business_hours"}]
    stopped = read("2026-12-09T10:00", CREATED, told("answered", f"2026-12-08T{answered}"), goals=goals)
    assert stopped.verdict == verdict
    assert running(f"2026-12-08T{answered}", CREATED, goals=goals).breached == (verdict == "breached")


def test_a_goal_used_up_at_closing_is_due_at_closing() -> None:
    """Eight hours from nine end at five, and the evening makes it no worse."""
    start = told("created", "09:00")
    assert local(running("16:00", start).breach_time) == "2026-12-07T17:00"
    assert running("22:00", start).verdict == "at_risk"
    assert running("2026-12-08T09:00:01", start).verdict == "breached"


def test_a_changed_priority_is_judged_from_the_beginning() -> None:
    """P1 at three o'clock: four hours from ten o'clock are over, with the hour of waiting left out."""
    events = [
        CREATED,
        told("changed", "11:00", status="waiting"),
        told("changed", "12:00", status="doing"),
        told("changed", "15:30", priority="P1"),
    ]
    assert running("15:00", *events).verdict == "at_risk"
    cycle = running("15:30", *events)
    assert (cycle.verdict, cycle.goal, cycle.elapsed_time) == ("breached", "4 business_hours", hours(4.5))
    assert local(cycle.breach_time) == "2026-12-07T15:00"
    back = running("15:45", *events, told("changed", "15:45", priority="P3"))
    assert (back.verdict, back.goal) == ("at_risk", "8 business_hours")


def test_reopening_starts_a_new_cycle_and_the_old_one_keeps_its_verdict() -> None:
    """Two cycles, each with its own time; the clock speaks of the latest."""
    events = [CREATED, told("answered", "11:00"), told("created", "2026-12-08T09:00")]
    clock = read("2026-12-08T12:00", *events)
    assert [(cycle.state, cycle.verdict, cycle.elapsed_time) for cycle in clock.cycles] == [
        ("stopped", "met", hours(1)),
        ("running", "on_track", hours(3)),
    ]
    told_as_json = clock.as_dict()
    assert told_as_json["ongoing_cycle"]["elapsed_time"] == {"millis": 3 * 3_600_000, "friendly": "3h"}
    assert [cycle["stop_time"] for cycle in told_as_json["completed_cycles"]] == ["2026-12-07T16:00:00+00:00"]


def test_a_reset_begins_anew_and_a_cancelled_clock_is_not_judged() -> None:
    """What ran before a reset has no verdict; a dropped request has none either."""
    reset = read("2026-12-08T12:00", CREATED, told("rewritten", "2026-12-08T11:00"))
    assert [(cycle.state, cycle.verdict) for cycle in reset.cycles] == [("cancelled", None), ("running", "on_track")]
    assert reset.cycles[1].elapsed_time == hours(1)
    dropped = read("2026-12-09T12:00", CREATED, told("dropped", "2026-12-08T16:00"))
    assert (dropped.state, dropped.verdict, len(dropped.cycles)) == ("cancelled", None, 1)
    assert read("15:00", told("rewritten", "11:00")).state == "not_started"


def test_a_clock_of_a_campaign_that_is_taken_up_again_goes_on_as_after_a_pause() -> None:
    """A request that was deleted and restored keeps its clock; one that began anew meanwhile is left alone."""
    gone, back = campaign("cancelled", "11:00"), campaign("resumed", "15:00")
    [cycle] = read("16:00", CREATED, gone, back, cancel="campaign.cancelled").cycles
    assert (cycle.state, cycle.verdict, cycle.elapsed_time) == ("running", "on_track", hours(2))
    assert [(part.state, str(local(part.begins))[-5:]) for part in cycle.segments] == [
        ("running", "10:00"),
        ("paused", "11:00"),
        ("running", "15:00"),
    ]
    assert local(cycle.breach_time) == "2026-12-08T14:00"
    again = campaign("cancelled", "15:30")
    assert read("16:00", CREATED, gone, back, again, cancel="campaign.cancelled").state == "cancelled"
    assert read("16:00", CREATED, gone, back).current == running("16:00", CREATED, gone)
    anew = read("16:00", CREATED, gone, told("created", "14:00"), back, cancel="campaign.cancelled")
    assert [(one.state, one.elapsed_time) for one in anew.cycles] == [("cancelled", hours(1)), ("running", hours(2))]


def test_a_second_start_or_stop_changes_nothing() -> None:
    """The first start counts and the first stop counts."""
    events = [CREATED, told("created", "11:00"), told("answered", "12:00"), told("answered", "2026-12-09T12:00")]
    clock = read("2026-12-09T13:00", *events)
    assert [cycle.elapsed_time for cycle in clock.cycles] == [hours(2)]


def test_a_request_that_was_waiting_when_it_came_starts_paused() -> None:
    """What was known before the start holds at the start."""
    events = told("changed", "09:30", status="waiting"), CREATED, told("changed", "12:00", status="todo")
    assert read("11:00", *events).state == "paused"
    assert running("13:00", *events).elapsed_time == hours(1)


def test_started_and_stopped_in_one_instant_is_met() -> None:
    """A start comes before a stop of the same instant, whatever their ids."""
    stop = Event("0", "request.answered", CREATED.at, "R-1")
    clock = read("12:00", stop, CREATED)
    assert (clock.state, clock.verdict) == ("stopped", "met")


def test_warnings_come_once_each_and_inside_hours() -> None:
    """Half of the goal is used at two o'clock; of 24 clock hours the night's share is told at opening."""
    cycle = running("14:00", CREATED)
    assert [(alert.share, local(alert.at), alert.due) for alert in cycle.warnings] == [
        (0.5, "2026-12-07T14:00", True),
        (0.75, "2026-12-07T16:00", False),
    ]
    assert cycle.verdict == "at_risk"
    by_night = running("2026-12-08T08:59", CREATED, goals=[{"target": "24 hours"}])
    assert [(local(alert.at), alert.due) for alert in by_night.warnings] == [
        ("2026-12-08T09:00", False),
        ("2026-12-08T09:00", False),
    ]
    assert running("11:00", CREATED, told("changed", "10:30", status="waiting")).warnings[0].at is None


def test_segments_tell_the_life_of_a_clock() -> None:
    """Running, paused and outside hours follow each other without a hole, with whom it waited for."""
    events = [
        told("created", "15:00", waiting_on="ops"),
        told("changed", "16:00", status="waiting", waiting_on="stakeholder"),
        told("changed", "16:30", status="doing", waiting_on="ops"),
    ]
    cycle = running("2026-12-08T10:00", *events)
    assert [(part.state, local(part.begins), local(part.ends), part.waiting_on) for part in cycle.segments] == [
        ("running", "2026-12-07T15:00", "2026-12-07T16:00", "ops"),
        ("paused", "2026-12-07T16:00", "2026-12-07T16:30", "stakeholder"),
        ("running", "2026-12-07T16:30", "2026-12-07T17:00", "ops"),
        ("outside_hours", "2026-12-07T17:00", "2026-12-08T09:00", "ops"),
        ("running", "2026-12-08T09:00", "2026-12-08T10:00", "ops"),
    ]
    assert cycle.elapsed_by_party == {"ops": hours(2.5)}


def test_clock_hours_run_day_and_night_over_a_change_of_clocks() -> None:
    """24 hours over the spring switch end at nine in the evening; the calendar's hours are told beside them."""
    cycle = running("2027-03-15T12:00", told("created", "2027-03-13T20:00"), goals=[{"target": "24 hours"}])
    assert local(cycle.breach_time) == "2027-03-14T21:00"
    assert (cycle.verdict, cycle.elapsed_time, cycle.business_elapsed_time) == ("breached", hours(39), hours(3))
    assert {segment.state for segment in cycle.segments} == {"running"}


DAYS = [{"target": "3 business_days"}]


@pytest.mark.parametrize(
    ("events", "due"),
    [
        ([told("created", "2026-11-30T10:00")], "2026-12-03T17:00"),
        ([told("created", "2026-11-24T10:00")], "2026-11-30T17:00"),
        (
            [
                told("created", "2026-11-30T10:00"),
                told("changed", "2026-12-01T10:00", status="waiting"),
                told("changed", "2026-12-03T10:00", status="doing"),
            ],
            "2026-12-07T17:00",
        ),
        (
            [
                told("created", "2026-11-30T10:00"),
                told("changed", "2026-12-01T17:00", status="waiting"),
                told("changed", "2026-12-02T09:00", status="doing"),
            ],
            "2026-12-03T17:00",
        ),
        (
            [
                told("created", "2026-11-30T10:00"),
                told("changed", "2026-12-04T10:00", status="waiting"),
                told("changed", "2026-12-09T10:00", status="doing"),
            ],
            "2026-12-03T17:00",
        ),
    ],
    ids=["three days", "over Thanksgiving", "two days of waiting", "a night of waiting", "waiting too late"],
)
def test_business_days_are_due_at_closing(events: list[Event], due: str) -> None:
    """The third day's closing; waiting adds its days, but not a night without open hours, nor waiting after it."""
    cycle = running("2026-12-10T12:00", *events, goals=DAYS)
    assert local(cycle.breach_time) == due
    assert cycle.verdict == "breached"


def test_business_days_while_waiting_and_when_stopped() -> None:
    """Waiting hides the due instant; done at closing is in time, a minute into the next day is not."""
    created, waits = told("created", "2026-11-30T10:00"), told("changed", "2026-12-01T10:00", status="waiting")
    paused = running("2026-12-02T12:00", created, waits, goals=DAYS)
    assert (paused.state, paused.breach_time) == ("paused", None)
    # Due on Friday if it ended now: Monday's seven hours and one of Tuesday are used, five and three days are left.
    assert (paused.elapsed_time, paused.remaining_time) == (hours(8), hours(21))
    for stop, verdict in (("2026-12-03T17:00", "met"), ("2026-12-04T09:01", "breached")):
        assert running("2026-12-10T12:00", created, told("answered", stop), goals=DAYS).verdict == verdict


def test_new_terms_judge_open_cycles_from_their_start_and_leave_closed_ones_alone() -> None:
    """A stricter version on Wednesday finds Monday's open clock too late, and Tuesday's closed one as it was."""
    stricter = {**REPLY, "goals": [{"target": "1 business_hour"}]}
    terms = [
        Terms(ClockRule.model_validate(stricter), OFFICE, "v2", since=at("2026-12-09T00:00")),
        Terms(ClockRule.model_validate(REPLY), OFFICE, "v1"),
    ]
    events = [
        told("created", "2026-12-08T09:00"),
        told("answered", "2026-12-08T12:00"),
        told("created", "2026-12-08T16:00"),
    ]
    tuesday = read_clock(events, terms, at("2026-12-08T17:00"))
    assert [(cycle.version, cycle.verdict) for cycle in tuesday.cycles] == [("v1", "met"), ("v1", "on_track")]
    wednesday = read_clock(events, terms, at("2026-12-09T10:00"))
    assert [(cycle.version, cycle.verdict) for cycle in wednesday.cycles] == [("v1", "met"), ("v2", "breached")]
    assert wednesday.cycles[0] == tuesday.cycles[0]


def test_a_clock_is_json() -> None:
    """Everything it says survives JSON, with the calendar's fingerprint and the version it was judged by."""
    clock = read("2026-12-08T12:00", CREATED, told("changed", "12:00", status="waiting"))
    again = json.loads(json.dumps(clock.as_dict()))
    assert again == clock.as_dict()
    assert again["ongoing_cycle"]["calendar_digest"] == OFFICE.digest
    assert again["ongoing_cycle"]["version"] == "v1"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (timedelta(0), "0s"),
        (timedelta(milliseconds=59_999), "59.999s"),
        (timedelta(hours=26, minutes=30, seconds=5), "26h 30m"),
        (timedelta(minutes=-90), "-1h 30m"),
    ],
)
def test_amounts_are_told_in_hours(amount: timedelta, said: str) -> None:
    """Never in days, which are not the same to everybody."""
    assert friendly(amount) == said
