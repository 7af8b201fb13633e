"""Whatever the connector sends to Jira, and whatever the simulator answers, is as Jira's OpenAPI file has it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connectors.contract import AccountId, Mark, Patch, Status, TaskId
from connectors.errors import Rejected
from connectors.simulating import Seen
from tests.wire.jira_site import DOCUMENT, jira_site, new, spec

pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason="Jira's OpenAPI file is not on this machine (../shared)")

DAY = date(2027, 1, 21)


def seen(method: str, path: str, *, query: str = "", body: bytes = b"", status: int = 200, answer: bytes = b"") -> Seen:
    """A call as a simulator would log it."""
    return Seen(0, method, f"/rest/api/3/{path}", query, {}, body, status, answer)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (seen("GET", "issues"), "no such operation"),
        (seen("GET", "myself", query="expnad=groups"), "unknown query parameter"),
        (seen("GET", "search/jql", query="jql=x&maxResults=many", answer=b"{}"), "not of type 'integer'"),
        (seen("POST", "issueLink", body=b'{"type": {"name": "Blocks"}}', status=201), "'inwardIssue' is a required"),
        (seen("POST", "issue/A-1/transitions", body=b'{"transition": {"id": 31}}', status=204), "not of type 'string'"),
        (
            seen("POST", "issue/bulk", body=b'{"issueUpdates": [{"propertys": []}]}', status=201, answer=b"{}"),
            "propert",
        ),
        (seen("POST", "issue/A-1/comment", body=b'{"id": "1"}', status=201, answer=b"{}"), "readOnly"),
        (seen("POST", "issue/bulk", body=b"{", status=201, answer=b"{}"), "not JSON"),
        (seen("POST", "issue/bulk", status=201, answer=b"{}"), "a body is required"),
        (seen("GET", "myself", answer=b'{"accountId": 7}'), "not of type 'string'"),
        (seen("GET", "myself", answer=b"<html>"), "not JSON"),
        (seen("GET", "myself", status=206, answer=b"{}"), "not documented"),
    ],
)
def test_the_checker_names_what_is_wrong_with_a_call(call: Seen, problem: str) -> None:
    """A check that never finds anything would prove nothing."""
    assert problem in "; ".join(spec().check(call))


@pytest.mark.parametrize("kind", ["subtasks", "epic"])
def test_a_whole_campaign_speaks_as_documented(kind: str) -> None:
    """Created, linked, moved, edited, commented, read back and swept."""
    with jira_site() as site:
        tracker, request = site.tracker, site.file(duedate="2027-01-21")
        owner = tracker.find_account("dana.ops@example.com", "MKT")
        assert owner
        container = site.container(request, kind)
        text = "Do **this**:\n\n1. one\n2. [two](https://example.com)\n\n- [ ] three"
        drafts = [new(f"t{n}", text=text, owner=owner.id, start_on=DAY, due_on=DAY) for n in range(3)]
        made = tracker.create(container, drafts).made
        one, two, three = (made[f"t{n}"] for n in range(3))
        assert tracker.set_dependencies({two.id: [one.id], three.id: [one.id, two.id]}) == {}
        tracker.update(one.id, Patch(title="Renamed", due_on=DAY, start_on=DAY, owner=owner.id))
        for status in (Status.DOING, Status.WAITING, Status.DONE, Status.TODO, Status.DROPPED):
            assert tracker.set_status(tracker.read([one.id])[one.id], status) is status
        comment = tracker.comment(request.id, Mark("spring", "hello"), "Hello **all**")
        assert tracker.comment(request.id, Mark("spring", "hello"), "Again") == comment
        assert tracker.comment(request.id, Mark("spring", "hello"), "Again", comment) == comment
        assert {task.id for task in tracker.children(container)} == {one.id, two.id, three.id}
        assert set(tracker.changed_since("MKT", datetime.now(UTC) - timedelta(minutes=5)).tasks) >= {one.id, request.id}


def test_looking_around_speaks_as_documented() -> None:
    """Everything that `doctor` and `connect` ask."""
    with jira_site() as site:
        assert site.tracker.whoami().email == "tminus@example.com"
        assert list(site.tracker.inspect()) == []
        hook = site.tracker.add_hook(["MKT"], "http://127.0.0.1:9/hooks/jira", "s3cret")
        site.tracker.remove_hook(hook.id)


def test_attachments_are_asked_for_and_answered_as_documented() -> None:
    """One read of one field of the issue."""
    with jira_site() as site:
        request = site.file()
        site.sim.attach(request.id, "leads.csv")
        assert [name for name, _ in site.tracker.attachments(request.id)] == ["leads.csv"]


def test_refusals_are_answered_as_documented() -> None:
    """Rows refused one by one, links to nowhere, moves that do not exist, issues that are gone."""
    with jira_site(link_type="Nonsense") as site:
        tracker, request = site.tracker, site.file()
        site.sim.site.require("priority")
        refused = tracker.create(site.container(request), [new("a", owner=AccountId("nobody")), new("b")]).refused
        assert refused.keys() == {"a", "b"}
        assert tracker.set_dependencies({request.id: [TaskId("1")]}).keys() == {request.id}
        assert tracker.read([TaskId("1")]) == {}
        for write in (
            lambda: tracker.update(TaskId("1"), Patch(title="x")),
            lambda: tracker.comment(TaskId("1"), Mark("spring", "x"), "x"),
        ):
            with pytest.raises(Rejected):
                write()
