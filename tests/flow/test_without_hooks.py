"""With hooks switched off entirely, everything that people do arrives within one sweep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contract import Status
from service import workflows
from service.store import links
from service.store.engine import reading
from tests.house import House, house, in_weeks

MIRROR = ("{connection: jira, when: {title: Mirrored webinar}, template: webinar, mirror: {stakeholder: asana}}",)


@pytest.fixture(scope="module")
def deaf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """No hook was ever made."""
    folder = tmp_path_factory.mktemp("deaf")
    with pytest.MonkeyPatch.context() as monkeypatch:
        with house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch, hooks=False, rules=MIRROR) as found:
            found.sweep()  # from here on the trackers' own lists of changes are known
            yield found
        assert found.deliveries() == []


def calls(home: House) -> int:
    """How many the trackers have had."""
    return len(home.jira.log) + len(home.asana.log)


def settled(home: House) -> None:
    """Until a sweep finds nothing new: our own writes are changes, too."""
    for _ in range(4):
        before = len(home.writes())
        home.sweep()
        if len(home.writes()) == before:
            return
    raise AssertionError(home.writes()[-5:])


def test_what_people_do_in_jira_arrives_within_one_sweep(deaf: House) -> None:
    """A request, a status, a date, an owner, a title, a deleted sub-task and a moved launch."""
    key = deaf.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(12)})
    deaf.sweep()
    tasks = deaf.links(key)
    assert len(tasks) > 5
    first, second, third, *_ = tasks
    deaf.jira.transition(tasks[first].label, "Done")
    day = in_weeks(11)
    deaf.jira.edit(tasks[second].label, {"duedate": day, "summary": "Renamed", "assignee": "omar.ops@example.com"})
    deaf.jira.delete(tasks[third].label)
    deaf.sweep()
    link = deaf.links(key)[second]
    assert deaf.links(key)[first].agreed.status is Status.DONE
    assert deaf.jira.issue(key).status == "In Progress"
    assert (str(link.pinned_on), link.agreed.title) == (day, "Renamed")
    assert deaf.links(key)[third].state == "gone"
    before = {name: link.agreed.due_on for name, link in deaf.links(key).items()}
    deaf.jira.edit(key, {"Webinar date": in_weeks(16)})
    deaf.sweep()
    assert before != {name: link.agreed.due_on for name, link in deaf.links(key).items()}


def test_what_people_do_in_asana_arrives_within_one_sweep(deaf: House) -> None:
    """Subtasks stand in no project, and Asana does not call their request modified; a deleted one is missed, too."""
    gid = deaf.asana.file_request("Newsletter", section="Email sends")
    deaf.sweep()
    first, second, third, *_ = [task["gid"] for task in deaf.asana.subtasks(gid)]
    key_of = {link.label: name for name, link in deaf.links(gid).items()}
    deaf.asana.complete(first)
    deaf.asana.edit(second, {"due_on": in_weeks(9), "name": "Renamed"})
    deaf.asana.delete(third)
    deaf.sweep()
    links = deaf.links(gid)
    assert links[key_of[first]].agreed.status is Status.DONE
    assert (str(links[key_of[second]].pinned_on), links[key_of[second]].agreed.title) == (in_weeks(9), "Renamed")
    assert links[key_of[third]].state == "gone"


def test_a_sweep_of_quiet_campaigns_asks_each_project_and_no_campaign(deaf: House) -> None:
    """However many there are, and the overlap with the last sweep costs no run."""
    for number in range(4):
        deaf.jira.file_request("List Import", f"Leads {number}")
        deaf.asana.file_request(f"Leads {number}", section="List imports")
    settled(deaf)
    before, writes = calls(deaf), len(deaf.writes())
    assert workflows.sweep_now(deaf.runtime) == 0
    deaf.quiet()
    assert calls(deaf) - before == 4  # what changed and what is open in Jira; modified tasks and events in Asana
    assert len(deaf.writes()) == writes


def test_a_full_sweep_looks_at_every_campaign(deaf: House) -> None:
    """Whatever was told, or was not."""
    key = deaf.jira.file_request("List Import", "Leads")
    settled(deaf)
    name, link = next(iter(deaf.links(key).items()))
    deaf.jira.delete(link.label)
    workflows.sweep_now(deaf.runtime, full=True)
    deaf.quiet()
    assert deaf.links(key)[name].state == "gone"


def test_when_asana_has_forgotten_our_place_every_campaign_is_looked_at(deaf: House) -> None:
    """Its tokens live for a day at most; the answer that refuses ours brings a new one."""
    gid = deaf.asana.file_request("Leads", section="List imports")
    settled(deaf)
    deaf.asana.complete(deaf.asana.subtasks(gid)[0]["gid"])
    deaf.asana.forget_events()
    deaf.sweep()
    assert Status.DONE in {link.agreed.status for link in deaf.links(gid).values()}


def test_where_asana_tells_no_events_every_campaign_is_looked_at(deaf: House) -> None:
    """What the list of tasks cannot tell is found all the same, in more calls."""
    gid = deaf.asana.file_request("Leads", section="List imports")
    settled(deaf)
    knobs = deaf.asana.knobs
    knobs.error_before, knobs.error_status, knobs.only = 1.0, 404, "GET /api/1.0/events"
    try:
        deaf.asana.complete(deaf.asana.subtasks(gid)[0]["gid"])
        deaf.sweep()
    finally:
        knobs.error_before, knobs.error_status, knobs.only = 0.0, 503, ""
    assert Status.DONE in {link.agreed.status for link in deaf.links(gid).values()}


def test_then_campaigns_that_are_only_mirrored_there_are_looked_at_too(deaf: House) -> None:
    """Their requests are in the other tracker."""
    key = deaf.jira.file_request("Webinar", "Mirrored webinar", {"Webinar date": in_weeks(16)})
    settled(deaf)
    campaign = deaf.campaign(key)
    assert campaign
    with reading(deaf.runtime.engine) as session:
        there = links.elsewhere(session, campaign.id)["asana"]
    name, task = next((name, link.task) for name, link in there.items() if link.task and name in deaf.links(key))
    assert task
    deaf.asana.complete(task.id)
    deaf.asana.forget_events()
    deaf.sweep()
    assert deaf.jira.issue(deaf.links(key)[name].label).status == "Done"
