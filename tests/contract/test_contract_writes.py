"""Changing: dependencies, fields, status and comments."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from connectors.contract import AccountId, CommentId, Mark, Patch, Status, Task
from connectors.errors import AccessDenied, NotFound, Rejected
from tests.contract.scene import CAMPAIGN, FAULTS, Scene, absent, plan

START, DUE = date(2027, 1, 11), date(2027, 1, 21)
PLAN = Mark(CAMPAIGN, "plan")


def made(scene: Scene, count: int) -> list[Task]:
    """So many tasks under a new request."""
    tasks = scene.tracker.create(scene.under(scene.request()), plan(count)).made
    return [tasks[f"t{at}"] for at in range(count)]


@pytest.mark.parametrize("fault", [{}, *FAULTS.values()], ids=["no fault", *FAULTS])
def test_dependencies_stand_once_whatever_becomes_of_a_reply(scene: Scene, fault: dict[str, Any]) -> None:
    """Writing them again is harmless, too."""
    tasks = made(scene, 12)
    wanted = {later.id: [earlier.id] for earlier, later in pairwise(tasks)}
    wanted[tasks[-1].id] = [tasks[0].id, tasks[5].id, tasks[10].id]
    scene.strike("POST", **fault)
    assert scene.tracker.set_dependencies(wanted) == {}
    scene.calm()
    assert scene.tracker.set_dependencies(wanted) == {}
    for task in tasks:
        assert scene.stage.look(task.id).waits_for == set(wanted.get(task.id, ()))


def test_a_refused_dependency_stops_no_other(scene: Scene) -> None:
    """The task whose links were refused is named, with the vendor's words."""
    first, second, third = made(scene, 3)
    gone = absent(first.id)
    refused = scene.tracker.set_dependencies({second.id: [gone], third.id: [first.id]})
    assert refused.keys() == {second.id}
    assert isinstance(refused[second.id], Rejected)
    assert str(refused[second.id])
    assert scene.stage.look(third.id).waits_for == {first.id}


def test_no_dependencies_cost_no_call(scene: Scene) -> None:
    """A plan may have none."""
    [task] = made(scene, 1)
    before = len(scene.stage.simulator.log)
    assert scene.tracker.set_dependencies({}) == {}
    assert scene.tracker.set_dependencies({task.id: []}) == {}
    assert len(scene.stage.simulator.log) == before


@pytest.mark.parametrize("fault", [{}, *FAULTS.values()], ids=["no fault", *FAULTS])
def test_a_deleted_task_is_gone_and_deleting_it_again_is_no_error(scene: Scene, fault: dict[str, Any]) -> None:
    """Whatever becomes of a reply; the others stay."""
    kept, gone = made(scene, 2)
    scene.strike("DELETE", **fault)
    scene.tracker.delete_task(gone.id)
    scene.calm()
    scene.tracker.delete_task(gone.id)
    assert scene.tracker.read([kept.id, gone.id]).keys() == {kept.id}


@pytest.mark.parametrize("fault", [{}, *FAULTS.values()], ids=["no fault", *FAULTS])
def test_fields_are_written_and_the_others_left_alone(scene: Scene, fault: dict[str, Any]) -> None:
    """Also after a lost reply."""
    owner = scene.tracker.find_account(scene.stage.colleague, scene.stage.project)
    assert owner
    task = scene.one(due_on=date(2027, 2, 1), owner=owner.id)
    scene.strike("PUT", **fault)
    scene.tracker.update(task.id, Patch(title="Renamed"))
    scene.tracker.update(task.id, Patch(start_on=START, due_on=DUE))
    seen = scene.stage.look(task.id)
    assert (seen.title, seen.start_on, seen.due_on, seen.owner) == ("Renamed", START, DUE, scene.stage.colleague)


def test_a_start_alone_keeps_the_due_date(scene: Scene) -> None:
    """None means leave alone."""
    task = scene.one(due_on=DUE)
    scene.tracker.update(task.id, Patch(start_on=START))
    seen = scene.stage.look(task.id)
    assert (seen.start_on, seen.due_on) == (START, DUE)


def test_an_update_of_nothing_writes_nothing(scene: Scene) -> None:
    """No call, no event."""
    task = scene.one()
    before = len(scene.stage.simulator.log)
    scene.tracker.update(task.id, Patch())
    assert len(scene.stage.simulator.log) == before


def test_an_owner_who_is_not_there_is_refused(scene: Scene) -> None:
    """A person chose them, so a person must be told."""
    task = scene.one()
    scene.refuses(Rejected, lambda: scene.tracker.update(task.id, Patch(owner=AccountId(absent(task.id)))))


def test_writes_to_what_is_not_there_are_refused(scene: Scene) -> None:
    """`NotFound` tells that it may have been deleted."""
    task = scene.one()
    scene.stage.delete(task.id)
    scene.refuses(NotFound, lambda: scene.tracker.update(task.id, Patch(title="Gone")))
    scene.refuses(NotFound, lambda: scene.tracker.set_status(task, Status.DONE))
    scene.refuses(NotFound, lambda: scene.tracker.comment(task.id, PLAN, "Gone"))


@pytest.mark.parametrize("status", Status)
def test_every_status_is_reached_through_the_workflow(scene: Scene, status: Status) -> None:
    """Of a request and of a subtask; where the tracker cannot say it, the answer tells as what it reads."""
    for task in (scene.request(), scene.one()):
        read = scene.tracker.read([task.id])[task.id]
        got = scene.tracker.set_status(read, status)
        assert got is scene.stage.reads_as(read, status)
        assert scene.tracker.read([task.id])[task.id].status is got
        assert scene.stage.look(task.id).closed is status.closed


@pytest.mark.parametrize("status", Status)
def test_every_status_is_left_again(scene: Scene, status: Status) -> None:
    """A request is cancelled and taken up, a task closed and reopened."""
    request = scene.request()
    scene.tracker.set_status(request, status)
    there = scene.tracker.read([request.id])[request.id]
    assert scene.tracker.set_status(there, Status.TODO) is Status.TODO
    again = scene.tracker.read([request.id])[request.id]
    assert scene.tracker.set_status(again, Status.DONE) is Status.DONE


def test_a_task_as_create_told_it_can_be_moved(scene: Scene) -> None:
    """Without being read first."""
    task = scene.one()
    assert scene.tracker.set_status(task, Status.DONE) is Status.DONE
    assert scene.stage.look(task.id).closed


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_status_is_reached_whatever_becomes_of_a_reply(scene: Scene, fault: dict[str, Any]) -> None:
    """The task is looked at before a step is repeated."""
    request = scene.request()
    scene.strike(f"/{request.id}", **fault)
    assert scene.tracker.set_status(request, Status.DONE) is Status.DONE
    assert scene.stage.look(request.id).closed


def test_a_status_to_which_there_is_no_way_is_refused(own_site: Scene) -> None:
    """The task stays where it was, and the refusal names the status."""
    own_site.stage.bar(Status.WAITING)
    request = own_site.request()
    error = own_site.refuses(Rejected, lambda: own_site.tracker.set_status(request, Status.WAITING))
    assert "waiting" in str(error)
    assert not isinstance(error, NotFound | AccessDenied)
    assert own_site.tracker.read([request.id])[request.id].status is Status.TODO


@pytest.mark.parametrize("fault", [{}, *FAULTS.values()], ids=["no fault", *FAULTS])
def test_a_comment_is_written_once_and_rewritten(scene: Scene, fault: dict[str, Any]) -> None:
    """By its mark or by its id, beside the comments of people and those of other marks."""
    task = scene.request().id
    scene.stage.remark(task, "A person's words")
    scene.strike(scene.stage.comment_call.format(task=task), **fault)
    first = scene.tracker.comment(task, PLAN, "**0 of 12** done")
    scene.calm()
    scene.tracker.comment(task, Mark(CAMPAIGN, "other"), "Something else")
    assert scene.tracker.comment(task, PLAN, "1 of 12 done") == first
    scene.strike(str(first), **fault)
    assert scene.tracker.comment(task, PLAN, "2 of 12 done", first) == first
    comments = scene.stage.look(task).comments
    assert [text.splitlines()[0] for text in comments] == ["A person's words", "2 of 12 done", "Something else"]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_first_comment_is_written_without_a_look_and_once(scene: Scene, fault: dict[str, Any]) -> None:
    """In one call; only after an unknown outcome is it looked for."""
    one, other = made(scene, 2)
    before = len(scene.stage.simulator.log)
    scene.tracker.comment(one.id, PLAN, "Hello", first=True)
    assert len(scene.stage.simulator.log) - before == 1
    scene.strike(scene.stage.comment_call.format(task=other.id), **fault)
    scene.tracker.comment(other.id, PLAN, "Hello", first=True)
    for task in (one, other):
        assert [text.splitlines()[0] for text in scene.stage.look(task.id).comments] == ["Hello"]


def test_a_comment_that_is_gone_is_written_anew(scene: Scene) -> None:
    """Its id is only a short cut."""
    task = scene.request().id
    scene.tracker.comment(task, PLAN, "Hello", CommentId(absent(task)))
    assert [text.splitlines()[0] for text in scene.stage.look(task).comments] == ["Hello"]


def test_markdown_of_every_kind_can_be_a_comment_and_a_description(scene: Scene) -> None:
    """No vendor's rich text breaks on it, and the words are there."""
    text = (
        "# Head\n\nA *b* **c** `d` [e](https://example.com/?a=1&b=2) <f> & g\n\n"
        "- one\n  - two\n    1. three\n\n> quoted\n\n```\ncode <x>\n```\n\n---\n\n| h | i |\n|---|---|\n| j | k |\n\n"
        "\x07 end 日本 🎉 <script>alert(1)</script> [bad](javascript:alert(1))"
    )
    request = scene.request()
    scene.tracker.comment(request.id, PLAN, text)
    [comment] = scene.stage.look(request.id).comments
    created = scene.tracker.create(scene.under(request), plan(1, text=text))
    assert created.refused == {}
    found = scene.tracker.read([created.made["t0"].id])[created.made["t0"].id]
    for word in ("Head", "one", "two", "three", "quoted", "code <x>", "end 日本 🎉", "alert(1)"):
        assert word in comment
        assert word in found.text
    assert found.mark == Mark(CAMPAIGN, "t0")
