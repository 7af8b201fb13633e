"""Ways out when the dates cannot be kept: cut what the template allows to be cut, or find the first date that works."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from service.core.network import Network, Squeezed
from service.core.schedule import bounds

SEARCH_DAYS = 500
"""How many working days ahead the earliest possible date is looked for."""


@dataclass(frozen=True, slots=True)
class Squeeze:
    """A duration or gap that may be cut down to `least` of its own unit."""

    what: Squeezed
    least: int


def squeeze(net: Network, items: Iterable[Squeeze]) -> tuple[Network, dict[Squeezed, int]]:
    """Cut items in order until no task is late: each as far as it helps and no further; also what was changed."""
    changes: dict[Squeezed, int] = {}
    shortfall = bounds(net).shortfall
    for item in items:
        size = net.size(item.what)
        if shortfall == 0 or item.least >= size:
            continue
        goal = bounds(net.resized(item.what, item.least)).shortfall
        if goal < shortfall:
            values = range(size - 1, item.least, -1)
            helps = (value for value in values if bounds(net.resized(item.what, value)).shortfall == goal)
            changes[item.what] = next(helps, item.least)
            net = net.resized(item.what, changes[item.what])
            shortfall = goal
    return net, changes


def earliest_anchor(net: Network, anchor: str, items: Sequence[Squeeze] = ()) -> date | None:
    """The first working day, from the anchor's date on, for which the plan is feasible, cutting `items` if need be.

    None when there is none within `SEARCH_DAYS` working days.
    """
    first = net.calendar.next(net.anchors[anchor])
    shortest = net
    for item in items:
        shortest = shortest.resized(item.what, min(item.least, net.size(item.what)))

    def possible(steps: int) -> bool:
        moved = shortest.at(anchor, net.calendar.shift(first, steps))
        return not moved.short_notice() and not bounds(moved).late

    def planned(steps: int) -> bool:
        moved = net.at(anchor, net.calendar.shift(first, steps))
        return bounds(squeeze(moved, items)[0]).feasible

    start = 0
    if _later_is_never_worse(net, anchor):
        start = _first(possible)
    # Cutting one item after the other can win less than cutting all at once, so the real answer may lie days later.
    found = (steps for steps in range(start, SEARCH_DAYS + 1) if possible(steps) and (not items or planned(steps)))
    steps = next(found, None)
    return None if steps is None else net.calendar.shift(first, steps)


def _first(possible: Callable[[int], bool]) -> int:
    """The least number that is possible, given that every greater one is too; beyond the search when none is.

    The answer is mostly near, so the steps begin small and double.
    """
    low, high = -1, 0
    while not possible(high):
        if high > SEARCH_DAYS:
            return high
        low, high = high, 2 * high + 1
    return bisect_left(range(high), True, lo=low + 1, key=possible)


def _later_is_never_worse(net: Network, anchor: str) -> bool:
    """Whether moving the anchor later cannot make a task late: nothing that it pushes has an upper bound."""
    latest = bounds(net).latest
    pushed = {anchor} | {node.key for node in net.nodes.values() if node.anchor == anchor and node.fixed is None}
    for key in net.order:
        if any(edge.before in pushed for edge in net.incoming[key]):
            if latest.get(key) is not None:
                return False
            pushed.add(key)
    return True
