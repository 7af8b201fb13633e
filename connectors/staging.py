"""What the contract suite asks of a simulator: a person's hands and eyes there, in words that fit every tracker.

Each simulator package has a module `stage` with a function `open_stage`; nothing else has to be written for a new
tracker to be tested (`tests/contract/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from connectors.contract import Container, Status, Task, TaskId
from connectors.simulating import Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A task as a person sees it on the site, not through the connector."""

    title: str
    owner: str | None
    """E-mail address."""
    start_on: date | None
    due_on: date | None
    closed: bool
    waits_for: frozenset[TaskId]
    comments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that `doctor` must find."""

    name: str
    told: str
    """A word of the finding."""
    cause: Callable[[], Mapping[str, Any]]
    """Break the site; returns the settings that differ from `Stage.settings`."""


class Stage(Protocol):
    """A running simulator and a person who uses it."""

    simulator: Simulator
    project: str
    """Where requests are filed."""
    colleague: str
    """E-mail address of somebody to whom tasks can be assigned."""
    secrets: Sequence[str]
    """What the settings hold that nobody may read in an error or a log."""
    containers: Sequence[str]
    """Every `Container.kind` that the tracker knows; the default one first."""
    create_call: str
    """Part of `METHOD path` of the call that makes tasks under a request; `comment_call` is that of a comment."""
    comment_call: str
    unwanted_title: str
    """The site refuses a task of this title."""

    def settings(self) -> Mapping[str, Any]:
        """The connection as a user writes it."""
        ...

    def file(self, title: str) -> TaskId:
        """A person files a request."""
        ...

    def rename(self, task: TaskId, title: str) -> None:
        """A person gives it another title."""
        ...

    def complete(self, task: TaskId) -> None:
        """A person closes it as done."""
        ...

    def remark(self, task: TaskId, text: str) -> None:
        """A person comments."""
        ...

    def attach(self, task: TaskId, filename: str) -> None:
        """A person attaches a file."""
        ...

    def delete(self, task: TaskId) -> None:
        """A person deletes it."""
        ...

    def look(self, task: TaskId) -> Shown:
        """What a person sees."""
        ...

    def inside(self, container: Container) -> list[TaskId]:
        """Every task in the container."""
        ...

    def reads_as(self, task: Task, status: Status) -> Status:
        """As what the task reads once `status` was written: where the tracker cannot say it, the nearest."""
        ...

    def bar(self, status: Status) -> None:
        """From now on nothing can be brought into this status."""
        ...

    def troubles(self) -> Sequence[Trouble]:
        """Each to be caused on a stage of its own."""
        ...


OpenStage = Callable[[], AbstractContextManager[Stage]]
