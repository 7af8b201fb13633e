"""Who will own a task: role → person → the tracker's account, with a fallback, so that nobody blocks a campaign.

A fixed role is one person, there or not. People who share a role are asked once for each task, and the answer is
remembered, so that a run that is repeated takes no further turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from sqlmodel import Session

from connectors.contract import Account, AccountId, Task
from service import absences, people
from service.core.assigning import REQUESTER, Candidate, Choice, Queue, away_on, begins_on, choose
from service.core.calendar import Calendar
from service.core.clock_rule import ROUND_ROBIN
from service.core.explain import long_day
from service.core.plan import PlannedTask
from service.runtime import Runtime
from service.store import assignments, ledger
from service.store.engine import transaction
from service.store.tables import Assignment, Campaign

Asked: TypeAlias = tuple[PlannedTask, Queue]
"""A task and the people who share its role."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who will own a task, and what to note on it when that is not who was meant."""

    account: AccountId | None
    name: str
    note: str | None = None
    person: str | None = None
    """Their name in the settings; None for the requester and for nobody."""


def owners_of(runtime: Runtime, campaign: Campaign, request: Task, tasks: Sequence[PlannedTask]) -> dict[str, Owner]:
    """The owner of each of these tasks of a campaign's plan, by key."""
    return _Assigning(runtime, campaign, request).owners(tasks)


def instead(runtime: Runtime, campaign: Campaign, request: Task, task: PlannedTask, refused: Owner) -> Owner:
    """Who owns a task that the tracker would not give to `refused`: the next of the role, or the fallback."""
    accounts: dict[str, Account | None] = {refused.person: None} if refused.person else {}
    return _Assigning(runtime, campaign, request, accounts).owners([task])[task.key]


def another(
    runtime: Runtime, campaign: Campaign, request: Task, task: PlannedTask, held_by: AccountId | None, late: Late
) -> Owner:
    """Who takes a late task over, chosen once for each reason and never `held_by`; nobody's account where none can."""
    return _Assigning(runtime, campaign, request, held_by=held_by).another(task, late)


def lost(runtime: Runtime, campaign: Campaign, owner: Owner) -> None:
    """The tracker lets nobody assign tasks to this person any more."""
    if owner.person:
        people.not_assignable(runtime, campaign.connection, owner.person)


@dataclass(frozen=True, slots=True)
class Late:
    """Why a task goes to somebody else, and to whom."""

    because: str
    goes_to: str
    """A role, or `round_robin` for the next of the task's own."""


@dataclass
class _Assigning:
    """One campaign whose tasks are given out."""

    runtime: Runtime
    campaign: Campaign
    request: Task
    _accounts: dict[str, Account | None] = field(default_factory=dict)
    """Who was asked for already."""
    held_by: AccountId | None = None
    """Whoever is not to have them."""

    def __post_init__(self) -> None:
        self._absences = absences.known(self.runtime)
        self._today = Calendar.from_dict(self.campaign.calendar_snapshot).date_of(self.runtime.now())

    def owners(self, tasks: Sequence[PlannedTask]) -> dict[str, Owner]:
        found: dict[str, Owner] = {}
        shared: list[Asked] = []
        for task in tasks:
            queue = self._queue(task.owner)
            if queue and queue.shared:
                shared.append((task, queue))
            else:
                found[task.key] = self._fixed(task, queue)
        return found | self._share_out(shared) if shared else found

    def another(self, task: PlannedTask, late: Late) -> Owner:
        own = late.goes_to == ROUND_ROBIN
        queue = self._queue(task.owner if own else late.goes_to)
        if queue is None:
            owner = self._fallback(f"Nobody holds the role “{late.goes_to.removeprefix('role:')}”")
        else:
            asked = replace(queue, rule="round_robin") if own else queue
            owner = self._share_out([(task, asked)], late.because)[task.key]
        if owner.person:
            with transaction(self.runtime.engine) as session:
                assignments.remember(session, self.campaign.id, task.key, owner.person, late.because)
        return owner

    def _queue(self, owner: str) -> Queue | None:
        """Who is asked for a role of the template; None for one that nobody holds."""
        name = owner.removeprefix("role:")
        if name == REQUESTER:
            return Queue(name, (REQUESTER,), "chain")
        role = self.runtime.settings.roles.get(name)
        return role.queue(name, (self.campaign.plan or {}).get("inputs", {})) if role else None

    def _fixed(self, task: PlannedTask, queue: Queue | None) -> Owner:
        if queue is None:
            return self._fallback(f"Meant for the role “{task.owner.removeprefix('role:')}”, which nobody holds")
        [person] = queue.people
        account = self._account(person)
        if account is None:
            return self._fallback(f"Meant for {self._described(person)}, whom this tracker does not know")
        until = self._away_until(person, task)
        return _owner(person, account, f"{account.name} is away until {long_day(until)}." if until else None)

    def _share_out(self, asked: Sequence[Asked], late: str | None = None) -> dict[str, Owner]:
        """The choices for a whole plan, remembered together with the turns they take, in one transaction.

        `late`: why tasks go to somebody else than before.
        """
        names = sorted({person for _, queue in asked for person in queue.people} - {REQUESTER})
        for person in names:  # now, because nobody waits for a tracker while a transaction is open
            self._account(person)
        emails = {name: self.runtime.settings.people[name].email for name in names}
        with transaction(self.runtime.engine) as session:
            assignments.one_at_a_time(session)
            found = _Turns(self, session, emails, late).take(asked)
        return {task.key: self._owner_or_fallback(found[task.key], queue) for task, queue in asked}

    def candidates(self, task: PlannedTask, queue: Queue, busy: Counter[str]) -> list[Candidate]:
        """A queue's people as they stand on the day on which the task begins."""
        return [
            Candidate(
                name=person,
                title=self.title(person),
                assignable=self._account(person) is not None,
                away_until=self._away_until(person, task),
                busy=busy[person],
                limit=None if person == REQUESTER else self.runtime.settings.people[person].limit,
                has_it=self._has_it(self._account(person)),
            )
            for person in queue.people
        ]

    def _owner_or_fallback(self, chosen: _Chosen, queue: Queue) -> Owner:
        account = self._account(chosen.person) if chosen.person else None
        if chosen.person is None or account is None:
            return self._fallback(f"Meant for “{queue.name}”: {chosen.note}")
        return _owner(chosen.person, account, chosen.note)

    def _fallback(self, note: str) -> Owner:
        """The first of the fallback role whom the tracker knows, there or not."""
        for person in self.runtime.settings.roles[self.runtime.settings.fallback_role].people():
            account = self._account(person)
            if account and not self._has_it(account):
                return _owner(person, account, f"{note}; {account.name} stands in.")
        return Owner(None, "nobody yet", f"{note}: please assign it.")

    def _has_it(self, account: Account | None) -> bool:
        return account is not None and account.id == self.held_by

    def assignable(self, person: str) -> bool:
        """Whether this tracker has an account for them."""
        return self._account(person) is not None

    def _account(self, person: str) -> Account | None:
        if person == REQUESTER:
            return self.request.requester
        if person not in self._accounts:
            connection = self.campaign.connection
            self._accounts[person] = people.account_of(self.runtime, connection, self.request.project, person)
        return self._accounts[person]

    def title(self, person: str) -> str:
        """What people call them."""
        if person == REQUESTER:
            return self.request.requester.name if self.request.requester else "the requester"
        return self.runtime.settings.people[person].name

    def _described(self, person: str) -> str:
        if person == REQUESTER:
            return "the requester"
        return f"{self.title(person)} ({self.runtime.settings.people[person].email})"

    def _away_until(self, person: str, task: PlannedTask) -> date | None:
        return away_on(begins_on(task.start_on, self._today), self._absences.get(person, ()))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What came of asking a queue: a person with what to note on the task, or nobody and why."""

    person: str | None
    note: str | None


class _Turns:
    """The turns of one plan's tasks, inside one transaction."""

    def __init__(self, assigning: _Assigning, session: Session, emails: dict[str, str], late: str | None) -> None:
        self._assigning, self._session, self._campaign_id = assigning, session, assigning.campaign.id
        self._late = late
        self._before = assignments.of_campaign(session, self._campaign_id)
        self._last = assignments.turns(session)
        self._busy = assignments.busy(session, emails)

    def take(self, asked: Sequence[Asked]) -> dict[str, _Chosen]:
        return {task.key: self._chosen_before(task, queue) or self._choose(task, queue) for task, queue in asked}

    def _chosen_before(self, task: PlannedTask, queue: Queue) -> _Chosen | None:
        """The choice of an earlier run, as long as it can be carried out."""
        row: Assignment | None = self._before.get(task.key)
        if row is None or not self._assigning.assignable(row.person):
            return None
        holds = row.note == self._late if self._late else row.person in queue.people
        return _Chosen(row.person, row.note) if holds else None

    def _choose(self, task: PlannedTask, queue: Queue) -> _Chosen:
        candidates = self._assigning.candidates(task, queue, self._busy)
        choice = choose(queue.rule, candidates, self._last.get(queue.name))
        if choice.name is None:
            return _Chosen(None, ", ".join(choice.passed_over))
        stands_in = queue.rule == "chain" and choice.passed_over
        title = self._assigning.title(choice.name)
        note = f"{', '.join(choice.passed_over)}; {title} stands in." if stands_in else self._late
        assignments.remember(self._session, self._campaign_id, task.key, choice.name, note)
        if queue.rule == "round_robin":
            assignments.take_turn(self._session, queue.name, choice.name)
        self._last[queue.name] = choice.name
        self._busy[choice.name] += 1
        self._tell(task, queue, title, choice)
        return _Chosen(choice.name, note)

    def _tell(self, task: PlannedTask, queue: Queue, title: str, choice: Choice) -> None:
        over = f"; passed over: {', '.join(choice.passed_over)}" if choice.passed_over else ""
        told = f"“{task.title}” goes to {title} of “{queue.name}”{over}."
        ledger.note(self._session, "assigned", told, campaign_id=self._campaign_id)


def _owner(person: str, account: Account, note: str | None) -> Owner:
    return Owner(account.id, account.name, note, None if person == REQUESTER else person)
