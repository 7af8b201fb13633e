"""What happened in a project since the last look, in calls that grow with what happened.

Two reads, because neither is enough: a list of tasks by their time of change is consistent, but Asana does not call a
task modified when only its subtask was. Events rise from subtasks to the project, but may be lost like webhooks are.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

import asana

from connectors.asana.client import Calls, Json
from connectors.asana.receive import change_of
from connectors.contract import Moved, TaskId
from connectors.errors import AccessDenied, Malformed, Rejected
from connectors.retrying import retrying

NO_TOKEN = 412
"""The status for a sync token that is missing, too old or unknown; a fresh one stands in the answer's body."""

log = logging.getLogger(__name__)


class Changes:
    """The catch-up reads of one workspace."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._tasks, self._events = asana.TasksApi(calls.client), asana.EventsApi(calls.client)
        self._projects = asana.ProjectsApi(calls.client)

    def since(self, project: str, since: datetime, cursor: str | None) -> Moved:
        """See `Tracker.changed_since`; the cursor is a sync token, which lives for a day at most.

        Raises `NotFound` where the project is deleted.
        """
        try:
            found = self._modified(project, since)
        except AccessDenied:
            raise
        except Rejected:
            self._see_that_it_is_there(project)
            raise
        events, following, lost = self._since_token(project, cursor)
        for task, at in events:
            found[task] = max(at, found.get(task, at))
        return Moved(tasks=found, cursor=following, lost=lost)

    def _modified(self, project: str, since: datetime) -> dict[TaskId, datetime]:
        # https://developers.asana.com/reference/gettasks
        opts = {"project": project, "modified_since": since.astimezone(UTC).isoformat(), "opt_fields": "modified_at"}
        rows = retrying()(lambda: self._calls.pages(self._tasks.get_tasks, opts=opts))
        return {TaskId(str(row["gid"])): datetime.fromisoformat(row["modified_at"]) for row in rows}

    def _see_that_it_is_there(self, project: str) -> None:
        """Asked for the tasks of a deleted project, Asana may call it a bad question: it itself is not found."""
        # https://developers.asana.com/reference/getproject
        retrying()(lambda: self._calls.one("GET", self._projects.get_project, project, {"opt_fields": "name"}))

    def _since_token(self, project: str, token: str | None) -> tuple[list[tuple[TaskId, datetime]], str | None, bool]:
        """Tasks with the time of their events, the token to go on from, and whether there is a gap before it."""
        found: list[tuple[TaskId, datetime]] = []
        lost = False
        while True:
            try:
                answer = retrying()(self._page, project, token)
            except AccessDenied:
                raise
            except Rejected as error:
                # Whatever else it refuses, the tasks were listed: every campaign is looked at instead.
                return found, _fresh_token(error) if error.status == NO_TOKEN else None, True
            try:
                found += _tasks_of(answer["data"])
            except Malformed as error:
                # What we cannot read must not stop the sweep, now and at every later turn.
                log.warning("events of project %s cannot be read: %s", project, error)
                lost = True
            token = str(answer["sync"])
            if not answer.get("has_more"):
                return found, token, lost

    def _page(self, project: str, token: str | None) -> Json:
        # https://developers.asana.com/reference/getevents
        return self._calls.one("GET", self._events.get_events, project, {"sync": token} if token else {})


def _tasks_of(events: Iterable[Json]) -> list[tuple[TaskId, datetime]]:
    changes = [(change_of(event, number), event["created_at"]) for number, event in enumerate(events, start=1)]
    return [(change.task, datetime.fromisoformat(at)) for change, at in changes if change.task]


def _fresh_token(refusal: Rejected) -> str | None:
    """It is told only beside the errors of the refusal, which the SDK keeps as text."""
    try:
        return str(json.loads(getattr(refusal.__cause__, "body", None) or "")["sync"])
    except (ValueError, KeyError, TypeError):
        return None
