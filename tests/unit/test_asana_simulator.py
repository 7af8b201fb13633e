"""The Asana simulator's rules for tasks, projects, comments and batches, over its API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from connectors.asana.simulator import AsanaSimulator

Json = dict[str, Any]


@pytest.fixture(scope="module")
def sim() -> Iterator[AsanaSimulator]:
    """One simulator for the module."""
    with AsanaSimulator() as running:
        yield running


class Api:
    """Calls with JSON in Asana's envelope."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def bare(self) -> httpx.Client:
        """Without envelope."""
        return self._http

    def __call__(self, method: str, path: str, data: Any = None, **query: Any) -> httpx.Response:
        return self._http.request(method, path, json=None if data is None else {"data": data}, params=query or None)

    def made(self, path: str, data: Json) -> str:
        """The gid of something new."""
        answer = self("POST", path, data)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["gid"])


@pytest.fixture(scope="module")
def api(sim: AsanaSimulator) -> Iterator[Api]:
    """With the personal access token."""
    with httpx.Client(base_url=sim.api, headers={"Authorization": f"Bearer {sim.token}"}) as http:
        yield Api(http)


@pytest.fixture(scope="module")
def app(sim: AsanaSimulator) -> Iterator[Api]:
    """With the OAuth token."""
    with httpx.Client(base_url=sim.api, headers={"Authorization": f"Bearer {sim.oauth_token}"}) as http:
        yield Api(http)


@pytest.fixture
def task(sim: AsanaSimulator) -> str:
    """A fresh request."""
    return sim.file_request("Webinar", due_on=date(2027, 1, 21))


def message(answer: httpx.Response, status: int) -> str:
    """The message of an error answer in Asana's form."""
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["help"].startswith("For more information")
    return str(error["message"])


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic c2ltLXRva2VuOg==", "sim-token"])
def test_a_call_without_a_known_token_is_401(api: Api, header: str) -> None:
    """Only `Bearer` and a known token open the API."""
    answer = api.bare.get("/users/me", headers={"Authorization": header})
    assert message(answer, 401) == "Not Authorized"


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nothing", 404, "No matching route"),
        ("PATCH", "/users/me", 404, "No matching route"),
        ("GET", "/tasks/1", 404, "task: Unknown object: 1"),
        ("GET", "/tasks/abc", 400, "task: Not a Long: abc"),
        ("GET", "/users/nobody@example.com", 404, "Unknown object"),
        ("GET", "/users/me?wat=1", 400, "wat: Unrecognized"),
        ("GET", "/users/me?opt_fields=name,shoe_size", 400, "opt_fields: 'shoe_size'"),
        ("GET", "/users/me?opt_fields=workspaces.email_domains", 400, "opt_fields"),
        ("GET", "/workspaces?limit=0", 400, "limit"),
        ("GET", "/workspaces?limit=101", 400, "limit"),
        ("GET", "/workspaces?limit=2&offset=bm9uc2Vuc2U=", 400, "offset"),
        ("GET", "/tasks", 400, "exactly one of project, section, or assignee and workspace"),
        ("GET", "/tasks?assignee=me", 400, "exactly one"),
        ("GET", "/webhooks", 400, "workspace: Missing input"),
        ("GET", "/events", 400, "resource: Missing input"),
    ],
)
def test_unknown_things_are_refused(api: Api, method: str, path: str, status: int, words: str) -> None:
    """Paths, gids, query keys, opt_fields and pages that Asana does not have get its error form."""
    assert words in message(api(method, path), status)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"nmae": "x"}, "nmae: Unrecognized"),
        ({"name": 5}, "name: Value is not a string"),
        ({"completed": "yes"}, "completed: Value is not a boolean"),
        ({"completed_at": "2026-12-01T00:00:00Z"}, "completed_at"),
        ({"projects": ["1"]}, "projects: Unrecognized"),
        ({"due_on": "31/12/2026"}, "due_on: Value is not a date"),
        ({"due_on": "2026-02-30"}, "due_on: Value is not a date"),
        ({"due_on": "20261201"}, "due_on: Value is not a date"),
        ({"due_at": "2026-12-01"}, "due_at: Value is not a date and time"),
        ({"due_on": "2026-12-01", "due_at": "2026-12-01T10:00:00Z"}, "only provide one of due_on, due_at"),
        ({"start_on": "2026-12-01"}, "must also provide due_on or due_at"),
        ({"start_on": None}, "must also provide due_on or due_at"),
        ({"start_on": "2026-12-02", "due_on": "2026-12-01"}, "is after the due date"),
        ({"start_on": "2026-12-02", "due_on": None}, "must have a due date"),
        ({"start_on": "2026-12-01", "due_on": "2026-12-02", "resource_subtype": "milestone"}, "milestone"),
        ({"approval_status": "approved"}, "not an approval"),
        ({"assignee": "nobody@example.com"}, "assignee: Not a recognized email"),
        ({"assignee": "12"}, "assignee: Not a recognized ID"),
        ({"custom_fields": {"12": "x"}}, "Custom field with ID 12 is not on given object"),
        ({"html_notes": "plain"}, "XML is invalid"),
        ({"html_notes": "<body>a & b</body>"}, "XML is invalid"),
        ({"html_notes": "<body><p>a</p></body>"}, "<p> is not supported"),
        ({"html_notes": "<body><a onclick='x'>a</a></body>"}, "no attribute 'onclick'"),
        ({"html_notes": "<body><ul><li><h1>a</h1></li></ul></body>"}, "<h1> cannot stand there"),
        ({"html_notes": "<!DOCTYPE x><body/>"}, "XML is invalid"),
        ({"html_notes": "<body/>", "notes": "x"}, "only provide one of notes, html_notes"),
        ([], "data: Value is not an object"),
    ],
)
def test_a_wrong_edit_is_refused_whole(api: Api, sim: AsanaSimulator, task: str, data: Any, words: str) -> None:
    """A write with one wrong value is 400 with the reason, and changes nothing."""
    before = sim.task(task)
    if isinstance(data, dict):
        data = {"assignee": "me"} | data
    assert words in message(api("PUT", f"/tasks/{task}", data), 400)
    assert sim.task(task) == before


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"[]", b'{"name": "x"}', b'{"data": {}, "extra": 1}'])
def test_a_body_without_the_envelope_is_refused(api: Api, body: bytes) -> None:
    """Everything stands in `data`; a create needs a workspace, a project or a parent."""
    assert message(api.bare.post("/tasks", content=body), 400)


def test_values_of_custom_fields_are_checked(api: Api, sim: AsanaSimulator, task: str) -> None:
    """An enum takes an option's gid, a date takes an object, and null clears both."""
    status, day = sim.fields["Status"], sim.fields["Webinar date"]
    assert "enum option" in message(api("PUT", f"/tasks/{task}", {"custom_fields": {status: "Done"}}), 400)
    assert "not an object" in message(api("PUT", f"/tasks/{task}", {"custom_fields": {day: "2027-01-21"}}), 400)
    done = sim.options("Status")["Done"]
    answer = api("PUT", f"/tasks/{task}", {"custom_fields": {status: done, day: {"date": "2027-01-21"}}})
    values = {field["name"]: field for field in answer.json()["data"]["custom_fields"]}
    assert values["Status"]["enum_value"]["name"] == values["Status"]["display_value"] == "Done"
    assert values["Webinar date"]["date_value"] == {"date": "2027-01-21"}
    sim.edit(task, {"custom_fields": {"Status": None}})
    shown = api("GET", f"/tasks/{task}", opt_fields="custom_fields.enum_value").json()["data"]
    assert shown["custom_fields"][-1] == {"gid": status, "enum_value": None}


def test_a_subtask_has_the_custom_fields_of_its_own_projects_only(api: Api, sim: AsanaSimulator, task: str) -> None:
    """A subtask is in no project, so it has no custom fields until it is added to one."""
    field = {"custom_fields": {sim.fields["List file"]: "people.csv"}}
    assert "not on given object" in message(api("POST", f"/tasks/{task}/subtasks", {"name": "s"} | field), 400)
    child = api.made(f"/tasks/{task}/subtasks", {"name": "s"})
    assert api("POST", f"/tasks/{child}/addProject", {"project": sim.project}).json() == {"data": {}}
    assert api("PUT", f"/tasks/{child}", field).status_code == 200


def test_completing_is_noted(api: Api, sim: AsanaSimulator, task: str) -> None:
    """A tick sets `completed_at` and leaves a system story; unticking clears it; a child does not touch its parent."""
    child = api.made(f"/tasks/{task}/subtasks", {"name": "s"})
    modified = sim.task(task)["modified_at"]
    sim.complete(child)
    assert sim.task(child)["completed_at"]
    assert sim.task(child)["completed_by"]["name"] == "Dana Ops"
    sim.reopen(child)
    assert sim.task(child)["completed_at"] is None
    assert sim.task(task)["modified_at"] == modified
    stories = api("GET", f"/tasks/{child}/stories").json()["data"]
    assert [story["resource_subtype"] for story in stories] == ["marked_complete", "marked_incomplete"]


def test_an_answered_approval_is_completed(api: Api, task: str) -> None:
    """Every answer to an approval completes it, also a no, and a tick approves it."""
    approval = api.made(f"/tasks/{task}/subtasks", {"name": "ok?", "resource_subtype": "approval"})
    states = []
    for change in ({"approval_status": "rejected"}, {"completed": False}, {"completed": True}):
        data = api("PUT", f"/tasks/{approval}", change).json()["data"]
        states.append((data["approval_status"], data["completed"]))
    assert states == [("rejected", True), ("pending", False), ("approved", True)]


def test_dates_exclude_each_other(api: Api, task: str) -> None:
    """An instant replaces a date and says its day; taking the due date away takes the start with it."""
    data = api("PUT", f"/tasks/{task}", {"due_at": "2026-12-01T10:00:00+02:00"}).json()["data"]
    assert (data["due_on"], data["due_at"]) == ("2026-12-01", "2026-12-01T08:00:00.000Z")
    data = api("PUT", f"/tasks/{task}", {"due_on": "2026-12-03", "start_on": "2026-12-01"}).json()["data"]
    assert (data["due_on"], data["due_at"], data["start_on"]) == ("2026-12-03", None, "2026-12-01")
    data = api("PUT", f"/tasks/{task}", {"due_on": None}).json()["data"]
    assert (data["due_on"], data["start_on"]) == (None, None)


def test_a_deleted_task_is_gone_with_its_subtasks(api: Api, sim: AsanaSimulator, task: str) -> None:
    """After a delete both are 404 and in no list; a person can restore them."""
    child = api.made(f"/tasks/{task}/subtasks", {"name": "s"})
    assert api("DELETE", f"/tasks/{task}").json() == {"data": {}}
    assert "Unknown object" in message(api("GET", f"/tasks/{task}"), 404)
    assert "Unknown object" in message(api("PUT", f"/tasks/{child}", {"name": "x"}), 404)
    listed = api("GET", "/tasks", project=sim.project, limit=100).json()["data"]
    assert task not in [row["gid"] for row in listed]
    sim.restore(task)
    assert [one["gid"] for one in sim.subtasks(task)] == [child]


def test_dependencies_are_limited_and_repeatable(api: Api, task: str) -> None:
    """Adding twice is harmless; the 31st dependency or dependent is refused; a task cannot wait for itself."""
    gids = [api.made(f"/tasks/{task}/subtasks", {"name": f"s{n}"}) for n in range(31)]
    path = f"/tasks/{task}/addDependencies"
    assert api("POST", path, {"dependencies": gids[:30]}).json() == {"data": {}}
    assert api("POST", path, {"dependencies": gids[:30]}).status_code == 200
    assert "more than 30" in message(api("POST", path, {"dependencies": [gids[30]]}), 400)
    assert "more than 30" in message(api("POST", f"/tasks/{task}/addDependents", {"dependents": [gids[30]]}), 400)
    assert "itself" in message(api("POST", path, {"dependencies": [task]}), 400)
    assert "Not a recognized ID" in message(api("POST", path, {"dependencies": ["1"]}), 400)
    assert len(api("GET", f"/tasks/{task}/dependencies", limit=100).json()["data"]) == 30
    assert api("GET", f"/tasks/{gids[0]}/dependents").json()["data"][0]["gid"] == task


def test_lists_are_paged(api: Api, task: str) -> None:
    """More than 100 rows need a limit; the offset token leads to the end, each row once."""
    gids = [api.made(f"/tasks/{task}/subtasks", {"name": f"s{n}"}) for n in range(101)]
    path = f"/tasks/{task}/subtasks"
    assert message(api("GET", path), 400).startswith("The result is too large. You should use pagination")
    page = api("GET", path, limit=60).json()
    rows = page["data"]
    assert rows[0].keys() == {"gid", "name", "resource_type", "resource_subtype"}
    rest = api("GET", page["next_page"]["path"]).json()
    assert rest["next_page"] is None
    assert [row["gid"] for row in rows + rest["data"]] == gids


def test_opt_fields_choose_what_is_shown(api: Api, sim: AsanaSimulator, task: str) -> None:
    """A name without dots shows a reference, dots go into it, and nothing else but the gid is there."""
    sim.edit(task, {"assignee": "dana.ops@example.com"})
    dana = sim.users["dana.ops@example.com"]
    shown = api("GET", f"/tasks/{task}", opt_fields="name,assignee").json()["data"]
    assert shown == {"gid": task, "name": "Webinar", "assignee": {"gid": dana, "resource_type": "user"}}
    shown = api("GET", f"/tasks/{task}", opt_fields="assignee.name,memberships.section.name").json()["data"]
    section = {"gid": sim.sections["Webinars"], "name": "Webinars"}
    assert shown == {
        "gid": task,
        "assignee": {"gid": dana, "name": "Dana Ops"},
        "memberships": [{"section": section}],
    }


def test_lists_are_filtered_by_time(api: Api, sim: AsanaSimulator) -> None:
    """`modified_since` and `completed_since` take what changed, and what is open or was completed, since then."""
    project = api.made("/projects", {"name": "Times", "workspace": sim.workspace})
    old, done = (api.made("/tasks", {"name": name, "projects": [project]}) for name in ("old", "done"))
    sim.complete(done)
    sim.clock.offset += timedelta(hours=1)
    since = (sim.clock.now() - timedelta(minutes=1)).isoformat()  # Asana tells whole milliseconds
    new = api.made("/tasks", {"name": "new", "projects": [project]})
    rows = {key: api("GET", "/tasks", project=project, **{key: since}).json()["data"]
            for key in ("modified_since", "completed_since")}  # fmt: skip
    assert [row["gid"] for row in rows["modified_since"]] == [new]
    assert [row["gid"] for row in rows["completed_since"]] == [old, new]


def test_only_apps_have_external_data(api: Api, app: Api, sim: AsanaSimulator) -> None:
    """`external` needs OAuth: to write, to find, and to see it."""
    data = {"name": "x", "workspace": sim.workspace, "external": {"gid": "tminus:c1:brief"}}
    assert "OAuth" in message(api("POST", "/tasks", data), 403)
    gid = app.made("/tasks", data)
    assert app("GET", "/tasks/external%3Atminus:c1:brief").json()["data"]["gid"] == gid
    assert "OAuth" in message(api("GET", "/tasks/external:tminus:c1:brief"), 403)
    assert "external" not in api("GET", f"/tasks/{gid}").json()["data"]
    assert "Unknown object" in message(app("GET", "/tasks/external:tminus:c1:other"), 404)


def test_comments_belong_to_their_authors(api: Api, sim: AsanaSimulator, task: str) -> None:
    """One changes and deletes one's own comments; system stories and other people's are 403."""
    mine = api.made(f"/tasks/{task}/stories", {"html_text": "<body>Hi <strong>all</strong></body>"})
    assert sim.comments(task) == ["Hi all"]
    edited = api("PUT", f"/stories/{mine}", {"text": "a < b"}).json()["data"]
    assert (edited["text"], edited["is_edited"]) == ("a < b", True)
    theirs = sim.comment(task, "No", by="lee.lead@example.com")
    assert "Forbidden" in message(api("DELETE", f"/stories/{theirs}"), 403)
    assert "<h1> is not supported" in message(
        api("POST", f"/tasks/{task}/stories", {"html_text": "<body><h1>x</h1></body>"}), 400
    )
    assert "Missing" in message(api("POST", f"/tasks/{task}/stories", {}), 400)
    assert api("DELETE", f"/stories/{mine}").status_code == 200
    assert sim.comments(task) == ["No"]


def test_a_batch_answers_each_action(api: Api, task: str) -> None:
    """200 with a result an action in order, also where all fail; a query in the path and a batch in a batch are 400."""
    actions = [
        {"method": "post", "relative_path": f"/tasks/{task}/subtasks", "data": {"name": "s"},
         "options": {"fields": ["name"]}},
        {"method": "GET", "relative_path": f"/tasks/{task}/subtasks", "options": {"limit": 1, "fields": ["name"]}},
        {"method": "get", "relative_path": "/tasks/1"},
        {"method": "get", "relative_path": f"/tasks/{task}?opt_fields=name"},
        {"method": "post", "relative_path": "/batch", "data": {"actions": []}},
    ]  # fmt: skip
    answer = api("POST", "/batch", {"actions": actions})
    results = answer.json()["data"]
    assert answer.status_code == 200
    assert [result["status_code"] for result in results] == [201, 200, 404, 400, 400]
    made = results[0]["body"]["data"]
    assert made["name"] == "s"
    assert results[0]["headers"]["location"].endswith(made["gid"])
    assert results[1]["body"] == {"data": [made], "next_page": None}


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ([], "actions: Missing input"),
        ([{"method": "get", "relative_path": "/users/me"}] * 11, "at most 10"),
        ([{"method": "get"}], "relative_path: Missing input"),
        ([{"method": "look", "relative_path": "/users/me"}], "method: Value is not one of"),
        ([{"method": "get", "relative_path": "/users/me", "body": {}}], "body: Unrecognized"),
    ],
)
def test_a_malformed_batch_is_refused(api: Api, actions: list[Json], words: str) -> None:
    """Too many, too few and wrong actions are 400 as a whole."""
    assert words in message(api("POST", "/batch", {"actions": actions}), 400)


def test_a_project_holds_sections_and_tasks(api: Api, sim: AsanaSimulator) -> None:
    """A new project has one section; others go next to it; tasks move between them; deleting it deletes its tasks."""
    project = api.made("/projects", {"name": "Launch", "workspace": sim.workspace})
    first = api("GET", f"/projects/{project}/sections").json()["data"][0]["gid"]
    before = api.made(f"/projects/{project}/sections", {"name": "Before", "insert_before": first})
    assert [row["gid"] for row in api("GET", f"/projects/{project}/sections").json()["data"]] == [before, first]
    gid = api.made("/tasks", {"name": "t", "projects": [project]})
    api("POST", f"/sections/{before}/addTask", {"task": gid})
    assert [row["gid"] for row in api("GET", "/tasks", section=before).json()["data"]] == [gid]
    assert api("GET", "/tasks", section=first).json()["data"] == []
    assert "not in project" in message(
        api("POST", "/tasks", {"memberships": [{"project": sim.project, "section": before}]}), 400
    )
    assert api("DELETE", f"/projects/{project}").status_code == 200
    assert message(api("GET", f"/tasks/{gid}"), 404)


def test_people_are_found_by_email_and_name(api: Api, sim: AsanaSimulator) -> None:
    """`users/{email}` and typeahead lead to the same gid."""
    dana = sim.users["dana.ops@example.com"]
    assert api("GET", "/users/dana.ops@example.com").json()["data"]["gid"] == dana
    path = f"/workspaces/{sim.workspace}/typeahead"
    assert [row["gid"] for row in api("GET", path, resource_type="user", query="Dana").json()["data"]] == [dana]
    assert "resource_type" in message(api("GET", path), 400)


def test_a_task_can_move_below_another(api: Api, task: str) -> None:
    """`setParent` moves and orders; a task never becomes its own ancestor."""
    first, second = (api.made(f"/tasks/{task}/subtasks", {"name": name}) for name in "ab")
    third = api.made("/tasks", {"name": "c", "parent": first})
    assert "ancestor" in message(api("POST", f"/tasks/{task}/setParent", {"parent": third}), 400)
    api("POST", f"/tasks/{third}/setParent", {"parent": task, "insert_before": second})
    assert [row["name"] for row in api("GET", f"/tasks/{task}/subtasks").json()["data"]] == ["a", "c", "b"]
