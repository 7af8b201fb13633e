"""The people at their trackers: what they do there, and what they see. One desk for each simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.demo.installation import OPS, REQUESTER

TODO, DOING, DONE, DROPPED = "To do", "In progress", "Done", "Dropped"
"""Statuses as the demo names them, and as the Asana site does."""
_JIRA_STATUSES = {"To Do": TODO, "In Progress": DOING, "Done": DONE, "Cancelled": DROPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One subtask as it stands in a tracker."""

    id: str
    title: str
    owner: str | None
    """E-mail address."""
    start_on: date | None
    due_on: date | None
    waits_for: frozenset[str]
    """Titles."""
    status: str


class Desk(Protocol):
    """One tracker. Tasks are named by what the simulator names them by."""

    def url(self, task: str) -> str: ...

    def label(self, request: str) -> str: ...

    def created_at(self, request: str) -> datetime: ...

    def status(self, task: str) -> str: ...

    def comments(self, task: str) -> list[str]: ...

    def subtasks(self, request: str) -> list[Found]: ...

    def finish(self, task: str, *, by: str = OPS) -> None: ...

    def reopen(self, task: str, *, by: str = OPS) -> None: ...

    def delete(self, task: str, *, by: str = OPS) -> None: ...

    def busy(self) -> bool:
        """Whether a webhook is still on its way."""
        ...


class JiraDesk:
    """Jira's words on the demo's."""

    def __init__(self, simulator: JiraSimulator) -> None:
        self._sim = simulator

    def file(self, issue_type: str, summary: str, fields: Mapping[str, Any]) -> str:
        """A new request by the requester, with these fields filled in; returns its key."""
        return self._sim.file_request(issue_type, summary, fields)

    def move_webinar(self, request: str, day: date) -> None:
        """The requester chooses another date."""
        self._sim.edit(request, {"Webinar date": day}, by=REQUESTER)

    def move_task(self, task: str, day: date) -> None:
        """The requester drags a task of one day to another."""
        self._sim.edit(task, {"Start date": day, "duedate": day}, by=REQUESTER)

    def cancel(self, request: str) -> None:
        """The requester does not need it any more."""
        self._sim.transition(request, "Cancelled", by=REQUESTER)

    def lose_hooks(self, share: float) -> None:
        """From now on, this share of the webhooks is never sent."""
        self._sim.knobs.hook_lost = share

    def url(self, task: str) -> str:
        return f"{self._sim.url}/browse/{task}"

    def label(self, request: str) -> str:
        return request

    def created_at(self, request: str) -> datetime:
        with self._sim.site.lock:
            return self._sim.site.issue(request).created

    def status(self, task: str) -> str:
        name = self._sim.issue(task).status
        return _JIRA_STATUSES.get(name, name)

    def comments(self, task: str) -> list[str]:
        return list(self._sim.issue(task).comments)

    def subtasks(self, request: str) -> list[Found]:
        children = self._sim.children(request)
        titles = {child.key: child.summary for child in children}
        return [
            Found(
                id=child.key,
                title=child.summary,
                owner=child.assignee,
                start_on=child.start,
                due_on=child.due,
                waits_for=frozenset(titles.get(key, key) for key in child.blocked_by),
                status=_JIRA_STATUSES.get(child.status, child.status),
            )
            for child in children
        ]

    def finish(self, task: str, *, by: str = OPS) -> None:
        self._sim.transition(task, "Done", by=by)

    def reopen(self, task: str, *, by: str = OPS) -> None:
        self._sim.transition(task, "To Do", by=by)

    def delete(self, task: str, *, by: str = OPS) -> None:
        self._sim.delete(task, by=by)

    def busy(self) -> bool:
        return self._sim.sender.busy


class AsanaDesk:
    """Asana's words on the demo's."""

    def __init__(self, simulator: AsanaSimulator) -> None:
        self._sim = simulator
        self._emails = {gid: email for email, gid in simulator.users.items()}

    def file(self, name: str, section: str) -> str:
        """A new request by the requester, without any field filled in; returns its gid."""
        return self._sim.file_request(name, section=section)

    def url(self, task: str) -> str:
        return str(self._sim.task(task)["permalink_url"])

    def label(self, request: str) -> str:
        return f"“{self._sim.task(request)['name']}”"

    def created_at(self, request: str) -> datetime:
        return datetime.fromisoformat(self._sim.task(request)["created_at"])

    def status(self, task: str) -> str:
        return self._status(self._sim.task(task))

    def comments(self, task: str) -> list[str]:
        return self._sim.comments(task)

    def subtasks(self, request: str) -> list[Found]:
        tasks = self._sim.subtasks(request)
        titles = {task["gid"]: task["name"] for task in tasks}
        return [self._found(task, titles) for task in tasks]

    def finish(self, task: str, *, by: str = OPS) -> None:
        self._sim.complete(task, by=by)

    def reopen(self, task: str, *, by: str = OPS) -> None:
        self._sim.reopen(task, by=by)

    def delete(self, task: str, *, by: str = OPS) -> None:
        self._sim.delete(task, by=by)

    def busy(self) -> bool:
        return self._sim.sender.busy or self._sim.hooks.busy

    def _found(self, task: dict[str, Any], titles: dict[str, str]) -> Found:
        due, start = _day(task["due_on"]), _day(task.get("start_on"))
        return Found(
            id=task["gid"],
            title=task["name"],
            owner=self._emails[task["assignee"]["gid"]] if task["assignee"] else None,
            start_on=start or due,  # Asana keeps no start on a task of one day
            due_on=due,
            waits_for=frozenset(titles.get(other["gid"], other["gid"]) for other in task["dependencies"]),
            status=self._status(task),
        )

    def _status(self, task: dict[str, Any]) -> str:
        option = next((field["display_value"] for field in task["custom_fields"] if field["name"] == "Status"), None)
        return option or (DONE if task["completed"] else TODO)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
