"""Moves that are too small to be made, and work that has begun: what the tracker shows after the plan is made anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.contract import Status, Task, TaskId
from tests.desk import Desk, publish_webinar


@pytest.fixture
def patient(desk: Desk, tmp_path: Path) -> Desk:
    """The webinar's template moves no date by less than two business days."""
    publish_webinar(desk, tmp_path, lambda text: text + '\nreschedule: {min_move: "2 business_days"}\n')
    return desk


def dates(desk: Desk, request: TaskId) -> dict[str, tuple[date | None, date | None]]:
    """Start and due date in the tracker, by planned task."""
    return {key: (task.start_on, task.due_on) for key, task in desk.tracker.under(request).items()}


def task(desk: Desk, request: TaskId, key: str) -> Task:
    """As the tracker shows it."""
    return desk.tracker.under(request)[key]


def later(desk: Desk, days: int) -> None:
    """So many days go by."""
    now = desk.runtime.now() + timedelta(days)
    desk.runtime = replace(desk.runtime, now=lambda: now)


def test_a_day_early_moves_nothing_and_the_living_comment_says_so(patient: Desk) -> None:
    """The check of the request, due tomorrow, is done today: no date is written, and no comment speaks of moves."""
    request = patient.webinar()
    before = dates(patient, request)
    patient.tracker.act(task(patient, request, "intake").id, status=Status.DONE)
    patient.settled(request)
    assert dates(patient, request) == before
    comments = patient.tracker.comments(request)
    assert not [text for text in comments if "dated anew" in text]
    (plan,) = [text for text in comments if "tasks done" in text]
    assert "Left on Tue 1 Dec 2026, as a move of less than 2 business days is not made: 3 business days after" in plan


def test_what_is_late_by_as_much_as_the_least_move_moves_what_waits_for_it(patient: Desk) -> None:
    """The same check is done on Monday, three business days late: the copy goes with it, and the cause is told."""
    request = patient.webinar()
    before = dates(patient, request)
    later(patient, 7)
    patient.tracker.act(task(patient, request, "intake").id, status=Status.DONE)
    patient.settled(request)
    after = dates(patient, request)
    assert after["email_copy"] == (date(2026, 12, 1), date(2026, 12, 3))
    assert after["first_invite"] == before["first_invite"]
    assert [text for text in patient.tracker.comments(request) if "was done later than planned" in text]


def test_work_that_has_begun_keeps_its_start_when_the_launch_moves(desk: Desk) -> None:
    """Somebody is at the test of the flow since today; the launch goes on by four weeks, and only its end follows."""
    request = desk.webinar()
    begun = task(desk, request, "flow_test")
    assert begun.start_on
    assert begun.due_on
    later(desk, (begun.start_on - desk.runtime.now().date()).days)
    for key in ("intake", "email_copy", "landing_page", "flow_build"):
        desk.tracker.act(task(desk, request, key).id, status=Status.DONE)
    desk.tracker.act(begun.id, status=Status.DOING)
    desk.settled(request)
    desk.move(request, "2027-04-15")
    desk.settled(request)
    after = task(desk, request, "flow_test")
    assert after.start_on == begun.start_on
    assert after.due_on
    assert after.due_on == begun.due_on + timedelta(weeks=4)
    invited = task(desk, request, "first_invite")
    assert invited.start_on
    assert invited.start_on > after.start_on + timedelta(weeks=4)


def test_what_is_over_is_compared_with_the_first_plan_and_with_the_last(desk: Desk) -> None:
    """The check of a list takes days too many: what follows is late by the first plan, and in time by the second."""
    request = desk.imports()
    for key in ("file_received", "hygiene_check", "import_list", "import_qa", "confirm"):
        if key == "hygiene_check":
            later(desk, 8)  # until the Tuesday after Thanksgiving
        desk.tracker.act(task(desk, request, key).id, status=Status.DONE)
        desk.settled(request)
    (plan,) = [text for text in desk.tracker.comments(request) if "tasks done" in text]
    assert "In time by the first plan, which ended on Mon 30 Nov 2026: 1 of 5 tasks; by the dates" in plan
    assert "that stood when they were done: 4 of 5 tasks." in plan
