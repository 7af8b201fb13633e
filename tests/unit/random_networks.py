"""Small random networks, and an independent reading of the rules that counts day by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import strategies as st

from service.core.blackout import NO_BLACKOUT, Blackout
from service.core.calendar import Calendar
from service.core.network import Edge, Network, Node, network
from service.core.offsets import Span

START = date(2027, 3, 1)
WINDOW = 40
LONGEST = 250
"""Days in which five tasks, each a month and some work after the other, are surely over."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A small random network and its parts."""

    net: Network
    edges: tuple[Edge, ...]


CALENDARS = [
    Calendar(name=f"{mask} without {off}", weekmask=mask, holidays={START + timedelta(step): "off" for step in off})
    for mask in ("1111100", "1111000", "1111001", "0011111", "1111111")
    for off in ((), (3,), (4, 5, 8), (0, 1, 14, 23, 24), (7, 9, 10, 11, 36), tuple(range(10, 21)))
]
"""Weeks of four to seven days with some days off; each is made once, since its table is most of the cost."""


# Made once: putting strategies together while drawing takes longer than everything else.
_DAYS = st.integers(0, WINDOW).map(lambda step: START + timedelta(step))
_SPANS = st.builds(Span, st.integers(0, 4), st.sampled_from(("business_days", "days"))) | st.builds(
    Span, st.integers(0, 1), st.sampled_from(("weeks", "months"))
)
_SELDOM = st.one_of(st.none(), st.none(), st.none(), _DAYS)
# On Wednesdays and Thursdays every calendar here works, so that some day is always left.
_BLACKOUTS = st.just(NO_BLACKOUT) | st.builds(
    Blackout, st.frozensets(st.sampled_from((2, 3)), max_size=1), st.frozensets(_DAYS, max_size=2)
)
_TASKS = st.builds(
    Node,
    key=st.just(""),
    duration=st.integers(0, 4),
    alap=st.booleans(),
    calendar=st.none() | st.sampled_from(CALENDARS),
    blackout=_BLACKOUTS,
    not_before=_SELDOM,
    not_after=_SELDOM,
    start_not_before=_SELDOM,
)
_RULES = st.none() | st.tuples(_SPANS, st.sampled_from(("depends_on", "due", "min_gap")))
_TO_LAUNCH = st.one_of(st.none(), st.none(), _SPANS)
_FROM_LAUNCH = st.one_of(st.none(), st.none(), st.none(), st.none(), _SPANS)
_CALENDARS = st.sampled_from(CALENDARS)
_COUNTS, _BEGINS = st.integers(1, 5), st.integers(0, 9)


@st.composite
def networks(draw: st.DrawFn) -> Case:
    """Up to five tasks with dependencies, gaps, due rules around a launch, and bounds and calendars of their own."""
    nodes, edges = [], []
    for index in range(draw(_COUNTS)):
        key = f"t{index}"
        nodes.append(replace(draw(_TASKS), key=key))
        rules = [(f"t{before}", draw(_RULES)) for before in range(index)]
        edges += [Edge(before, key, *rule) for before, rule in rules if rule]
        if span := draw(_TO_LAUNCH):
            edges.append(Edge(key, "launch", span, "due"))
        if span := draw(_FROM_LAUNCH):
            edges.append(Edge("launch", key, span, "due"))
    begin = START + timedelta(draw(_BEGINS))
    return Case(network(draw(_CALENDARS), nodes, edges, anchors={"launch": draw(_DAYS)}, begin=begin), tuple(edges))


def plus(calendar: Calendar, day: date, span: Span, sign: int = 1) -> date:
    """Calendar arithmetic of its own, day by day."""
    if span.unit == "business_days":
        for _ in range(span.value):
            day += sign * ONE_DAY
            while not calendar.is_working(day):
                day += sign * ONE_DAY
        return day
    if span.unit == "months":
        for _ in range(span.value):
            first = day.replace(day=1) + timedelta(32 if sign > 0 else -1)
            last = (first.replace(day=28) + timedelta(4)).replace(day=1) - ONE_DAY
            day = first.replace(day=min(day.day, last.day))
        return day
    return day + sign * timedelta(span.value * (7 if span.unit == "weeks" else 1))


def worked_in(net: Network, key: str) -> Calendar:
    """The calendar of a task: its own, else the network's."""
    return net.nodes[key].calendar or net.calendar


def may_be_due(net: Network, key: str, day: date) -> bool:
    """Worked, and not blacked out."""
    node = net.nodes[key]
    blacked_out = day in node.blackout.dates or day.weekday() in node.blackout.weekdays
    return worked_in(net, key).is_working(day) and not blacked_out


def least_after(net: Network, edge: Edge, before: date) -> date:
    """The first date that the rule allows for the later end, counted in the later end's calendar."""
    calendar = worked_in(net, edge.after)
    first = plus(calendar, before, edge.span)
    if edge.kind == "depends_on":
        first = plus(calendar, first, Span(net.nodes[edge.after].duration, "business_days"))
    return first


def last_before(net: Network, edge: Edge) -> date:
    """The last date that a rule into the launch allows for the earlier end, counted in that one's calendar."""
    last = plus(worked_in(net, edge.before), net.anchors[edge.after], edge.span, -1)
    while not may_be_due(net, edge.before, last):
        last -= ONE_DAY
    return last


def holds(net: Network, edge: Edge, dates: dict[str, date]) -> bool:
    """Whether the rule is kept by these dates, as the rule is written down."""
    if edge.after == "launch":
        return dates[edge.before] <= last_before(net, edge)
    return dates[edge.after] >= least_after(net, edge, dates[edge.before])


def begun_by(net: Network, key: str, due: date) -> date:
    """The day on which work that is done on this day begins; its first day counts."""
    return plus(worked_in(net, key), due, Span(max(0, net.nodes[key].duration - 1), "business_days"), -1)


def allowed(net: Network, key: str) -> list[date]:
    """The days on which the task alone could be due."""
    node = net.nodes[key]
    floor = plus(worked_in(net, key), net.begin, Span(node.duration, "business_days"))
    days = (START + timedelta(step) for step in range(LONGEST))
    return [
        day
        for day in days
        if may_be_due(net, key, day)
        and (node.not_before is None or day >= node.not_before)
        and (node.not_after is None or day <= node.not_after)
        and day >= floor
        and (node.start_not_before is None or begun_by(net, key, day) >= node.start_not_before)
    ]


def narrowed(case: Case) -> dict[str, list[date]]:
    """For each task the dates that some date of every neighbour agrees with: cross out until nothing changes."""
    net = case.net
    choices = {key: allowed(net, key) for key in net.nodes}
    between = []
    for edge in case.edges:
        if edge.after == "launch":
            last = last_before(net, edge)
            choices[edge.before] = [day for day in choices[edge.before] if day <= last]
        elif edge.before == "launch":
            first = least_after(net, edge, net.anchors["launch"])
            choices[edge.after] = [day for day in choices[edge.after] if day >= first]
        else:
            between.append((edge, {day: least_after(net, edge, day) for day in choices[edge.before]}))
    changed = True
    while changed and all(choices.values()):
        changed = False
        for edge, first_after in between:
            befores, afters = choices[edge.before], choices[edge.after]
            choices[edge.before] = [day for day in befores if afters and first_after[day] <= afters[-1]]
            choices[edge.after] = [day for day in afters if befores and first_after[befores[0]] <= day]
            changed |= (befores, afters) != (choices[edge.before], choices[edge.after])
    return choices
