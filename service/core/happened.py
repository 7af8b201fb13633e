"""What a run over a campaign saw happen, as events for clocks and commitments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import Status
from service.core.effective import effective
from service.core.event import Event
from service.core.merge import LinkView, News
from service.core.offsets import Offset
from service.core.plan import Plan
from service.core.template import Template

REPLIES = frozenset({"status", "pinned", "moved", "renamed", "reassigned"})
"""What somebody does to a task of ops that shows that it is being dealt with."""
TOLD = (
    "request.created",
    "request.complete",
    "request.moved",
    "ops.first_reply",
    "campaign.launched",
    "campaign.done",
    "campaign.cancelled",
    "campaign.resumed",
)
"""What is told here, besides what happens to each task."""
NOT_BEGUN = frozenset({"waiting_for_input", "refused"})
OVER = frozenset({"done", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The campaign that it happened to."""

    id: str
    facts: Mapping[str, Any]
    """What every event of it tells: template, request, title and inputs."""
    now: datetime
    """When we saw it, which is when it counts as having happened."""


def to_tasks(
    subject: Subject, news: Iterable[News], links: Mapping[str, LinkView], plan: Plan, launch: str | None
) -> Iterator[Event]:
    """What people did with the campaign's tasks. `launch` is the one with which it goes out."""
    parties = {task.key: task.party for task in plan.tasks}
    for item in news:
        if item.kind == "status":
            status = links[item.key].status
            yield _event(subject, f"{item.key}.{status}", each=True)
            if status is Status.DONE and item.key == launch:
                yield _event(subject, "campaign.launched")
        if item.kind in REPLIES and parties.get(item.key) == "ops":
            yield _event(subject, "ops.first_reply")


def to_campaign(subject: Subject, was: str, state: str, complete_at: datetime) -> Iterator[Event]:
    """What became of the campaign; `complete_at` is when its request had everything that it needs."""
    if was in NOT_BEGUN and state == "running":
        yield _event(subject, "request.complete", at=complete_at)
    if was == "cancelled" and state != was:
        yield _event(subject, "campaign.resumed", each=True)
    if state in OVER and was != state:
        yield _event(subject, f"campaign.{state}", each=True)


def to_request(subject: Subject, was: str | None, status: Status | None) -> Iterator[Event]:
    """The request itself went from one status to another."""
    if status is not None and was is not None and was != status.value:
        yield _event(subject, "request.moved", each=True, status=status.value)


def filed(subject: Subject, at: datetime) -> Event:
    """The request was filed."""
    return _event(subject, "request.created", at=at)


def launching(template: Template, plan: Plan) -> str | None:
    """The task with which the campaign goes out: the one pinned to a date, else the one due on it, else the last."""
    planned = {task.key for task in plan.tasks}
    tasks = {key: task for key, task in effective(template, plan.inputs).tasks.items() if key in planned}
    pinned = [key for key, task in tasks.items() if task.pinned]
    on_the_day = [key for key, task in tasks.items() if task.due and _on_a_date(task.due)]
    last = [task.key for task in plan.tasks[-1:]]
    return next(iter([*pinned, *on_the_day, *last]), None)


def _on_a_date(due: Offset) -> bool:
    return due.value == 0 and due.ref.startswith("inputs.")


def _event(subject: Subject, kind: str, *, each: bool = False, at: datetime | None = None, **more: Any) -> Event:
    """`each`: it may happen again, and every time counts; else only the first time is kept."""
    name = f"{subject.id}:{kind}" + (f":{subject.now.isoformat()}" if each else "")
    return Event(name, kind, at or subject.now, subject.id, dict(subject.facts) | more)
