"""Ways out when the dates cannot be kept: cut what the template allows to be cut, or find the first date that works."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from service.core.network import Network, Squeezed
from service.core.schedule import Bounds, bounds

SEARCH_DAYS = 500
"""How many working days ahead the earliest possible date is looked for."""


@dataclass(frozen=True, slots=True)
class Squeeze:
    """A gap, or durations that are cut together, that may go down to `least` of its own unit."""

    what: tuple[Squeezed, ...]
    least: int

    def size(self, net: Network) -> int:
        """How long the longest of them is now."""
        return max(map(net.size, self.what))

    def cut(self, net: Network, size: int) -> Network:
        """The same with none of them longer than this."""
        for one in self.what:
            if net.size(one) > size:
                net = net.resized(one, size)
        return net


def squeeze(asked: Bounds, items: Iterable[Squeeze]) -> tuple[Bounds, dict[Squeezed, int]]:
    """Cut items in order until no task is late: each as far as it helps and no further; also what was changed."""
    changes: dict[Squeezed, int] = {}
    found = asked
    for item in items:
        net = found.network
        size = item.size(net)
        if not found.late or item.least >= size:
            continue
        least = bounds(item.cut(net, item.least))
        if least.shortfall < found.shortfall:
            sizes = range(item.least, size)
            as_good = bisect_right(sizes, least.shortfall, key=_shortfall_of(net, item))
            enough = sizes[as_good - 1]
            changes |= {one: enough for one in item.what if net.size(one) > enough}
            found = bounds(item.cut(net, enough))
    return found, changes


def _shortfall_of(net: Network, item: Squeeze) -> Callable[[int], int]:
    """How late the plan is with this size; a greater one is never better."""
    return lambda size: bounds(item.cut(net, size)).shortfall


def earliest_anchor(asked: Bounds, anchor: str, items: Sequence[Squeeze] = ()) -> date | None:
    """The first working day, from the anchor's date on, for which the plan is feasible, cutting `items` if need be.

    None when there is none within `SEARCH_DAYS` working days.
    """
    net = asked.network
    first = net.calendar.next(net.anchors[anchor])
    shortest = net
    for item in items:
        shortest = item.cut(shortest, item.least)

    def possible(steps: int) -> bool:
        moved = shortest.at(anchor, net.calendar.shift(first, steps))
        return not moved.short_notice() and not bounds(moved).late

    def planned(steps: int) -> bool:
        moved = net.at(anchor, net.calendar.shift(first, steps))
        return squeeze(bounds(moved), items)[0].feasible

    start = 0
    if _later_is_never_worse(asked, anchor):
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


def _later_is_never_worse(asked: Bounds, anchor: str) -> bool:
    """Whether moving the anchor later cannot make a task late: nothing that it pushes has an upper bound."""
    net, latest = asked.network, asked.latest
    pushed = {anchor} | {node.key for node in net.nodes.values() if node.anchor == anchor and node.fixed is None}
    for key in net.order:
        if net.nodes[key].pushed_by(anchor) or any(edge.before in pushed for edge in net.incoming[key]):
            if latest.get(key) is not None:
                return False
            pushed.add(key)
    return True
