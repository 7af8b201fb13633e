"""The Jira simulator's answers against Atlassian's OpenAPI file, and its bodies against recorded ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator
from connectors.jira.simulator.answers import Show
from connectors.jira.simulator.model import Event
from tests.wire.openapi import SHARED, Spec

FILE = SHARED / "specs" / "jira_cloud_v3.json"
PAYLOADS = SHARED / "payloads"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the vendors' files are not on this machine (../shared)")

TEXT = {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hi"}]}]}


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Atlassian's file."""
    return Spec.load(FILE)


@pytest.fixture
def sim() -> Iterator[JiraSimulator]:
    """A fresh site."""
    with JiraSimulator() as simulator:
        yield simulator


@pytest.fixture
def api(sim: JiraSimulator) -> Iterator[httpx.Client]:
    """A caller with the service user's token."""
    with httpx.Client(base_url=f"{sim.url}/rest/api/3/", auth=("tminus@example.com", "sim-token")) as client:
        yield client


def new(summary: str, issue_type: str = "Task", **fields: Any) -> dict[str, Any]:
    """The body of a create."""
    return {"fields": {"project": {"key": "MKT"}, "issuetype": {"name": issue_type}, "summary": summary, **fields}}


def visit_issues(sim: JiraSimulator, api: httpx.Client) -> None:
    """Call everything about issues once, well and badly."""
    dana = {"accountId": sim.site.person("dana.ops@example.com").id}
    fields = {"description": TEXT, "duedate": "2027-01-21", "assignee": dana, "labels": ["x"], "customfield_10053": 5}
    key = api.post("issue", json=new("Spring webinar", "Webinar", **fields)).json()["key"]
    rows = [new("Part", "Sub-task", parent={"key": key}), new("")]
    rows[0]["properties"] = [{"key": "mark", "value": {"n": 1}}]
    part = api.post("issue/bulk", json={"issueUpdates": rows}).json()["issues"][0]
    api.post("issue/bulk", json={"issueUpdates": [new("")]})
    api.post("issue", json=new("Two", duedate="soon"))
    api.post(
        "issueLink", json={"type": {"name": "Blocks"}, "inwardIssue": {"id": part["id"]}, "outwardIssue": {"key": key}}
    )
    api.put(
        f"issue/{key}", json={"fields": {"customfield_10054": {"value": "EMEA"}}, "update": {"labels": [{"add": "y"}]}}
    )
    api.get(f"issue/{key}/transitions", params={"expand": "transitions.fields"})
    api.post(f"issue/{key}/transitions", json={"transition": {"id": "21"}})
    api.post(f"issue/{key}/transitions", json={"transition": {"id": "51"}})
    comment = api.post(
        f"issue/{key}/comment", json={"body": TEXT, "properties": [{"key": "mark", "value": "m"}]}
    ).json()
    api.put(f"issue/{key}/comment/{comment['id']}", json={"body": TEXT})
    api.get(f"issue/{key}/comment/{comment['id']}", params={"expand": "properties"})
    api.get(f"issue/{key}/comment", params={"expand": "properties", "orderBy": "-created", "maxResults": 5})
    api.post("comment/list", params={"expand": "properties"}, json={"ids": [int(comment["id"])]})
    sim.attach(key, "leads.csv")
    api.get(f"issue/{key}", params={"fields": "*all", "properties": "*all", "expand": "changelog,transitions"})
    api.get(f"issue/{key}/changelog", params={"maxResults": 10})
    api.get(f"issue/{key}/editmeta")
    api.put(f"issue/{key}/properties/mark", json={"n": 2})
    api.put(f"issue/{key}/properties/mark", json={"n": 3})
    api.get(f"issue/{key}/properties/mark")
    api.get(f"issue/{key}/properties")
    remote = {"globalId": "g", "object": {"url": "https://example.com", "title": "Elsewhere"}}
    api.post(f"issue/{key}/remotelink", json=remote)
    api.post(f"issue/{key}/remotelink", json=remote)
    api.get(f"issue/{key}/remotelink")
    api.post("issue/bulkfetch", json={"issueIdsOrKeys": [key, "MKT-99"], "fields": ["*all"], "properties": ["mark"]})
    search = {"jql": "project = MKT", "fields": ["*all"], "maxResults": 1, "reconcileIssues": [int(part["id"])]}
    token = api.post("search/jql", json=search).json()["nextPageToken"]
    api.get("search/jql", params={"jql": "project = MKT", "nextPageToken": token, "properties": "mark"})
    api.delete(f"issue/{key}/comment/{comment['id']}")
    api.delete(f"issue/{key}")
    api.delete(f"issue/{key}", params={"deleteSubtasks": "true"})
    api.get(f"issue/{key}")


def visit_site(sim: JiraSimulator, api: httpx.Client) -> None:
    """Call everything else once."""
    for path in ("myself", "serverInfo", "field", "issueLinkType", "project/MKT", "project/MKT/statuses", "project/NO"):
        api.get(path)
    api.get("project/search", params={"keys": "MKT", "maxResults": 1})
    api.get("issue/createmeta/MKT/issuetypes", params={"startAt": 0, "maxResults": 50})
    for issue_type in ("10001", "10007"):
        api.get(f"issue/createmeta/MKT/issuetypes/{issue_type}")
    api.get("mypermissions", params={"projectKey": "MKT", "permissions": "ADMINISTER,CREATE_ISSUES"})
    api.get("user/assignable/search", params={"project": "MKT", "query": "ops", "maxResults": 50})
    api.get("myself", auth=("nobody@example.com", "wrong"))


def test_every_answer_is_as_the_document_has_it(sim: JiraSimulator, api: httpx.Client, spec: Spec) -> None:
    """Each resource is called well and badly; status, types and every key stand in the OpenAPI file."""
    visit_issues(sim, api)
    visit_site(sim, api)
    assert {call.status for call in sim.log} >= {200, 201, 204, 400, 401, 404}
    problems = [
        problem for call in sim.log for problem in spec.check(call) if not EMPTY_BEFORE_OR_AFTER.search(problem)
    ]
    assert "\n".join(problems) == ""


def recorded(path: str) -> Any:
    """A recorded body or answer."""
    return json.loads((PAYLOADS / path).read_text(encoding="utf-8"))


def keys(body: Any, prefix: str = "") -> set[str]:
    """Every path of keys in a body; those of lists count once."""
    if isinstance(body, list):
        return set().union(*(keys(item, f"{prefix}[]") for item in body))
    if not isinstance(body, dict):
        return set()
    return set().union(*({f"{prefix}.{key}"} | keys(value, f"{prefix}.{key}") for key, value in body.items()))


def bare(paths: set[str]) -> set[str]:
    """Without custom fields, which differ from site to site, and without the insides of documents."""
    return {path for path in paths if "customfield_" not in path and ".description." not in path}


# Jira's changelogs say null where a field was or is empty; its document has only strings.
EMPTY_BEFORE_OR_AFTER = re.compile(r"items\[\d+\]\.(from|fromString|to|toString): None is not of type 'string'")

# What Jira shows and the simulator leaves out: see its README.
LEFT_OUT = {".issuerestriction", ".aggregatetimespent", ".aggregatetimeestimate", ".aggregatetimeoriginalestimate",
            ".timeoriginalestimate", ".worklog", ".projectCategory", ".entityId"}  # fmt: skip


def left_out(path: str) -> bool:
    """Whether the README says that it is not simulated."""
    return any(part in path for part in LEFT_OUT)


def test_an_issue_has_the_fields_of_a_recorded_one(sim: JiraSimulator, api: httpx.Client) -> None:
    """Everything that a real answer held is there."""
    fields = {"description": "Text", "reporter": "tminus@example.com"}
    shown = api.get(f"issue/{sim.file_request('Task', 'One', fields)}", params={"properties": "*all"}).json()
    real = bare(keys(recorded("api/jira_cloud_v3_issue_get.json")))
    assert {path for path in real - keys(shown) if not left_out(path)} == set()


def bodies(sim: JiraSimulator) -> dict[str, dict[str, Any]]:
    """One webhook body of each kind, as the site would send it."""
    told: dict[str, dict[str, Any]] = {}

    def listen(event: Event) -> None:
        told[event.kind or event.name] = sim.hooks.body(event)

    sim.site.publish = listen
    fields = {"description": "Text", "duedate": "2027-01-21", "priority": "High", "labels": ["x"]}
    key = sim.file_request("Task", "One", fields)
    other = sim.file_request("Task", "Two", reporter="tminus@example.com")
    sim.edit(key, {"duedate": "2027-01-28"})
    sim.transition(key, "Done")
    with sim.site.lock:
        link_type = sim.site.link_type({"name": "Blocks"})
        assert link_type
        sim.site.link(sim.site.me.id, link_type, sim.site.issue(key), sim.site.issue(other))
    sim.comment(key, "Hello")
    sim.delete(key)
    return told


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("issue_created", "cloud_issue_created_2026.json"),
        ("issue_updated", "cloud_issue_updated_duedate_set.json"),
        ("issue_generic", "cloud_issue_updated_status_done.json"),
        ("comment_created", "cloud_comment_created.json"),
        ("issuelink_created", "cloud_issuelink_created.json"),
        ("jira:issue_deleted", "cloud_issue_deleted.json"),
    ],
)
def test_a_webhook_has_the_shape_of_a_recorded_one(sim: JiraSimulator, kind: str, path: str) -> None:
    """The same keys at the top, in the user, comment, link and changelog, and no field missing from the issue.

    People's `name`, `key` and `emailAddress` are left out: Jira stopped telling them after these were recorded.
    """
    real, ours = recorded(f"jira/{path}"), bodies(sim)[kind]
    assert set(ours) == set(real)
    gone = {"name", "key", "emailAddress"}
    for part in ("user", "comment", "issueLink", "changelog"):
        assert set(ours.get(part, {})) - {"accountType"} == set(real.get(part, {})) - gone - {"accountType"}
    for item in ours.get("changelog", {}).get("items", []):
        assert {"field", "fieldtype", "from", "fromString", "to", "toString"} <= set(item)
    if "issue" in real:
        missing = set(real["issue"]["fields"]) - set(ours["issue"]["fields"])
        assert {name for name in missing if "customfield" not in name and not left_out(f".{name}")} == set()


def test_self_links_lead_back_to_the_site(sim: JiraSimulator) -> None:
    """Every `self` begins with the address the site is served at."""
    key = sim.file_request("Task", "One")
    with sim.site.lock:
        shown = Show(sim.site, sim.url, 3).issue(sim.site.issue(key))
    links = [value for value in _values(shown, "self") if value]
    assert links
    assert all(link.startswith(f"{sim.url}/rest/api/3/") for link in links)


def _values(body: Any, name: str) -> Iterator[str]:
    if isinstance(body, dict):
        for key, value in body.items():
            if key == name:
                yield value
            yield from _values(value, name)
    elif isinstance(body, list):
        for item in body:
            yield from _values(item, name)


def test_the_recordings_are_where_they_should_be() -> None:
    """A moved folder must not turn these tests into nothing."""
    assert Path(PAYLOADS / "jira").is_dir()
