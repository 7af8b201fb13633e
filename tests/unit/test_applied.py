"""What a run writes at once, and what can follow."""

from __future__ import annotations

from datetime import date

from connectors.contract import Status
from service.applied import waves
from service.core.decide import REQUEST, Action, Bring, MoveDates, Say, SetDependencies, SetStatus


def test_what_people_wait_for_is_written_before_the_dates() -> None:
    """The request's words and status, a task's status elsewhere, and the dependencies of a launch."""
    day = date(2026, 11, 27)
    at_once: list[Action] = [
        Say(key=REQUEST, name="plan", text="1 of 2 tasks done."),
        SetStatus(key=REQUEST, title="Leads", status=Status.DOING, because="1 of 2 tasks are done"),
        Bring(key="check", title="Check", connection="asana", values={"status": "done", "due_on": "2026-11-27"}),
        SetDependencies(key="load", title="Load", waits_for=("check",), titles=("Check",)),
    ]
    later: list[Action] = [
        MoveDates(key="load", title="Load", start_on=day, due_on=day, was=None),
        Bring(key="load", title="Load", connection="asana", values={"due_on": "2026-11-27"}),
        SetStatus(key="check", title="Check", status=Status.DROPPED, because="it was cancelled"),
        Say(key="check", name="dropped", text="Dropped."),
    ]
    assert waves([*later, *at_once]) == [at_once, later]
