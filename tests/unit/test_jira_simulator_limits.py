"""The Jira simulator's rate limits: what they let in, and that the seconds to wait are honest."""

from __future__ import annotations

import json

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator
from connectors.jira.simulator.limits import Limits


class Clock:
    """Seconds that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


ISSUES = {"MKT-1": "1", "1": "1", "MKT-2": "2"}


@pytest.fixture
def clock() -> Clock:
    """Stands still until moved."""
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    """Of a site with two issues."""
    return Limits(ISSUES.get, clock)


@pytest.mark.parametrize(("method", "calls"), [("GET", 100), ("POST", 100), ("PUT", 50), ("DELETE", 50)])
def test_each_endpoint_takes_so_many_a_second(limits: Limits, clock: Clock, method: str, calls: int) -> None:
    """One more is told to wait; after that wait exactly as many are let in again; other endpoints are free."""
    for number in range(calls):
        assert limits.admit(method, f"/rest/api/3/issue/MKT-{number + 10}", b"") is None
        clock.now += 0.001
    over = limits.admit(method, "/rest/api/3/issue/MKT-9", b"")
    assert over
    assert (over.reason, over.limit) == ("jira-burst-based", calls)
    assert limits.admit(method, "/rest/api/3/project/MKT", b"") is None
    clock.now += over.wait
    assert [limits.admit(method, "/rest/api/3/issue/MKT-9", b"") for _ in range(calls)] == [None] * calls


def test_one_issue_takes_twenty_writes_in_two_seconds(limits: Limits, clock: Clock) -> None:
    """By key or id; reads and other issues are free; the wait is enough."""
    for number in range(20):
        assert limits.admit("PUT", f"/rest/api/3/issue/{'MKT-1' if number % 2 else '1'}", b"") is None
        clock.now += 0.01
    over = limits.admit("POST", "/rest/api/3/issue/MKT-1/comment", b"")
    assert over
    assert (over.reason, over.wait) == ("jira-per-issue-on-write", 2)
    assert limits.admit("GET", "/rest/api/3/issue/MKT-1", b"") is None
    assert limits.admit("PUT", "/rest/api/3/issue/MKT-2", b"") is None
    clock.now += over.wait
    assert limits.admit("POST", "/rest/api/3/issue/MKT-1/comment", b"") is None


def test_one_issue_takes_a_hundred_writes_in_thirty_seconds(limits: Limits, clock: Clock) -> None:
    """Slow enough for the two-second limit, and still too many."""
    for _ in range(100):
        assert limits.admit("PUT", "/rest/api/3/issue/1", b"") is None
        clock.now += 0.2
    over = limits.admit("PUT", "/rest/api/3/issue/1", b"")
    assert over
    assert (over.limit, over.wait) == (100, 10)


def test_a_link_writes_to_both_its_issues(limits: Limits) -> None:
    """Twenty links of one issue use it up, whichever side it is on; a body that is none writes to nothing."""
    for number in range(20):
        sides = ["inwardIssue", "outwardIssue"] if number % 2 else ["outwardIssue", "inwardIssue"]
        body = json.dumps({sides[0]: {"id": "1"}, sides[1]: {"key": f"MKT-{number + 5}"}}).encode()
        assert limits.admit("POST", "/rest/api/3/issueLink", body) is None
    body = b'{"inwardIssue": {"key": "MKT-2"}, "outwardIssue": {"key": "MKT-1"}}'
    assert limits.admit("POST", "/rest/api/3/issueLink", body)
    assert limits.admit("POST", "/rest/api/3/issueLink", b"[]") is None


def test_a_refused_call_says_why_and_how_long() -> None:
    """429 with whole seconds, the reason and Jira's headers; only while the knob is on."""
    with JiraSimulator() as sim, httpx.Client(auth=("tminus@example.com", "sim-token")) as client:
        key = sim.file_request("Task", "One")
        url = f"{sim.url}/rest/api/3/issue/{key}"

        def write() -> httpx.Response:
            return client.put(url, json={"fields": {"summary": "Two"}})

        assert {write().status_code for _ in range(22)} == {204}
        sim.knobs.enforce_limits = True
        answers = [write() for _ in range(21)]
        assert {answer.status_code for answer in answers[:20]} == {204}
        refused = answers[20]
        assert refused.status_code == 429
        assert refused.headers["retry-after"] in ("1", "2")
        assert refused.headers["ratelimit-reason"] == "jira-per-issue-on-write"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert set(refused.json()) == {"errorMessages", "errors"}
