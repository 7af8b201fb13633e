"""The Jira simulator's search: JQL, pages, and an index that lags."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator


@pytest.fixture(scope="module")
def sim() -> Iterator[JiraSimulator]:
    """A site with a few issues that no test changes."""
    with JiraSimulator() as simulator:
        request = simulator.file_request("Webinar", "Spring webinar", {"labels": ["spring"], "duedate": "2027-01-21"})
        simulator.file_request("Sub-task", "Invite", {"parent": request, "labels": ["c-1", "spring"]})
        simulator.file_request("Sub-task", "Report", {"parent": request, "labels": ["c-2"]})
        simulator.transition("MKT-3", "Done")
        simulator.file_request("Task", "Page", project="WEB")
        yield simulator


@pytest.fixture(scope="module")
def api(sim: JiraSimulator) -> Iterator[httpx.Client]:
    """A caller with the service user's token."""
    with httpx.Client(base_url=f"{sim.url}/rest/api/3/", auth=("tminus@example.com", "sim-token")) as client:
        yield client


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = MKT", ["MKT-3", "MKT-2", "MKT-1"]),
        ("project = MKT order by key", ["MKT-1", "MKT-2", "MKT-3"]),
        ("project in (MKT, WEB) and issuetype = Task", ["WEB-1"]),
        ('labels = "c-1"', ["MKT-2"]),
        ("labels in (c-1, c-2) order by key asc", ["MKT-2", "MKT-3"]),
        ("project = MKT and labels != spring", ["MKT-3"]),
        ("project = WEB and labels is empty", ["WEB-1"]),
        ("parent = MKT-1 and status = Done", ["MKT-3"]),
        ("parent = MKT-1 and statusCategory != Done", ["MKT-2"]),
        ("parent = MKT-1 AND NOT (labels = c-1 OR labels = c-9)", ["MKT-3"]),
        ("key in (MKT-1, WEB-1) order by key desc", ["WEB-1", "MKT-1"]),
        ('issuetype = "Webinar" and due >= 2027-01-21', ["MKT-1"]),
        ("project = MKT and due < '2027-01-21'", []),
        ('project = MKT and updated >= "-5m" and created <= now() order by key', ["MKT-1", "MKT-2", "MKT-3"]),
        ("project = MKT and updated >= 5m", []),
        ('summary ~ "webinar"', ["MKT-1"]),
        ("assignee = currentUser()", []),
        ("reporter is not empty and project = web", ["WEB-1"]),
    ],
)
def test_a_query_finds_what_it_says(api: httpx.Client, jql: str, keys: list[str]) -> None:
    """By GET and by POST alike; newest first where no order is asked for."""
    got = api.get("search/jql", params={"jql": jql, "fields": "key"}).json()
    posted = api.post("search/jql", json={"jql": jql, "fields": ["key"]}).json()
    assert [row["key"] for row in got["issues"]] == keys
    assert posted == got
    assert got["isLast"]


@pytest.mark.parametrize(
    "jql",
    [
        "", "order by key", "project", "project =", "project = MKT and", "project = MKT)", "(project = MKT", "nope = 1",
        "project = NOPE", "key = MKT-999", "status = Nowhere", "issuetype = Bug", "project ~ MKT", "summary = x",
        "labels > a", "due = tomorrow", "project = MKT order key", "project = 'MKT", "project = MKT extra",
        "due < empty",
    ],
)  # fmt: skip
def test_a_query_that_is_not_understood_is_refused(api: httpx.Client, jql: str) -> None:
    """Unbounded, misspelt, naming what does not exist, or beyond the part of JQL that is simulated: 400, a reason."""
    answer = api.get("search/jql", params={"jql": jql})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"]


def test_only_ids_unless_fields_are_asked_for(api: httpx.Client) -> None:
    """As in Jira, a search without `fields` tells nothing but ids."""
    (row,) = api.get("search/jql", params={"jql": "project = WEB"}).json()["issues"]
    assert set(row) == {"id"}


def test_pages_follow_each_other_by_token(api: httpx.Client) -> None:
    """No total; the last page has no token; a token of another query is refused."""
    first = api.get("search/jql", params={"jql": "project = MKT", "fields": "key", "maxResults": 2}).json()
    assert not first["isLast"]
    token = first["nextPageToken"]
    last = api.get("search/jql", params={"jql": "project = MKT", "fields": "key", "nextPageToken": token}).json()
    assert [row["key"] for row in first["issues"] + last["issues"]] == ["MKT-3", "MKT-2", "MKT-1"]
    assert "nextPageToken" not in last
    assert api.get("search/jql", params={"jql": "project = WEB", "nextPageToken": token}).status_code == 400


@pytest.mark.parametrize("ids", [["MKT-1"], list(range(51))])
def test_reconciling_takes_fifty_numeric_ids(api: httpx.Client, ids: list[object]) -> None:
    """Keys and longer lists are refused."""
    answer = api.post("search/jql", json={"jql": "project = MKT", "reconcileIssues": ids})
    assert answer.status_code == 400


def test_the_index_lags_until_told_to_reconcile() -> None:
    """A fresh issue is read at once but found only later, or when its id is named; so is a changed label."""
    with JiraSimulator() as sim, httpx.Client(auth=("tminus@example.com", "sim-token")) as client:
        old = sim.file_request("Task", "Old")

        def found(*reconcile: str) -> list[str]:
            body = {
                "jql": "project = MKT and labels is empty",
                "fields": ["key"],
                "reconcileIssues": [*map(int, reconcile)],
            }
            rows = client.post(f"{sim.url}/rest/api/3/search/jql", json=body).json()["issues"]
            return [row["key"] for row in rows]

        assert found() == [old]
        sim.knobs.index_lag = 3600
        new = sim.file_request("Task", "New")
        sim.edit(old, {"labels": ["x"]})
        assert found() == [old]
        assert found(sim.issue(new).id, sim.issue(old).id) == [new]
        sim.delete(new)
        assert found() == []


def test_updated_follows_the_clock() -> None:
    """The site's clock can be moved, and relative dates move with it."""
    with JiraSimulator() as sim, httpx.Client(auth=("tminus@example.com", "sim-token")) as client:
        sim.file_request("Task", "Old")
        sim.clock.offset = timedelta(hours=2)
        fresh = sim.file_request("Task", "Fresh")
        params = {"jql": "project = MKT and updated >= -1h", "fields": "key"}
        rows = client.get(f"{sim.url}/rest/api/3/search/jql", params=params).json()["issues"]
        assert [row["key"] for row in rows] == [fresh]
