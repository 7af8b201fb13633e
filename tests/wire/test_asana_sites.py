"""What the Asana tracker makes of the ways in which people set up and use their site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import asana
import pytest

from connectors.asana.client import AsanaClient, Calls
from connectors.asana.simulator import AsanaSimulator
from connectors.asana.tracker import AsanaTracker
from connectors.contract import Patch, Status
from tests.hook_target import HookTarget
from tests.wire.asana_site import plan, request, settings


@pytest.fixture
def sim() -> Iterator[AsanaSimulator]:
    """A site of its own, as some tests change its plan."""
    with AsanaSimulator() as site:
        yield site


@pytest.fixture
def tracker(sim: AsanaSimulator) -> AsanaTracker:
    """With a personal access token."""
    return AsanaTracker(settings(sim))


def person(sim: AsanaSimulator) -> AsanaClient:
    """For what people do."""
    return Calls(settings(sim)).client


def test_what_a_free_plan_lacks_costs_no_call_where_the_plan_is_known(sim: AsanaSimulator) -> None:
    """It allows a tenth of the calls."""
    sim.site.paid = False
    tracker, (start, due) = AsanaTracker(settings(sim, plan="free")), (date(2027, 1, 4), date(2027, 1, 8))
    first, second = tracker.create(request(sim), plan(2, start_on=start, due_on=due)).made.values()
    tracker.update(first.id, Patch(start_on=start, due_on=due))
    assert tracker.set_dependencies({second.id: [first.id]}) == {}
    assert [seen.path.rsplit("/", 1)[1] for seen in sim.log] == ["batch", first.id]


def test_a_tag_that_is_added_later_is_told_of(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """A request rule may look for a tag."""
    task = request(sim).id
    with HookTarget() as target:
        hook = tracker.add_hook([sim.project], target.url, "")
        body = {"data": {"name": "webinar", "workspace": sim.workspace}}
        tag = asana.TagsApi(person(sim)).create_tag(body, {}, full_payload=True)["data"]["gid"]
        asana.TasksApi(person(sim)).add_tag_for_task({"data": {"tag": tag}}, task, full_payload=True)
        target.wait_for(lambda calls: any(task.encode() in call.body for call in calls))
        tracker.remove_hook(hook.id)


def test_an_approval_that_is_dropped_is_not_approved(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """Completing an approval is consent, which nobody gave."""
    [made] = tracker.create(request(sim), plan(1)).made.values()
    body = {"data": {"resource_subtype": "approval"}}
    asana.TasksApi(person(sim)).update_task(body, made.id, {}, full_payload=True)
    for status, reads in ((Status.DROPPED, "rejected"), (Status.TODO, "pending"), (Status.DONE, "approved")):
        assert tracker.set_status(tracker.read([made.id])[made.id], status) is status
        assert sim.task(made.id)["approval_status"] == reads
