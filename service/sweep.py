"""The scheduled catch-up: which tasks to look at because hooks may have missed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from connectors.errors import TrackerError
from service.runtime import Runtime
from service.store import campaigns, hooks
from service.store.engine import reading

OVERLAP = timedelta(minutes=3)
"""Read again before the last sweep: vendors' clocks differ, and Jira's index lags by minutes."""
FIRST = timedelta(minutes=15)
"""How far back the first sweep reads: older requests are not ours to start."""


@dataclass(frozen=True, slots=True)
class Found:
    """Tasks to look at, and up to when each project has now been read."""

    tasks: frozenset[str]
    until: dict[str, datetime]
    unread: dict[str, TrackerError]
    """Projects that could not be read, and why."""


def changed(runtime: Runtime, connection: str) -> Found:
    """Tasks of the connection's projects that changed since the last sweep, and every campaign that is not over.

    The campaigns are asked for one by one, because a vendor need not call a request changed when its subtask is.
    """
    now = runtime.now()
    tracker = runtime.trackers[connection]
    found: set[str] = set()
    until: dict[str, datetime] = {}
    unread: dict[str, TrackerError] = {}
    for project in runtime.settings.connections[connection].settings.projects:
        with reading(runtime.engine) as session:
            since = hooks.swept_until(session, connection, project) or now - FIRST
        try:
            found |= set(tracker.changed_since(project, since - OVERLAP))
        except TrackerError as error:
            unread[project] = error
        else:
            until[project] = now
    with reading(runtime.engine) as session:
        found |= set(campaigns.unfinished_requests(session, connection))
    return Found(frozenset(found), until, unread)


def remember(session: Session, connection: str, found: Found) -> None:
    """The projects have been read up to then."""
    for project, until in found.until.items():
        hooks.swept(session, connection, project, until)
