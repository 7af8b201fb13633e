"""How early and how late each task of a network can be, and which date it gets.

A forward pass gives the earliest dates, a backward pass with the exact inverse of every rule gives the latest ones, and
a task is late where the two cross.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, TypeAlias

from service.core.blackout import first_due, last_due
from service.core.network import Edge, Network, Node
from service.core.offsets import Span, Which

Reason: TypeAlias = Edge | Literal["work", "begun", "today"] | Which
"""What decided a date: a rule between two tasks, the work from the start on, today, or a bound of the task's own."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How early and how late every free task can be due, and what makes it so."""

    network: Network
    fixed: Mapping[str, date]
    earliest: Mapping[str, date]
    latest: Mapping[str, date | None]
    pushed_by: Mapping[str, Reason]
    held_by: Mapping[str, Reason]

    @cached_property
    def late(self) -> tuple[str, ...]:
        """The tasks that cannot make their latest date."""
        late = (key for key, latest in self.latest.items() if latest is not None and self.earliest[key] > latest)
        return tuple(sorted(late))

    @property
    def feasible(self) -> bool:
        """No task is late and every lead time is kept."""
        return not self.late and not self.network.short_notice()

    @property
    def shortfall(self) -> int:
        """By how many working days the latest task is late."""
        return max(map(self.late_by, self.late), default=0)

    @cached_property
    def slacks(self) -> Mapping[str, int]:
        """Working days that each bounded task can slip, negative when it is late."""
        return {key: self._between(key, self.earliest[key], day) for key, day in self.latest.items() if day is not None}

    def slack(self, key: str) -> int | None:
        """Working days the task can slip, negative when it is late; None where nothing bounds it."""
        return self.slacks.get(key)

    def late_by(self, key: str) -> int:
        """Working days by which the task cannot make its latest date; 0 when it can."""
        return max(0, -self.slacks.get(key, 0))

    def _between(self, key: str, earliest: date, latest: date) -> int:
        days = self.network.calendar_of(key).working_days_between
        return days(earliest, latest) if latest >= earliest else -days(latest, earliest)

    def critical(self) -> tuple[str, ...]:
        """The tasks with the least slack."""
        least = min(self.slacks.values(), default=None)
        return tuple(sorted(key for key, slack in self.slacks.items() if slack == least))


def bounds(net: Network) -> Bounds:
    """Both passes over the network."""
    fixed = net.fixed_dates()
    earliest: dict[str, date] = {}
    pushed_by: dict[str, Reason] = {}
    for key in net.order:
        if key not in fixed:
            earliest[key], pushed_by[key] = _least(net, net.nodes[key], fixed, earliest)
    latest: dict[str, date | None] = {}
    held_by: dict[str, Reason] = {}
    for key in reversed(net.order):
        if key not in fixed:
            bound = _greatest(net, net.nodes[key], fixed, latest)
            latest[key] = None
            if bound is not None:
                latest[key], held_by[key] = bound
    return Bounds(network=net, fixed=fixed, earliest=earliest, latest=latest, pushed_by=pushed_by, held_by=held_by)


def _least(
    net: Network, node: Node, fixed: Mapping[str, date], before: Mapping[str, date], but: Collection[str] = ()
) -> tuple[date, Reason]:
    """The least due date and what decides it; `but` are tasks that do not push here."""
    calendar = net.calendar_of(node.key)
    least = calendar.shift(net.begin, node.duration)
    reason: Reason = "work"
    if node.begun is not None:
        least, reason = node.done_from(node.begun, calendar), "begun"
    elif node.start_not_before is not None and (done := node.done_from(node.start_not_before, calendar)) > least:
        least, reason = done, "start_not_before"
    if net.today > least:
        least, reason = net.today, "today"
    if node.not_before is not None and node.not_before > least:
        least, reason = node.not_before, "not_before"
    for edge in net.incoming[node.key]:
        if edge.before in but:
            continue
        day = net.pushed_to(edge, fixed.get(edge.before) or before[edge.before])
        # A predecessor explains a date better than the general floor does.
        if day > least or (day == least and not isinstance(reason, Edge)):
            least, reason = day, edge
    return first_due(least, calendar, node.blackout), reason


def _greatest(
    net: Network, node: Node, fixed: Mapping[str, date], after: Mapping[str, date | None]
) -> tuple[date, Reason] | None:
    calendar = net.calendar_of(node.key)
    bound: tuple[date, Reason] | None = None
    if node.not_after is not None:
        bound = last_due(node.not_after, calendar, node.blackout), "not_after"
    for edge in net.outgoing[node.key]:
        end = fixed.get(edge.after) or after[edge.after]
        if end is not None:
            day = last_due(net.held_to(edge, end, fixed=edge.after in fixed), calendar, node.blackout)
            if bound is None or day < bound[0]:
                bound = day, edge
    return bound


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The date every task gets, and what decided it."""

    bounds: Bounds
    due: Mapping[str, date]
    start: Mapping[str, date]
    reason: Mapping[str, Reason]
    """For every task that is not fixed."""
    held: Mapping[str, date]
    """Tasks that keep the date of the plan before, and the one that they would get."""


@dataclass(frozen=True, slots=True)
class Running:
    """The plan that a new one takes the place of."""

    due: Mapping[str, date]
    done: Collection[str]
    min_move: Span
    """A date that would move by less stays."""


def schedule(found: Bounds, running: Running | None = None) -> Schedule:
    """Date the tasks.

    A task that is as late as possible takes its latest date, every other one the least that the dates before it
    allow. A late task is due when its anchor needs it, but never before today. What has begun keeps its start.
    """
    net, fixed = found.network, found.fixed
    due: dict[str, date] = {}
    reason: dict[str, Reason] = {}
    held: dict[str, date] = {}
    for key in net.order:
        node, latest = net.nodes[key], found.latest.get(key)
        if key in fixed:
            due[key] = fixed[key]
        elif latest is not None and key in found.late:
            due[key], reason[key] = max(latest, net.first_due(key, net.today)), found.held_by[key]
        elif latest is not None and node.alap:
            due[key], reason[key] = latest, found.held_by[key]
        else:
            due[key], reason[key] = _least(net, node, fixed, due)
        if running and key not in fixed and key not in found.late and _stays(found, node, due, running):
            due[key], held[key] = running.due[key], due[key]
    start = {key: net.calendar_of(key).shift(day, min(0, 1 - net.nodes[key].duration)) for key, day in due.items()}
    for key in found.late:
        # Squeezed between today, or its earliest start, and the day it is needed, it starts at once.
        earliest = max(net.today, net.nodes[key].start_not_before or net.today)
        start[key] = min(due[key], max(start[key], net.calendar_of(key).next(earliest)))
    start |= {key: min(day, due[key]) for key, node in net.nodes.items() if (day := node.begun)}
    return Schedule(bounds=found, due=due, start=start, reason=reason, held=held)


def _stays(found: Bounds, node: Node, due: Mapping[str, date], running: Running) -> bool:
    """Whether the task keeps its date, as the new one is too near to be worth a move.

    No rule may be broken by it, but for the time that is counted from a task that was done: having come a little late
    is the very thing that moves nothing.
    """
    net, was, latest = found.network, running.due.get(node.key), found.latest[node.key]
    if was is None or was == due[node.key] or (latest is not None and was > latest):
        return False
    near, far = sorted((was, due[node.key]))
    if running.min_move.after(near, net.calendar_of(node.key)) <= far:
        return False
    pushed, _ = _least(net, node, found.fixed, due, but=running.done)
    return pushed <= was == net.first_due(node.key, was)
