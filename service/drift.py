"""Whether the calendars of running campaigns are still what freezing them today would give.

A release of the holiday data, or a changed file, is shown with the plans that it would move, and moves none by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from service import create
from service.core.calendar import Calendar
from service.core.calendar_changes import changes
from service.core.plan import InputProblems, Plan
from service.core.template import Template
from service.runtime import Runtime
from service.store import campaigns, links
from service.store.engine import reading
from service.store.tables import Campaign

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Move:
    """A task that would be due on another day."""

    task: str
    was: date
    would_be: date


@dataclass(frozen=True, slots=True)
class Drift:
    """One running campaign whose frozen calendar is not today's."""

    request: str
    title: str
    calendar: str
    days: tuple[str, ...]
    """What differs, in words."""
    moves: tuple[Move, ...]
    """What planning anew by today's calendar would move; nothing does so by itself."""
    unknown: str = ""
    """Why the moves cannot be told."""


def drifts(runtime: Runtime) -> Iterator[Drift]:
    """Every running campaign whose calendar would be frozen otherwise today."""
    offset = 0
    with reading(runtime.engine) as session:
        while some := campaigns.listing(session, "running", limit=_AT_ONCE, offset=offset):
            offset += len(some)
            for campaign in some:
                if found := _drift(runtime, session, campaign):
                    yield found


def _drift(runtime: Runtime, session: Session, campaign: Campaign) -> Drift | None:
    template = Template.model_validate(campaign.template_snapshot)
    frozen = Calendar.from_dict(campaign.calendar_snapshot)
    if gone := [name for name in (frozen.name, *frozen.beside) if not runtime.catalogue.has_calendar(name)]:
        sentence = f"there is no usable calendar `{'`, `'.join(gone)}` any more"
        return Drift(campaign.request_label, campaign.title, frozen.name, (sentence,), ())
    today = runtime.catalogue.calendar_of(template, around=campaign.created_at.date())
    days = tuple(changes(frozen, today))
    if not days:
        return None
    try:
        moves = tuple(_moves(runtime, session, campaign, template, today))
    except InputProblems as error:
        unknown = "its request cannot be planned: " + "; ".join(map(str, error.problems))
        return Drift(campaign.request_label, campaign.title, frozen.name, days, (), unknown)
    return Drift(campaign.request_label, campaign.title, frozen.name, days, moves)


def _moves(
    runtime: Runtime, session: Session, campaign: Campaign, template: Template, today: Calendar
) -> Iterator[Move]:
    """Planned anew twice, so that what only the passing of time would move is not put down to the calendar."""
    known, now = links.views(session, campaign.id), runtime.now().date()
    current = Plan.from_dict(campaign.plan) if campaign.plan else None
    inputs = create.typed_inputs(campaign, template, campaign.inputs, now)
    basis = create.basis(template, inputs, current, campaign.agreed.get("basis", {}), known)
    other = Campaign(**campaign.model_dump() | {"calendar_snapshot": today.as_dict()})
    by_frozen = create.plan_of(campaign, basis, known, now)
    would_be = {task.key: task.due_on for task in create.plan_of(other, basis, known, now).tasks}
    for task in by_frozen.tasks:
        if task.key in would_be and would_be[task.key] != task.due_on:
            yield Move(task.title, task.due_on, would_be[task.key])
