"""The constraint network behind a plan, as data: tasks, anchors, and the rules between them.

Every rule has the form "due(after) is at least due(before) plus something"; `service.core.schedule` solves it.
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
from service.core.offsets import Rounding, Span, Which, rounded

_ONE_DAY = timedelta(days=1)
COMPLETE = "request.complete"
"""The anchor from which a request counts: the day on which everything needed was there."""
CREATED = "request.created"
"""The day on which it was filed, complete or not."""


class Cycle(ValueError):
    """The tasks wait for each other; `path` names them in order and ends where it began."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        alone = len(set(path)) == 1
        super().__init__(
            f"`{path[0]}` waits for itself" if alone else f"these tasks wait for each other: {' → '.join(path)}"
        )


@dataclass(frozen=True, slots=True)
class Follows:
    """A bound that is counted from an anchor."""

    which: Which
    anchor: str
    span: Span
    sign: int
    """1 for after the anchor, -1 for before it."""

    def on(self, day: date, calendar: Calendar) -> date:
        """The bound when this is the day of the anchor."""
        return self.span.after(day, calendar, self.sign)


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
    begun: date | None = None
    """When somebody began it: it starts there, whatever would have it start on another day."""
    not_before: date | None = None
    not_after: date | None = None
    start_not_before: date | None = None
    follows: tuple[Follows, ...] = ()
    """Those of its bounds that move with an anchor."""
    origin: str = ""
    """What says so, such as `Email send v3`."""

    def pushed_by(self, anchor: str) -> bool:
        """Whether its lower bound moves with this anchor."""
        return any(bound.which != "not_after" and bound.anchor == anchor for bound in self.follows)

    def done_from(self, start: date, calendar: Calendar) -> date:
        """When it is done if it starts then, or on the first working day after; the first day of the work counts."""
        return calendar.shift(calendar.next(start), max(0, self.duration - 1))


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
        end = calendar.shift(after, 1 - work) - _ONE_DAY if work else after
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

    def terms(self, edge: Edge) -> tuple[int, Calendar]:
        """Working days that the later task itself takes under this rule, and the calendar in which both are counted."""
        after = self.nodes.get(edge.after)
        if after is None:
            return 0, self.calendar_of(edge.before)
        return after.duration if edge.kind == "depends_on" else 0, after.calendar or self.calendar

    def pushed_to(self, edge: Edge, before: date) -> date:
        """The least date that a rule allows for its later end, not yet rounded."""
        return edge.earliest(before, *self.terms(edge))

    def held_to(self, edge: Edge, after: date, *, fixed: bool) -> date:
        """The greatest date that a rule allows for its earlier end, not yet rounded."""
        return edge.latest(after, *self.terms(edge), fixed=fixed)

    def first_due(self, key: str, day: date) -> date:
        """The first day from then on on which the task may be due."""
        return first_due(day, self.calendar_of(key), self.nodes[key].blackout)

    def last_due(self, key: str, day: date) -> date:
        """The last day up to then on which the task may be due."""
        return last_due(day, self.calendar_of(key), self.nodes[key].blackout)

    def at(self, anchor: str, day: date) -> Network:
        """The same with another date for one anchor."""
        nodes = {key: self._following(node, anchor, day) for key, node in self.nodes.items()}
        return replace(self, anchors={**self.anchors, anchor: day}, nodes=nodes)

    def _following(self, node: Node, anchor: str, day: date) -> Node:
        calendar = self.calendar_of(node.key)
        moved = {bound.which: bound.on(day, calendar) for bound in node.follows if bound.anchor == anchor}
        return replace(node, **moved) if moved else node  # type: ignore[arg-type]

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


def _in_order(edge: Edge) -> tuple[str | int, ...]:
    return edge.before, edge.after, edge.kind, edge.span.unit, edge.span.value, edge.origin


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
        if node.blackout.weekdays and not node.blackout.leaves_a_day(node.calendar or calendar):
            raise ValueError(f"`{node.key}` may not be due on any working day")
    # Sorted, so that of two equally strong reasons the same one is told however the template is ordered.
    all_edges = tuple(sorted(edges, key=_in_order))
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
