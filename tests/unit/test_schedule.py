"""The constraint network, case by case; `test_plan_properties.py` tries it on random ones."""

from __future__ import annotations

from datetime import date

import pytest

from service.core.blackout import Blackout
from service.core.calendar import Calendar
from service.core.feasibility import Squeeze, earliest_anchor, squeeze
from service.core.network import COMPLETE, Cycle, Edge, Network, Node, Notice, network
from service.core.offsets import Span
from service.core.schedule import bounds, schedule

START = date(2027, 3, 1)


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
    shorter, changes = squeeze(bounds(net), [Squeeze(("write",), 1), Squeeze(("build",), 1)])
    assert changes == {"build": 2}
    assert not shorter.late


def test_work_side_by_side_is_cut_together() -> None:
    """Writing or drawing alone wins nothing; both do, each no further than it helps."""
    net = chain(date(2027, 3, 15))
    assert squeeze(bounds(net), [Squeeze(("write",), 1), Squeeze(("draw",), 1)])[1] == {}
    shorter, changes = squeeze(bounds(net), [Squeeze(("write", "draw"), 1)])
    assert changes == {"write": 1, "draw": 1}
    assert not shorter.late
    uneven, changes = squeeze(bounds(net.resized("draw", 2)), [Squeeze(("write", "draw"), 1)])
    assert changes == {"write": 1, "draw": 1}
    assert not uneven.late
    assert earliest_anchor(bounds(net), "launch", [Squeeze(("write", "draw"), 1)]) == date(2027, 3, 15)


def test_a_gap_can_be_cut_too() -> None:
    """A minimum gap is cut in its own unit, and only as far as it helps most."""
    net = chain(date(2027, 3, 15))
    shorter, changes = squeeze(bounds(net), [Squeeze((("build", "launch"),), 2)])
    assert changes == {("build", "launch"): 5}
    assert shorter.feasible


def test_the_earliest_anchor_counts_on_what_may_be_cut() -> None:
    """With cuts allowed the first date that works is earlier, and lead time is never cut."""
    net = chain(date(2027, 3, 8))
    assert earliest_anchor(bounds(net), "launch") == date(2027, 3, 17)
    assert earliest_anchor(bounds(net), "launch", [Squeeze(("build",), 1)]) == date(2027, 3, 15)


def test_no_date_helps_against_a_bound_of_its_own() -> None:
    """A task that has to be over before it can be is late on every date: there is no earliest one."""
    nodes = [Node(key="t", duration=3, not_after=START)]
    net = network(Calendar(name="plain"), nodes, [], anchors={"launch": START}, begin=START)
    assert earliest_anchor(bounds(net), "launch") is None


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


def test_a_blackout_moves_a_date_the_way_its_rule_points() -> None:
    """Three weeks before a Thursday without Thursdays is Wednesday; two days after a Tuesday is Friday."""
    thursdays = Blackout(weekdays=frozenset({3}))
    nodes = [Node(key="invite", alap=True, blackout=thursdays), Node(key="thanks", blackout=thursdays)]
    edges = [
        Edge("invite", "launch", Span(3, "weeks"), "due"),
        Edge("kick_off", "thanks", Span(2, "business_days"), "due"),
    ]
    anchors = {"launch": date(2027, 4, 1), "kick_off": date(2027, 3, 9)}
    dated = schedule(bounds(network(Calendar(name="plain"), nodes, edges, anchors=anchors, begin=START)))
    assert dated.due == {"invite": date(2027, 3, 10), "thanks": date(2027, 3, 12)}


def test_a_fixed_date_ignores_the_blackout() -> None:
    """What was done, fixed by a person or pinned to an anchor stays on its Thursday; work goes on on one."""
    thursday = date(2027, 3, 11)
    thursdays = Blackout(weekdays=frozenset({3}))
    nodes = [
        Node(key="done", fixed=thursday, blackout=thursdays),
        Node(key="event", anchor="launch", blackout=thursdays),
        Node(key="report", duration=2, blackout=thursdays),
    ]
    edges = [Edge("done", "report", Span(0, "business_days"), "depends_on")]
    net = network(Calendar(name="plain"), nodes, edges, anchors={"launch": thursday}, begin=START)
    dated = schedule(bounds(net))
    assert dated.due == {"done": thursday, "event": thursday, "report": date(2027, 3, 15)}
    later = network(net.calendar, [nodes[0], Node(key="report", duration=5)], edges, anchors={}, begin=START)
    assert schedule(bounds(later)).due["report"] == date(2027, 3, 18)


def test_a_task_that_may_never_be_due_is_refused() -> None:
    """A blackout of every day that its calendar works leaves nothing."""
    nodes = [
        Node(key="post", calendar=Calendar(name="weekend", weekmask="0000011"), blackout=Blackout(frozenset({5, 6})))
    ]
    with pytest.raises(ValueError, match="`post` may not be due on any working day"):
        network(Calendar(name="plain"), nodes, [], anchors={}, begin=START)


def test_a_task_counts_in_the_calendar_of_its_own() -> None:
    """Work, gaps before it, rounding, start and slack follow its calendar; its neighbours keep theirs."""
    weekend_workers = Calendar(name="agency", weekmask="1111111")
    nodes = [
        Node(key="brief", duration=1),
        Node(key="film", duration=3, calendar=weekend_workers),
        Node(key="cut", duration=1, not_after=date(2027, 3, 12)),
    ]
    edges = [
        Edge("brief", "film", Span(2, "business_days"), "depends_on"),
        Edge("film", "cut", Span(0, "business_days"), "depends_on"),
    ]
    # The brief is due on Tuesday 2 March, two days and three days of work later it is Sunday.
    dated = schedule(bounds(network(Calendar(name="plain"), nodes, edges, anchors={}, begin=START)))
    assert dated.due == {"brief": date(2027, 3, 2), "film": date(2027, 3, 7), "cut": date(2027, 3, 8)}
    assert dated.start["film"] == date(2027, 3, 5)
    assert dated.bounds.latest["film"] == date(2027, 3, 11)
    assert {key: dated.bounds.slack(key) for key in dated.due} == {"brief": 3, "film": 4, "cut": 4}
    assert dated.bounds.latest["brief"] == date(2027, 3, 5)


def test_a_pinned_task_is_rounded_in_the_calendar_of_its_own() -> None:
    """A webinar asked for on the office's holiday stays where the speakers' calendar works."""
    holiday = date(2027, 3, 17)
    office = Calendar(name="office", holidays={holiday: "Spring day"})
    nodes = [
        Node(key="talk", anchor="launch", rounding="next", calendar=Calendar(name="speakers")),
        Node(key="walk", anchor="launch", rounding="next"),
    ]
    dated = schedule(bounds(network(office, nodes, [], anchors={"launch": holiday}, begin=START)))
    assert dated.due == {"talk": holiday, "walk": date(2027, 3, 18)}
