"""The Asana simulator against the vendor's OpenAPI file and against answers and events recorded from real sites."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from connectors.asana.simulator import AsanaSimulator
from connectors.asana.simulator.shapes import DOTTED, SHAPES
from connectors.asana.simulator.webhooks import wire
from connectors.asana.simulator.wire import ROUTES
from connectors.simulating import Seen
from tests.hook_target import HookTarget
from tests.wire.openapi import Spec

SHARED = Path(__file__).parents[2].parent / "shared"
SPEC_FILE = SHARED / "specs" / "asana_oas.json"
PAYLOADS = SHARED / "payloads"
pytestmark = pytest.mark.skipif(not SPEC_FILE.exists(), reason="the vendor's documents (../shared) are not here")

Json = dict[str, Any]


CONTRADICTED = (
    # its text, and its example of a create, have null here
    r"webhooks\S*: answer 20[01]\.data\.last_(success_at|failure_at|failure_content): None is not of type",
    # "The parent will be `null` for other event types"
    r"events: answer 200\.data\[\d+\]\.parent: None is not of type",
    # "At task creation time, this array can be used to add the task to specific sections", which are named by gid
    r"POST \S+: request\.data\.memberships(\[\d\]\.\w+)?(: '\d+' is not of type 'object'| is readOnly)",
    # "its corresponding value is either an enum GID, string, number, object, or array"
    r"tasks\S*: request\.data\.custom_fields\['\d+'\]: \{.*\} is not of type 'string'",
)
"""Where the vendor's schema is contradicted by the vendor's own text."""


def _problems(spec: Spec, seen: Seen) -> list[str]:
    """What is not as documented. A list's schema has only what it shows by default, so `opt_fields` add to it."""
    asked = {path.partition(".")[0] for path in dict(parse_qsl(seen.query)).get("opt_fields", "").split(",")}
    extra = "|".join(re.escape(name) for name in asked if name) or "$^"
    explained = re.compile("|".join((*CONTRADICTED, rf"data\[\d+\]\.({extra}) is not in the vendor's schema")))
    return [problem for problem in spec.check(seen) if not explained.search(problem)]


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Asana's OpenAPI file, read once."""
    return Spec.load(SPEC_FILE)


@pytest.fixture(scope="module")
def sim() -> Iterator[AsanaSimulator]:
    """One simulator for the module."""
    with AsanaSimulator() as running:
        yield running


@pytest.fixture
def hook_target() -> Iterator[str]:
    """The address of a server that answers the handshake."""
    with HookTarget() as target:
        yield target.url


class Client:
    """Calls the API and fails on every answer that is not the expected one."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def call(self, method: str, path: str, data: Json | None = None, status: int = 200, **query: Any) -> Any:
        """The `data` of the answer."""
        body = None if data is None else {"data": data}
        answer = self.http.request(method, path, json=body, params=query)
        assert answer.status_code == status, answer.text
        return answer.json().get("data")

    def post(self, path: str, data: Json, status: int = 201) -> Any:
        """A create, unless `status` says otherwise."""
        return self.call("POST", path, data, status)


def _client(sim: AsanaSimulator, token: str) -> httpx.Client:
    return httpx.Client(base_url=sim.api, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def asana(sim: AsanaSimulator) -> Iterator[Client]:
    """Speaks with the personal access token."""
    with _client(sim, sim.token) as http:
        yield Client(http)


@pytest.fixture
def app(sim: AsanaSimulator) -> Iterator[Client]:
    """Speaks as an OAuth app."""
    with _client(sim, sim.oauth_token) as http:
        yield Client(http)


def test_every_operation_is_the_vendors(spec: Spec) -> None:
    """Each path and method that the simulator serves stands in the vendor's document."""
    served = {(method.lower(), f"/{pattern}") for method, pattern in ROUTES}
    paths = json.loads(SPEC_FILE.read_text())["paths"]
    documented = {(method, re.sub(r"\{.*?\}", "*", path)) for path, item in paths.items() for method in item}
    assert served - documented == set()


def test_opt_fields_are_the_vendors() -> None:
    """Each path that the simulator's `opt_fields` take stands in the vendor's list for that operation."""
    paths = json.loads(SPEC_FILE.read_text())["paths"]
    unknown = []
    for (method, pattern), route in ROUTES.items():
        path = next(path for path in paths if re.sub(r"\{.*?\}", "*", path) == f"/{pattern}")
        named = [
            p["schema"] for p in paths[path][method.lower()].get("parameters", []) if p.get("name") == "opt_fields"
        ]
        documented = set(named[0]["items"]["enum"]) if named else set()
        unknown += [f"{method} {pattern}: {name}" for name in _names(route.shape) if named and name not in documented]
    assert unknown == []


def _names(shape: str) -> Iterator[str]:
    """What `opt_fields` may say of a shape; everything has a type, and lists of plain things no further names."""
    for name, inner in SHAPES.get(shape, {}).items():
        if name == "resource_type":
            continue
        yield name
        for deeper in DOTTED[inner].split() if inner in DOTTED else SHAPES.get(inner, {}):
            if deeper not in ("resource_type", "gid"):
                yield f"{name}.{deeper}"


def test_every_answer_is_as_documented(sim: AsanaSimulator, asana: Client, spec: Spec, hook_target: str) -> None:
    """A tour through all operations with valid requests: requests and answers have only documented keys and types."""
    before = len(sim.log)
    _tour(sim, asana, hook_target)
    seen = sim.log[before:]
    assert [problem for one in seen for problem in _problems(spec, one)] == []
    called = {(one.method, re.sub(r"(?<=/)(me|\d+)(?=/|$)", "*", one.path.removeprefix("/api/1.0/"))) for one in seen}
    assert ROUTES.keys() - called == set()


def _tour(sim: AsanaSimulator, asana: Client, target: str) -> None:
    workspace = sim.workspace
    asana.call("GET", "/users/me")
    asana.call("GET", "/users", workspace=workspace, limit=2)
    asana.call("GET", "/workspaces", limit=10)
    for path in ("", "/users", "/teams", "/projects", "/custom_fields", "/tags"):
        asana.call("GET", f"/workspaces/{workspace}{path}")
    asana.call("GET", f"/workspaces/{workspace}/typeahead", resource_type="user", query="dana", count=3)
    team = asana.call("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    asana.call("GET", f"/teams/{team}")
    asana.call("GET", f"/teams/{team}/projects")
    asana.call("GET", f"/custom_fields/{sim.fields['Status']}")
    _tour_projects(sim, asana, team)
    task = _tour_tasks(sim, asana)
    sim.attach(task, "leads.csv")
    asana.call("GET", "/attachments", parent=task)
    asana.call("GET", "/attachments", parent=task, limit=1, opt_fields="host,size,permanent_url,view_url,parent.name")
    _tour_hooks(sim, asana, target, task)
    asana.call("DELETE", f"/tasks/{task}")


def _tour_projects(sim: AsanaSimulator, asana: Client, team: str) -> None:
    asana.call("GET", "/projects", workspace=sim.workspace, archived="false", limit=1)
    project = asana.post("/projects", {"name": "Launch", "workspace": sim.workspace, "due_on": "2027-02-01"})["gid"]
    asana.post(f"/teams/{team}/projects", {"name": "Second"})
    asana.post(f"/workspaces/{sim.workspace}/projects", {"name": "Third", "html_notes": "<body><h1>3</h1></body>"})
    asana.call("GET", f"/projects/{project}")
    asana.call("GET", f"/projects/{project}", opt_fields="html_notes,members.name,custom_field_settings.project")
    asana.call("PUT", f"/projects/{project}", {"notes": "All of it", "color": "light-green", "owner": "me"})
    asana.post(f"/projects/{project}/addCustomFieldSetting", {"custom_field": sim.fields["Status"]}, 200)
    asana.call("GET", f"/projects/{project}/custom_field_settings", opt_fields="custom_field.enum_options.name")
    asana.call("GET", f"/projects/{sim.project}/custom_field_settings")
    section = asana.post(f"/projects/{project}/sections", {"name": "Before"})["gid"]
    asana.call("GET", f"/sections/{section}")
    asana.call("PUT", f"/sections/{section}", {"name": "Run-up"})
    task = asana.post("/tasks", {"name": "In a section", "projects": [project]})["gid"]
    asana.post(f"/sections/{section}/addTask", {"task": task}, 200)
    asana.call("GET", f"/projects/{project}/sections", limit=1)
    asana.call("GET", f"/sections/{section}/tasks")
    asana.call("GET", f"/projects/{project}/tasks", opt_fields="name,memberships.section.name")
    asana.post(f"/tasks/{task}/removeProject", {"project": project}, 200)
    asana.post(f"/tasks/{task}/addProject", {"project": project, "section": section}, 200)
    asana.call("DELETE", f"/tasks/{task}")
    asana.call("DELETE", f"/sections/{section}")
    asana.call("DELETE", f"/projects/{project}")


def _tour_tasks(sim: AsanaSimulator, asana: Client) -> str:
    tag = asana.post("/tags", {"name": "Q1", "workspace": sim.workspace})["gid"]
    asana.call("GET", f"/tags/{tag}")
    asana.call("GET", "/tags", workspace=sim.workspace)
    task: str = asana.post(
        "/tasks",
        {
            "name": "Webinar",
            "html_notes": "<body>See <a href='https://example.com'>the brief</a></body>",
            "memberships": [{"project": sim.project, "section": sim.sections["Webinars"]}],
            "assignee": "dana.ops@example.com",
            "start_on": "2026-12-01",
            "due_on": "2027-01-21",
            "followers": ["me"],
            "tags": [tag],
            "custom_fields": {
                sim.fields["Status"]: sim.options("Status")["To do"],
                sim.fields["Webinar date"]: {"date": "2027-01-21"},
                sim.fields["List file"]: "people.csv",
            },
        },
    )["gid"]
    first = asana.post(f"/tasks/{task}/subtasks", {"name": "Agenda", "due_at": "2026-12-01T10:00:00.000Z"})["gid"]
    other = asana.post("/tasks", {"name": "Sign-off", "resource_subtype": "approval", "parent": task})["gid"]
    asana.call("GET", f"/tasks/{task}")
    asana.call("GET", f"/tasks/{task}", opt_fields="name,html_notes,dependencies,memberships,custom_fields.date_value")
    asana.call("GET", f"/tasks/{task}/subtasks", limit=1, opt_fields="assignee,parent.name,num_subtasks,created_by")
    asana.post(f"/tasks/{other}/addDependencies", {"dependencies": [first]}, 200)
    asana.call("GET", f"/tasks/{other}/dependencies")
    asana.call("GET", f"/tasks/{first}/dependents")
    asana.post(f"/tasks/{other}/removeDependencies", {"dependencies": [first]}, 200)
    asana.post(f"/tasks/{first}/addDependents", {"dependents": [other]}, 200)
    asana.post(f"/tasks/{first}/removeDependents", {"dependents": [other]}, 200)
    asana.post(f"/tasks/{other}/addFollowers", {"followers": ["omar.ops@example.com"]}, 200)
    asana.post(f"/tasks/{other}/removeFollowers", {"followers": ["omar.ops@example.com"]}, 200)
    asana.post(f"/tasks/{other}/addTag", {"tag": tag}, 200)
    asana.call("GET", f"/tasks/{other}/tags")
    asana.post(f"/tasks/{other}/removeTag", {"tag": tag}, 200)
    asana.post(f"/tasks/{other}/setParent", {"parent": task, "insert_after": first}, 200)
    asana.call("GET", f"/tasks/{task}/projects")
    asana.call("PUT", f"/tasks/{task}", {"name": "Webinar 2", "due_on": "2027-01-28", "completed": True})
    asana.call("PUT", f"/tasks/{other}", {"approval_status": "rejected", "assignee": "me"})
    story = asana.post(f"/tasks/{task}/stories", {"html_text": "<body>Well <em>done</em></body>"})["gid"]
    asana.call("PUT", f"/stories/{story}", {"text": "Done", "is_pinned": True})
    for one in asana.call("GET", f"/tasks/{task}/stories", limit=50):
        asana.call("GET", f"/stories/{one['gid']}")
    asana.call("DELETE", f"/stories/{story}")
    asana.call("GET", "/tasks", project=sim.project, modified_since="2026-01-01T00:00:00Z", limit=1)
    asana.call("GET", "/tasks", assignee="me", workspace=sim.workspace, opt_fields="completed,due_on")
    read = {"method": "get", "relative_path": f"/tasks/{task}", "options": {"fields": ["name", "gid"]}}
    asana.call("POST", "/batch", {"actions": [read, {**read, "relative_path": "/tasks/1"}]})
    return task


def _tour_hooks(sim: AsanaSimulator, asana: Client, target: str, task: str) -> None:
    filters = [{"resource_type": "task", "action": "changed", "fields": ["completed"]}]
    hook = asana.post("/webhooks", {"resource": sim.project, "target": target, "filters": filters})["gid"]
    asana.call("PUT", f"/webhooks/{hook}", {"filters": [{"resource_type": "task"}]})
    asana.call("GET", "/webhooks", workspace=sim.workspace, resource=sim.project, limit=1)
    asana.call("GET", f"/webhooks/{hook}", opt_fields="active,delivery_retry_count,filters")
    asana.call("DELETE", f"/webhooks/{hook}")
    start = asana.http.get("/events", params={"resource": sim.project}).json()
    asana.call("PUT", f"/tasks/{task}", {"assignee": "omar.ops@example.com"})
    assert asana.call("GET", "/events", resource=sim.project, sync=start["sync"])


def test_an_app_sees_its_external_data_as_documented(sim: AsanaSimulator, app: Client, spec: Spec) -> None:
    """`external` in an OAuth app's create and read has the documented form."""
    before = len(sim.log)
    app.post("/tasks", {"name": "Ours", "workspace": sim.workspace, "external": {"gid": "mark-1", "data": "{}"}})
    assert app.call("GET", "/tasks/external:mark-1")["external"] == {"gid": "mark-1", "data": "{}"}
    assert [problem for one in sim.log[before:] for problem in _problems(spec, one)] == []


def _shape(value: Any) -> Any:
    """The keys of a JSON value, without the values."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    return [_shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def _recorded(name: str) -> list[Any]:
    return _known(json.loads((PAYLOADS / "asana" / f"{name}.json").read_text())["events"])


def _known(events: list[Json]) -> list[Any]:
    """The shapes of events; those who recorded some left out what was null."""
    return [_shape({key: value for key, value in event.items() if value is not None}) for event in events]


@pytest.mark.parametrize(
    ("name", "deed"),
    [
        ("task_completed_and_completed_at_batch", {"completed": True}),
        ("task_name_changed", {"name": "Renamed"}),
        ("task_custom_field_enum_changed", {"custom_fields": {"Status": "Waiting"}}),
    ],
)
def test_change_events_have_the_recorded_form(sim: AsanaSimulator, name: str, deed: Json) -> None:
    """A person's edit sets off events with exactly the keys of the recorded ones."""
    gid, since = sim.file_request("Recorded"), len(sim.site.events)
    sim.edit(gid, deed)
    told = [wire(event) for event in sim.site.events[since:] if event.action == "changed"]
    assert _known(told) == _recorded(name)


def test_other_events_have_the_recorded_form(sim: AsanaSimulator, asana: Client) -> None:
    """A comment, an assignment, a move out of a section and a deletion are told with the keys of recorded events."""
    gid, since = sim.file_request("Recorded"), len(sim.site.events)
    sim.comment(gid, "Hello")
    sim.edit(gid, {"assignee": "dana.ops@example.com"})
    asana.post(f"/sections/{sim.sections['Email sends']}/addTask", {"task": gid}, 200)
    sim.delete(gid)
    comment, changed, assigned, removed, _, deleted = (wire(event) for event in sim.site.events[since:])
    assert changed["change"]["field"] == "assignee"
    assert _known([comment]) == _recorded("story_comment_added")
    assert _known([assigned]) == _recorded("story_assigned_system")
    assert _known([removed]) == _recorded("task_removed_from_section")
    assert _known([deleted | {"resource": _without_subtype(deleted["resource"])}]) == _recorded("task_deleted")


def _without_subtype(resource: Json) -> Json:
    """The recorded deletion is from before Asana's subtypes."""
    return {key: value for key, value in resource.items() if key != "resource_subtype"}


def test_task_answers_have_the_recorded_keys(sim: AsanaSimulator, asana: Client) -> None:
    """The keys of a full task are those of the vendor's documented one, less what the README says is not simulated."""
    documented = json.loads((PAYLOADS / "api" / "asana_docs_task_get_full.json").read_text())["data"]
    shown = asana.call("GET", f"/tasks/{sim.file_request('Whole')}")
    assert shown.keys() - documented.keys() == set()
    opt_in = {"html_notes", "dependencies", "dependents", "num_subtasks", "is_rendered_as_separator"}
    absent = {"approval_status", "external", "assignee_section"} | opt_in
    assert documented.keys() - shown.keys() == absent


def test_list_answers_have_the_recorded_references(sim: AsanaSimulator, asana: Client) -> None:
    """`opt_fields` without dots shows references only, as recorded: gid and type, and an empty membership."""
    recorded = json.loads((PAYLOADS / "api" / "asana_tasks_list.json").read_text())["data"][0]
    sim.edit(gid := sim.file_request("Listed"), {"assignee": "dana.ops@example.com"})
    names = ",".join(recorded.keys() - {"gid", "id"})
    shown = asana.call("GET", f"/tasks/{gid}", opt_fields=names)
    assert shown.keys() == recorded.keys()
    for key in ("assignee", "workspace", "projects", "memberships", "followers"):
        assert _shape(shown[key]) == _shape(recorded[key]), key
