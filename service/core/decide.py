"""What to write so that the tracker shows the plan: `decide` is pure, and each `Action` reads as a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import starmap
from typing import Any, TypeAlias

from connectors.contract import Patch, Status, Task
from service.core.explain import long_day, plain
from service.core.merge import LinkView
from service.core.plan import Plan, PlannedTask
from service.core.wording import Rewrite, rewrites

REQUEST = "@request"
"""Stands for the request itself where a key is asked for."""
LEFT = "the request no longer asks for it"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTask:
    """Make one planned task."""

    planned: PlannedTask
    where: str = ""
    """The connection, where that is not the request's own."""

    def __str__(self) -> str:
        what, owner = f"“{self.planned.title}”{_in(self.where)}", self.planned.owner
        return f"Create {what} for {owner}, due {long_day(self.planned.due_on)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDependencies:
    """Write which tasks this one waits for."""

    key: str
    title: str
    waits_for: tuple[str, ...]
    titles: tuple[str, ...]
    where: str = ""
    """The connection, where that is not the request's own."""

    def __str__(self) -> str:
        others = " and ".join(f"“{title}”" for title in self.titles)
        return f"Let “{self.title}”{_in(self.where)} wait for {others}."


def _in(connection: str) -> str:
    return f" in {connection}" if connection else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDates:
    """Write the plan's dates of one task."""

    key: str
    title: str
    start_on: date
    due_on: date
    was: date | None

    def __str__(self) -> str:
        if self.was == self.due_on:
            return f"Start “{self.title}” on {long_day(self.start_on)}, as it is due on {long_day(self.due_on)}."
        was = f" (was {long_day(self.was)})" if self.was else ""
        return f"Move “{self.title}” to {long_day(self.due_on)}{was}."

    def agreed(self, was_start: date | None) -> dict[str, Any]:
        """What both sides have in common once it is written, by the field's name in `Agreed`."""
        known = {"plan_start": self.start_on, "plan_due": self.due_on, "asked_start": None, "asked_due": None}
        return {**known, "due_on": self.due_on, "start_on": was_start and self.start_on, "was_start": was_start}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus:
    """Write the status of one task, or of the request."""

    key: str
    title: str
    status: Status
    because: str

    def __str__(self) -> str:
        return f"Set “{self.title}” to {self.status}: {self.because}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Write a comment, or rewrite the one of the same name."""

    key: str
    name: str
    text: str
    title: str = ""
    """Of the task, as people know it."""

    def __str__(self) -> str:
        first = re.sub(r"\*\*|\\(.)", r"\1", self.text.strip().splitlines()[0])  # Markdown, read
        return f"Comment on {'the request' if self.key == REQUEST else f'“{self.title or self.key}”'}: {first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bring:
    """Write what was agreed elsewhere, to one of the two trackers of a task."""

    key: str
    title: str
    connection: str
    values: Mapping[str, str | None]
    """Of each field that it is owed, as text."""

    def __str__(self) -> str:
        what = ", ".join(starmap(_value, self.values.items()))
        return f"Bring “{self.title}” in {self.connection} up to date: {what}."


def _value(name: str, value: str | None) -> str:
    """An account's id would tell people nothing; who it is stands in what was heard of the change."""
    told = ("its new one" if value else "nobody") if name == "owner" else value
    return f"{name.replace('_on', ' date')} {told or 'none'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowElsewhere:
    """Show on a task where it stands in the other tracker."""

    key: str
    title: str
    """Of the link: `In asana`."""
    url: str
    of: str = ""
    """The task's own title, as people know it."""

    def __str__(self) -> str:
        what = "the request" if self.key == REQUEST else f"“{self.of or self.key}”"
        return f"Link {what} to where it stands {self.title[:1].lower()}{self.title[1:]}: {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDays:
    """Write days into fields of the request, where a person would."""

    key: str
    title: str
    days: Mapping[str, date | None]
    """By the field's name."""

    def __str__(self) -> str:
        told = ", ".join(f"{name} to {long_day(day) if day else 'nothing'}" for name, day in self.days.items())
        return f"Set on “{self.title}”: {told}."

    def patch(self) -> Patch:
        """What to write; two of the days are every task's own."""
        others = {name: day for name, day in self.days.items() if name not in ("due_on", "start_on")}
        return Patch(due_on=self.days.get("due_on"), start_on=self.days.get("start_on"), fields=others)


Action: TypeAlias = (
    Rewrite | SetDays | CreateTask | SetDependencies | MoveDates | SetStatus | Say | Bring | ShowElsewhere
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """The request as the pure core sees it."""

    task: Task | None
    """None: deleted, or no longer visible to us."""
    rolled_up: Status
    """What its tasks added up to when we last agreed."""


def decide(plan: Plan, request: RequestView, links: Mapping[str, LinkView], because: str = LEFT) -> list[Action]:
    """The writes, in the order in which they make sense, that are still missing. Empty when tracker and plan agree.

    `because`: why a task that stands in the tracker is not in the plan.
    """
    return [
        *_reopen(plan, links),
        *_leave(plan, links, because),
        *_create(plan, links),
        *_date(plan, links),
        *rewrites(plan, links),
        *_connect(plan, links),
        *_request_status(plan, request, links),
    ]


def drop(links: Mapping[str, LinkView], request: Task | None) -> list[Action]:
    """Close what is still open of a campaign that was cancelled, each with a comment; `request` None: it is gone."""
    because = "the request was deleted" if request is None else f"the request {request.label} was cancelled"
    return [action for key, link in links.items() if link.open for action in _dropped(key, link, because)]


def make(plan: Plan, links: Mapping[str, LinkView], where: str) -> list[Action]:
    """The creates and dependencies of `decide`, for a connection in which part of a plan stands too."""
    return [*_create(plan, links, where), *_connect(plan, links, where)]


def missing(plan: Plan, links: Mapping[str, LinkView]) -> list[PlannedTask]:
    """Planned tasks that the tracker does not have yet."""
    return [task for task in plan.tasks if task.key not in links or links[task.key].state == "intended"]


def progress(plan: Plan, links: Mapping[str, LinkView]) -> tuple[int, int]:
    """How many tasks are done, of how many that count."""
    counted = _counted(plan, links)
    return counted.count(Status.DONE), len(counted)


def roll_up(plan: Plan, links: Mapping[str, LinkView]) -> Status:
    """The request's status from its tasks': done when all that were not dropped are done, doing once any has moved."""
    counted = _counted(plan, links)
    if counted and all(status is Status.DONE for status in counted):
        return Status.DONE
    if any(status is not Status.TODO for status in counted):
        return Status.DOING
    return Status.TODO


def _counted(plan: Plan, links: Mapping[str, LinkView]) -> list[Status]:
    found = [links[task.key].status if task.key in links else Status.TODO for task in plan.tasks]
    return [status for status in found if status is not Status.DROPPED]


def _create(plan: Plan, links: Mapping[str, LinkView], where: str = "") -> list[Action]:
    return [CreateTask(planned=task, where=where) for task in missing(plan, links)]


def _connect(plan: Plan, links: Mapping[str, LinkView], where: str = "") -> list[Action]:
    titles = {task.key: task.title for task in plan.tasks}
    gone = {key for key, link in links.items() if link.state in ("gone", "refused")}
    actions: list[Action] = []
    for task in plan.tasks:
        link = links.get(task.key)
        if link and (link.state in ("gone", "refused") or link.status.closed):
            continue
        written = link.agreed.waits_for if link else ()
        wanted = tuple(key for key in task.depends_on if key not in gone)
        if set(wanted) - set(written):
            names = tuple(titles[key] for key in wanted)
            waits = SetDependencies(key=task.key, title=task.title, waits_for=wanted, titles=names, where=where)
            actions.append(waits)
    return actions


def _date(plan: Plan, links: Mapping[str, LinkView]) -> list[Action]:
    actions: list[Action] = []
    for task in plan.tasks:
        link = links.get(task.key)
        if link is None or not link.open or (link.agreed.has_no("due_on") and not link.again):
            continue
        agreed = link.agreed
        # A day that a person fixed stays; only the start must not come after it.
        if link.pinned_on == task.due_on and not (agreed.start_on and agreed.start_on > task.due_on):
            continue
        ours_moved = (task.start_on, task.due_on) != (agreed.plan_start, agreed.plan_due)
        if (ours_moved or agreed.has_no("due_on")) and (task.start_on, task.due_on) != (agreed.start_on, agreed.due_on):
            actions.append(
                MoveDates(
                    key=task.key, title=agreed.title, start_on=task.start_on, due_on=task.due_on, was=agreed.due_on
                )
            )
    return actions


def _request_status(plan: Plan, request: RequestView, links: Mapping[str, LinkView]) -> list[Action]:
    if request.task is None:
        return []
    ours = roll_up(plan, links)
    if ours is request.rolled_up or ours is request.task.status:
        return []
    if request.task.status.closed and request.rolled_up is not Status.DONE:
        return []  # a person closed it while tasks are open: theirs to reopen
    done, total = progress(plan, links)
    because = f"{done} of {total} tasks are done"
    return [SetStatus(key=REQUEST, title=request.task.title, status=ours, because=because)]


def _reopen(plan: Plan, links: Mapping[str, LinkView]) -> list[Action]:
    because = "the request asks for it again"
    return [
        SetStatus(key=task.key, title=link.agreed.title, status=Status.TODO, because=because)
        for task in plan.tasks
        if (link := links.get(task.key)) and link.dropped and link.state == "made"
    ]


def _leave(plan: Plan, links: Mapping[str, LinkView], because: str) -> list[Action]:
    """Close what the request no longer asks for, such as a third invitation; nothing is ever deleted."""
    planned = {task.key for task in plan.tasks}
    return [
        action
        for key, link in links.items()
        if link.open and key not in planned
        for action in _dropped(key, link, because)
    ]


def _dropped(key: str, link: LinkView, because: str) -> list[Action]:
    title, text = link.agreed.title, f"**Dropped by Tminus**: {plain(because)}, so nobody owes this any more."
    return [
        Say(key=key, name="dropped", text=text, title=title),
        SetStatus(key=key, title=title, status=Status.DROPPED, because=because),
    ]
