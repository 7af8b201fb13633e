"""Launches while the vendors fail: each plan stands in the end, each task once, and what went wrong is told."""

from __future__ import annotations

import json
from functools import partial

import pytest

from service.store import ledger
from service.store.engine import reading
from service.store.tables import Inbox
from tests.contract.scene import FAULTS
from tests.faults.desks import Desk
from tests.house import House

PASSING = [name for name in FAULTS if not name.startswith("500")]


def quotes(desk: Desk, text: str | None, status: int) -> bool:
    """Whether the text holds what the vendor says beside this status."""
    said = str(json.loads(desk.simulator.error(status)))
    words = [word for word in said.replace('"', "'").split("'") if len(word) > 4]
    return any(word in (text or "") for word in words)


def delays(desk: Desk, task: str) -> list[str]:
    """What the ledger tells of runs of this request that were put off."""
    with reading(desk.home.runtime.engine) as session:
        newest = ledger.latest(session, 200)
    return [line.sentence for line in newest if line.kind == "delayed" and f"{desk.name}:{task} " in line.sentence]


def all_parked(desks: list[Desk]) -> list[tuple[Desk, Inbox]]:
    """Wait until each tracker's request is parked and nothing moves any more."""
    for desk in desks:
        desk.home.until(desk.parked)
    desks[0].home.quiet()
    return [(desk, row) for desk in desks for row in desk.parked()]


def mend(desks: list[Desk]) -> None:
    """The vendors are well again, and a person replays what is parked."""
    for desk in desks:
        desk.calm()
    desks[0].replay()


def all_stand(requests: list[tuple[Desk, str]]) -> bool:
    """The plan of each request, and nothing is parked any more."""
    return all(desk.stands(label) and desk.parked() == [] for desk, label in requests)


@pytest.mark.parametrize("fault", PASSING)
def test_a_launch_outlasts_vendors_that_fail_in_passing(desks: list[Desk], fault: str) -> None:
    """Every call fails for longer than a connector tries; the run is put off, and nobody has to do anything."""
    for desk in desks:
        desk.strike(times=20, **FAULTS[fault])
    requests = [(desk, desk.file()) for desk in desks]
    assert all_stand(requests)
    assert [desk.simulator.knobs.strikes for desk in desks] == [0, 0]
    assert {row.state for desk, label in requests for row in desk.deliveries(label)} <= {"handled", "ignored"}


@pytest.mark.parametrize("fault", ["reply lost", "garbage after the work"])
def test_a_launch_outlasts_creates_whose_outcome_stays_unknown(desks: list[Desk], fault: str) -> None:
    """The next run looks first, and makes nothing twice."""
    for desk in desks:
        desk.strike(f"{desk.stage.create_call} ", times=12, **FAULTS[fault])
    assert all_stand([(desk, desk.file()) for desk in desks])


def test_a_create_that_does_its_work_after_it_was_repeated_leaves_nothing_twice(desks: list[Desk]) -> None:
    """The connection is cut, nothing is found, everything is made anew; then the first call does its work after all."""
    for desk in desks:
        desk.strike(f"{desk.stage.create_call} ", times=1, work_late=1.0, late_seconds=3.0)
    requests = [(desk, desk.file()) for desk in desks]
    desks[0].home.until(lambda: all(desk.home.campaign(label) for desk, label in requests))
    desks[0].home.until(lambda: not any(desk.simulator.in_flight for desk in desks))
    desks[0].home.quiet()
    desks[0].home.sweep()
    assert all_stand(requests)
    with reading(desks[0].home.runtime.engine) as session:
        assert len(ledger.of_kind(session, "double")) >= 2 * 5


@pytest.mark.parametrize("status", [429, 503])
def test_a_delay_is_told_in_the_vendors_words(desks: list[Desk], status: int) -> None:
    """In the ledger, while the run waits for its next attempt."""
    for desk in desks:
        desk.strike(error_before=1.0, error_status=status)
    requests = [(desk, desk.file()) for desk in desks]
    for desk, label in requests:
        task = desk.home.jira.issue(label).id if desk.name == "jira" else label
        desk.home.until(partial(delays, desk, task))
        assert all(quotes(desk, line, status) for line in delays(desk, task))
        desk.calm()
    assert all_stand(requests)


def test_vendors_that_say_how_long_to_wait_are_waited_for(desks: list[Desk]) -> None:
    """The launch goes on by itself."""
    for desk in desks:
        desk.strike(times=3, rate_limited=1.0, retry_after=0.3)
    assert all_stand([(desk, desk.file()) for desk in desks])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_launch_whose_tasks_are_refused_waits_for_a_person(desks: list[Desk], status: int) -> None:
    """None is made; the parked delivery has the vendor's words, and replayed it makes the whole plan."""
    for desk in desks:
        desk.strike(desk.stage.create_call, error_before=1.0, error_status=status)
    requests = [(desk, desk.file()) for desk in desks]
    assert all(quotes(desk, row.reason, status) for desk, row in all_parked(desks))
    mend(desks)
    assert all_stand(requests)


def test_a_launch_whose_comment_is_refused_waits_for_a_person(desks: list[Desk]) -> None:
    """The tasks stand meanwhile."""
    for desk in desks:
        desk.strike(desk.stage.comment_call.partition("{task}")[2], error_before=1.0, error_status=400)
    requests = [(desk, desk.file()) for desk in desks]
    assert all(quotes(desk, row.reason, 400) for desk, row in all_parked(desks))
    assert all(len(desk.home.links(label)) > 2 for desk, label in requests)
    mend(desks)
    assert all_stand(requests)


@pytest.mark.parametrize("status", [400, 401])
def test_a_request_to_vendors_that_refuse_every_call_waits_for_a_person(desks: list[Desk], status: int) -> None:
    """As when a token has expired: the delivery is parked with the vendor's words."""
    for desk in desks:
        desk.strike(error_before=1.0, error_status=status)
    requests = [(desk, desk.file()) for desk in desks]
    assert all(quotes(desk, row.reason, status) for desk, row in all_parked(desks))
    mend(desks)
    assert all_stand(requests)


def test_a_request_that_was_said_not_to_be_there_is_found_by_the_sweep(desks: list[Desk]) -> None:
    """A 404 is believed until then; or parked, where it cannot mean that the task is gone."""
    for desk in desks:
        desk.strike(error_before=1.0, error_status=404)
    requests = [(desk, desk.file()) for desk in desks]
    home = desks[0].home
    home.until(lambda: all(desk.deliveries(label) for desk, label in requests))
    home.quiet()
    assert {row.state for desk, label in requests for row in desk.deliveries(label)} <= {"ignored", "parked"}
    mend(desks)
    home.sweep()
    assert all_stand(requests)


def test_dependencies_that_are_refused_are_written_on_replay(home: House, desks: list[Desk]) -> None:
    """They are told with the vendor's words; the tasks stand meanwhile."""
    [jira] = [desk for desk in desks if desk.name == "jira"]
    jira.strike("POST /rest/api/3/issueLink", error_before=1.0, error_status=400)
    label = jira.file()
    assert all(quotes(jira, row.reason, 400) for _, row in all_parked([jira]))
    assert len(home.jira.children(label)) > 2
    mend([jira])
    assert all_stand([(jira, label)])


def test_one_refused_task_is_told_and_made_on_replay(home: House, desks: list[Desk]) -> None:
    """The others stand meanwhile, and the request tells which one is missing, and why."""
    [asana] = [desk for desk in desks if desk.name == "asana"]
    refused = home.asana.site.refused_names
    refused.add("Import the list")
    label = asana.file()
    assert all("This name is not allowed here" in (row.reason or "") for _, row in all_parked([asana]))
    assert any("This name is not allowed here" in text for text in home.asana.comments(label))
    assert len(home.asana.subtasks(label)) > 2
    refused.clear()
    mend([asana])
    assert asana.stands(label, more_links=True)
    assert asana.parked() == []
