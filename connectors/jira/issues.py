"""Reading issues. Nothing here is repeated after a failure; the tracker does that."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from connectors.contract import Container, Mark, Moved, Task, TaskId
from connectors.errors import NotFound
from connectors.jira.client import MOST_READ, JiraApi
from connectors.jira.remember import Memory
from connectors.jira.site import Site

_REFERENCE = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+|\d+")
SETTLING = (2, 5, 10, 20, 30)
"""Seconds between looks while the search index catches up with what a lost reply may have created."""


class Issues:
    """Issues of one site as tasks."""

    def __init__(self, api: JiraApi, site: Site, sleep: Callable[[float], None]) -> None:
        self._api, self._site, self._sleep = api, site, sleep
        self._projects: Memory[TaskId, str] = Memory()
        self._types: Memory[TaskId, str] = Memory()
        self._in_epic: Memory[str, frozenset[str]] = Memory()
        """Children of epics that search may not find yet."""

    def fetch(self, references: Collection[str]) -> list[Task]:
        """By id or key, in as few calls as Jira allows; the deleted and the invisible are absent."""
        wanted = list(dict.fromkeys(references))
        if not wanted:
            return []
        parts = [wanted[at : at + MOST_READ] for at in range(0, len(wanted), MOST_READ)]
        issues = list(chain.from_iterable(self._api.line.spread(self._api.bulk_fetch, parts)))
        reader = self._site.reader()
        tasks = [reader.task(issue) for issue in issues]
        for issue in issues:
            self._types.put(TaskId(str(issue["id"])), _type_of(issue))
        for task in tasks:
            self._learn(task)
        return tasks

    def again(self, task: TaskId) -> Task:
        """The task as it is now; raises `NotFound`."""
        found = self.fetch([task])
        if not found:
            raise NotFound(f"issue {task} is gone, or our account may not see it", status=404)
        return found[0]

    def find(self, label: str) -> Task | None:
        """By key, id or web address."""
        last = urlsplit(label.strip()).path.rstrip("/").rsplit("/", 1)[-1]
        if not _REFERENCE.fullmatch(last):
            return None
        return next(iter(self.fetch([last.upper()])), None)

    def project_of(self, task: TaskId) -> str:
        """The key of the project that the issue is in."""
        return self._projects.get(task, lambda: str(self.again(task).project))

    def type_of(self, task: TaskId) -> str:
        """The id of its issue type."""
        return self._types.get(task, lambda: _type_of(self._api.issue(task, fields="issuetype")))

    def children(self, container: Container) -> list[Task]:
        """Sub-tasks are read from their parent. An epic does not list its children, so search names them, and those
        of our own that it does not know yet are added."""
        if container.kind == "subtasks":
            parent = self._api.issue(container.id, fields="subtasks,project")
            fields = parent["fields"]
            if fields.get("project"):
                self._projects.put(TaskId(container.id), fields["project"]["key"])
            return self.fetch([child["id"] for child in fields.get("subtasks") or ()])
        known = self._in_epic.get(container.id, frozenset)
        key = container.url.rsplit("/", 1)[-1]
        found = self._api.search(f'parent = "{key}"', known)
        return [task for task in self.fetch([*found, *known]) if task.parent == container.id]

    def children_after_lost_reply(self, container: Container, marks: Collection[Mark]) -> list[Task]:
        """The children, once all of `marks` are among them or the search index has had time to catch up."""
        if container.kind == "subtasks":
            return self.children(container)
        return self._settled(lambda: self.children(container), marks)

    def marked(self, jql: str, mark: Mark, *, settle: bool) -> Task | None:
        """The issue with this mark among those that search finds."""

        def look() -> list[Task]:
            return [task for task in self.fetch(self._api.search(jql)) if task.mark == mark]

        return next(iter(self._settled(look, [mark]) if settle else look()), None)

    def remember_created(self, tasks: Collection[Task]) -> None:
        """Search may not find them yet."""
        for task in tasks:
            self._learn(task)
            if task.parent:
                siblings = self._in_epic.get(task.parent, frozenset)
                self._in_epic.put(task.parent, siblings | {task.id})

    def changed_since(self, project: str, since: datetime) -> Moved:
        """Sub-tasks and children of epics are issues of the project like any other.

        Counted back in whole minutes, as an absolute time in JQL means the account's own time zone.
        """
        minutes = max(1, math.ceil((datetime.now(UTC) - since).total_seconds() / 60) + 1)
        found = self._api.updated(f'project = "{project}" AND updated >= -{minutes}m ORDER BY updated ASC')
        # Jira tells nobody what was deleted. The ids of what is open come by the thousand, from the index all the same.
        still_open = self._api.search(f'project = "{project}" AND statusCategory != Done')
        return Moved(
            tasks={TaskId(issue): datetime.fromisoformat(at) for issue, at in found.items()},
            open=frozenset(map(TaskId, still_open)),
        )

    def _learn(self, task: Task) -> None:
        if task.project:
            self._projects.put(task.id, task.project)

    def _settled(self, look: Callable[[], list[Task]], marks: Collection[Mark]) -> list[Task]:
        found = look()
        for pause in SETTLING:
            if set(marks) <= {task.mark for task in found}:
                break
            self._sleep(pause)
            found = look()
        return found


def _type_of(issue: Mapping[str, Any]) -> str:
    return str((issue["fields"].get("issuetype") or {}).get("id"))
