"""One task in two trackers, tried with any edits on both sides, in any order, with any write lost or never sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.contract import NOBODY, Account, AccountId, Status, Task, TaskId
from service.core.decide import Action, Bring, MoveDates
from service.core.merge import LinkView, linked
from service.core.mirror import Pair, Sides, behind, bring_there, settle_both, values_agreed, written

TODAY = date(2026, 11, 23)
DUE = date(2026, 12, 4)
PEOPLE = {"dana": ("1", "d-9"), "omar": ("2", "o-9")}
HOME, THERE = 0, 1

Sending = Literal["sent", "reply lost", "not sent"]
sendings = st.sampled_from(["sent", "sent", "reply lost", "not sent"])
people = st.sampled_from([None, "dana", "omar"])


def translate(account: Account, side: int) -> AccountId | None:
    """The account of the same person on this side."""
    return next((AccountId(ids[side]) for ids in PEOPLE.values() if account.id in ids), None)


SIDES = Sides(
    home="jira",
    there="asana",
    at_home=lambda account: translate(account, HOME),
    away=lambda account: translate(account, THERE),
)


@dataclass
class Tracker:
    """One task of one tracker, which may know fewer statuses than we do."""

    side: int
    task: Task
    reads: dict[Status, Status] = field(default_factory=dict)

    def take(self, values: dict[str, str | None]) -> Status:
        """Write these fields; returns as what its status reads."""
        new = dict(values)
        if "status" in new:
            status = Status(str(new["status"]))
            self.task = replace(self.task, status=self.reads.get(status, status))
        if "due_on" in new:
            self.task = replace(self.task, due_on=date.fromisoformat(str(new["due_on"])))
        if "title" in new:
            self.task = replace(self.task, title=str(new["title"]))
        if "owner" in new:
            owner = new["owner"]
            self.task = replace(self.task, owner=None if owner == NOBODY else Account(AccountId(str(owner)), "x"))
        return self.task.status


def twin(side: int) -> Task:
    """The task as it was made on this side."""
    return Task(
        id=TaskId(f"100{side}"),
        label=f"T-{side}",
        url="",
        title="Build",
        status=Status.TODO,
        status_name="",
        due_on=DUE,
        owner=Account(AccountId(PEOPLE["dana"][side]), "Dana"),
    )


class Twins(RuleBasedStateMachine):
    """People, the plan and the network do what they like; after that, three runs bring rest and equality."""

    @initialize(poor=st.sampled_from([None, HOME, THERE]))
    def start(self, poor: int | None) -> None:
        """One of the two may know only done and not done."""
        two = {Status.DOING: Status.TODO, Status.WAITING: Status.TODO, Status.DROPPED: Status.DONE}
        self.trackers = [Tracker(side, twin(side), two if side == poor else {}) for side in (HOME, THERE)]
        self.links = [linked("build", tracker.task, DUE, DUE) for tracker in self.trackers]
        self.plan_due = DUE
        self.told: list[str] = []

    @rule(side=st.sampled_from([HOME, THERE]), status=st.sampled_from(Status))
    def somebody_sets_a_status(self, side: int, status: Status) -> None:
        """One that this tracker has."""
        tracker = self.trackers[side]
        tracker.task = replace(tracker.task, status=tracker.reads.get(status, status))

    @rule(side=st.sampled_from([HOME, THERE]), days=st.none() | st.integers(0, 9), title=st.sampled_from(["A", "B"]))
    def somebody_edits(self, side: int, days: int | None, title: str) -> None:
        """The due date, cleared too, and the title."""
        due_on = None if days is None else DUE + timedelta(days)
        self.trackers[side].task = replace(self.trackers[side].task, due_on=due_on, title=title)

    @rule(side=st.sampled_from([HOME, THERE]), who=people)
    def somebody_assigns(self, side: int, who: str | None) -> None:
        """A person whom both know, or nobody."""
        owner = Account(AccountId(PEOPLE[who][side]), "x") if who else None
        self.trackers[side].task = replace(self.trackers[side].task, owner=owner)

    @rule(days=st.integers(10, 20))
    def the_plan_moves(self, days: int) -> None:
        """The request has another date."""
        self.plan_due = DUE + timedelta(days)

    @rule(home=sendings, there=sendings)
    def a_run(self, home: Sending, there: Sending) -> None:
        """Of which any write may break off."""
        self.run_once(home, there)

    @invariant()
    def it_comes_to_rest(self) -> None:
        """From wherever it is now: at most three runs that write, and both show the same."""
        if not hasattr(self, "links"):
            return
        kept = ([replace(tracker) for tracker in self.trackers], list(self.links), list(self.told))
        runs = 0
        while self.run_once("sent", "sent"):
            runs += 1
            assert runs <= 3, "never at rest"
        self.both_show_the_same()
        self.trackers, self.links, self.told = kept

    def both_show_the_same(self) -> None:
        """As far as each has words for it."""
        home, there = (tracker.task for tracker in self.trackers)
        assert home.title == there.title
        if self.links[HOME].agreed.due_on:  # one that was cleared after all was done is nobody's to set
            assert home.due_on == there.due_on
        owner = home.owner and translate(home.owner, THERE)
        assert owner == (there.owner and there.owner.id)
        truth = self.links[HOME].status
        assert [task.status for task in (home, there)] == [t.reads.get(truth, truth) for t in self.trackers]

    def run_once(self, at_home: Sending, elsewhere: Sending) -> int:
        """Observe, settle, write; returns how many writes there were."""
        home, there = self.links
        found = [tracker.task for tracker in self.trackers]
        pair = settle_both(Pair(home=home, there=there), found[HOME], found[THERE], SIDES, TODAY)
        self.told += [news.kind for news in pair.news]
        actions = self.planned(pair.home)
        self.links = [pair.home, bring_there(pair, actions, SIDES)]
        actions += behind(pair.home, "jira", actions)
        for action in actions:
            self.write(HOME, action, at_home)
        brought = behind(self.links[THERE], "asana")
        for action in brought:
            self.write(THERE, action, elsewhere)
        return len(actions) + len(brought)

    def planned(self, home: LinkView) -> list[Action]:
        """What `decide` would do about the date."""
        if not home.open or home.pinned_on or home.agreed.plan_due == self.plan_due:
            return []
        due = self.plan_due
        return [MoveDates(key="build", title="", start_on=due, due_on=due, was=home.agreed.due_on)]

    def write(self, side: int, action: Action, sending: Sending) -> None:
        """As the only writer does it: noted, sent, and noted again when the reply came."""
        link, tracker = self.links[side], self.trackers[side]
        if isinstance(action, MoveDates):
            link = self.links[side] = replace(link, agreed=replace(link.agreed, asked_due=action.due_on))
            values: dict[str, str | None] = {"due_on": action.due_on.isoformat()}
        else:
            assert isinstance(action, Bring)
            values = dict(action.values)
        if sending == "not sent":
            return
        reads = tracker.take(values)
        if sending == "reply lost":
            return
        agreed = link.agreed
        if isinstance(action, MoveDates):
            agreed = replace(agreed, due_on=action.due_on, plan_due=action.due_on, asked_due=None)
        for name in values:
            agreed = written(agreed, name, reads.value if name == "status" else values_agreed(agreed)[name])
        self.links[side] = replace(link, agreed=agreed)


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)


def test_a_person_whose_address_home_hides_stays_the_owner_whom_the_other_side_named() -> None:
    """Taken over at home, and never given back to whoever owned it before."""
    hiding = replace(SIDES, away=lambda _: None)
    home, there = twin(HOME), twin(THERE)
    omar = replace(there, owner=Account(AccountId("o-9"), "Omar", "omar.ops@example.com"))
    links = Pair(home=linked("build", home, DUE, DUE), there=linked("build", there, DUE, DUE))
    pair = settle_both(links, home, omar, hiding, TODAY)
    assert [action.values for action in behind(pair.home, "jira") if isinstance(action, Bring)] == [{"owner": "2"}]
    assert behind(bring_there(pair, [], hiding), "asana") == []
