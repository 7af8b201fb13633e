"""Whether a thing is taken on: it meets all criteria, or is an exception whose score outweighs what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from service.core.condition import Condition, Name, Part

Outcome = Literal["accepted", "exception", "rejected"]


class Criterion(Part):
    """Something that a thing has to have."""

    when: Condition
    essential: bool = False
    """No score makes up for it."""


class Points(Part):
    """What counts in its favour, or against it."""

    when: Condition
    points: int


class Acceptance(Part):
    """The rules by which a thing is taken on."""

    criteria: dict[Name, Criterion] = Field(min_length=1)
    score: tuple[Points, ...] = ()
    exception_at: int | None = None
    """The score from which a thing is taken although it lacks a criterion; never, unless given."""
    bonus_at: int | None = None
    """The score from which a thing that is taken on carries the bonus tag; never, unless given."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one thing."""

    outcome: Outcome
    score: int
    lacks: tuple[str, ...]
    """Criteria that it does not meet."""
    priority: bool
    """Its score alone would have carried it: before all others."""
    bonus: bool = False
    """Whoever handles it earns the agreed incentive."""


def judge(rules: Acceptance, facts: Mapping[str, Any]) -> Accepted:
    """Which it is, by what is known of it."""
    known = dict(facts)
    lacks = tuple(name for name, criterion in rules.criteria.items() if not criterion.when.holds(known))
    score = sum(row.points for row in rules.score if row.when.holds(known))
    high = rules.exception_at is not None and score >= rules.exception_at
    hopeless = any(rules.criteria[name].essential for name in lacks)
    bonus = rules.bonus_at is not None and score >= rules.bonus_at
    if not lacks:
        return Accepted("accepted", score, lacks, high, bonus)
    if high and not hopeless:
        return Accepted("exception", score, lacks, True, bonus)
    return Accepted("rejected", score, lacks, False)
