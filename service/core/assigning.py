"""Whose turn it is: a role of the settings, and the choice among its people. Pure.

A turn is a pointer that goes round. Whoever is passed over (away, at their limit, not assignable) is not owed the
turns they missed, so that nobody comes back from a holiday to a pile of work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.core.explain import long_day

REQUESTER = "requester"
"""Stands for a person's name where a role means: whoever filed the request."""

Rule = Literal["chain", "round_robin", "least_busy"]


class Role(BaseModel):
    """How a role of the templates becomes a person: one person, a chain, a pool, or a pool for each value of an input.

    Short forms: `ana` is a chain of one, `[dora, emil]` a chain.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    chain: tuple[str, ...] = ()
    """The first who is there and can be assigned."""
    pool: tuple[str, ...] = ()
    """All of them, by `rule`."""
    by: str | None = Field(None, pattern=r"^inputs\.[a-z][a-z0-9_]*$")
    """The input of the request that chooses among `pools`."""
    pools: Mapping[str, tuple[str, ...]] = {}
    """Value of that input, in any case of letters → its pool."""
    otherwise: tuple[str, ...] = ()
    """The pool for every other value, and for none."""
    rule: Literal["round_robin", "least_busy"] = "round_robin"

    @model_validator(mode="before")
    @classmethod
    def _written(cls, written: object) -> object:
        if isinstance(written, str):
            return {"chain": [written]}
        return {"chain": written} if isinstance(written, list) else written

    @model_validator(mode="after")
    def _one_form(self) -> Role:
        by_value = (bool(self.by), bool(self.pools), bool(self.otherwise))
        if [bool(self.chain), bool(self.pool), any(by_value)].count(True) != 1:
            raise ValueError("should be one person, a list of people, or have either `pool` or `by`")
        if any(by_value) and not (all(by_value) and all(self.pools.values())):
            raise ValueError("should have `by`, `pools` and `otherwise`, each pool with somebody in it")
        if any(len(set(people)) < len(people) for people in self.lists()):
            raise ValueError("names somebody twice in one list")
        return self

    def lists(self) -> list[tuple[str, ...]]:
        """Every list of people in it."""
        return [people for people in (self.chain, self.pool, *self.pools.values(), self.otherwise) if people]

    def people(self) -> tuple[str, ...]:
        """Everybody in it, each once."""
        return tuple(dict.fromkeys(name for people in self.lists() for name in people))

    def queue(self, name: str, inputs: Mapping[str, Any]) -> Queue:
        """Who is asked, in which order, for a request with these inputs; `name` is the role's."""
        if self.chain:
            return Queue(name, self.chain, "chain")
        if self.pool:
            return Queue(name, self.pool, self.rule)
        value = str(inputs.get(str(self.by).removeprefix("inputs."), "")).strip().casefold()
        for known, people in self.pools.items():
            if known.strip().casefold() == value:
                return Queue(f"{name}/{known}", people, self.rule)
        return Queue(name, self.otherwise, self.rule)


@dataclass(frozen=True, slots=True)
class Queue:
    """People who share the work of one role."""

    name: str
    """Under which its turn is kept: the role, or `role/value` for the pool of one value."""
    people: tuple[str, ...]
    rule: Rule

    @property
    def shared(self) -> bool:
        """Whether there is a choice at all; a chain of one is a fixed role, whose person has it, there or not."""
        return self.rule != "chain" or len(self.people) > 1


@dataclass(frozen=True, slots=True, order=True)
class Away:
    """A stretch of days on which somebody is not there, both ends included."""

    first: date
    last: date

    def as_list(self) -> list[str]:
        """As JSON."""
        return [self.first.isoformat(), self.last.isoformat()]


Absences: TypeAlias = Mapping[str, Sequence[Away]]
"""Person → when they are away."""


def away_on(day: date, stretches: Iterable[Away]) -> date | None:
    """The last day of the absence that holds this day, stretches that touch taken as one; None for somebody there."""
    until = None
    for away in sorted(stretches):
        if away.first <= (until + timedelta(days=1) if until else day) and away.last >= (until or day):
            until = away.last
    return until


def begins_on(start_on: date, today: date) -> date:
    """The day on which somebody has to be there: the task's start, or today for one that should have begun."""
    return max(start_on, today)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of a queue, as they stand on the day on which a task begins."""

    name: str
    title: str
    """What people call them."""
    assignable: bool
    """Whether the tracker lets them be assigned."""
    away_until: date | None = None
    busy: int = 0
    """Open subtasks that they own."""
    limit: int | None = None
    has_it: bool = False
    """It is to be taken from them."""

    @property
    def hindrance(self) -> str | None:
        """Why they cannot take it, as a sentence without its stop; None for somebody who can."""
        if self.has_it:
            return f"{self.title} has it now"
        if not self.assignable:
            return f"{self.title} cannot be assigned tasks in this tracker"
        if self.away_until:
            return f"{self.title} is away until {long_day(self.away_until)}"
        if self.limit is not None and self.busy >= self.limit:
            return f"{self.title} has {self.busy} open subtasks and takes {self.limit} at once"
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """Who takes a task, and why those did not who came before them."""

    name: str | None
    """None: nobody of the queue can."""
    passed_over: tuple[str, ...]


def choose(rule: Rule, candidates: Sequence[Candidate], last: str | None = None) -> Choice:
    """The one whose turn it is; `candidates` are in the queue's order, `last` took the turn before."""
    passed_over: list[str] = []
    for candidate in _asked(rule, candidates, last):
        if candidate.hindrance is None:
            return Choice(candidate.name, tuple(passed_over))
        passed_over.append(candidate.hindrance)
    return Choice(None, tuple(passed_over))


def _asked(rule: Rule, candidates: Sequence[Candidate], last: str | None) -> Sequence[Candidate]:
    if rule == "least_busy":
        return sorted(candidates, key=lambda candidate: candidate.busy)
    names = [candidate.name for candidate in candidates]
    if rule == "chain" or last not in names:
        return candidates
    turn = names.index(last) + 1
    return [*candidates[turn:], *candidates[:turn]]


def nobody_there(people: Sequence[str], absences: Absences, first: date, days: int) -> list[date]:
    """The days, of so many from the first, on which all of them are away."""
    asked = [first + timedelta(days=number) for number in range(days)]
    return [day for day in asked if people and all(away_on(day, absences.get(name, ())) for name in people)]
