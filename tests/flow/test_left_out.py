"""A person cancels a task: the plan goes on without the step, and the request says who left it out and why."""

from __future__ import annotations

import pytest

from connectors.contract import Status, Task, TaskId
from service.core.messages import WHY_LEFT_OUT
from tests.desk import Desk


@pytest.fixture
def running(desk: Desk) -> tuple[Desk, TaskId, Task]:
    """A campaign, and the test that somebody wants to spare."""
    request = desk.webinar()
    return desk, request, desk.tracker.under(request)["flow_test"]


def told(desk: Desk, request: TaskId) -> str:
    """The living comment."""
    (plan,) = [text for text in desk.tracker.comments(request) if "tasks done" in text]
    return plan


def waits(desk: Desk, request: TaskId) -> dict[str, list[str]]:
    """For which tasks each one of the plan waits."""
    plan = desk.campaign(request).plan or {}
    return {planned["key"]: planned["depends_on"] for planned in plan["tasks"]}


def leave_out(desk: Desk, request: TaskId, task: Task) -> None:
    """A person cancels it."""
    desk.tracker.act(task.id, status=Status.DROPPED)
    desk.settled(request)


def test_who_leaves_a_step_out_is_asked_why_on_its_task(running: tuple[Desk, TaskId, Task]) -> None:
    """Once; until somebody answers, the request says that nobody has, and who must agree."""
    desk, request, task = running
    leave_out(desk, request, task)
    assert desk.tracker.comments(task.id).count(WHY_LEFT_OUT) == 1
    assert "**Left out, at the risk of mistakes**" in told(desk, request)
    assert f"- “{task.title}”: nobody has said why" in told(desk, request)
    assert "The mops lead must agree to that." in told(desk, request)


def test_the_answer_stands_on_the_request_and_in_the_ledger(running: tuple[Desk, TaskId, Task]) -> None:
    """In the words of the person, on one line; what is said later changes nothing."""
    desk, request, task = running
    leave_out(desk, request, task)
    desk.tracker.say(task.id, "Tested last week,\nOmar agreed")
    desk.settled(request)
    desk.tracker.say(task.id, "Thanks")
    desk.settled(request)
    assert f"- “{task.title}”: Dana Ops wrote “Tested last week, Omar agreed”" in told(desk, request)
    (line,) = desk.latest("left_out")
    assert line.endswith("is left out; Dana Ops wrote: “Tested last week, Omar agreed”.")


def test_a_reason_that_is_there_already_is_not_asked_for(running: tuple[Desk, TaskId, Task]) -> None:
    """Many write first and cancel then."""
    desk, request, task = running
    desk.tracker.say(task.id, "No time, the lead agreed")
    leave_out(desk, request, task)
    assert WHY_LEFT_OUT not in desk.tracker.comments(task.id)
    assert "Dana Ops wrote “No time, the lead agreed”" in told(desk, request)


def test_the_plan_goes_on_without_the_step_and_takes_it_back(running: tuple[Desk, TaskId, Task]) -> None:
    """What waited for it waits for what came before it; taken up again, it stands where it stood."""
    desk, request, task = running
    before = waits(desk, request)
    (after_it,) = [key for key, blockers in before.items() if "flow_test" in blockers]
    leave_out(desk, request, task)
    assert "flow_test" not in waits(desk, request)
    assert set(before["flow_test"]) <= set(waits(desk, request)[after_it])
    desk.tracker.act(task.id, status=Status.TODO)
    desk.settled(request)
    assert waits(desk, request) == before
    assert "Left out" not in told(desk, request)
    assert desk.tracker.tasks[task.id].due_on == task.due_on


def test_at_rest_no_comments_are_read(running: tuple[Desk, TaskId, Task]) -> None:
    """Neither while nobody answers nor afterwards."""
    desk, request, task = running
    leave_out(desk, request, task)
    desk.settled(request)
    desk.tracker.reads.clear()
    desk.run(request)
    assert [read for read in desk.tracker.reads if read.startswith("remarks")] == []
