"""The constraint network behind a plan: how early and how late each task can be, and which date it gets.

Every rule has the form "due(after) is at least due(before) plus something", so a forward pass gives the earliest
dates, a backward pass with the exact inverse gives the latest ones, and a task is late where the two cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Literal, TypeAlias

from service.core.blackout import NO_BLACKOUT, Blackout, first_due, last_due
from service.core.calendar import Calendar
from service.core.offsets import Rounding, Span, rounded

COMPLETE = "request.complete"
"""The anchor from which a request counts: the day on which everything needed was there."""


class Cycle(ValueError):
    """The tasks wait for each other; `path` names them in order and ends where it began."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        alone = len(set(path)) == 1
        super().__init__(
            f"`{path[0]}` waits for itself" if alone else f"these tasks wait for each other: {' → '.join(path)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A task as the network sees it. A node that is pinned to an anchor or has a fixed date is never moved."""

    key: str
    duration: int = 0
    """Working days; 0 is a milestone."""
    calendar: Calendar | None = None
    """Whose working days it counts in; the network's unless given."""
    blackout: Blackout = NO_BLACKOUT
    """When it may not be due. A date that is fixed or pinned stays all the same."""
    alap: bool = False
    """As late as possible, where something bounds it; else as early as possible."""
    anchor: str | None = None
    """Pinned to the date of this anchor."""
    rounding: Rounding = "keep"
    """What happens to that date when it is not a working day."""
    fixed: date | None = None
    not_before: date | None = None
    not_after: date | None = None
    origin: str = ""
    """What says so, such as `Email send v3`."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`after` is due at least `span` later than `before`; a dependency adds the working days that `after` takes.

    Gaps and work are counted in the calendar of the later task. An anchor has none, so a rule into one counts in the
    calendar of the task that it holds.
    """

    before: str
    after: str
    span: Span
    kind: Literal["depends_on", "due", "min_gap"]
    origin: str = ""
    """What says so, such as `Email send v3`."""

    def work(self, node: Node | None) -> int:
        """Working days that `after` itself takes between the two due dates."""
        return node.duration if node is not None and self.kind == "depends_on" else 0

    def earliest(self, before: date, work: int, calendar: Calendar) -> date:
        """The least due date of `after`, not yet rounded to a working day."""
        if self.span.unit == "business_days":
            return calendar.shift(before, self.span.value + work)
        return calendar.shift(self.span.after(before, calendar), work)

    def latest(self, after: date, work: int, calendar: Calendar, *, fixed: bool) -> date:
        """The greatest date on which `before` may be due, not yet rounded to a working day.

        From another task it is the exact inverse of `earliest`, so that the two passes never disagree. A fixed date
        counts as worked even where it is a rest day: 1 business day before a Sunday is Friday.
        """
        if self.span.unit == "business_days":
            work += self.span.value
            if fixed:
                return calendar.shift(after, -work)
        end = calendar.shift(after, 1 - work) - timedelta(days=1) if work else after
        if self.span.unit == "business_days":
            return end
        last = self.span.before(end, calendar)
        if self.span.unit == "months" and not fixed:
            # Months of different length clamp to one day, so up to three later days may still be early enough.
            later = (last + timedelta(days=extra) for extra in (3, 2, 1))
            last = next((day for day in later if self.span.after(day, calendar) <= end), last)
        return last


@dataclass(frozen=True, slots=True)
class Notice:
    """The request must be complete at least `span` of calendar time before the anchor."""

    anchor: str
    span: Span


Squeezed: TypeAlias = str | tuple[str, str]
"""What can be made shorter: a task by its key, or the gap between two."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Tasks, anchors and rules; `network` is the way to make one."""

    calendar: Calendar
    begin: date
    """Work counts from here."""
    today: date
    """Nothing that is still free is due before it."""
    anchors: Mapping[str, date]
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    notices: tuple[Notice, ...] = ()
    order: tuple[str, ...] = ()

    @cached_property
    def incoming(self) -> Mapping[str, Sequence[Edge]]:
        """The rules that push each task."""
        return self._grouped((edge.after, edge) for edge in self.edges)

    @cached_property
    def outgoing(self) -> Mapping[str, Sequence[Edge]]:
        """The rules that hold each task."""
        return self._grouped((edge.before, edge) for edge in self.edges)

    def _grouped(self, ends: Iterable[tuple[str, Edge]]) -> dict[str, list[Edge]]:
        groups: dict[str, list[Edge]] = {key: [] for key in self.nodes}
        for key, edge in ends:
            if key in groups:
                groups[key].append(edge)
        return groups

    def calendar_of(self, key: str) -> Calendar:
        """Whose working days a task counts in; the network's for an anchor."""
        node = self.nodes.get(key)
        return self.calendar if node is None or node.calendar is None else node.calendar

    def counted_in(self, edge: Edge) -> Calendar:
        """The calendar in which a rule is counted."""
        return self.calendar_of(edge.after if edge.after in self.nodes else edge.before)

    def work(self, edge: Edge) -> int:
        """Working days that the later task itself takes under this rule."""
        return edge.work(self.nodes.get(edge.after))

    def pushed_to(self, edge: Edge, before: date) -> date:
        """The least date that a rule allows for its later end, not yet rounded."""
        return edge.earliest(before, self.work(edge), self.counted_in(edge))

    def held_to(self, edge: Edge, after: date, *, fixed: bool) -> date:
        """The greatest date that a rule allows for its earlier end, not yet rounded."""
        return edge.latest(after, self.work(edge), self.counted_in(edge), fixed=fixed)

    def first_due(self, key: str, day: date) -> date:
        """The first day from then on on which the task may be due."""
        return first_due(day, self.calendar_of(key), self.nodes[key].blackout)

    def last_due(self, key: str, day: date) -> date:
        """The last day up to then on which the task may be due."""
        return last_due(day, self.calendar_of(key), self.nodes[key].blackout)

    def at(self, anchor: str, day: date) -> Network:
        """The same with another date for one anchor."""
        return replace(self, anchors={**self.anchors, anchor: day})

    def size(self, what: Squeezed) -> int:
        """How long the task or gap is now, in its own unit."""
        if isinstance(what, str):
            return self.nodes[what].duration
        return next(edge.span.value for edge in self.edges if _is_gap(edge, what))

    def resized(self, what: Squeezed, value: int) -> Network:
        """The same with another length for one task or gap."""
        if isinstance(what, str):
            return replace(self, nodes={**self.nodes, what: replace(self.nodes[what], duration=value)})
        edges = (
            replace(edge, span=replace(edge.span, value=value)) if _is_gap(edge, what) else edge for edge in self.edges
        )
        return replace(self, edges=tuple(edges))

    def short_notice(self) -> tuple[Notice, ...]:
        """The lead times that are not kept."""
        complete = self.anchors.get(COMPLETE)
        return tuple(
            notice
            for notice in self.notices
            if complete is not None and complete > notice.span.before(self.anchors[notice.anchor], self.calendar)
        )

    def fixed_dates(self) -> dict[str, date]:
        """Everything that does not move: anchors, pinned tasks, tasks with a date of their own."""
        dates = dict(self.anchors)
        for node in self.nodes.values():
            if node.fixed is not None:
                dates[node.key] = node.fixed
            elif node.anchor is not None:
                dates[node.key] = rounded(self.anchors[node.anchor], node.rounding, self.calendar_of(node.key))
        return dates


def _is_gap(edge: Edge, ends: tuple[str, str]) -> bool:
    return edge.kind == "min_gap" and (edge.before, edge.after) == ends


def network(
    calendar: Calendar,
    nodes: Iterable[Node],
    edges: Iterable[Edge],
    *,
    anchors: Mapping[str, date],
    begin: date,
    today: date | None = None,
    notices: Iterable[Notice] = (),
) -> Network:
    """A network in an order in which it can be solved. `today` is `begin` unless given.

    Raises `Cycle`, and `ValueError` for a task that may never be due.
    """
    by_key = {node.key: node for node in nodes}
    for node in by_key.values():
        if not node.blackout.leaves_a_day(node.calendar or calendar):
            raise ValueError(f"`{node.key}` may not be due on any working day")
    # Sorted, so that of two equally strong reasons the same one is told however the template is ordered.
    all_edges = tuple(sorted(edges, key=lambda edge: (edge.before, edge.after, edge.kind, str(edge.span), edge.origin)))
    return Network(
        calendar=calendar,
        begin=begin,
        today=today or begin,
        anchors=anchors,
        nodes=by_key,
        edges=all_edges,
        notices=tuple(notices),
        order=order_of(by_key, ((edge.before, edge.after) for edge in all_edges)),
    )


def order_of(keys: Iterable[str], pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The keys, each after everything it waits for; raises `Cycle`."""
    waits: dict[str, dict[str, None]] = {key: {} for key in keys}
    for before, after in pairs:
        if before in waits and after in waits:
            waits[after][before] = None
    try:
        return tuple(TopologicalSorter(waits).static_order())
    except CycleError as cycle:
        raise Cycle(cycle.args[1]) from None


Reason: TypeAlias = Edge | Literal["work", "today", "not_before", "not_after"]
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

    def late_by(self, key: str) -> int:
        """Working days by which the task cannot make its latest date; 0 when it can."""
        latest = self.latest[key]
        return 0 if latest is None else self._days(key, latest, self.earliest[key])

    def slack(self, key: str) -> int | None:
        """Working days the task can slip, negative when it is late; None where nothing bounds it."""
        latest = self.latest.get(key)
        if latest is None:
            return None
        return self._days(key, self.earliest[key], latest) - self.late_by(key)

    def _days(self, key: str, low: date, high: date) -> int:
        return self.network.calendar_of(key).working_days_between(low, high)

    def critical(self) -> tuple[str, ...]:
        """The tasks with the least slack."""
        slacks = {key: slack for key in self.earliest if (slack := self.slack(key)) is not None}
        least = min(slacks.values(), default=None)
        return tuple(sorted(key for key, slack in slacks.items() if slack == least))


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


def _least(net: Network, node: Node, fixed: Mapping[str, date], before: Mapping[str, date]) -> tuple[date, Reason]:
    least = net.calendar_of(node.key).shift(net.begin, node.duration)
    reason: Reason = "work"
    if net.today > least:
        least, reason = net.today, "today"
    if node.not_before is not None and node.not_before > least:
        least, reason = node.not_before, "not_before"
    for edge in net.incoming[node.key]:
        day = net.pushed_to(edge, fixed.get(edge.before) or before[edge.before])
        # A predecessor explains a date better than the general floor does.
        if day > least or (day == least and not isinstance(reason, Edge)):
            least, reason = day, edge
    return net.first_due(node.key, least), reason


def _greatest(
    net: Network, node: Node, fixed: Mapping[str, date], after: Mapping[str, date | None]
) -> tuple[date, Reason] | None:
    bound: tuple[date, Reason] | None = None
    if node.not_after is not None:
        bound = net.last_due(node.key, node.not_after), "not_after"
    for edge in net.outgoing[node.key]:
        end = fixed.get(edge.after) or after[edge.after]
        if end is not None:
            day = net.last_due(node.key, net.held_to(edge, end, fixed=edge.after in fixed))
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


def schedule(found: Bounds) -> Schedule:
    """Date the tasks.

    A task that is as late as possible takes its latest date, every other one the least that the dates before it
    allow. A late task is due when its anchor needs it, but never before today.
    """
    net, fixed = found.network, found.fixed
    due: dict[str, date] = {}
    reason: dict[str, Reason] = {}
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
    start = {key: net.calendar_of(key).shift(day, min(0, 1 - net.nodes[key].duration)) for key, day in due.items()}
    for key in found.late:
        # Squeezed between today and the day it is needed, it starts at once.
        start[key] = min(due[key], max(start[key], net.calendar_of(key).next(net.today)))
    return Schedule(bounds=found, due=due, start=start, reason=reason)
