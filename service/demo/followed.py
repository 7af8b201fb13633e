"""A request whose promise is kept up to date while people act on it, so that it can be held against the tracker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from service.core.plan import Plan
from service.demo.desks import DONE, DROPPED, TODO, Desk, Found
from service.demo.installation import OPS, OWNERS
from service.demo.promise import Wanted, missing, promised_plan, today, wanted_tasks


@dataclass
class Followed:
    """One request. Its methods are what people do, to tracker and promise alike; those in the past tense tell
    the promise of what was done to the tracker."""

    desk: Desk
    request: str
    title: str
    template: str
    inputs: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    """By key, where it is not to do."""
    finished_on: dict[str, date] = field(default_factory=dict)
    pins: dict[str, date] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.plan = self._promise(replan=False)

    @property
    def url(self) -> str:
        """The request in the simulator."""
        return self.desk.url(self.request)

    @property
    def label(self) -> str:
        """As people call it."""
        return self.desk.label(self.request)

    @property
    def progress(self) -> str:
        """What its comment should say."""
        counted = [task.key for task in self.plan.tasks if task.key not in self.deleted]
        return f"{list(self.statuses.values()).count(DONE)} of {len(counted)} tasks done"

    def wanted(self) -> list[Wanted]:
        """What should stand in the tracker now."""
        return wanted_tasks(self.plan, OWNERS, self.statuses)

    def found(self) -> list[Found]:
        """What stands there."""
        return self.desk.subtasks(self.request)

    def missing(self, status: str | None = None) -> list[str]:
        """What is missing of the subtasks and, where it is named, of the request's own status."""
        problems = [f"{self.label}: {problem}" for problem in missing(self.wanted(), self.found())]
        if status and (there := self.desk.status(self.request)) != status:
            problems.append(f"{self.label}: the status {status}, not {there}")
        return problems

    def unsaid(self, *words: str) -> list[str]:
        """Empty when exactly one comment on the request says all of this."""
        times = sum(all(word in text for word in words) for text in self.desk.comments(self.request))
        return [] if times == 1 else [f"{self.label}: one comment that says “{' … '.join(words)}”, not {times}"]

    def task(self, key: str) -> Found:
        """The subtask of a planned key."""
        title = next(task.title for task in self.plan.tasks if task.key == key)
        return next(task for task in self.found() if task.title == title)

    def finish(self, key: str, *, by: str = OPS) -> Found:
        """Somebody is done."""
        task = self.task(key)
        self.desk.finish(task.id, by=by)
        self.statuses[key] = DONE
        self.finished_on[key] = today(self.template, datetime.now(UTC))
        self.plan = self._promise(replan=True)
        return task

    def reopen(self, key: str, *, by: str = OPS) -> Found:
        """Not done after all."""
        task = self.task(key)
        self.desk.reopen(task.id, by=by)
        self.statuses[key] = TODO
        del self.finished_on[key]
        self.plan = self._promise(replan=True)
        return task

    def delete(self, key: str) -> Found:
        """Somebody deletes a subtask."""
        task = self.task(key)
        self.desk.delete(task.id)
        self.deleted |= {key}
        self.plan = self._promise(replan=True)
        return task

    def pinned(self, key: str, day: date) -> None:
        """Somebody moved a task by hand."""
        self.pins[key] = day
        self.plan = self._promise(replan=True)

    def changed(self, **inputs: date) -> None:
        """The request says something else now."""
        self.inputs |= inputs
        self.plan = self._promise(replan=True)

    def cancelled(self) -> None:
        """Whatever is open is to be dropped."""
        self.statuses |= {task.key: DROPPED for task in self.plan.tasks if self.statuses.get(task.key) != DONE}

    def _promise(self, *, replan: bool) -> Plan:
        return promised_plan(
            self.template,
            self.inputs,
            self.desk.created_at(self.request),
            datetime.now(UTC),
            done=self.finished_on,
            pins=self.pins,
            dropped=self.deleted,
            replan=replan,
        )
