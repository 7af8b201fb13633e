"""The Jira simulator's admin webhooks: registration, bodies, headers, filter and retries."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator
from connectors.signing import sign

FILTER = {"issue-related-events-section": "project = MKT"}
EVENTS = [
    "jira:issue_created", "jira:issue_updated", "jira:issue_deleted",
    "comment_created", "comment_updated", "comment_deleted", "issuelink_created",
]  # fmt: skip


class Listener:
    """Receives webhooks; answers with the statuses it is given, then with 200."""

    def __init__(self) -> None:
        self.calls: Queue[tuple[dict[str, str], bytes]] = Queue()
        self.statuses: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.calls.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/jira"

    def next(self) -> Any:
        """The next body."""
        return json.loads(self.calls.get(timeout=10)[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somewhere to send webhooks to."""
    heard = Listener()
    yield heard
    heard.close()


@pytest.fixture
def sim() -> Iterator[JiraSimulator]:
    """A fresh site that retries without waiting."""
    with JiraSimulator() as simulator:
        simulator.knobs.hook_retry_seconds = 0.01
        yield simulator


@pytest.fixture
def admin(sim: JiraSimulator) -> Iterator[httpx.Client]:
    """The webhook resource, called by an administrator."""
    base = f"{sim.url}/rest/webhooks/1.0/"
    with httpx.Client(base_url=base, auth=("tminus@example.com", "sim-token")) as client:
        yield client


def subscribe(admin: httpx.Client, listener: Listener, **more: Any) -> dict[str, Any]:
    """Register for everything in MKT."""
    body = {"name": "Tminus", "url": listener.url, "events": EVENTS, "filters": FILTER, "secret": "s3cret", **more}
    answer = admin.post("webhook", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_registration_never_tells_its_secret(admin: httpx.Client, listener: Listener) -> None:
    """It is listed as signed, can be changed without naming the secret, and removed."""
    made = subscribe(admin, listener)
    assert made["isSigned"]
    assert "s3cret" not in json.dumps(made)
    assert admin.get("webhook").json() == [made]
    assert admin.put(made["self"], json={"name": "Renamed"}).json()["isSigned"]
    assert admin.get(made["self"]).json()["name"] == "Renamed"
    assert admin.delete(made["self"]).status_code == 204
    assert admin.get(made["self"]).status_code == 404


@pytest.mark.parametrize(
    "bad",
    [{"url": "nowhere"}, {"events": ["issue_made"]}, {"secret": ""}, {"filters": {"jql": "x"}}, {"more": 1},
     {"filters": {"issue-related-events-section": "project = NOPE"}}],
)  # fmt: skip
def test_a_bad_registration_is_refused(admin: httpx.Client, listener: Listener, bad: dict[str, Any]) -> None:
    """An unknown key, event, filter or project, an empty secret or an address that is none."""
    assert admin.post("webhook", json={"name": "x", "url": listener.url, **bad}).status_code == 400
    assert admin.get("webhook").json() == []


def test_only_administrators_register(sim: JiraSimulator, admin: httpx.Client) -> None:
    """Another account's token gets 403."""
    sim.site.add_user("Nora", "nora@example.com", token="nora-token")
    assert admin.get("webhook", auth=("nora@example.com", "nora-token")).status_code == 403


def test_each_act_sends_its_event(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """In order, with the changelog that tells what changed and version 2 text."""
    subscribe(admin, listener)
    key = sim.file_request("Webinar", "Spring", {"description": "One\n\nTwo", "duedate": "2027-01-21"})
    created = listener.next()
    assert (created["webhookEvent"], created["issue_event_type_name"]) == ("jira:issue_created", "issue_created")
    assert created["issue"]["fields"]["description"] == "One\n\nTwo"
    assert created["user"]["accountId"] == sim.site.person("rita.requester@example.com").id
    assert "emailAddress" not in json.dumps(created)

    sim.edit(key, {"duedate": "2027-01-28"})
    (item,) = listener.next()["changelog"]["items"]
    assert (item["field"], item["from"], item["to"]) == ("duedate", "2027-01-21", "2027-01-28")
    assert item["toString"] == "2027-01-28 00:00:00.0"

    sim.edit(key, {"assignee": "dana.ops@example.com"})
    assert listener.next()["issue_event_type_name"] == "issue_assigned"

    sim.transition(key, "In Progress")
    moved = listener.next()
    (item,) = moved["changelog"]["items"]
    assert (moved["issue_event_type_name"], item["fromString"], item["toString"]) == (
        "issue_generic",
        "To Do",
        "In Progress",
    )

    sim.comment(key, "Hello")
    commented = listener.next()
    assert (commented["webhookEvent"], commented["comment"]["body"]) == ("comment_created", "Hello")
    assert commented["issue"]["key"] == key
    assert "user" not in commented

    sim.delete(key)
    deleted = listener.next()
    assert (deleted["webhookEvent"], deleted["issue"]["key"]) == ("jira:issue_deleted", key)


def test_done_is_told_with_its_resolution(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """Resolution first, then status, as recorded from Jira."""
    key = sim.file_request("Task", "One")
    sim.transition(key, "In Progress")
    subscribe(admin, listener)
    sim.transition(key, "Done")
    assert [item["field"] for item in listener.next()["changelog"]["items"]] == ["resolution", "status"]


def test_a_link_is_told_by_numbers_only(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """The source blocks the destination; there is no key and no user."""
    one, two = (sim.issue(sim.file_request("Task", name)) for name in ("One", "Two"))
    subscribe(admin, listener)
    link = {"type": {"name": "Blocks"}, "inwardIssue": {"id": one.id}, "outwardIssue": {"id": two.id}}
    admin.post(f"{sim.url}/rest/api/3/issueLink", json=link).raise_for_status()
    told = listener.next()
    assert set(told) == {"timestamp", "webhookEvent", "issueLink"}
    assert told["issueLink"]["sourceIssueId"] == int(one.id)
    assert told["issueLink"]["destinationIssueId"] == int(two.id)


def test_the_filter_and_the_events_are_respected(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """Nothing of another project and nothing not asked for arrives; a disabled hook is silent."""
    made = subscribe(admin, listener, events=["jira:issue_created"])
    sim.file_request("Task", "Elsewhere", project="WEB")
    first = sim.file_request("Task", "Here")
    sim.transition(first, "In Progress")
    admin.put(made["self"], json={"enabled": False})
    sim.file_request("Task", "Unheard")
    admin.put(made["self"], json={"enabled": True})
    last = sim.file_request("Task", "Here too")
    assert [listener.next()["issue"]["key"] for _ in range(2)] == [first, last]


def test_a_retry_keeps_its_identifier_and_is_signed(
    sim: JiraSimulator, admin: httpx.Client, listener: Listener
) -> None:
    """After a 503 the same body comes again with the retry counted; every attempt is signed over its bytes."""
    subscribe(admin, listener)
    listener.statuses = [503, 503]
    sim.file_request("Task", "Ünïcode")
    attempts = [listener.calls.get(timeout=10) for _ in range(3)]
    assert len({headers["x-atlassian-webhook-identifier"] for headers, _ in attempts}) == 1
    assert [headers.get("x-atlassian-webhook-retry") for headers, _ in attempts] == [None, "1", "2"]
    assert len({body for _, body in attempts}) == 1
    for headers, body in attempts:
        assert headers["x-hub-signature"] == f"sha256={sign('s3cret', body)}"


def test_without_a_secret_nothing_is_signed(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """And `excludeBody` sends the bare call."""
    made = admin.post("webhook", json={"name": "x", "url": listener.url, "events": EVENTS, "excludeBody": True}).json()
    assert not made["isSigned"]
    sim.file_request("Task", "One")
    headers, body = listener.calls.get(timeout=10)
    assert "x-hub-signature" not in headers
    assert body == b""


def test_people_and_callers_act_at_once(sim: JiraSimulator, admin: httpx.Client, listener: Listener) -> None:
    """From many threads no key is given twice, and every issue is told of exactly once."""
    subscribe(admin, listener, events=["jira:issue_created"])
    fields = {"project": {"key": "MKT"}, "issuetype": {"name": "Task"}, "summary": "By the API"}

    def act(_: int) -> None:
        sim.transition(sim.file_request("Task", "By a person"), "Done")
        admin.post(f"{sim.url}/rest/api/3/issue", json={"fields": fields}).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    assert sorted(sim.site.issues) == sorted(listener.next()["issue"]["id"] for _ in range(80))
    assert len({issue.key for issue in sim.site.issues.values()}) == 80
    assert listener.calls.empty()
