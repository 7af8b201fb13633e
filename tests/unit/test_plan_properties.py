"""What must hold for every plan, tried on random networks against an independent search through every date."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import assume
from hypothesis import strategies as st

from service.core.because import Because, sentence
from service.core.explain import long_day
from service.core.feasibility import earliest_anchor
from service.core.narrator import Narrator
from service.core.network import COMPLETE, Edge, Network, network
from service.core.schedule import Bounds, Reason, bounds, schedule
from tests.properties import proved
from tests.unit.random_networks import CALENDARS, Case, allowed, holds, narrowed, networks
from tests.unit.recounting import recounted, worked_days

BY_NAME = {calendar.name: calendar for calendar in CALENDARS}


@proved(networks())
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


@proved(networks(), st.integers(1, 30))
def test_a_later_launch_never_hurts_what_comes_before_it(case: Case, later: int) -> None:
    """Unless something after the launch has an upper bound, moving it later keeps a possible plan possible."""
    net = case.net
    assume(not bounds(net).late)
    latest, after_launch = bounds(net).latest, {"launch"}
    for key in net.order:
        if any(edge.before in after_launch for edge in case.edges if edge.after == key):
            after_launch.add(key)
    assume(not any(latest[key] for key in after_launch - {"launch"}))
    assert not bounds(net.at("launch", net.anchors["launch"] + timedelta(later))).late


@proved(networks())
def test_the_earliest_possible_launch_is_the_first_that_works(case: Case) -> None:
    """The date found is possible, and no working day between the one asked for and it is."""
    net = case.net
    found = earliest_anchor(bounds(net), "launch")
    day = net.calendar.next(net.anchors["launch"])
    for _ in range(60):
        if not bounds(net.at("launch", day)).late:
            break
        day = net.calendar.shift(day, 1)
    else:
        assert found is None or found >= day
        return
    assert found == day


def carried_on(net: Network, done: dict[str, date], today: date) -> Network:
    """The same network later, with some tasks done; what led to them no longer matters."""
    nodes = [replace(node, fixed=done.get(node.key)) for node in net.nodes.values()]
    edges = [edge for edge in net.edges if edge.after not in done]
    return network(net.calendar, nodes, edges, anchors=net.anchors, begin=net.begin, today=max(net.begin, today))


@proved(networks(), st.integers(0, 5))
def test_work_that_goes_as_planned_moves_nothing(case: Case, count: int) -> None:
    """Planned anew on the day on which the first tasks were done as planned, every task stays where it was."""
    found = bounds(case.net)
    assume(not found.late)
    due = schedule(found).due
    first = sorted(case.net.order, key=due.__getitem__)[:count]
    done = {key: due[key] for key in case.net.order if key in first}
    assume(all(edge.before in done for edge in case.edges if edge.after in done and edge.before != "launch"))
    again = schedule(bounds(carried_on(case.net, done, max(done.values(), default=case.net.begin))))
    assert again.due == due
    assert not again.bounds.late


@proved(networks(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_changes_nothing(case: Case, chance: random.Random) -> None:
    """Tasks and rules in any order give the same dates for the same reasons."""
    net = case.net
    nodes, edges = list(net.nodes.values()), list(case.edges)
    chance.shuffle(nodes)
    chance.shuffle(edges)
    shuffled = schedule(bounds(network(net.calendar, nodes, edges, anchors=net.anchors, begin=net.begin)))
    as_written = schedule(bounds(net))
    assert (shuffled.due, shuffled.start, shuffled.reason) == (as_written.due, as_written.start, as_written.reason)
    assert shuffled.bounds.late == as_written.bounds.late


def narrator(found: Bounds) -> Narrator:
    """Tells the network in its own keys."""
    return Narrator(found, {key: key for key in [*found.network.nodes, "launch", COMPLETE]}, {}, {})


@proved(networks())
def test_every_date_can_be_counted_again_from_its_sentence(case: Case) -> None:
    """The data of the sentence come to the planned day, and the sentence is written from the data alone."""
    planned = schedule(bounds(case.net))
    tells = narrator(planned.bounds)
    for key, due in planned.due.items():
        because = tells.because(key, due, planned.reason.get(key), planned.due)
        assert recounted(because, BY_NAME) == due, sentence(because)
        assert Because.from_dict(json.loads(json.dumps(because.as_dict()))) == because


@proved(networks())
def test_every_late_task_has_a_chain_whose_dates_add_up(case: Case) -> None:
    """What it waits for leads step by step to its earliest day, what holds it to its latest, and it is printed."""
    found = bounds(case.net)
    if not found.late:
        return
    tells = narrator(found)
    chain, told = tells.chain()
    printed = f"{chain} {tells.also_late(told)}"
    latest = {key: day for key, day in found.latest.items() if day}
    for key in found.late:
        assert key in printed
        own = case.net.calendar_of(key)
        assert found.late_by(key) == worked_days(own, latest[key], found.earliest[key]) > 0
        for dates, decided in ((found.earliest, found.pushed_by), (latest, found.held_by)):
            for step in steps(tells, key, dates, decided):
                assert recounted(step, BY_NAME) == step.due
    for key in told:
        assert any(day and long_day(day) in chain for day in (latest.get(key), found.earliest[key]))


def steps(tells: Narrator, key: str, dates: Mapping[str, date], decided: Mapping[str, Reason]) -> Iterator[Because]:
    """From a task back to where the counting began; each step begins on the day on which the next one ends."""
    while True:
        reason = decided[key]
        step = tells.step(key, dates[key], reason, dates)
        yield step
        other = reason.before if isinstance(reason, Edge) and reason.after == key else getattr(reason, "after", "")
        if other not in decided:
            return
        assert step.base_on == dates[other]
        key = other
