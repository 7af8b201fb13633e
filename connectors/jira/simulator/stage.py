"""The site as the contract suite uses it; see `connectors.staging`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.contract import Container, Status, Task, TaskId
from connectors.jira.simulator.seed import SERVICE_USER, START_DATE, TOKEN
from connectors.jira.simulator.server import JiraSimulator
from connectors.staging import Shown, Trouble

_NAMES = {Status.TODO: "To Do", Status.DOING: "In Progress", Status.WAITING: "Waiting", Status.DONE: "Done"}


@contextmanager
def open_stage() -> Iterator[JiraStage]:
    """A fresh site."""
    with JiraSimulator() as simulator:
        yield JiraStage(simulator)


@dataclass
class JiraStage:
    """A person at work in project MKT."""

    simulator: JiraSimulator
    project = "MKT"
    colleague = "dana.ops@example.com"
    secrets = (TOKEN, b64encode(f"{SERVICE_USER}:{TOKEN}".encode()).decode())
    containers = ("subtasks", "epic")
    create_call = "POST /rest/api/3/issue/bulk"
    comment_call = "POST /rest/api/3/issue/{task}/comment"
    unwanted_title = " "

    def settings(self) -> Mapping[str, Any]:
        return {"url": self.simulator.url, "email": SERVICE_USER, "token": TOKEN, "projects": [self.project]}

    def file(self, title: str) -> TaskId:
        return TaskId(self.simulator.issue(self.simulator.file_request("Task", title)).id)

    def rename(self, task: TaskId, title: str) -> None:
        self.simulator.edit(task, {"summary": title})

    def complete(self, task: TaskId) -> None:
        self.simulator.transition(task, "Done")

    def remark(self, task: TaskId, text: str) -> None:
        self.simulator.comment(task, text)

    def attach(self, task: TaskId, filename: str) -> None:
        self.simulator.attach(task, filename)

    def delete(self, task: TaskId) -> None:
        self.simulator.delete(task)

    def look(self, task: TaskId) -> Shown:
        seen = self.simulator.issue(task)
        return Shown(
            title=seen.summary,
            owner=seen.assignee,
            start_on=seen.start,
            due_on=seen.due,
            closed=seen.category == "done",
            waits_for=frozenset(TaskId(self.simulator.issue(key).id) for key in seen.blocked_by),
            comments=seen.comments,
        )

    def inside(self, container: Container) -> list[TaskId]:
        return [TaskId(child.id) for child in self.simulator.children(container.id)]

    def reads_as(self, task: Task, status: Status) -> Status:  # noqa: ARG002  (the workflow can say all five)
        return status

    def bar(self, status: Status) -> None:
        self.simulator.site.statuses.pop(_NAMES[status])
        self.simulator.site.remove_status(_NAMES[status])

    def troubles(self) -> Sequence[Trouble]:
        site = self.simulator.site

        def deny(permission: str) -> Mapping[str, Any]:
            site.me.denied.add(permission)
            return {}

        def unscreen(field: str) -> Mapping[str, Any]:
            site.remove_from_screen(field, "Sub-task")
            return {}

        def demand() -> Mapping[str, Any]:
            site.require("assignee")
            return {}

        def disable() -> Mapping[str, Any]:
            body = {"name": "Tminus MKT", "url": "http://127.0.0.1:9/hooks/x", "enabled": False}
            self.simulator.hooks.create(site.me.id, body)
            return {}

        return (
            Trouble("a token that is not valid", "credentials", lambda: {"token": "wrong"}),
            Trouble("a project that is not there", "NOPE", lambda: {"projects": ["MKT", "NOPE"]}),
            Trouble("no such link type", "Precedes", lambda: {"link_type": "Precedes"}),
            Trouble("no such issue type", "Mission", lambda: {"container": "epic", "task_type": "Mission"}),
            Trouble("a missing permission", "Link Issues", lambda: deny("LINK_ISSUES")),
            Trouble("no due date on the screen", "Due date", lambda: unscreen("duedate")),
            Trouble("no start date on the screen", "Start date", lambda: unscreen(START_DATE)),
            Trouble("a demanded field", "Assignee", demand),
            Trouble("a status that no workflow has", "Paused", lambda: {"statuses": {"Paused": "waiting"}}),
            Trouble("a hook that is disabled", "disabled", disable),
        )
