"""A template and the facts of one request, as a network that can be solved."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from service.core.calendar import Calendar
from service.core.checking import task_of
from service.core.feasibility import Squeeze
from service.core.schedule import COMPLETE, Edge, Network, Node, Notice, network
from service.core.template import Dependency, TaskTemplate, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one request when it is planned."""

    inputs: Mapping[str, Any]
    """Typed, as `read_inputs` gives them."""
    complete_on: date
    """The day on which everything needed was there; business days count from it."""
    today: date
    """Nothing that is still open is planned before it."""
    done: Mapping[str, date] = field(default_factory=dict)
    """Finished tasks and when."""
    pins: Mapping[str, date] = field(default_factory=dict)
    """Dates that a person fixed."""
    dropped: frozenset[str] = frozenset()
    """Tasks that nobody does any more; those that waited for them wait for their predecessors instead."""


def wire(template: Template, calendar: Calendar, facts: Facts) -> Network:
    """The constraint network of this request. Rules about an empty input or a task left out are left out too."""
    keys = [key for key, task in template.tasks.items() if _belongs(key, task, facts)]
    anchors = {COMPLETE: facts.complete_on}
    for name, entry in template.inputs.items():
        if entry.type == "date" and (day := facts.inputs.get(name)) is not None:
            anchors[f"inputs.{name}"] = day
    lead = template.lead_time
    return network(
        calendar,
        [_node(key, template.tasks[key], anchors, facts) for key in keys],
        _edges(template, keys, anchors, facts),
        anchors=anchors,
        begin=facts.complete_on,
        today=max(facts.today, facts.complete_on),
        notices=[Notice(lead.ref, lead.span)] if lead is not None and lead.ref in anchors else [],
    )


def squeezes(template: Template, net: Network) -> list[Squeeze]:
    """What of this request's network may be cut when time is short."""
    gaps = {(edge.before, edge.after) for edge in net.edges if edge.kind == "min_gap"}
    items = []
    for item in template.feasibility.compress:
        if item.task is not None and item.task in net.nodes:
            items.append(Squeeze(item.task, item.min.value))
        elif (ends := (task_of(item.from_ or ""), task_of(item.to or ""))) in gaps:
            items.append(Squeeze(ends, item.min.value))
    return items


def _belongs(key: str, task: TaskTemplate, facts: Facts) -> bool:
    return key not in facts.dropped and (task.when is None or task.when.holds(dict(facts.inputs)))


def _node(key: str, task: TaskTemplate, anchors: Mapping[str, date], facts: Facts) -> Node:
    return Node(
        key=key,
        duration=task.duration.value,
        alap=task.mode == "alap" or (task.mode is None and task.due is not None and task.due.direction == "before"),
        anchor=task.pinned if task.pinned in anchors else None,
        rounding=task.on_non_working_day,
        fixed=facts.done.get(key) or facts.pins.get(key),
        not_before=_bound(task.not_before, anchors),
        not_after=_bound(task.not_after, anchors),
    )


def _bound(written: date | str | None, anchors: Mapping[str, date]) -> date | None:
    return anchors.get(written) if isinstance(written, str) else written


def _edges(template: Template, keys: Collection[str], anchors: Mapping[str, date], facts: Facts) -> Iterator[Edge]:
    known = {*keys, *anchors}
    for key in keys:
        if key in facts.done:
            continue  # what led to a finished task no longer matters
        for wait in _waits(template, key, keys):
            yield Edge(wait.task, key, wait.lag, "depends_on")
        due = template.tasks[key].due
        if due is not None and (ref := task_of(due.ref)) in known:
            ends = (ref, key) if due.direction == "after" else (key, ref)
            yield Edge(*ends, due.span, "due")
    for gap in template.min_gaps:
        ends = task_of(gap.from_), task_of(gap.to)
        if known.issuperset(ends):
            yield Edge(*ends, gap.at_least, "min_gap")


def _waits(template: Template, key: str, keys: Collection[str]) -> list[Dependency]:
    """What the task waits for; a task left out hands on its own predecessors."""
    waits: dict[str, Dependency] = {}
    for wait in template.tasks[key].depends_on:
        for real in [wait] if wait.task in keys else _waits(template, wait.task, keys):
            waits.setdefault(real.task, real)
    return list(waits.values())
