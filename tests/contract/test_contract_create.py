"""Creating: everything in one go, each task once, whatever becomes of a reply."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from connectors.contract import Container, Mark, NewTask, Status
from connectors.errors import AccessDenied, Rejected, TrackerError
from tests.contract.scene import CAMPAIGN, FAULTS, Scene, absent, plan

START, DUE = date(2027, 1, 11), date(2027, 1, 21)


@pytest.mark.parametrize("count", [12, 60])
def test_a_plan_stands_with_titles_owners_dates_and_marks(scene: Scene, count: int) -> None:
    """As a person sees it, and as it is read back."""
    owner = scene.tracker.find_account(scene.stage.colleague, scene.stage.project)
    assert owner
    request = scene.request()
    container = scene.under(request)
    drafts = plan(count, owner=owner.id, start_on=START, due_on=DUE, text="**Why**: *because*")
    created = scene.tracker.create(container, drafts)
    assert created.made.keys() == {task.mark.key for task in drafts}
    assert (created.refused, created.unsure) == ({}, False)
    assert scene.titles(container) == sorted(task.title for task in drafts)
    for draft in drafts:
        made = created.made[draft.mark.key]
        seen = scene.stage.look(made.id)
        assert (seen.title, seen.owner, seen.start_on, seen.due_on) == (draft.title, scene.stage.colleague, START, DUE)
        assert (made.title, made.mark, made.start_on, made.due_on) == (draft.title, draft.mark, START, DUE)
    for task in scene.tracker.children(container):
        assert task.mark
        assert task.id == created.made[task.mark.key].id
        assert (task.owner and task.owner.id, task.status, task.parent) == (owner.id, Status.TODO, request.id)
        assert "Why: because" in task.text


def test_the_result_of_a_create_equals_what_is_read_back(scene: Scene) -> None:
    """In all that links agree on; else our own writes would look like a person's."""
    owner = scene.tracker.find_account(scene.stage.colleague, scene.stage.project)
    assert owner
    drafts = [
        *plan(1, owner=owner.id, start_on=START, due_on=DUE),
        NewTask(mark=Mark(CAMPAIGN, "day"), title="On one day", start_on=DUE, due_on=DUE),
        NewTask(mark=Mark(CAMPAIGN, "event"), title="Milestone", start_on=DUE, due_on=DUE, milestone=True),
        NewTask(mark=Mark(CAMPAIGN, "bare"), title="Without dates"),
        NewTask(mark=Mark(CAMPAIGN, "odd"), title="  Spaces, <tags> & “quotes”\u00a0— 日本 🎉  ", due_on=DUE),
        NewTask(mark=Mark(CAMPAIGN, "long"), title="Long " * 60, due_on=DUE),
    ]
    for kind in scene.stage.containers:
        made = scene.tracker.create(scene.under(scene.request(), kind), drafts).made
        found = scene.tracker.read([task.id for task in made.values()])
        for task in made.values():
            read = found[task.id]
            owners = [each.owner.id if each.owner else None for each in (task, read)]
            assert owners[0] == owners[1]
            for name in ("title", "status", "start_on", "due_on", "mark", "label", "url", "parent", "project"):
                assert getattr(task, name) == getattr(read, name), name


@pytest.mark.parametrize("count", [12, 60])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_task_is_made_once_whatever_becomes_of_a_reply(scene: Scene, fault: dict[str, Any], count: int) -> None:
    """After an unknown outcome the container is looked at, and only what is missing is made."""
    container = scene.under(scene.request())
    scene.strike(scene.stage.create_call, **fault)
    created = scene.tracker.create(container, plan(count))
    assert scene.stage.simulator.knobs.strikes == 0
    assert created.unsure == ("rate_limited" not in fault)
    assert created.made.keys() == {f"t{at}" for at in range(count)}
    assert created.refused == {}
    assert scene.titles(container) == sorted(task.title for task in plan(count))
    assert {task.id for task in created.made.values()} == set(scene.stage.inside(container))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_task_is_made_once_when_one_reply_after_the_other_is_lost(scene: Scene, fault: dict[str, Any]) -> None:
    """Also those of the looks in between."""
    container = scene.under(scene.request())
    scene.strike(times=4, **fault)
    assert len(scene.tracker.create(container, plan(12)).made) == 12
    assert scene.titles(container) == sorted(task.title for task in plan(12))


def test_a_create_that_is_given_up_is_taken_up_where_it_ended(scene: Scene) -> None:
    """By whoever comes next: what stands already is found by its marks."""
    container = scene.under(scene.request())
    scene.strike(times=None, garbage=1.0)
    scene.refuses(TrackerError, lambda: scene.tracker.create(container, plan(12)))
    scene.calm()
    there = {task.mark for task in scene.open({}).children(container)}
    scene.tracker.create(container, [task for task in plan(12) if task.mark not in there])
    assert set(Counter(scene.titles(container)).values()) == {1}
    assert len(scene.titles(container)) == 12


def test_a_refused_task_stops_no_other(scene: Scene) -> None:
    """It comes back with the vendor's words."""
    container = scene.under(scene.request())
    bad = NewTask(mark=Mark(CAMPAIGN, "bad"), title=scene.stage.unwanted_title)
    created = scene.tracker.create(container, [*plan(6), bad, *plan(13)[6:]])
    assert created.made.keys() == {f"t{at}" for at in range(13)}
    assert created.refused.keys() == {"bad"}
    assert isinstance(created.refused["bad"], Rejected)
    assert len(str(created.refused["bad"])) > 10
    assert scene.titles(container) == sorted(task.title for task in plan(13))


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_create_that_is_refused_as_a_whole_refuses_every_task(scene: Scene, status: int) -> None:
    """Each with the vendor's words; nothing is made, and nothing is asked twice."""
    container = scene.under(scene.request())
    scene.strike(scene.stage.create_call, times=None, error_before=1.0, error_status=status)
    before = len(scene.stage.simulator.log)
    created = scene.tracker.create(container, plan(3))
    assert created.made == {}
    assert created.refused.keys() == {"t0", "t1", "t2"}
    assert all(isinstance(error, Rejected) for error in created.refused.values())
    assert all(scene.quotes(error, status) for error in created.refused.values())
    asked = [seen for seen in scene.stage.simulator.log[before:] if scene.stage.create_call.endswith(seen.path)]
    assert len(asked) == 1
    assert scene.stage.inside(container) == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_create_that_we_have_no_right_to_is_no_refusal_of_its_tasks(scene: Scene, status: int) -> None:
    """It is told as such: a person mends the access, and all of them can be made."""
    container = scene.under(scene.request())
    scene.strike(scene.stage.create_call, times=None, error_before=1.0, error_status=status)
    error = scene.refuses(AccessDenied, lambda: scene.tracker.create(container, plan(3)))
    assert scene.quotes(error, status)


def test_tasks_under_what_is_not_there_are_refused(scene: Scene) -> None:
    """The request may be deleted at any moment."""
    nowhere = Container("subtasks", absent(scene.request().id), "")
    try:
        refused = list(scene.tracker.create(nowhere, plan(3)).refused.values())
    except TrackerError as error:
        refused = [error]
    assert refused
    assert all(isinstance(error, Rejected) for error in refused)


def test_an_owner_who_is_not_there_does_not_stop_a_task(scene: Scene) -> None:
    """It is made without one, which the result shows."""
    owner = scene.tracker.find_account(scene.stage.colleague, scene.stage.project)
    assert owner
    stranger = type(owner.id)(absent(scene.request().id))
    drafts = [*plan(1, owner=stranger, due_on=DUE), *plan(2, owner=owner.id)[1:]]
    created = scene.tracker.create(scene.under(scene.request()), drafts)
    assert created.refused == {}
    assert scene.stage.look(created.made["t0"].id).owner is None
    assert (created.made["t0"].owner, created.made["t0"].due_on) == (None, DUE)
    assert scene.stage.look(created.made["t1"].id).owner == scene.stage.colleague


def test_nothing_is_made_of_nothing(scene: Scene) -> None:
    """An empty plan costs no call."""
    container = scene.under(scene.request())
    before = len(scene.stage.simulator.log)
    created = scene.tracker.create(container, [])
    assert (created.made, created.refused) == ({}, {})
    assert len(scene.stage.simulator.log) == before
