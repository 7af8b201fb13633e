"""What the Asana tracker makes of refusals, lost replies and Asana's own limits."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from typing import Any, ClassVar

import asana
import pytest
from pydantic import SecretStr

from connectors.asana.batches import repeatable
from connectors.asana.client import Action, AsanaClient, Calls
from connectors.asana.hooks import FILTERS, hook_of
from connectors.asana.settings import AsanaSettings
from connectors.asana.simulator import AsanaKnobs, AsanaSimulator, projects, tasks
from connectors.asana.simulator.records import Task
from connectors.asana.tracker import AsanaTracker
from connectors.contract import AccountId, Container, Mark, Patch, TaskId
from connectors.errors import AccessDenied, NotFound, OutcomeUnknown, RateLimited, Rejected, Unreachable
from connectors.line import request_id
from tests.wire.asana_site import plan, request, settings

BATCH = "POST /api/1.0/batch"
FAULTS: dict[str, dict[str, Any]] = {
    "reply lost": {"cut_after": 1.0},
    "cut before the work": {"cut_before": 1.0},
    "503 after the work": {"error_after": 1.0},
    "503 before the work": {"error_before": 1.0},
    "garbage": {"garbage": 1.0},
    "429": {"rate_limited": 1.0, "retry_after": 0.05},
    "429 that does not say for how long": {"rate_limited": 1.0, "retry_after": None},
}


@pytest.fixture(scope="module")
def running() -> Iterator[AsanaSimulator]:
    """One simulator for all tests."""
    with AsanaSimulator() as sim:
        yield sim


@pytest.fixture
def sim(running: AsanaSimulator) -> Iterator[AsanaSimulator]:
    """Without faults, and with an empty log."""
    running.log.clear()
    yield running
    for name, value in vars(AsanaKnobs()).items():
        setattr(running.knobs, name, value)


@pytest.fixture
def tracker(sim: AsanaSimulator) -> AsanaTracker:
    """With a personal access token."""
    return AsanaTracker(settings(sim))


def strike(sim: AsanaSimulator, on: str, **fault: Any) -> None:
    """The next call like this one fails, once."""
    for name, value in {**fault, "only": on, "strikes": 1}.items():
        setattr(sim.knobs, name, value)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_create_that_fails_in_passing_leaves_each_task_once(
    sim: AsanaSimulator, tracker: AsanaTracker, fault: dict[str, Any]
) -> None:
    """Whether the work was done before the failure or not."""
    container = request(sim)
    strike(sim, BATCH, **fault)
    created = tracker.create(container, plan(12))
    assert sim.knobs.strikes == 0
    assert (set(created.made), created.refused) == ({f"t{at}" for at in range(12)}, {})
    assert sorted(task["name"] for task in sim.subtasks(container.id)) == sorted(task.title for task in plan(12))
    assert {task["gid"] for task in sim.subtasks(container.id)} == {task.id for task in created.made.values()}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_comment_that_fails_in_passing_is_written_once(
    sim: AsanaSimulator, tracker: AsanaTracker, fault: dict[str, Any]
) -> None:
    """Each attempt looks for the comment of this mark first."""
    task = TaskId(request(sim).id)
    strike(sim, f"POST /api/1.0/tasks/{task}/stories", **fault)
    tracker.comment(task, Mark("c1", "note"), "Hello")
    assert sim.comments(task) == ["Hello\n\ntminus:c1:note"]


def test_a_project_whose_reply_is_lost_is_found_by_its_mark(sim: AsanaSimulator) -> None:
    """So a campaign never has two."""
    tracker = AsanaTracker(settings(sim, container="project", team=next(iter(sim.site.teams))))
    task = tracker.find_task(request(sim).id)
    assert task
    strike(sim, "POST /api/1.0/teams", cut_after=1.0)
    mark = Mark("c7", "campaign")
    assert tracker.open_container(task, mark, "Launch") == tracker.open_container(task, mark, "Launch")
    assert [project.name for project in sim.site.projects.values()].count("Launch") == 1


def test_a_comment_that_somebody_deleted_is_written_anew(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """The remembered id is only a short cut."""
    task = TaskId(request(sim).id)
    first = tracker.comment(task, Mark("c1", "note"), "One")
    calls = Calls(settings(sim))
    calls.one("DELETE", asana.StoriesApi(calls.client).delete_story, first)
    second = tracker.comment(task, Mark("c1", "note"), "Two", first)
    assert second != first
    assert sim.comments(task) == ["Two\n\ntminus:c1:note"]


def test_an_owner_whom_asana_refuses_does_not_stop_the_task(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """It is made without one, at the price of one more batch."""
    container = request(sim)
    created = tracker.create(container, [*plan(2, owner=AccountId("404")), *plan(3)[2:]])
    assert (set(created.made), created.refused) == ({"t0", "t1", "t2"}, {})
    assert [task.owner for task in created.made.values()] == [None] * 3
    assert [seen.path for seen in sim.log].count("/api/1.0/batch") == 2


@pytest.fixture
def on_a_free_plan(sim: AsanaSimulator) -> Iterator[None]:
    """Start dates and dependencies are refused."""
    sim.site.paid = False
    yield
    sim.site.paid = True


@pytest.mark.usefixtures("on_a_free_plan")
def test_a_plan_without_start_dates_does_not_stop_a_task(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """It is made and moved without one."""
    start, due = date(2027, 1, 4), date(2027, 1, 8)
    created = tracker.create(request(sim), plan(2, start_on=start, due_on=due))
    assert created.refused == {}
    assert [(task.start_on, task.due_on) for task in created.made.values()] == [(None, due)] * 2
    task = created.made["t0"].id
    tracker.update(task, Patch(start_on=due, due_on=date(2027, 1, 9)))
    assert (sim.task(task)["start_on"], sim.task(task)["due_on"]) == (None, "2027-01-09")


@pytest.mark.usefixtures("on_a_free_plan")
def test_a_plan_without_dependencies_has_none(
    sim: AsanaSimulator, tracker: AsanaTracker, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can mend it by hand, so nothing is parked; the log tells."""
    first, second = tracker.create(request(sim), plan(2)).made.values()
    assert tracker.set_dependencies({second.id: [first.id]}) == {}
    assert f"nothing shows what task {second.id} waits for" in caplog.text


def test_a_refused_row_keeps_asanas_words_and_stops_no_other(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """Here the parent of every row is gone; elsewhere one row only."""
    created = tracker.create(Container("subtasks", "404", ""), plan(2))
    assert created.made == {}
    assert {type(error) for error in created.refused.values()} == {NotFound}
    first, second = tracker.create(request(sim), plan(2)).made.values()
    refused = tracker.set_dependencies({first.id: [TaskId("404")], second.id: [first.id]})
    assert list(refused) == [first.id]
    assert "404" in str(refused[first.id])
    assert [row["gid"] for row in sim.task(second.id)["dependencies"]] == [first.id]


def test_more_links_than_a_task_can_have_are_refused_here(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """Asana's limit is told in words, and costs no call."""
    refused = tracker.set_dependencies({TaskId("1"): [TaskId(str(at)) for at in range(2, 33)]})
    assert "31 tasks; Asana allows 30" in str(refused[TaskId("1")])
    assert sim.log == []


def test_a_launch_of_forty_takes_few_calls(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """Four batches of creates, five of links in three waits of fifteen, and at most five calls for all the rest."""
    gid = sim.file_request("Webinar")
    task = tracker.find_task(gid)
    owner = tracker.find_account("dana.ops@example.com", None)
    assert task
    assert owner
    container = tracker.open_container(task, Mark("c1", "campaign"), "Webinar")
    made = tracker.create(container, plan(40, owner=owner.id, due_on=date(2027, 1, 8))).made
    ids = [made[f"t{at}"].id for at in range(40)]
    assert tracker.set_dependencies({later: [earlier] for earlier, later in pairwise(ids)}) == {}
    assert len(tracker.read(ids, container)) == 40
    tracker.comment(task.id, Mark("c1", "progress"), "0 of 40 done")
    batches = [len(seen.json["data"]["actions"]) for seen in sim.log if seen.path.endswith("/batch")]
    assert batches[:4] == [10] * 4
    assert sorted(batches[4:]) == [5, 5, 9, 10, 10]
    assert len(sim.log) - len(batches) <= 5


class Scripted(BaseHTTPRequestHandler):
    """Answers each batch with the next of these rows."""

    rows: ClassVar[list[list[dict[str, Any]]]] = []
    asked: ClassVar[list[list[str]]] = []

    def do_POST(self) -> None:
        """The next answer of the script."""
        actions = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]["actions"]
        self.asked.append([action["relative_path"] for action in actions])
        answer = json.dumps({"data": self.rows[len(self.asked) - 1]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def scripted() -> Iterator[Calls]:
    """Calls to a server that answers by a script, for what the simulator's Asana never says."""
    Scripted.rows.clear()
    Scripted.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), Scripted)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/api/1.0"
    yield Calls(AsanaSettings(url=url, token=SecretStr("t"), workspace="1", projects=("1",)))
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_row_of_a_batch_that_fails_in_passing_is_repeated_alone(scripted: Calls) -> None:
    """Asana counts each action, and may take one and refuse the other."""
    good = {"status_code": 200, "headers": {}, "body": {"data": {"gid": "1"}}}
    limited = {"status_code": 429, "headers": {"Retry-After": "0.01"}, "body": {"errors": [{"message": "too many"}]}}
    failed = {"status_code": 500, "headers": None, "body": {"errors": [{"message": "Oops", "phrase": "6 sad squid"}]}}
    Scripted.rows.extend([[good, limited], [failed], [good]])
    rows = repeatable(scripted, [Action("get", "/tasks/1"), Action("get", "/tasks/2")])
    assert [(row.data, row.error) for row in rows] == [({"gid": "1"}, None)] * 2
    assert Scripted.asked == [["/tasks/1", "/tasks/2"], ["/tasks/2"], ["/tasks/2"]]


def test_a_batch_answered_with_too_few_rows_is_an_unknown_outcome(scripted: Calls) -> None:
    """Nothing is matched by guess."""
    Scripted.rows.append([])
    with pytest.raises(OutcomeUnknown, match="one row for each action"):
        scripted.batch([Action("post", "/tasks", {"name": "x"})])


def test_a_server_error_keeps_the_phrase_for_asanas_support(scripted: Calls) -> None:
    """By it they find the incident."""
    Scripted.rows.append([{"status_code": 500, "body": {"errors": [{"message": "Oops", "phrase": "6 sad squid"}]}}])
    [row] = scripted.batch([Action("get", "/tasks/1")])
    assert str(row.error) == "Oops (phrase: 6 sad squid)"


def test_tasks_of_a_request_that_is_gone_are_absent(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """The list they were to be answered from is gone with it."""
    container = request(sim)
    made = tracker.create(container, plan(2)).made
    elsewhere = TaskId(sim.file_request("Another"))
    sim.delete(container.id)
    ids = [elsewhere, *(task.id for task in made.values())]
    assert set(tracker.read(ids, container)) == {elsewhere}


def test_a_deleted_project_is_not_there_however_its_list_is_refused(sim: AsanaSimulator) -> None:
    """Asked for its tasks Asana speaks of a bad question; those that stand elsewhere too are read."""
    tracker = AsanaTracker(settings(sim, team=next(iter(sim.site.teams))))
    filed = tracker.find_task(request(sim).id)
    assert filed
    place = tracker.open_container(filed, Mark("c7", "container"), "Webinar", "project")
    made = [task.id for task in tracker.create(place, plan(3)).made.values()]
    with sim.site.lock:
        home, own = sim.site.projects[sim.project], sim.site.projects[place.id]
        [person, *_] = home.members.values()
        tasks.place(sim.site, sim.site.find(Task, made[0]), home, None, person)
        projects.delete(sim.site, own, person)
    with pytest.raises(NotFound):
        tracker.changed_since(place.id, datetime.now(UTC))
    assert set(tracker.read(made, place)) == {made[0]}


@pytest.mark.parametrize(
    ("listed", "outdated"),
    [
        ([], False),
        (FILTERS, False),
        ([{"action": "changed"}, *FILTERS], False),
        (FILTERS[1:], True),
        ([FILTERS[0] | {"fields": FILTERS[0]["fields"][::-1]}, *FILTERS[1:]], False),
        ([FILTERS[0] | {"fields": ["name"]}, *FILTERS[1:]], True),
    ],
    ids=["everything", "as wanted", "more", "less", "in another order", "fewer fields"],
)
def test_a_hook_is_outdated_that_lacks_a_filter(listed: list[dict[str, Any]], outdated: bool) -> None:
    """Without any filter it tells of everything."""
    assert hook_of({"gid": "1", "filters": listed}).outdated is outdated


def test_when_every_task_is_refused_it_is_our_access_that_is_gone(sim: AsanaSimulator) -> None:
    """A revoked token must not make a whole campaign look deleted."""
    tracker = AsanaTracker(settings(sim, token=SecretStr("revoked")))
    gids = [TaskId(request(sim).id), TaskId(request(sim).id)]
    with pytest.raises(AccessDenied, match="Not Authorized") as caught:
        tracker.read(gids)
    assert caught.value.status == 401


def test_what_never_left_and_what_may_have_arrived_are_told_apart(sim: AsanaSimulator) -> None:
    """The one may be repeated at will, the other not."""

    def whoami(calls: Calls) -> object:
        return calls.one("GET", asana.UsersApi(calls.client).get_user, "me", {})

    with pytest.raises(Unreachable):
        whoami(Calls(settings(sim, url="http://127.0.0.1:9/api/1.0")))
    calls = Calls(settings(sim))
    for fault in ({"cut_before": 1.0}, {"error_before": 1.0}, {"garbage": 1.0}):
        strike(sim, "", **fault)
        with pytest.raises(OutcomeUnknown):
            whoami(calls)
        setattr(sim.knobs, next(iter(fault)), 0.0)
    strike(sim, "", rate_limited=1.0, retry_after=0.25)
    with pytest.raises(RateLimited) as caught:
        whoami(calls)
    assert caught.value.retry_after == 0.25


def test_a_rejection_is_told_in_asanas_words(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """With the request id, by which the call is found again."""
    token = request_id.set("case-1")
    try:
        with pytest.raises(Rejected, match="assignee") as caught:
            tracker.update(TaskId(request(sim).id), Patch(owner=AccountId("404")))
    finally:
        request_id.reset(token)
    assert caught.value.request_id == "case-1"
    assert sim.log[-1].headers["x-request-id"] == "case-1"


def test_the_token_goes_to_no_other_host(sim: AsanaSimulator) -> None:
    """Neither a redirect nor a crafted address takes it elsewhere."""
    client = Calls(settings(sim)).client
    with pytest.raises(Rejected, match=r"only 127\.0\.0\.1"):
        client.request("GET", "http://127.0.0.1:1/api/1.0/users/me", headers={})


def test_the_sdk_is_tamed(sim: AsanaSimulator) -> None:
    """No threads of its own, no log handlers, no retries, and a time-out for every call."""
    before = threading.active_count()
    client = Calls(settings(sim)).client
    assert isinstance(client, AsanaClient)
    assert threading.active_count() == before
    handlers = [handler for name in ("asana", "urllib3") for handler in logging.getLogger(name).handlers]
    assert [handler for handler in handlers if isinstance(handler, logging.StreamHandler)] == []
    assert client.configuration.retry_strategy is False


def test_no_break_spaces_survive(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """The SDK alone would change them, and a title would look edited for ever."""
    gid = TaskId(sim.file_request("10\u00a0000 contacts"))
    assert tracker.read([gid])[gid].title == "10\u00a0000 contacts"


@pytest.mark.parametrize(
    ("health", "problem"),
    [
        ({"active": True}, None),
        ({"active": True, "last_failure_at": "2027-01-01T00:00:00Z", "last_success_at": "2027-01-02T00:00:00Z"}, None),
        ({"active": False}, "Asana lists it as not active"),
        ({"active": True, "last_failure_at": "2027-01-03T00:00:00Z", "last_failure_content": "500"}, "500"),
        ({"active": True, "delivery_retry_count": 2}, "Asana's calls fail"),
        (
            {"last_failure_content": "502", "failure_deletion_timestamp": "2027-01-04T00:00:00Z"},
            "502 (Asana deletes the webhook at 2027-01-04T00:00:00Z)",
        ),
    ],
)
def test_the_health_of_a_hook(health: dict[str, Any], problem: str | None) -> None:
    """A hook that fails now is told of while there is time to mend it."""
    hook = hook_of({"gid": "1", "target": "https://example.com", "resource": {"gid": "2"}, **health})
    assert (hook.healthy, hook.problem) == (problem is None, problem)


def test_people_are_listed_once(sim: AsanaSimulator, tracker: AsanaTracker) -> None:
    """One list answers for every owner and requester for a while."""
    for email in ("dana.ops@example.com", "OMAR.OPS@example.com", "nobody@example.com"):
        tracker.find_account(email, None)
    task = tracker.find_task(request(sim).id)
    assert task
    assert task.requester
    assert task.requester.email == "rita.requester@example.com"
    assert [json.dumps(seen.path) for seen in sim.log].count('"/api/1.0/users"') == 1
