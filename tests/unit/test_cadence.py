"""Cadences: what is owed when, and what has been delivered."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from service.core.cadence import CadenceReport, OwedTask, evaluate, falls_on
from service.core.calendar import Calendar
from service.core.commitment import Cadence
from service.core.event import Event

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = Calendar("office", holidays={date(2027, 1, 18): "Holiday"}, time_zone="America/New_York")
REPORT = {"title": "Report", "party": "ops", "due": "0 business_days after occurrence", "done_when": "report.sent"}
FEEDBACK = {"title": "Feedback", "party": "sales", "due": "1 week after report.done"}


def cadence(**values: Any) -> Cadence:
    """A weekly one, with whatever is different."""
    written = {
        "id": "weekly",
        "kind": "cadence",
        "version": 1,
        "title": "Weekly",
        "calendar": "office",
        "rrule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=10;BYMINUTE=0",
        "starts_on": "2026-11-23",
        "tasks": {"report": REPORT, "feedback": FEEDBACK},
    }
    return Cadence.model_validate(written | values)


def at(text: str) -> datetime:
    """An instant in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def sent(when: str, day: str = "2026-11-23", name: str = "1", **data: Any) -> Event:
    """The report of that day was sent."""
    return Event(name, "report.sent", at(when), day, data)


def report(events: list[Event], now: str, of: Cadence | None = None) -> CadenceReport:
    """How it stands."""
    return evaluate(of or cadence(), CALENDAR, events, at(now), date(2026, 1, 1))


def task(found: CadenceReport, key: str) -> OwedTask:
    """One task of it."""
    return next(task for occurrence in found.occurrences for task in occurrence.tasks if task.key == key)


def test_the_next_occurrence_is_shown_before_it_falls() -> None:
    """What has come, and one more."""
    found = report([], "2026-11-24T09:00")
    assert [occurrence.id for occurrence in found.occurrences] == ["2026-11-23", "2026-11-30"]


def test_a_report_that_was_not_sent_is_late_on_the_next_day() -> None:
    """On its own day nothing is late yet."""
    assert task(report([], "2026-11-23T23:59"), "2026-11-23.report").verdict == "on_track"
    late = report([], "2026-11-24T00:00")
    assert task(late, "2026-11-23.report").verdict == late.verdict == "late"


def test_what_waits_for_another_task_is_not_late() -> None:
    """Feedback on a report that was never sent is nobody's debt; its date is the planned one."""
    feedback = task(report([], "2027-02-01T09:00"), "2026-11-23.feedback")
    assert (feedback.verdict, feedback.waits_for, feedback.due_on) == ("on_track", "report", date(2026, 11, 30))


def test_feedback_counts_from_the_day_on_which_the_report_was_sent() -> None:
    """Two days late, so the week ends two days later."""
    found = report([sent("2026-11-25T12:00")], "2026-11-26T09:00")
    assert task(found, "2026-11-23.report").verdict == "late"
    assert task(found, "2026-11-23.feedback").due_on == date(2026, 12, 2)
    assert "“Report” was done" in task(found, "2026-11-23.feedback").why
    assert found.verdict == "on_track"


def test_sections_may_come_one_after_the_other() -> None:
    """It is delivered by the event that brings the last one."""
    whole = cadence(tasks={"report": REPORT | {"sections": ["leads", "rates"]}})
    first = sent("2026-11-23T10:00", sections=["leads"])
    second = sent("2026-11-24T10:00", name="2", sections=["rates"])
    alone = task(report([first], "2026-11-23T12:00", whole), "2026-11-23.report")
    assert (alone.done_at, alone.missing) == (None, ("rates",))
    assert task(report([second, first], "2026-11-25T12:00", whole), "2026-11-23.report").done_at == second.at


def test_what_is_not_known_yet_does_not_count() -> None:
    """Asked about an earlier instant, later events have not happened."""
    assert task(report([sent("2026-11-23T15:00")], "2026-11-23T12:00"), "2026-11-23.report").done_at is None


def test_wall_time_stays_across_a_change_of_clocks() -> None:
    """Ten o'clock is ten o'clock, five and four hours behind UTC; the hour that is left out is the next one."""
    weekly = cadence()
    assert falls_on(weekly, CALENDAR, date(2027, 3, 8)).astimezone(UTC).hour == 15
    assert falls_on(weekly, CALENDAR, date(2027, 3, 15)).astimezone(UTC).hour == 14
    night = cadence(rrule="FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30", on_non_working_day="keep")
    in_the_gap = falls_on(night, CALENDAR, date(2027, 3, 14)).astimezone(UTC).astimezone(NEW_YORK)
    assert (in_the_gap.hour, in_the_gap.minute) == (3, 30)


def test_an_occurrence_on_a_holiday_moves_and_keeps_its_name() -> None:
    """The day that the rule names stays its id; what is owed moves with it."""
    found = report([], "2027-01-18T09:00")
    moved = next(occurrence for occurrence in found.occurrences if occurrence.id == "2027-01-18")
    assert moved.at == at("2027-01-19T10:00")
    assert moved.tasks[0].due_on == date(2027, 1, 19)


def test_without_a_first_day_nothing_is_owed_before_the_first_event() -> None:
    """A new installation is not told that it has missed years of reports."""
    open_start = cadence(starts_on=None)
    assert [occurrence.id for occurrence in report([], "2026-11-25T09:00", open_start).occurrences] == ["2026-11-30"]
    heard = report([sent("2026-11-16T11:00", "2026-11-16")], "2026-11-25T09:00", open_start)
    assert [occurrence.id for occurrence in heard.occurrences] == ["2026-11-16", "2026-11-23", "2026-11-30"]


def test_an_event_that_names_no_day_counts_for_nothing() -> None:
    """Its subject has to be the occurrence's day."""
    assert report([sent("2026-11-23T11:00", "monday")], "2026-11-23T12:00").delivered == 0
