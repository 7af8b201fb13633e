"""Merge and decide, whatever people do and whenever we look: seldom or at once, late, twice, or after a lost reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from connectors.contract import Account, AccountId, Status, Task, TaskId
from service.core.calendar import Calendar
from service.core.decide import (
    REQUEST,
    Action,
    CreateTask,
    MoveDates,
    RequestView,
    SetDependencies,
    SetStatus,
    decide,
    drop,
    roll_up,
)
from service.core.merge import LinkView, linked, settle
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.core.template import Template
from tests.properties import EXAMPLES

TODAY, LAUNCH = date(2026, 11, 23), date(2027, 2, 1)
CALENDAR = Calendar(name="office")
KEYS = ("brief", "build", "check", "live")
TEMPLATE = Template.model_validate(
    {
        "id": "launch",
        "version": 1,
        "title": "Launch",
        "calendar": "office",
        "inputs": {"launch_date": {"type": "date", "required": True, "movable": True}},
        "feasibility": {"try": ["flag"]},
        "tasks": {
            "brief": {"title": "Brief", "party": "requester", "duration": "1 business_day"},
            "build": {"title": "Build", "party": "ops", "duration": "4 business_days", "depends_on": ["brief"]},
            "check": {
                "title": "Check",
                "party": "ops",
                "duration": "2 business_days",
                "depends_on": ["build"],
                "due": "1 week before inputs.launch_date",
            },
            "live": {"title": "Go live", "party": "stakeholder", "pinned": "inputs.launch_date"},
        },
    }
)
keys = st.sampled_from(KEYS)
PEOPLE = (None, Account(AccountId("1"), "Dana"), Account(AccountId("2"), "Omar"))


@dataclass
class World:
    """One tracker, and what we know of it."""

    launch: date = LAUNCH
    request: Task = field(default_factory=lambda: task("request", "Spring", None))
    tasks: dict[str, Task] = field(default_factory=dict)
    links: dict[str, LinkView] = field(default_factory=dict)
    rolled_up: Status = Status.TODO
    blockers: dict[str, set[str]] = field(default_factory=dict)

    def edit(self, key: str, **values: Any) -> None:
        """A person changes a task, if it is there."""
        if key in self.tasks:
            self.tasks[key] = replace(self.tasks[key], **values)

    def look(self, *, replies: int = 1_000) -> int:
        """One run; returns how many writes it decided on. After so many of them our notes of the others are lost."""
        for key, link in self.links.items():
            self.links[key], _ = settle(link, self.tasks.get(key), TODAY)
        if self.request.status is Status.DROPPED:
            actions = drop(self.links, self.request)
        else:
            view = RequestView(task=self.request, rolled_up=self.rolled_up)
            actions = decide(self.plan(), view, self.links)
        for number, action in enumerate(actions):
            self._intend(action)
            self._write(action)
            if number < replies:
                self._agree(action)
        if self.request.status is not Status.DROPPED and len(actions) <= replies:
            self.rolled_up = roll_up(self.plan(), self.links)
        return len(actions)

    def settle(self) -> None:
        """Runs until one writes nothing, as their own writes call for the next: at most two, as when a task that was
        dropped comes back first and is dated then."""
        for _ in range(3):
            if self.look() == 0:
                return
        raise AssertionError("it goes on writing for ever")

    def awaits_drop(self, key: str) -> bool:
        """Whether the reply to our own drop was lost, and we have not looked since."""
        return self.drops(key) and not self.links[key].agreed.status.closed

    def drops(self, key: str) -> bool:
        """Whether we dropped it, or were about to."""
        return key in self.links and self.links[key].dropped

    def plan(self) -> Plan:
        """From what the links know."""
        pins = {key: link.pinned_on for key, link in self.links.items() if link.pinned_on and link.state == "made"}
        done = frozenset(key for key, link in self.links.items() if link.done_on)
        out = frozenset(key for key, link in self.links.items() if link.state == "gone" or link.cancelled)
        return planned_from(self.launch, frozenset(pins.items()), done, out)

    def _intend(self, action: Action) -> None:
        """What is committed before a call, as `apply` does."""
        match action:
            case MoveDates(key=key):
                agreed = replace(self.links[key].agreed, asked_start=action.start_on, asked_due=action.due_on)
                self.links[key] = replace(self.links[key], agreed=agreed)
            case SetStatus(key=key, status=Status.DROPPED):
                self.links[key] = replace(self.links[key], dropped=True)

    def _write(self, action: Action) -> None:
        match action:
            case CreateTask(planned=planned):
                made = replace(task(planned.key, planned.title, planned.due_on), start_on=planned.start_on)
                self.tasks.setdefault(planned.key, made)  # what carries our mark is adopted
            case MoveDates(key=key):
                self.edit(key, start_on=action.start_on, due_on=action.due_on)
            case SetStatus(key=key) if key == REQUEST:
                self.request = replace(self.request, status=action.status)
            case SetStatus(key=key):
                self.edit(key, status=action.status)
            case SetDependencies(key=key):
                self.blockers[key] = self.blockers.get(key, set()) | set(action.waits_for)

    def _agree(self, action: Action) -> None:
        match action:
            case CreateTask(planned=planned):
                self.links[planned.key] = linked(planned.key, self.tasks[planned.key], planned.start_on, planned.due_on)
            case MoveDates(key=key):
                self._note(
                    key,
                    due_on=action.due_on,
                    start_on=action.start_on,
                    plan_start=action.start_on,
                    plan_due=action.due_on,
                    asked_start=None,
                    asked_due=None,
                )
            case SetStatus(key=key) if key != REQUEST:
                self._note(key, status=action.status)
                self.links[key] = replace(self.links[key], dropped=action.status is Status.DROPPED)
            case SetDependencies(key=key):
                self._note(key, waits_for=action.waits_for)

    def _note(self, key: str, **values: Any) -> None:
        if key in self.links:
            link = self.links[key]
            self.links[key] = replace(link, agreed=replace(link.agreed, **values))


@lru_cache(10_000)
def planned_from(launch: date, pins: frozenset[tuple[str, date]], done: frozenset[str], out: frozenset[str]) -> Plan:
    """The plan of these facts; whatever is done was done today."""
    inputs = read_inputs(TEMPLATE, {"launch_date": launch}, TODAY)
    facts = Facts(
        inputs=inputs,
        complete_on=TODAY,
        today=TODAY,
        pins=dict(pins),
        done=dict.fromkeys(done, TODAY),
        dropped=out,
    )
    return make_plan(TEMPLATE, CALENDAR, facts, replan=True)


def task(key: str, title: str, due: date | None) -> Task:
    """As it was made."""
    return Task(
        id=TaskId(key),
        label=key.upper(),
        url="",
        title=title,
        status=Status.TODO,
        status_name="",
        due_on=due,
        start_on=due,
    )


class AnyOrder(RuleBasedStateMachine):
    """The same people in two worlds: in one we look after every edit, in the other whenever a hook gets through."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt, self.late = World(), World()
        self.fresh = 0
        for world in self.worlds:
            world.settle()

    @property
    def worlds(self) -> tuple[World, World]:
        """Both."""
        return self.prompt, self.late

    def both(self, key: str, **values: Any) -> None:
        """A person's edit; in one world we look at once."""
        for world in self.worlds:
            world.edit(key, **values)
        self.prompt.settle()

    @rule(key=keys, status=st.sampled_from([Status.TODO, Status.DONE, Status.DROPPED]))
    def work(self, key: str, status: Status) -> None:
        """Done, left out, or not after all; but not what cannot be told from our own drop: what somebody closes before
        we hear of it, or leaves out where it is dropped anyway."""
        if status is Status.DONE and self.late.awaits_drop(key):
            return
        if status is Status.DROPPED and (self.late.drops(key) or self.prompt.request.status is Status.DROPPED):
            return
        self.both(key, status=status)

    @rule(key=keys, title=st.sampled_from(["Build", "Build it", "Build it well"]))
    def rename(self, key: str, title: str) -> None:
        """In other words."""
        self.both(key, title=title)

    @rule(key=keys, owner=st.sampled_from(PEOPLE))
    def hand_over(self, key: str, owner: Account | None) -> None:
        """To somebody, or to nobody."""
        self.both(key, owner=owner)

    @rule(key=keys)
    def put_on_another_day(self, key: str) -> None:
        """Each time one on which it never was: whoever moves a task and moves it back has fixed it only where we saw
        both."""
        self.fresh += 1
        day = LAUNCH + timedelta(days=200 + self.fresh)
        self.both(key, due_on=day, start_on=day)

    @rule(key=keys)
    def clear_the_date(self, key: str) -> None:
        """The plan may date it."""
        self.both(key, due_on=None)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        """For good."""
        for world in self.worlds:
            world.tasks.pop(key, None)
        self.prompt.settle()

    @rule(days=st.sampled_from([-14, 0, 7, 45]))
    def move_the_launch(self, days: int) -> None:
        """The requester changes the date."""
        for world in self.worlds:
            world.launch = LAUNCH + timedelta(days=days)
        self.prompt.settle()

    @rule(status=st.sampled_from([Status.DROPPED, Status.TODO]))
    def cancel_or_take_up(self, status: Status) -> None:
        """The request."""
        for world in self.worlds:
            world.request = replace(world.request, status=status)
        self.prompt.settle()

    @rule(replies=st.integers(0, 5))
    def a_hook_gets_through(self, replies: int) -> None:
        """At last we look; after some of the writes the reply is lost, or the process is killed."""
        self.late.look(replies=replies)

    @rule()
    def a_hook_comes_twice(self) -> None:
        """Nothing is written the second time."""
        self.late.settle()
        assert self.late.look() == 0

    @invariant()
    def it_rests(self) -> None:
        """Who has looked has nothing left to write, and agrees with the tracker."""
        known = {key: agreed_of(link) for key, link in self.prompt.links.items()}
        assert self.prompt.look() == 0
        assert {key: agreed_of(link) for key, link in self.prompt.links.items()} == known

    def teardown(self) -> None:
        """However seldom we looked, both trackers and both sets of links end up the same."""
        self.late.settle()
        assert [shown(found) for found in self.late.tasks.values()] == [
            shown(found) for found in self.prompt.tasks.values()
        ]
        assert {key: agreed_of(link) for key, link in self.late.links.items()} == {
            key: agreed_of(link) for key, link in self.prompt.links.items()
        }


def agreed_of(link: LinkView) -> tuple[Any, ...]:
    """What matters of a link; of a task that is gone, only that it is."""
    if link.state == "gone":
        return ("gone",)
    return link.state, link.status, link.agreed.title, link.agreed.owner, link.pinned_on, link.done_on


def shown(found: Task) -> tuple[Any, ...]:
    """What matters of a task; the dates of one that is closed are history, and kept as they were."""
    dates = () if found.status.closed else (found.start_on, found.due_on)
    return found.id, found.title, found.status, found.owner, dates


@EXAMPLES
def test_merge_and_decide_commute_and_rest(examples: int) -> None:
    """In any order and at any time, and as often as one likes."""
    tried = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(AnyOrder, settings=tried)
