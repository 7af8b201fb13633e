"""A template and the facts of one request, as a network that can be solved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from service.core.blackout import NO_BLACKOUT, Blackout
from service.core.calendar import Calendar
from service.core.effective import Effective, task_of
from service.core.feasibility import Squeeze
from service.core.network import COMPLETE, CREATED, Edge, Follows, Network, Node, Notice, network
from service.core.offsets import Offset, Span
from service.core.template import TaskTemplate, Template, Weekday
from service.core.waits import without


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one request when it is planned."""

    inputs: Mapping[str, Any]
    """Typed, as `read_inputs` gives them."""
    complete_on: date
    """The day on which everything needed was there; business days count from it."""
    created_on: date | None = None
    """The day on which it was filed; that on which it was complete, unless given."""
    today: date
    """Nothing that is still open is planned before it."""
    done: Mapping[str, date] = field(default_factory=dict)
    """Finished tasks and when."""
    begun: Mapping[str, date] = field(default_factory=dict)
    """Open tasks that somebody has begun, and when: their start stays."""
    pins: Mapping[str, date] = field(default_factory=dict)
    """Dates that a person fixed."""
    was: Mapping[str, date] = field(default_factory=dict)
    """The due dates of the plan that runs."""
    dropped: frozenset[str] = frozenset()
    """Tasks that nobody does any more; those that waited for them wait for their predecessors instead."""


def wire(template: Template, known: Effective, calendar: Calendar, facts: Facts) -> Network:
    """The constraint network of this request. Rules about an empty input or a task left out are left out too."""
    tasks = _kept(known, facts.dropped)
    anchors = {COMPLETE: facts.complete_on, CREATED: facts.created_on or facts.complete_on}
    for name, entry in template.inputs.items():
        if entry.type == "date" and (day := facts.inputs.get(name)) is not None:
            anchors[f"inputs.{name}"] = day
    return network(
        calendar,
        [_node(key, task, known.origins[key], anchors, calendar, facts) for key, task in tasks.items()],
        _edges(known, tasks, anchors, facts),
        anchors=anchors,
        begin=facts.complete_on,
        today=max(facts.today, facts.complete_on),
        notices=[Notice(term.offset.ref, term.offset.span) for term in known.lead_times if term.offset.ref in anchors],
    )


def overtaken(known: Effective, done: Collection[str], dropped: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """The finished tasks that came before something they should have waited for, and what of it is still open."""
    if not done:
        return {}
    tasks = _kept(known, dropped)
    waits = {key: {wait.task for wait in task.depends_on} for key, task in tasks.items()}
    for gap in known.gaps:
        if gap.after in waits:
            waits[gap.after].add(gap.before)
    still_open = tasks.keys() - set(done)
    return {
        key: tuple(sorted(waits[key] & still_open)) for key in sorted(waits) if key in done and waits[key] & still_open
    }


def _kept(known: Effective, dropped: Collection[str]) -> Mapping[str, TaskTemplate]:
    return without(known.tasks, dropped) if dropped else known.tasks


def squeezes(template: Template, net: Network) -> list[Squeeze]:
    """What of this request's network may be cut when time is short."""
    gaps = {(edge.before, edge.after) for edge in net.edges if edge.kind == "min_gap"}
    items = []
    for item in template.feasibility.compress:
        if together := [key for key in item.work if key in net.nodes]:
            items.append(Squeeze(tuple(together), item.min.value))
        elif (ends := (task_of(item.from_ or ""), task_of(item.to or ""))) in gaps:
            items.append(Squeeze((ends,), item.min.value))
    return items


def _node(
    key: str, task: TaskTemplate, origin: str, anchors: Mapping[str, date], calendar: Calendar, facts: Facts
) -> Node:
    own = calendar.named(task.calendar)
    follows = tuple(_follows(task, anchors))
    counted = {bound.which: bound.on(anchors[bound.anchor], own) for bound in follows}
    return Node(
        key=key,
        duration=task.duration.value,
        calendar=own,
        alap=task.mode == "alap" or (task.mode is None and task.due is not None and task.due.direction == "before"),
        anchor=task.pinned if task.pinned in anchors else None,
        rounding=task.on_non_working_day,
        blackout=blackout_of(task),
        fixed=facts.done.get(key) or facts.pins.get(key),
        begun=facts.begun.get(key),
        **{which: day for which, bound in task.bounds.items() if isinstance(day := counted.get(which, bound), date)},
        follows=follows,
        origin=origin,
    )


def blackout_of(task: TaskTemplate) -> Blackout:
    """The days on which the template never has it due."""
    if not task.blackout:
        return NO_BLACKOUT
    dates = frozenset(day for day in task.blackout if isinstance(day, date))
    names = get_args(Weekday)
    return Blackout(frozenset(names.index(day) for day in task.blackout if not isinstance(day, date)), dates)


def _follows(task: TaskTemplate, anchors: Mapping[str, date]) -> Iterator[Follows]:
    """The bounds of a task that are counted from a date that is known."""
    for which, bound in task.bounds.items():
        if isinstance(bound, Offset) and bound.ref in anchors:
            yield Follows(which, bound.ref, bound.span, 1 if bound.direction == "after" else -1)
        elif isinstance(bound, str) and bound in anchors:
            yield Follows(which, bound, Span(0, "days"), 1)


def _edges(
    known: Effective, tasks: Mapping[str, TaskTemplate], anchors: Mapping[str, date], facts: Facts
) -> Iterator[Edge]:
    there = {*tasks, *anchors}
    for key, task in tasks.items():
        if key in facts.done:
            continue  # what led to a finished task no longer matters
        origin = known.origins[key]
        for wait in task.depends_on:
            yield Edge(wait.task, key, wait.lag, "depends_on", origin)
        if task.due is not None and (ref := task_of(task.due.ref)) in there:
            ends = (ref, key) if task.due.direction == "after" else (key, ref)
            yield Edge(*ends, task.due.span, "due", origin)
    for gap in known.gaps:
        if there.issuperset((gap.before, gap.after)) and gap.after not in facts.done:
            yield Edge(gap.before, gap.after, gap.span, "min_gap", gap.origin)
