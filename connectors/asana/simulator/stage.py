"""The site as the contract suite uses it; see `connectors.staging`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.asana.simulator import AsanaSimulator
from connectors.contract import Container, Status, Task, TaskId
from connectors.staging import Shown, Trouble

_FIELD = "Status"
_OPTIONS = {
    "To do": Status.TODO,
    "In progress": Status.DOING,
    "Waiting": Status.WAITING,
    "Done": Status.DONE,
    "Dropped": Status.DROPPED,
}


@contextmanager
def open_stage() -> Iterator[AsanaStage]:
    """A fresh site."""
    with AsanaSimulator() as simulator:
        yield AsanaStage(simulator)


@dataclass
class AsanaStage:
    """A person at work in "Marketing requests", whose tasks have a field for their status; subtasks have none."""

    simulator: AsanaSimulator
    colleague = "dana.ops@example.com"
    secrets = (AsanaSimulator.token,)
    containers = ("subtasks", "project")
    create_call = "POST /api/1.0/batch"
    comment_call = "POST /api/1.0/tasks/{task}/stories"
    unwanted_title = "Refused by a rule of the organisation"

    def __post_init__(self) -> None:
        self.project = self.simulator.project
        self.simulator.site.refused_names.add(self.unwanted_title)

    def settings(self) -> Mapping[str, Any]:
        return self.simulator.connection() | {
            "team": next(iter(self.simulator.site.teams)),
            "status_field": self.simulator.fields[_FIELD],
            "statuses": dict(_OPTIONS),
            "rate": 1_000_000,  # many tests share one connection
        }

    def file(self, title: str) -> TaskId:
        return TaskId(self.simulator.file_request(title))

    def rename(self, task: TaskId, title: str) -> None:
        self.simulator.edit(task, {"name": title})

    def complete(self, task: TaskId) -> None:
        self.simulator.complete(task)

    def remark(self, task: TaskId, text: str) -> None:
        self.simulator.comment(task, text)

    def attach(self, task: TaskId, filename: str) -> None:
        self.simulator.attach(task, filename)

    def delete(self, task: TaskId) -> None:
        self.simulator.delete(task)

    def look(self, task: TaskId) -> Shown:
        seen = self.simulator.task(task)
        return Shown(
            title=seen["name"],
            owner=self._email(seen["assignee"]),
            start_on=_date(seen["start_on"]),
            due_on=_date(seen["due_on"]),
            closed=seen["completed"],
            waits_for=frozenset(TaskId(other["gid"]) for other in seen["dependencies"]),
            comments=tuple(self.simulator.comments(task)),
        )

    def inside(self, container: Container) -> list[TaskId]:
        if container.kind == "project":
            return [TaskId(gid) for gid in self.simulator.site.projects[container.id].tasks]
        return [TaskId(task["gid"]) for task in self.simulator.subtasks(container.id)]

    def reads_as(self, task: Task, status: Status) -> Status:
        if _FIELD in task.fields:
            return status
        return Status.DONE if status.closed else Status.TODO

    def bar(self, status: Status) -> None:
        field = self.simulator.site.fields[self.simulator.fields[_FIELD]]
        field.enum_options = [option for option in field.enum_options if _OPTIONS[option.name] is not status]

    def troubles(self) -> Sequence[Trouble]:
        site = self.simulator.site

        def archive() -> Mapping[str, Any]:
            site.projects[self.project].archived = True
            return {}

        def rename_option() -> Mapping[str, Any]:
            site.fields[self.simulator.fields[_FIELD]].enum_options[0].name = "Backlog"
            return {}

        return (
            Trouble("a token that is not valid", "token", lambda: {"token": "wrong"}),
            Trouble("another workspace", "workspace 1", lambda: {"workspace": "1"}),
            Trouble("a project that is not there", "Project 404", lambda: {"projects": [self.project, "404"]}),
            Trouble("a project without a team", "team", lambda: {"container": "project", "team": None}),
            Trouble("an archived project", "archived", archive),
            Trouble("a status field that is not there", "404", lambda: {"status_field": "404"}),
            Trouble("an option that means nothing", "Backlog", rename_option),
            Trouble("a status that no option has", "Paused", lambda: {"statuses": {**_OPTIONS, "Paused": "waiting"}}),
        )

    def _email(self, who: Mapping[str, Any] | None) -> str | None:
        return self.simulator.site.users[who["gid"]].email if who else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
