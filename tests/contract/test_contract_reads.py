"""Reading: who, where, which task, and what changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.contract import Container, Mark, Status, TaskId
from connectors.errors import NotFound, Rejected
from tests.contract.scene import CAMPAIGN, Scene, absent, plan


def test_the_credentials_say_who_we_are(scene: Scene) -> None:
    """By one call."""
    me = scene.tracker.whoami()
    assert me.id
    assert me.name
    assert len(scene.stage.simulator.log) == 1


def test_an_account_is_found_by_its_address_in_any_case(scene: Scene) -> None:
    """And is one that a task can be given to."""
    found = scene.tracker.find_account(scene.stage.colleague.upper(), scene.stage.project)
    assert found
    assert scene.stage.look(scene.one(owner=found.id).id).owner == scene.stage.colleague


@pytest.mark.parametrize("email", ["nobody@example.com", "dana", ""])
def test_nobody_is_found_by_an_address_that_nobody_has(scene: Scene, email: str) -> None:
    """Neither by part of one."""
    assert scene.tracker.find_account(email, scene.stage.project) is None
    assert scene.tracker.find_account(email, None) is None


def test_a_task_is_found_by_what_people_call_it_and_by_its_address(scene: Scene) -> None:
    """The label, with spaces around it, or the page where it is opened."""
    request = scene.request("Findable")
    for typed in (request.label, f"  {request.label} ", request.url):
        found = scene.tracker.find_task(typed)
        assert found
        assert (found.id, found.title) == (request.id, "Findable")


@pytest.mark.parametrize("typed", ["", "no such thing", "https://example.com/elsewhere", "../../etc/passwd", "é 1"])
def test_what_names_no_task_finds_none(scene: Scene, typed: str) -> None:
    """No error: people mistype."""
    assert scene.tracker.find_task(typed) is None


def test_a_task_that_is_not_there_is_not_found(scene: Scene) -> None:
    """By a label of the right form, too."""
    request = scene.request()
    label = f"{request.label.rstrip('0123456789')}99999999"
    assert scene.tracker.find_task(label) is None


def test_attached_files_are_told_with_their_addresses(scene: Scene) -> None:
    """Oldest first, in one call; a task without any has none."""
    request = scene.request()
    assert scene.tracker.attachments(request.id) == []
    for name in ("leads.csv", "Ü [final].pdf"):
        scene.stage.attach(request.id, name)
    before = len(scene.stage.simulator.log)
    found = scene.tracker.attachments(request.id)
    assert len(scene.stage.simulator.log) == before + 1
    assert [name for name, _ in found] == ["leads.csv", "Ü [final].pdf"]
    assert len({address for _, address in found if address.startswith("http")}) == 2
    scene.refuses(NotFound, lambda: scene.tracker.attachments(absent(request.id)))


def test_a_request_reads_as_it_was_filed(scene: Scene) -> None:
    """With its requester, its place, and the fields that rules match."""
    request = scene.request("As filed")
    assert (request.title, request.status, request.parent, request.mark) == ("As filed", Status.TODO, None, None)
    assert request.project == scene.stage.project == request.fields["project"]
    assert request.requester
    assert request.requester.email
    assert request.created_at
    assert request.created_at.tzinfo
    assert request.status_name
    assert {"project", "form"} <= request.fields.keys()


def test_many_tasks_are_read_at_once_and_a_deleted_one_is_absent(scene: Scene) -> None:
    """In as few calls as the vendor allows, with the container as a hint or without."""
    container = scene.under(scene.request())
    made = scene.tracker.create(container, plan(25)).made
    scene.stage.delete(made["t3"].id)
    ids = [task.id for task in made.values()]
    for hint in (container, None):
        before = len(scene.stage.simulator.log)
        found = scene.tracker.read([*ids, absent(ids[0])], hint)
        assert set(found) == set(ids) - {made["t3"].id}
        assert all(found[task].id == task for task in found)
        assert len(scene.stage.simulator.log) - before <= 4


def test_nothing_is_read_for_no_ids(scene: Scene) -> None:
    """Nor is anybody asked."""
    assert scene.tracker.read([]) == {}
    assert scene.stage.simulator.log == []


def test_children_are_all_there_at_once_and_with_their_marks(scene: Scene) -> None:
    """Consistently: what was just made, and what a person just changed."""
    container = scene.under(scene.request())
    assert scene.tracker.children(container) == []
    made = scene.tracker.create(container, plan(12)).made
    scene.stage.delete(made["t1"].id)
    scene.stage.rename(made["t2"].id, "Renamed")
    found = {task.mark: task for task in scene.tracker.children(container)}
    assert found.keys() == {task.mark for task in plan(12)} - {Mark(CAMPAIGN, "t1")}
    assert found[Mark(CAMPAIGN, "t2")].title == "Renamed"


def test_children_of_what_is_not_there_are_refused(scene: Scene) -> None:
    """Not answered with an empty list, from which everything would be made again."""
    nowhere = Container("subtasks", absent(scene.request().id), "")
    scene.refuses(NotFound, lambda: scene.tracker.children(nowhere))


def test_every_kind_of_container_is_opened_once(scene: Scene) -> None:
    """The second time it is found by its mark, by another process, too."""
    for kind in scene.stage.containers:
        request = scene.request()
        first = scene.under(request, kind)
        assert first.kind == kind
        made = scene.tracker.create(first, plan(3)).made
        assert {task.id for task in scene.tracker.children(first)} == {task.id for task in made.values()}
        mark = Mark(CAMPAIGN, f"container-{request.id}")
        assert scene.open({}).open_container(request, mark, request.title, kind) == first


def test_a_kind_of_container_that_the_tracker_does_not_know_is_refused(scene: Scene) -> None:
    """With the kinds that there are."""
    request = scene.request()
    error = scene.refuses(Rejected, lambda: scene.under(request, "galaxy"))
    assert all(kind in str(error) for kind in scene.stage.containers)


def test_what_changed_since_is_told_and_what_did_not_is_not(scene: Scene) -> None:
    """Two hours lie between the two."""
    old = scene.stage.file("Old")
    scene.stage.simulator.clock.offset = timedelta(hours=2)
    new = scene.stage.file("New")
    found = scene.tracker.changed_since(scene.stage.project, scene.stage.simulator.clock.now() - timedelta(minutes=1))
    assert new in found.tasks
    assert old not in found.tasks


def test_what_changed_in_a_project_that_is_not_there_is_refused(scene: Scene) -> None:
    """An empty answer would hide that nothing is watched."""
    since = scene.stage.simulator.clock.now()
    scene.refuses(Rejected, lambda: scene.tracker.changed_since(TaskId("999"), since))
