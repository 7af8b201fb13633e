"""The Jira simulator's API: the workflow, and what hangs on an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator, Refusal
from tests.unit.jira_calls import DOCUMENT, empty, refused


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[JiraSimulator, httpx.Client]]:
    """One server for the module, and a caller with the service user's token."""
    with JiraSimulator() as simulator:
        auth = ("tminus@example.com", "sim-token")
        with httpx.Client(base_url=f"{simulator.url}/rest/api/3/", auth=auth) as client:
            yield simulator, client


@pytest.fixture
def sim(running: tuple[JiraSimulator, httpx.Client]) -> JiraSimulator:
    """The server, empty again."""
    return empty(running[0])


@pytest.fixture
def api(sim: JiraSimulator, running: tuple[JiraSimulator, httpx.Client]) -> httpx.Client:
    """The caller, with an empty site behind it."""
    assert not sim.site.issues
    return running[1]


class TestWorkflow:
    """Transitions."""

    def test_only_the_transitions_of_the_current_status_are_offered(
        self, sim: JiraSimulator, api: httpx.Client
    ) -> None:
        """A new issue cannot be done at once; a done one can only be reopened."""
        key = sim.file_request("Task", "One")

        def offered() -> dict[str, str]:
            rows = api.get(f"issue/{key}/transitions").json()["transitions"]
            return {row["to"]["name"]: row["id"] for row in rows}

        assert set(offered()) == {"In Progress", "Cancelled"}
        refused(api.post(f"issue/{key}/transitions", json={"transition": {"id": "51"}}))
        for step in ("In Progress", "Done"):
            done = api.post(f"issue/{key}/transitions", json={"transition": {"id": offered()[step]}})
            assert done.status_code == 204
        assert set(offered()) == {"In Progress"}
        assert api.get(f"issue/{key}", params={"fields": "resolution"}).json()["fields"]["resolution"]["name"] == "Done"
        sim.transition(key, "To Do")
        assert api.get(f"issue/{key}", params={"fields": "resolution"}).json()["fields"] == {"resolution": None}

    @pytest.mark.parametrize("chosen", [{"id": 21}, {}, {"name": "Start progress"}])
    def test_a_transition_is_named_by_a_string_id(self, sim: JiraSimulator, api: httpx.Client, chosen: Any) -> None:
        """A number, nothing and a name are refused."""
        key = sim.file_request("Task", "One")
        refused(api.post(f"issue/{key}/transitions", json={"transition": chosen}))

    def test_a_transition_can_demand_a_field(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """`expand=transitions.fields` tells it, and without it the transition is refused."""
        key = sim.file_request("Task", "One")
        sim.site.ask_on_transition("Cancelled", "customfield_10052")
        rows = api.get(f"issue/{key}/transitions", params={"expand": "transitions.fields"}).json()["transitions"]
        assert rows[1]["fields"]["customfield_10052"]["required"]
        assert (
            "customfield_10052"
            in refused(api.post(f"issue/{key}/transitions", json={"transition": {"id": "61"}}))["errors"]
        )
        filled = {"transition": {"id": "61"}, "fields": {"customfield_10052": "list.csv"}}
        assert api.post(f"issue/{key}/transitions", json=filled).status_code == 204
        assert sim.issue(key).fields["List file"] == "list.csv"

    def test_a_workflow_without_a_way_refuses_people_too(self) -> None:
        """With Done taken out, nobody gets there."""
        sim = JiraSimulator()
        key = sim.file_request("Task", "One")
        sim.site.remove_status("Done")
        with pytest.raises(Refusal, match="no way"):
            sim.transition(key, "Done")


class TestLinksCommentsAndProperties:
    """What hangs on an issue."""

    def test_a_link_shows_on_both_sides_and_repeats_harmlessly(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """inwardIssue is the blocker; the answer is 201 and names no id, also the second time."""
        one, two = sim.file_request("Task", "One"), sim.file_request("Task", "Two")
        link = {"type": {"name": "Blocks"}, "inwardIssue": {"key": one}, "outwardIssue": {"key": two}}
        assert [api.post("issueLink", json=link).status_code for _ in range(2)] == [201, 201]
        (seen,) = api.get(f"issue/{two}", params={"fields": "issuelinks"}).json()["fields"]["issuelinks"]
        assert seen["inwardIssue"]["key"] == one
        assert seen["type"]["inward"] == "is blocked by"
        (seen,) = api.get(f"issue/{one}", params={"fields": "issuelinks"}).json()["fields"]["issuelinks"]
        assert seen["outwardIssue"]["key"] == two
        sim.delete(one)
        assert sim.issue(two).blocked_by == ()

    def test_an_unknown_link_type_is_404(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """So is an unknown issue."""
        one, two = sim.file_request("Task", "One"), sim.file_request("Task", "Two")
        sides = {"inwardIssue": {"key": one}, "outwardIssue": {"key": two}}
        refused(api.post("issueLink", json={"type": {"name": "Stops"}, **sides}), 404)
        refused(
            api.post("issueLink", json={"type": {"name": "Blocks"}, **sides, "inwardIssue": {"key": "MKT-999"}}), 404
        )
        refused(api.post("issueLink", json={"type": {"name": "Blocks"}, "outwardIssue": {"key": two}}))

    def test_comments_are_documents_and_carry_properties(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Made, found by their property, rewritten and deleted; plain text is refused."""
        key = sim.file_request("Task", "One")
        refused(api.post(f"issue/{key}/comment", json={"body": "text"}))
        mark = [{"key": "mark", "value": "m"}]
        made = api.post(f"issue/{key}/comment", json={"body": DOCUMENT, "properties": mark})
        assert made.status_code == 201
        path = f"issue/{key}/comment/{made.json()['id']}"
        assert "properties" not in api.get(path).json()
        listed = api.get(f"issue/{key}/comment", params={"expand": "properties"}).json()
        assert [row["properties"] for row in listed["comments"]] == [mark]
        by_id = api.post("comment/list", params={"expand": "properties"}, json={"ids": [int(made.json()["id"]), 1]})
        assert [row["properties"] for row in by_id.json()["values"]] == [mark]
        sim.comment(key, "Seen by Dana")
        assert api.put(path, json={"body": DOCUMENT}).status_code == 200
        assert sim.issue(key).comments == ("Hi", "Seen by Dana")
        assert api.delete(path).status_code == 204
        refused(api.delete(path), 404)

    def test_properties_are_made_and_rewritten(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """201 the first time, 200 after; too long a value is refused."""
        key = sim.file_request("Task", "One")
        path = f"issue/{key}/properties/mark"
        assert [api.put(path, json={"n": n}).status_code for n in range(2)] == [201, 200]
        assert api.get(path).json() == {"key": "mark", "value": {"n": 1}}
        assert [row["key"] for row in api.get(f"issue/{key}/properties").json()["keys"]] == ["mark"]
        refused(api.put(path, json="x" * 32_768))
        refused(api.get(f"issue/{key}/properties/other"), 404)

    def test_remote_links_are_kept_by_their_global_id(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """The same id updates instead of adding."""
        key = sim.file_request("Task", "One")
        link = {"globalId": "g", "object": {"url": "https://example.com/1", "title": "One"}}
        assert [api.post(f"issue/{key}/remotelink", json=link).status_code for _ in range(2)] == [201, 200]
        assert len(api.get(f"issue/{key}/remotelink").json()) == 1
