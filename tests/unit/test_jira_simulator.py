"""The Jira simulator's API: who may call, and creating, reading and editing issues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator, Refusal
from tests.unit.jira_calls import DOCUMENT, empty, refused, task


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


class TestWhoIsCalling:
    """Credentials, and what a caller may do."""

    @pytest.mark.parametrize(
        "auth", [None, ("tminus@example.com", "wrong"), ("dana.ops@example.com", "sim-token")], ids=str
    )
    def test_without_the_right_token_there_is_no_answer(self, sim: JiraSimulator, auth: Any) -> None:
        """Missing, wrong and somebody else's credentials are all 401 in Jira's error shape."""
        refused(httpx.get(f"{sim.url}/rest/api/3/myself", auth=auth), 401)

    def test_a_bearer_token_works_too(self, sim: JiraSimulator) -> None:
        """The token may come as Bearer."""
        answer = httpx.get(f"{sim.url}/rest/api/3/myself", headers={"Authorization": "Bearer sim-token"})
        assert answer.json()["emailAddress"] == "tminus@example.com"

    def test_a_denied_permission_is_told_and_enforced(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """`mypermissions` and the act itself agree."""
        sim.site.me.denied.add("CREATE_ISSUES")
        told = api.get("mypermissions", params={"projectKey": "MKT", "permissions": "CREATE_ISSUES,EDIT_ISSUES"}).json()
        assert {k: v["havePermission"] for k, v in told["permissions"].items()} == {
            "CREATE_ISSUES": False,
            "EDIT_ISSUES": True,
        }
        refused(api.post("issue", json=task()), 403)

    def test_people_are_found_by_the_beginning_of_their_address(self, api: httpx.Client) -> None:
        """A hidden address finds nobody, and somebody who cannot be assigned is not offered."""

        def found(query: str) -> list[str]:
            rows = api.get("user/assignable/search", params={"project": "MKT", "query": query}).json()
            return [row["displayName"] for row in rows]

        assert found("dana.ops@example.com") == ["Dana Ops"]
        assert found("ops") == ["Dana Ops", "Omar Ops"]
        assert found("hida.private@example.com") == []
        assert found("gus") == []


class TestStrictness:
    """What Jira does not know is an error, never ignored."""

    def test_an_unknown_path_is_404(self, api: httpx.Client) -> None:
        """In Jira's error shape."""
        refused(api.get("issues"), 404)

    def test_an_unknown_query_parameter_is_refused(self, api: httpx.Client) -> None:
        """A misspelt parameter would be lost in silence otherwise."""
        refused(api.get("project/MKT", params={"expnd": "lead"}))

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b"\xff", b'{"feilds": {}}', b'{"fields": []}', b'{"fields": {}, "update": null}']
    )
    def test_a_malformed_body_is_refused(self, api: httpx.Client, body: bytes) -> None:
        """Not JSON, not an object, an unknown key or a wrong type."""
        refused(api.post("issue", content=body))

    def test_the_old_search_is_gone(self, api: httpx.Client) -> None:
        """`/search` was removed; the answer is 410."""
        refused(api.get("search", params={"jql": "project = MKT"}), 410)


class TestCreating:
    """POST issue and issue/bulk."""

    def test_an_issue_carries_its_fields_and_properties_at_once(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Owner, dates, labels, text and entity properties all go in the one call."""
        dana = sim.site.person("dana.ops@example.com").id
        fields = {
            "assignee": {"accountId": dana}, "duedate": "2027-01-21", "customfield_10015": "2027-01-11",
            "labels": ["tminus", "tminus"], "description": DOCUMENT,
        }  # fmt: skip
        made = api.post("issue", json=task(**fields) | {"properties": [{"key": "mark", "value": {"n": 1}}]})
        assert made.status_code == 201
        assert set(made.json()) == {"id", "key", "self"}
        issue = sim.issue(made.json()["key"])
        assert (issue.assignee, str(issue.due), str(issue.start)) == (
            "dana.ops@example.com",
            "2027-01-21",
            "2027-01-11",
        )
        assert (issue.labels, issue.text, issue.properties) == (("tminus",), "Hi", {"mark": {"n": 1}})
        shown = api.get(f"issue/{issue.id}", params={"fields": "description", "properties": "mark"}).json()
        assert shown["fields"] == {"description": DOCUMENT}
        assert shown["properties"] == {"mark": {"n": 1}}

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"summary": ""}, "summary"),
            ({"summary": "two\nlines"}, "summary"),
            ({"duedate": "21/01/2027"}, "duedate"),
            ({"duedate": "2027-02-30"}, "duedate"),
            ({"labels": ["two words"]}, "labels"),
            ({"labels": "one"}, "labels"),
            ({"assignee": {"accountId": "nobody"}}, "assignee"),
            ({"assignee": {"name": "dana"}}, "assignee"),
            ({"status": {"name": "Done"}}, "status"),
            ({"customfield_99999": 1}, "customfield_99999"),
            ({"customfield_10053": "many"}, "customfield_10053"),
            ({"customfield_10054": {"value": "Mars"}}, "customfield_10054"),
            ({"priority": {"name": "Urgent"}}, "priority"),
            ({"project": {"key": "NOPE"}}, "project"),
            ({"issuetype": {"name": "Bug"}}, "issuetype"),
        ],
    )
    def test_a_bad_field_is_named(self, sim: JiraSimulator, api: httpx.Client, fields: Any, named: str) -> None:
        """The error stands under the field's name and nothing is made."""
        assert named in refused(api.post("issue", json=task() | {"fields": task()["fields"] | fields}))["errors"]
        assert not sim.site.issues

    @pytest.mark.parametrize(
        "text",
        [
            "plain text",
            {"type": "doc", "version": 1},
            {"type": "doc", "version": 1, "content": [{"type": "text", "text": "bare"}]},
            {
                "type": "doc",
                "version": 1,
                "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}],
            },
            {"type": "doc", "version": 1, "content": [{"type": "bulletList", "content": []}]},
            {"type": "doc", "version": 1, "content": [{"type": "heading", "content": []}]},
            {"type": "doc", "version": 1, "content": [{"type": "marquee"}]},
        ],
    )
    def test_a_description_must_be_a_valid_document(self, api: httpx.Client, text: Any) -> None:
        """Version 3 takes no plain text and no document that the editor could not show."""
        assert "description" in refused(api.post("issue", json=task(description=text)))["errors"]

    def test_version_2_takes_and_gives_text(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """The same issue, seen through /rest/api/2."""
        made = api.post(f"{sim.url}/rest/api/2/issue", json=task(description="Two\nlines")).json()
        assert api.get(made["self"]).json()["fields"]["description"] == "Two\nlines"
        assert api.get(f"issue/{made['key']}").json()["fields"]["description"]["type"] == "doc"

    def test_a_sub_task_needs_a_parent_of_the_right_kind(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """None, unknown, an epic and another sub-task are refused; a task, story or request is right."""
        request = sim.file_request("Webinar", "Spring webinar")
        epic = sim.file_request("Epic", "Spring")
        refused(api.post("issue", json=task(issue_type="Sub-task")))
        refused(api.post("issue", json=task(issue_type="Sub-task", parent={"key": "MKT-999"})))
        refused(api.post("issue", json=task(issue_type="Sub-task", parent={"key": epic})))
        child = api.post("issue", json=task(issue_type="Sub-task", parent={"key": request})).json()["key"]
        refused(api.post("issue", json=task(issue_type="Sub-task", parent={"key": child})))
        (subtask,) = api.get(f"issue/{request}", params={"fields": "subtasks"}).json()["fields"]["subtasks"]
        assert subtask["key"] == child
        assert set(subtask["fields"]) == {"summary", "status", "priority", "issuetype"}
        assert sim.children(request)[0].parent == request

    def test_an_issue_can_be_filed_under_an_epic(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """It is the epic's child but not one of its sub-tasks."""
        epic = sim.file_request("Epic", "Spring")
        api.post("issue", json=task(parent={"key": epic})).raise_for_status()
        assert [child.summary for child in sim.children(epic)] == ["A task"]
        assert api.get(f"issue/{epic}", params={"fields": "subtasks"}).json()["fields"]["subtasks"] == []

    def test_links_can_ride_in_the_create(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """`update.issuelinks` with an inwardIssue says who blocks the new issue."""
        first = sim.file_request("Task", "First")
        link = {"issuelinks": [{"add": {"type": {"name": "Blocks"}, "inwardIssue": {"key": first}}}]}
        second = api.post("issue", json=task() | {"update": link}).json()["key"]
        assert sim.issue(second).blocked_by == (first,)

    def test_a_bulk_create_succeeds_in_part(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Refused rows are left out of `issues` and told by their number."""
        rows = [task("One"), task("Two", duedate="soon"), task("Three"), {"fields": {}}]
        answer = api.post("issue/bulk", json={"issueUpdates": rows})
        assert answer.status_code == 201
        assert [sim.issue(row["key"]).summary for row in answer.json()["issues"]] == ["One", "Three"]
        assert [row["failedElementNumber"] for row in answer.json()["errors"]] == [1, 3]
        assert "duedate" in answer.json()["errors"][0]["elementErrors"]["errors"]

    def test_a_bulk_create_of_which_every_row_fails_is_400(self, api: httpx.Client) -> None:
        """With the same shape."""
        answer = api.post("issue/bulk", json={"issueUpdates": [task(""), task("")]})
        assert answer.status_code == 400
        assert answer.json()["issues"] == []
        assert len(answer.json()["errors"]) == 2

    def test_a_bulk_create_takes_fifty(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """One more is refused as a whole."""
        refused(api.post("issue/bulk", json={"issueUpdates": [task()] * 51}))
        assert not sim.site.issues
        assert len(api.post("issue/bulk", json={"issueUpdates": [task()] * 50}).json()["issues"]) == 50

    def test_the_create_screen_decides(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """A field off the screen cannot be set, a required one must be, and createmeta tells both."""
        sim.site.remove_from_screen("duedate", "Task")
        sim.site.require("customfield_10052")
        errors = refused(api.post("issue", json=task(duedate="2027-01-21")))["errors"]
        assert "appropriate screen" in errors["duedate"]
        assert errors["customfield_10052"] == "List file is required."
        meta = api.get("issue/createmeta/MKT/issuetypes/10001").json()
        required = {row["key"]: row["required"] for row in meta["fields"]}
        assert "duedate" not in required
        assert required["customfield_10052"]
        assert meta["total"] == len(meta["fields"])

    def test_somebody_can_become_unassignable(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Such a person is refused as an assignee."""
        user = sim.site.add_user("Temp", "temp@example.com")
        sim.site.unassignable("temp@example.com")
        errors = refused(api.post("issue", json=task(assignee={"accountId": user.id})))["errors"]
        assert "cannot be assigned" in errors["assignee"]


class TestReading:
    """GET issue and issue/bulkfetch."""

    def test_only_the_fields_asked_for_are_shown(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """A comma list, `*all`, and a minus to leave one out; unknown names are ignored."""
        key = sim.file_request("Task", "One")
        assert api.get(f"issue/{key}", params={"fields": "summary,nonsense"}).json()["fields"] == {"summary": "One"}
        every = api.get(f"issue/{key}", params={"fields": "*all,-comment"}).json()["fields"]
        assert {"summary", "status", "customfield_10015", "votes"} <= set(every)
        assert "comment" not in every

    def test_a_missing_issue_is_404(self, api: httpx.Client) -> None:
        """With Jira's sentence."""
        assert "does not exist" in refused(api.get("issue/MKT-404"), 404)["errorMessages"][0]

    def test_bulkfetch_leaves_out_what_is_missing_and_says_so(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Found issues come by ascending id, each once."""
        one, two = sim.file_request("Task", "One"), sim.file_request("Task", "Two")
        names = [two, one, sim.issue(one).id, "MKT-404"]
        answer = api.post("issue/bulkfetch", json={"issueIdsOrKeys": names, "fields": ["summary"]}).json()
        assert [row["key"] for row in answer["issues"]] == [one, two]
        assert [row["id"] for row in answer["issueErrors"]] == ["MKT-404"]

    @pytest.mark.parametrize("count", [0, 101])
    def test_bulkfetch_takes_a_hundred(self, api: httpx.Client, count: int) -> None:
        """None and more are refused."""
        refused(api.post("issue/bulkfetch", json={"issueIdsOrKeys": [str(n) for n in range(count)]}))


class TestEditing:
    """PUT and DELETE issue."""

    def test_an_edit_writes_fields_and_a_changelog(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """204; only what really changed is told."""
        key = sim.file_request("Task", "One", {"labels": ["a", "b"]})
        edit = {
            "fields": {"summary": "One", "duedate": "2027-01-21"},
            "update": {"labels": [{"add": "c"}, {"remove": "a"}]},
        }
        assert api.put(f"issue/{key}", json=edit).status_code == 204
        assert sim.issue(key).labels == ("b", "c")
        histories = api.get(f"issue/{key}", params={"expand": "changelog"}).json()["changelog"]["histories"]
        assert [item["field"] for item in histories[0]["items"]] == ["duedate", "labels"]
        assert histories[0]["items"][0]["toString"] == "2027-01-21 00:00:00.0"

    def test_a_refused_edit_changes_nothing(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """One bad field holds back the others."""
        key = sim.file_request("Task", "One")
        refused(api.put(f"issue/{key}", json={"fields": {"summary": "Two", "duedate": "soon"}}))
        assert sim.issue(key).summary == "One"

    def test_an_issue_with_sub_tasks_is_deleted_only_with_them(self, sim: JiraSimulator, api: httpx.Client) -> None:
        """Without `deleteSubtasks=true` it is refused."""
        key = sim.file_request("Webinar", "Spring")
        child = sim.file_request("Sub-task", "Part", {"parent": key})
        refused(api.delete(f"issue/{key}"))
        assert api.delete(f"issue/{key}", params={"deleteSubtasks": "true"}).status_code == 204
        with pytest.raises(Refusal):
            sim.issue(child)
