"""Whatever the connector sends to Asana, and whatever the simulator answers, is as Asana's OpenAPI file has it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from connectors.asana.settings import AsanaSettings
from connectors.asana.simulator import AsanaSimulator
from connectors.asana.tracker import AsanaTracker
from connectors.contract import NOBODY, AccountId, Container, Mark, NewTask, Patch, Status, TaskId
from connectors.errors import Rejected
from connectors.simulating import Seen
from tests.wire.openapi import Spec

CONNECTOR = Path(__file__).parents[2] / "connectors" / "asana"
SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "asana_oas.json"
pytestmark = pytest.mark.skipif(not SPEC.is_file(), reason="Asana's OpenAPI file is not beside this checkout")
STATUSES = {
    "To do": Status.TODO,
    "In progress": Status.DOING,
    "Waiting": Status.WAITING,
    "Done": Status.DONE,
    "Dropped": Status.DROPPED,
}


@cache
def spec() -> Spec:
    """The vendor's document, loaded once."""
    return Spec.load(SPEC)


@pytest.fixture(scope="module")
def running() -> Iterator[AsanaSimulator]:
    """One simulator for all tests."""
    with AsanaSimulator() as sim:
        yield sim


@pytest.fixture
def sim(running: AsanaSimulator) -> Iterator[AsanaSimulator]:
    """Afterwards every call that the test made is held against the document."""
    running.log.clear()
    yield running
    assert running.log
    assert [problem for seen in running.log for problem in problems(seen)] == []


def connect(sim: AsanaSimulator, **more: Any) -> AsanaTracker:
    """A tracker on the simulator."""
    token = sim.oauth_token if more.get("oauth") else sim.token
    of = {"url": sim.api, "token": SecretStr(token), "workspace": sim.workspace, "projects": (sim.project,)}
    return AsanaTracker(AsanaSettings.model_validate(of | more))


def problems(seen: Seen) -> Iterator[str]:
    """What is not as documented, for each action of a batch as for a call of its own.

    The document names only the brief form of a record in a list: what `opt_fields` may ask for beyond it stands in that
    parameter's enum, which is checked. And its own example of a new webhook has nulls where its schema wants texts.
    """
    asked = {path.split(".")[0] for path in dict(parse_qsl(seen.query)).get("opt_fields", "").split(",")}
    for problem in spec().check(seen):
        brief = re.search(r"answer 200\.data\[\d+\]\.(\w+) is not in the vendor's schema$", problem)
        health = re.search(r"/webhooks: answer .*_(at|content|after|timestamp): None is not of type", problem)
        if not health and not (brief and brief[1] in asked):
            yield problem
    if seen.path.endswith("/batch"):
        rows = json.loads(seen.answer)["data"]
        for action, row in zip(seen.json["data"]["actions"], rows, strict=True):
            yield from problems(_alone(seen, action, row))


def _alone(batch: Seen, action: dict[str, Any], row: dict[str, Any]) -> Seen:
    fields = action.get("options", {}).get("fields", ())
    return replace(
        batch,
        method=action["method"].upper(),
        path=batch.path.removesuffix("/batch") + action["relative_path"],
        query=f"opt_fields={','.join(fields)}" if fields else "",
        body=json.dumps({"data": action["data"]}).encode() if "data" in action else b"",
        status=row["status_code"],
        answer=json.dumps(row["body"]).encode(),
    )


@pytest.fixture
def target() -> Iterator[str]:
    """A web address that answers handshakes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            if secret := self.headers.get("X-Hook-Secret"):
                self.send_header("X-Hook-Secret", secret)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hooks/asana/1"
    server.shutdown()
    server.server_close()
    thread.join()


def plan(count: int, owner: str | None = None) -> list[NewTask]:
    """So many tasks with everything that a task can have; the last is a milestone."""
    return [
        NewTask(
            mark=Mark("c1", f"t{at}"),
            title=f"Task {at} <&>",
            text="# How\n\n- Ask **Ada** & [look](https://example.com/?a=1&b=2)\n\n> soon",
            owner=AccountId(owner) if owner else None,
            start_on=date(2027, 1, 4),
            due_on=date(2027, 1, 8),
            milestone=at == count - 1,
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("oauth", [False, True])
def test_the_launch_of_a_campaign(sim: AsanaSimulator, oauth: bool) -> None:
    """Find, create, link, read back and comment, with either kind of token."""
    tracker = connect(sim, oauth=oauth)
    request = tracker.find_task(f"https://app.asana.com/0/{sim.project}/{sim.file_request('Webinar')}/f")
    assert request
    assert request.requester
    assert (request.fields["section"], request.requester.email) == ("Webinars", "rita.requester@example.com")
    ada = tracker.find_account("Dana.Ops@example.com", sim.project)
    assert ada
    container = tracker.open_container(request, Mark("c1", "campaign"), "Webinar")
    created = tracker.create(container, plan(12, ada.id))
    assert (len(created.made), created.refused) == (12, {})
    ids = [created.made[f"t{at}"].id for at in range(12)]
    assert tracker.set_dependencies({later: [earlier] for earlier, later in pairwise(ids)}) == {}
    children = tracker.children(container)
    assert {child.id for child in children} == set(ids)
    assert {str(child.mark) for child in children} == {f"tminus:c1:t{at}" for at in range(12)}
    assert all(child.owner == ada and child.parent == request.id for child in children)
    first = tracker.comment(request.id, Mark("c1", "progress"), "**0** of 12 done")
    assert tracker.comment(request.id, Mark("c1", "progress"), "**1** of 12 done") == first
    assert tracker.comment(request.id, Mark("c1", "progress"), "**2** of 12 done", first) == first
    assert [text.split("\n")[0] for text in sim.comments(request.id)] == ["2 of 12 done"]


def test_a_project_of_its_own(sim: AsanaSimulator) -> None:
    """It is found again by its mark, and its milestones stand apart."""
    tracker = connect(sim, container="project", team=next(iter(sim.site.teams)))
    request = tracker.find_task(sim.file_request("Webinar"))
    assert request
    container = tracker.open_container(request, Mark("c1", "campaign"), "Webinar in January")
    assert tracker.open_container(request, Mark("c1", "campaign"), "Webinar in February") == container
    made = tracker.create(container, plan(3)).made
    placed = {task.title: task.fields["section"] for task in tracker.children(container)}
    assert placed["Task 2 <&>"] == "Milestones"
    assert placed["Task 0 <&>"] == placed["Task 1 <&>"] != "Milestones"
    assert {task.project for task in tracker.read([task.id for task in made.values()]).values()} == {container.id}


def test_without_a_team_the_project_goes_to_the_workspace(sim: AsanaSimulator) -> None:
    """And a kind of container that Asana lacks is refused in words."""
    tracker = connect(sim)
    request = tracker.find_task(sim.file_request("Webinar"))
    assert request
    with pytest.raises(Rejected, match="no container of the kind 'epic'"):
        tracker.open_container(request, Mark("c1", "campaign"), "Webinar", "epic")
    container = tracker.open_container(request, Mark("c1", "campaign"), "Webinar", "project")
    assert container.kind == "project"


def test_reading_tasks(sim: AsanaSimulator) -> None:
    """One, many, with a list to answer from, and none for those that are gone."""
    tracker = connect(sim)
    gids = [TaskId(sim.file_request(f"Request {at}")) for at in range(12)]
    gone = TaskId(sim.file_request("Gone"))
    sim.delete(gone)
    assert set(tracker.read([*gids, gone])) == set(gids)
    assert set(tracker.read([gids[0]])) == {gids[0]}
    assert tracker.read([gone]) == {}
    assert tracker.read([]) == {}
    assert tracker.find_task(gone) is None
    project = Container("project", sim.project, "")
    assert set(tracker.read([*gids, gone], project)) == set(gids)
    changed = tracker.changed_since(sim.project, datetime.now(UTC) - timedelta(hours=1))
    assert set(changed.tasks) >= set(gids)
    assert changed.lost
    later = tracker.changed_since(sim.project, datetime.now(UTC) + timedelta(hours=1), changed.cursor)
    assert (later.tasks, later.lost) == ({}, False)


def test_changing_a_task(sim: AsanaSimulator) -> None:
    """Each field alone, and a start with and without the due date it needs."""
    tracker = connect(sim)
    gid = TaskId(sim.file_request("Webinar"))
    with pytest.raises(Rejected, match="no due date"):
        tracker.update(gid, Patch(start_on=date(2027, 1, 4)))
    dana = tracker.find_account("dana.ops@example.com", None)
    assert dana
    assert tracker.find_account("nobody@example.com", None) is None
    for patch in (
        Patch(title="Webinar on <X>"),
        Patch(due_on=date(2027, 1, 8)),
        Patch(start_on=date(2027, 1, 4)),
        Patch(owner=dana.id),
        Patch(start_on=date(2027, 1, 9), due_on=date(2027, 1, 12)),
    ):
        tracker.update(gid, patch)
    task = tracker.read([gid])[gid]
    assert (task.title, task.owner) == ("Webinar on <X>", dana)
    assert (task.start_on, task.due_on) == (date(2027, 1, 9), date(2027, 1, 12))
    tracker.update(gid, Patch(start_on=date(2027, 1, 12)))
    assert tracker.read([gid])[gid].start_on is None


def test_a_task_of_which_a_person_made_a_milestone_is_still_dated(sim: AsanaSimulator) -> None:
    """Without the start, which Asana refuses for milestones."""
    tracker = connect(sim)
    gid = sim.file_request("Webinar", due_on="2027-01-08")
    sim.edit(gid, {"resource_subtype": "milestone"})
    tracker.update(TaskId(gid), Patch(start_on=date(2027, 2, 1), due_on=date(2027, 2, 5)))
    task = tracker.read([TaskId(gid)])[TaskId(gid)]
    assert (task.start_on, task.due_on) == (None, date(2027, 2, 5))


def test_statuses_without_a_field(sim: AsanaSimulator) -> None:
    """Complete or not; what Asana cannot say reads as the nearest that it can."""
    tracker = connect(sim)
    gid = TaskId(sim.file_request("Webinar"))

    def move(status: Status) -> Status:
        landed = tracker.set_status(tracker.read([gid])[gid], status)
        assert tracker.read([gid])[gid].status is landed
        return landed

    assert [move(status) for status in (Status.DOING, Status.DONE, Status.DROPPED, Status.WAITING, Status.DROPPED)] == [
        Status.TODO,
        Status.DONE,
        Status.DONE,
        Status.TODO,
        Status.DONE,
    ]


def test_statuses_with_a_field(sim: AsanaSimulator) -> None:
    """All five, and a subtask that lacks the field is complete or not."""
    tracker = connect(sim, status_field=sim.fields["Status"], statuses=STATUSES)
    gid = TaskId(sim.file_request("Webinar"))
    request = tracker.read([gid])[gid]
    assert [tracker.set_status(request, status) for status in Status] == list(Status)
    assert tracker.read([gid])[gid].status_name == "Dropped"
    child = tracker.create(tracker.open_container(request, Mark("c1", "c"), ""), plan(1)).made["t0"]
    assert tracker.set_status(child, Status.DONE) is Status.DONE


def test_hooks(sim: AsanaSimulator, target: str) -> None:
    """Subscribed, listed, replaced when an equal one is there, and removed twice."""
    tracker = connect(sim)
    hook = tracker.add_hook([sim.project], target, "")
    assert (hook.target, hook.projects, hook.healthy) == (target, (sim.project,), True)
    again = tracker.add_hook([sim.project], target, "")
    assert hook.secret
    assert again.secret
    assert again.secret != hook.secret
    assert [(h.id, h.target, h.projects) for h in tracker.hooks()] == [(again.id, target, (sim.project,))]
    tracker.remove_hook(again.id)
    tracker.remove_hook(again.id)
    assert tracker.hooks() == []


def test_the_doctor(sim: AsanaSimulator) -> None:
    """Finds nothing on a sound site, and names what is wrong on another."""
    field, team = sim.fields["Status"], next(iter(sim.site.teams))
    assert list(connect(sim, status_field=field, statuses=STATUSES, container="project", team=team).inspect()) == []
    ailing = {"status_field": field, "statuses": {"Doing": Status.DOING}, "projects": ("404",), "container": "project"}
    told = " ".join(finding.problem for finding in connect(sim, **ailing).inspect())
    assert "organisation, where every new project needs a team" in told
    assert "Project 404 cannot be seen" in told
    assert "To do, In progress, Waiting, Done, Dropped" in told
    assert "does not have: Doing" in told
    [lost] = connect(sim, workspace="404", status_field=field, statuses=STATUSES).inspect()
    assert "not in workspace 404" in lost.problem
    assert sim.workspace in lost.remedy


def test_who_we_are(sim: AsanaSimulator) -> None:
    """The account behind the token."""
    tracker = connect(sim)
    assert tracker.whoami().email == "tminus@example.com"


def test_what_a_mirror_asks(sim: AsanaSimulator) -> None:
    """A task of its own, everybody's comments, a link across, and an owner taken off."""
    tracker = connect(sim)
    [new] = plan(1)
    parent = tracker.add_task(sim.project, new)
    assert tracker.add_task(sim.project, new, look_first=True).id == parent.id
    sim.comment(parent.id, "Theirs")
    tracker.link_to(parent, "In jira", "https://example.atlassian.net/browse/MKT-1")
    assert [remark.mark is None for remark in tracker.remarks(parent.id)] == [True, False]
    tracker.update(parent.id, Patch(owner=NOBODY))


def test_attachments(sim: AsanaSimulator) -> None:
    """One list of those of a task."""
    gid = sim.file_request("Leads")
    sim.attach(gid, "leads.csv")
    assert [name for name, _ in connect(sim).attachments(TaskId(gid))] == ["leads.csv"]


def operations() -> dict[tuple[str, str], list[str]]:
    """Asana's operations, each by its call and its name, with the OAuth scopes that serve it."""
    document = json.loads(SPEC.read_text(encoding="utf-8"))
    return {
        (f"{method.upper()} {path}", operation["operationId"]): [
            scope for way in operation["security"] for scope in way.get("oauth2", ())
        ]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def made_by_us() -> set[str]:
    """The methods of the SDK that the connector names, and the actions that it puts into batches."""
    nodes = [node for path in CONNECTOR.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    actions = [node.args for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "Action"]
    batched = {f"{ast.literal_eval(method).upper()} {ast.unparse(path)[2:-1]}" for method, path, *_ in actions}
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {_bare(action) for action in batched}


def _bare(path: str) -> str:
    return re.sub(r"\{.*?\}", "{}", path)


def test_the_readme_names_every_call_of_ours_for_which_no_narrow_scope_serves() -> None:
    """So that nobody registers an app with less than full permissions; all others have scopes, as it says."""
    named = made_by_us()
    ours = {
        call: scopes
        for (call, name), scopes in operations().items()
        if re.sub(r"(?=[A-Z])", "_", name).lower() in named or _bare(call) in named
    }
    readme = (CONNECTOR / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", readme, re.MULTILINE))
    assert len(ours) > 20
    assert told == {call for call, scopes in ours.items() if not scopes}
