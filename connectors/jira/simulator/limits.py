"""Jira Cloud's burst limits, as sliding windows over the calls that were let in.

https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
"""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

BURST = {"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}
"""Calls a second, per endpoint and method."""
PER_ISSUE = ((20, 2.0), (100, 30.0))
"""(writes, seconds)."""
_WORDS = {"rest", "api", "2", "3", "issue", "bulk", "bulkfetch", "transitions", "comment", "properties", "remotelink",
          "issueLink", "search", "jql", "project", "statuses", "user", "assignable", "createmeta", "issuetypes",
          "field", "myself", "webhooks", "1.0", "webhook"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Over:
    """A limit that a call would exceed."""

    reason: str
    """`RateLimit-Reason`."""
    limit: int
    wait: int
    """Whole seconds after which the call is let in, if nobody else calls."""


class Window:
    """The times of the last calls that were let in."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls, self._seconds = calls, seconds
        self._times: deque[float] = deque(maxlen=calls)

    def wait(self, now: float) -> float:
        """Seconds until one more call fits."""
        return max(0.0, self._times[0] + self._seconds - now) if len(self._times) == self.calls else 0.0

    def add(self, now: float) -> None:
        self._times.append(now)


class Limits:
    """All windows of the site. `issue_id` turns a key or id into the issue's id, None where there is no such issue."""

    def __init__(self, issue_id: Callable[[str], str | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._issue_id, self._clock = issue_id, clock
        self._endpoints: dict[tuple[str, str], Window] = {}
        self._issues: dict[str, list[Window]] = defaultdict(lambda: [Window(*rate) for rate in PER_ISSUE])

    def admit(self, method: str, path: str, body: bytes) -> Over | None:
        """None lets the call in and counts it; a refused call counts for nothing."""
        now = self._clock()
        windows = [(self._endpoint(method, path), "jira-burst-based")]
        for issue in self._written(method, path, body):
            windows += [(window, "jira-per-issue-on-write") for window in self._issues[issue]]
        window, reason = max(windows, key=lambda pair: pair[0].wait(now))
        wait = window.wait(now)
        if wait > 0:
            return Over(reason, window.calls, max(1, math.ceil(wait)))
        for let_in, _ in windows:
            let_in.add(now)
        return None

    def _endpoint(self, method: str, path: str) -> Window:
        template = "/".join(part if part in _WORDS else "{}" for part in path.strip("/").split("/"))
        return self._endpoints.setdefault((method, template), Window(BURST.get(method, 100), 1.0))

    def _written(self, method: str, path: str, body: bytes) -> set[str]:
        """Ids of the issues that this call writes to. Creating a sub-task does not count as a write to its parent."""
        parts = path.strip("/").split("/")[3:]
        if method == "GET" or not parts:
            return set()
        if parts[0] == "issueLink":
            return {found for name in _linked(body) if (found := self._issue_id(name))}
        if parts[0] == "issue" and len(parts) > 1 and (found := self._issue_id(parts[1])):
            return {found}
        return set()


def _linked(body: bytes) -> list[str]:
    try:
        link = json.loads(body)
        sides = [link["inwardIssue"], link["outwardIssue"]]
        return [str(side.get("id") or side.get("key")) for side in sides]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []
