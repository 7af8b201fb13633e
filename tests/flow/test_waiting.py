"""A task that waits for a party says so, and goes on once that party answers."""

from __future__ import annotations

import pytest

from connectors.contract import Account, AccountId, Status, Task, TaskId
from tests.desk import Desk
from tests.memory_tracker import DANA

RITA = Account(AccountId("r"), "Rita Requester", "rita@example.com")
BOT = Account(AccountId("b"), "A bot")


@pytest.fixture
def waiting(desk: Desk) -> tuple[Desk, TaskId, Task]:
    """A campaign that Rita asked for, one task of which waits for her."""
    request = desk.webinar()
    desk.tracker.act(request, requester=RITA)
    task = desk.tracker.under(request)["intake"]
    desk.tracker.say(task.id, "I am in a hurry", RITA)
    desk.tracker.act(task.id, status=Status.WAITING, waits_on="requester")
    desk.settled(request)
    return desk, request, desk.tracker.tasks[task.id]


def test_the_request_says_who_is_waited_for(waiting: tuple[Desk, TaskId, Task]) -> None:
    """In its living comment and in the ledger; what she said before is no answer."""
    desk, request, task = waiting
    assert any("waiting for the requester" in text for text in desk.tracker.comments(request))
    assert any("to waiting, for the requester" in told for told in desk.latest("status"))
    assert desk.tracker.tasks[task.id].status is Status.WAITING


def test_the_requesters_reply_resumes_the_task(waiting: tuple[Desk, TaskId, Task]) -> None:
    """Once: set to waiting again, it waits for another reply."""
    desk, request, task = waiting
    desk.tracker.say(task.id, "Here is the list", RITA)
    desk.settled(request)
    assert desk.tracker.tasks[task.id].status is Status.DOING
    assert any("Rita Requester has answered" in told for told in desk.latest("SetStatus"))
    desk.tracker.act(task.id, status=Status.WAITING, waits_on="requester")
    desk.settled(request)
    assert desk.tracker.tasks[task.id].status is Status.WAITING


@pytest.mark.parametrize("who", [DANA, BOT], ids=["ops", "a bot"])
def test_nobody_elses_comment_resumes_it(waiting: tuple[Desk, TaskId, Task], who: Account) -> None:
    """Nor one of ours."""
    desk, request, task = waiting
    desk.tracker.say(task.id, "Any news?", who)
    desk.settled(request)
    assert desk.tracker.tasks[task.id].status is Status.WAITING


def test_comments_are_read_only_of_a_task_that_waits_and_has_changed(waiting: tuple[Desk, TaskId, Task]) -> None:
    """At rest it costs what any campaign does."""
    desk, request, _ = waiting
    desk.tracker.reads.clear()
    desk.run(request)
    assert [read for read in desk.tracker.reads if read.startswith("remarks")] == []
