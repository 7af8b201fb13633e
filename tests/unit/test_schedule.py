"""The constraint network, checked against an independent search through every date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.calendar import Calendar
from service.core.feasibility import Squeeze, earliest_anchor, squeeze
from service.core.offsets import Span
from service.core.schedule import COMPLETE, Cycle, Edge, Network, Node, Notice, bounds, network, schedule

START = date(2027, 3, 1)
WINDOW = 40
LONGEST = 250
"""Days in which five tasks, each a month and some work after the other, are surely over."""


@dataclass(frozen=True)
class Case:
    """A small random network and its parts."""

    net: Network
    edges: tuple[Edge, ...]


@st.composite
def networks(draw: st.DrawFn) -> Case:
    """Up to five tasks, one launch date, dependencies, gaps and due rules, holidays, and bounds of their own."""
    holidays = draw(st.lists(st.integers(0, WINDOW), max_size=5))
    mask = draw(st.sampled_from(("1111100", "1111000", "1111001", "1111111")))
    calendar = Calendar(name="any", weekmask=mask, holidays={START + timedelta(step): "off" for step in holidays})
    count = draw(st.integers(1, 5))
    spans = st.builds(Span, st.integers(0, 4), st.sampled_from(("business_days", "days")))
    spans |= st.builds(Span, st.integers(0, 1), st.sampled_from(("weeks", "months")))
    bound = st.none() | st.integers(0, WINDOW).map(lambda step: START + timedelta(step))
    nodes, edges = [], []
    for index in range(count):
        key = f"t{index}"
        nodes.append(
            Node(
                key=key,
                duration=draw(st.integers(0, 4)),
                alap=draw(st.booleans()),
                not_before=draw(bound) if draw(st.integers(0, 3)) == 0 else None,
                not_after=draw(bound) if draw(st.integers(0, 3)) == 0 else None,
            )
        )
        for before in range(index):
            if draw(st.booleans()):
                kind = draw(st.sampled_from(("depends_on", "due", "min_gap")))
                edges.append(Edge(f"t{before}", key, draw(spans), kind))
        if draw(st.integers(0, 2)) == 0:
            edges.append(Edge(key, "launch", draw(spans), "due"))
        if draw(st.integers(0, 4)) == 0:
            edges.append(Edge("launch", key, draw(spans), "due"))
    launch = START + timedelta(draw(st.integers(0, WINDOW)))
    begin = START + timedelta(draw(st.integers(0, 9)))
    return Case(network(calendar, nodes, edges, anchors={"launch": launch}, begin=begin), tuple(edges))


def plus(calendar: Calendar, day: date, span: Span, sign: int = 1) -> date:
    """Calendar arithmetic of its own, day by day."""
    if span.unit == "business_days":
        for _ in range(span.value):
            day += timedelta(sign)
            while not calendar.is_working(day):
                day += timedelta(sign)
        return day
    if span.unit == "months":
        for _ in range(span.value):
            first = day.replace(day=1) + timedelta(32 if sign > 0 else -1)
            last = (first.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
            day = first.replace(day=min(day.day, last.day))
        return day
    return day + sign * timedelta(span.value * (7 if span.unit == "weeks" else 1))


def least_after(net: Network, edge: Edge, before: date) -> date:
    """The first date that the rule allows for the later end."""
    first = plus(net.calendar, before, edge.span)
    if edge.kind == "depends_on":
        first = plus(net.calendar, first, Span(net.nodes[edge.after].duration, "business_days"))
    return first


def last_before(net: Network, edge: Edge) -> date:
    """The last date that a rule into the launch allows for the earlier end."""
    last = plus(net.calendar, net.anchors[edge.after], edge.span, -1)
    while not net.calendar.is_working(last):
        last -= timedelta(1)
    return last


def holds(net: Network, edge: Edge, dates: dict[str, date]) -> bool:
    """Whether the rule is kept by these dates, as the rule is written down."""
    if edge.after == "launch":
        return dates[edge.before] <= last_before(net, edge)
    return dates[edge.after] >= least_after(net, edge, dates[edge.before])


def allowed(net: Network, key: str) -> list[date]:
    """The working days on which the task alone could be due."""
    node = net.nodes[key]
    floor = plus(net.calendar, net.begin, Span(node.duration, "business_days"))
    days = (START + timedelta(step) for step in range(LONGEST))
    return [
        day
        for day in days
        if net.calendar.is_working(day)
        and (node.not_before is None or day >= node.not_before)
        and (node.not_after is None or day <= node.not_after)
        and day >= floor
    ]


def narrowed(case: Case) -> dict[str, list[date]]:
    """For each task the dates that some date of every neighbour agrees with: cross out until nothing changes."""
    net = case.net
    choices = {key: allowed(net, key) for key in net.nodes}
    between = []
    for edge in case.edges:
        if edge.after == "launch":
            choices[edge.before] = [day for day in choices[edge.before] if day <= last_before(net, edge)]
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


@settings(max_examples=200, deadline=None)
@given(networks())
def test_a_plan_is_possible_exactly_when_some_dates_keep_every_rule(case: Case) -> None:
    """Nothing is late if and only if crossing out impossible dates leaves one for every task.

    Then the first and last dates left are the earliest and latest, and the dates given out keep every rule.
    """
    found = bounds(case.net)
    choices = narrowed(case)
    assert (not found.late) == all(choices.values())
    if not found.late:
        due = {**schedule(found).due, "launch": case.net.anchors["launch"]}
        assert all(due[key] in allowed(case.net, key) for key in case.net.nodes)
        assert all(holds(case.net, edge, due) for edge in case.edges)
        assert {key: days[0] for key, days in choices.items()} == dict(found.earliest)
        bounded = {key: day for key, day in found.latest.items() if day}
        assert {key: choices[key][-1] for key in bounded} == bounded


@settings(max_examples=100, deadline=None)
@given(networks(), st.integers(1, 30))
def test_a_later_launch_never_hurts_what_comes_before_it(case: Case, later: int) -> None:
    """Without rules that count from the launch, moving it later keeps a possible plan possible."""
    if any(edge.before == "launch" for edge in case.edges) or bounds(case.net).late:
        return
    moved = case.net.at("launch", case.net.anchors["launch"] + timedelta(later))
    assert not bounds(moved).late


@settings(max_examples=100, deadline=None)
@given(networks())
def test_the_earliest_possible_launch_is_the_first_that_works(case: Case) -> None:
    """The date found is possible, and no working day between the one asked for and it is."""
    net = case.net
    found = earliest_anchor(net, "launch")
    day = net.calendar.next(net.anchors["launch"])
    for _ in range(60):
        if not bounds(net.at("launch", day)).late:
            break
        day = net.calendar.shift(day, 1)
    else:
        assert found is None or found > day
        return
    assert found == day


def chain(launch: date, begin: date = START) -> Network:
    """Write and draw side by side, then build, then a launch a week later."""
    nodes = [Node(key="write", duration=3), Node(key="draw", duration=3), Node(key="build", duration=4)]
    edges = [
        Edge("write", "build", Span(0, "business_days"), "depends_on"),
        Edge("draw", "build", Span(0, "business_days"), "depends_on"),
        Edge("build", "launch", Span(7, "days"), "min_gap"),
    ]
    anchors = {"launch": launch, COMPLETE: begin}
    notices = [Notice("launch", Span(2, "weeks"))]
    return network(Calendar(name="plain"), nodes, edges, anchors=anchors, begin=begin, notices=notices)


def test_cutting_stops_where_it_no_longer_helps() -> None:
    """An item that wins nothing alone keeps its length, and none is cut further than it helps."""
    net = chain(date(2027, 3, 15))
    assert bounds(net).shortfall == 2
    shorter, changes = squeeze(net, [Squeeze("write", 1), Squeeze("build", 1)])
    assert changes == {"build": 2}
    assert not bounds(shorter).late


def test_a_gap_can_be_cut_too() -> None:
    """A minimum gap is cut in its own unit, and only as far as it helps most."""
    net = chain(date(2027, 3, 15))
    shorter, changes = squeeze(net, [Squeeze(("build", "launch"), 2)])
    assert changes == {("build", "launch"): 5}
    assert bounds(shorter).feasible


def test_the_earliest_anchor_counts_on_what_may_be_cut() -> None:
    """With cuts allowed the first date that works is earlier, and lead time is never cut."""
    net = chain(date(2027, 3, 8))
    assert earliest_anchor(net, "launch") == date(2027, 3, 17)
    assert earliest_anchor(net, "launch", [Squeeze("build", 1)]) == date(2027, 3, 15)


def test_no_date_helps_against_a_bound_of_its_own() -> None:
    """A task that has to be over before it can be is late on every date: there is no earliest one."""
    nodes = [Node(key="t", duration=3, not_after=START)]
    net = network(Calendar(name="plain"), nodes, [], anchors={"launch": START}, begin=START)
    assert earliest_anchor(net, "launch") is None


def test_a_late_task_is_planned_when_it_is_needed_but_never_in_the_past() -> None:
    """Late tasks keep the date that the anchor needs, or today where that has passed."""
    dated = schedule(bounds(chain(date(2027, 3, 12))))
    assert dated.due == {"write": START, "draw": START, "build": date(2027, 3, 5)}
    assert dated.start["write"] == START


def test_a_finished_task_is_a_fixed_date() -> None:
    """What was done stays, and its dependents count from there."""
    net = chain(date(2027, 3, 31))
    fixed = [Node(key="write", duration=3, fixed=date(2027, 3, 10)), net.nodes["draw"], net.nodes["build"]]
    done = network(net.calendar, fixed, net.edges, anchors=net.anchors, begin=START)
    dated = schedule(bounds(done))
    assert dated.due["write"] == date(2027, 3, 10)
    assert dated.due["build"] == date(2027, 3, 16)
    assert "write" not in dated.bounds.earliest


def test_months_are_counted_back_to_the_very_last_day() -> None:
    """One month before the end of February is the end of January, because month ends are clamped."""
    nodes = [Node(key="ask"), Node(key="answer", not_after=date(2027, 2, 28))]
    month = Edge("ask", "answer", Span(1, "months"), "min_gap")
    every_day = Calendar(name="every day", weekmask="1111111")
    assert bounds(network(every_day, nodes, [month], anchors={}, begin=START)).latest["ask"] == date(2027, 1, 31)
    weekdays = Calendar(name="weekdays")
    assert bounds(network(weekdays, nodes, [month], anchors={}, begin=START)).latest["ask"] == date(2027, 1, 26)


def test_a_fixed_rest_day_counts_as_worked() -> None:
    """A person fixed a Sunday: what has to be done a business day before is due on Friday."""
    sunday = date(2027, 3, 14)
    nodes = [Node(key="draft", duration=2), Node(key="talk", duration=1, fixed=sunday)]
    edge = Edge("draft", "talk", Span(0, "business_days"), "depends_on")
    assert bounds(network(Calendar(name="c"), nodes, [edge], anchors={}, begin=START)).latest["draft"] == date(
        2027, 3, 12
    )


def test_a_cycle_names_its_tasks() -> None:
    """Tasks that wait for each other are refused, and the cycle is told in order."""
    nodes = [Node(key=key) for key in "abc"]
    zero = Span(0, "business_days")
    edges = [Edge(*ends, zero, "depends_on") for ends in (("a", "b"), ("b", "c"), ("c", "a"))]
    with pytest.raises(Cycle, match=r"(\w) → \w → \w → \1"):
        network(Calendar(name="plain"), nodes, edges, anchors={}, begin=START)
