"""What a clock agrees on, as ops write it in YAML: from which event to which, what pauses it, how long it may take.

This module knows the shape; `service.core.clocks` reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from service.core.condition import Condition, Part, Role
from service.core.event import EventType, and_undoing
from service.core.offsets import UNITS, did_you_mean

ClockUnit = Literal["seconds", "minutes", "hours", "business_minutes", "business_hours", "business_days"]
CLOCK_UNITS: tuple[str, ...] = get_args(ClockUnit)
_AMOUNT = re.compile(r"\s*(-?\d+)\s+([A-Za-z_ -]+?)\s*")
_LENGTH = {"seconds": timedelta(seconds=1), "minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}
_MOST = timedelta(days=3650)
ROUND_ROBIN = "round_robin"
WAITING = "waiting"
"""Our own word for a task that waits for somebody: what `pause: defaults` means."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How long something may take. Hours and minutes run day and night, `business_` ones while the calendar is open."""

    value: int
    unit: ClockUnit

    def __str__(self) -> str:
        return f"{self.value} {self.unit[:-1] if self.value == 1 else self.unit}"

    @classmethod
    def parse(cls, written: object) -> Amount:
        """From `4 business_hours` or `1 minute`; raises `ValueError` with what was probably meant."""
        if isinstance(written, Amount):
            return written
        found = _AMOUNT.fullmatch(str(written))
        if not found:
            raise ValueError(f"`{written}` is not an amount of time; write it like `4 business_hours`")
        value, unit = int(found[1]), found[2]
        if not unit.endswith("s"):
            unit += "s"
        if unit in UNITS and unit not in CLOCK_UNITS:
            raise ValueError(f"`{found[2]}` are counted in a plan; a clock counts {', '.join(CLOCK_UNITS)}")
        if unit not in CLOCK_UNITS:
            guess = did_you_mean(unit, CLOCK_UNITS) or f"; use {', '.join(CLOCK_UNITS)}"
            raise ValueError(f"`{found[2]}` is not a unit{guess}")
        if value <= 0:
            raise ValueError(f"`{written}`: nothing is done in no time")
        amount = cls(value, cast("ClockUnit", unit))
        if (amount.length or timedelta(days=value)) > _MOST:
            raise ValueError(f"`{written}` is more than ten years")
        return amount

    @property
    def in_open_hours(self) -> bool:
        """Whether only the calendar's open time counts."""
        return self.unit.startswith("business_")

    @property
    def length(self) -> timedelta | None:
        """The time itself; None for business days, which are as long as the calendar has it."""
        return None if self.unit == "business_days" else self.value * _LENGTH[self.unit.removeprefix("business_")]


def _several(written: object) -> object:
    return (written,) if isinstance(written, str) else written


def _pauses(written: object) -> object:
    if written == "defaults":
        return ({"status_in": (WAITING,)},)
    if isinstance(written, str):
        raise ValueError(f"`{written}` is no pause; write `defaults`, or a list like `[{{status_in: [{WAITING}]}}]`")
    return written


def _shares(shares: tuple[float, ...]) -> tuple[float, ...]:
    if not all(0 < share < 1 for share in shares):
        raise ValueError("a warning comes at a share of the goal, between 0 and 1: `warn_at: [0.5, 0.8]`")
    return tuple(sorted(set(shares)))


WrittenAmount: TypeAlias = Annotated[
    Amount, BeforeValidator(Amount.parse), PlainSerializer(str), WithJsonSchema({"type": "string"})
]
Events: TypeAlias = Annotated[tuple[EventType, ...], BeforeValidator(_several)]


class Pause(Part):
    """While this holds, the time does not count."""

    status_in: Annotated[tuple[str, ...], BeforeValidator(_several)] | None = None
    """The status of what the clock is about, such as `lead.status`, is one of these."""
    when: Condition | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Pause:
        if (self.status_in is None) == (self.when is None):
            raise ValueError("write either `status_in` or `when`")
        return self


class Goal(Part):
    """How long it may take: at most `target`, or less than `under`."""

    when: Condition | None = None
    target: WrittenAmount | None = None
    """Exactly as much is in time."""
    under: WrittenAmount | None = None
    """Exactly as much is too late."""

    @model_validator(mode="after")
    def _one_amount(self) -> Goal:
        if (self.target is None) == (self.under is None):
            raise ValueError("write either `target` (at most) or `under` (less than)")
        if self.under and self.under.unit == "business_days":
            raise ValueError("`under` is for amounts of time; days are due at closing: write `target`")
        return self

    @property
    def amount(self) -> Amount:
        """How much, whichever way it is meant."""
        return cast("Amount", self.target or self.under)

    def __str__(self) -> str:
        return f"under {self.under}" if self.under else str(self.target)


class OnBreach(Part):
    """What is done when the goal is missed."""

    notify: Role | None = None
    """Who is to hear of it."""
    reassign: Annotated[str, Field(pattern=rf"^({ROUND_ROBIN}|role:[a-z][a-z0-9_]*)$")] | None = None
    """Who takes over the late task: somebody of this role, or with `round_robin` the next of its own."""

    @model_validator(mode="after")
    def _one_of_them(self) -> OnBreach:
        if (self.notify is None) == (self.reassign is None):
            raise ValueError("each is either `notify` or `reassign`")
        return self


class ClockRule(Part):
    """One clock: what starts and ends it, what pauses it, and how long it may take."""

    label: str = ""
    """What people call it; its name with spaces unless given."""
    calendar: str | None = None
    """Whose working time counts; the template's own calendar unless given."""
    start: Events = Field(min_length=1)
    """The first of these events starts it; after a stop, the next starts a new cycle."""
    stop: Events = Field(min_length=1)
    pause: Annotated[tuple[Pause, ...], BeforeValidator(_pauses)] = ()
    """While any of these holds, the time does not count; `defaults` means the status `waiting`."""
    reset: Events = ()
    """Begins anew: what has run is not judged."""
    cancel: Events = ()
    """Ends it without a verdict."""
    goals: tuple[Goal, ...] = Field(min_length=1)
    """The first that fits counts; the last one fits always."""
    warn_at: Annotated[tuple[float, ...], AfterValidator(_shares)] = ()
    """Shares of the goal at which to warn, each once."""
    on_breach: tuple[OnBreach, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> ClockRule:
        *others, last = self.goals
        if last.when is not None:
            raise ValueError("the last goal needs to fit always: write it without `when`")
        if any(goal.when is None for goal in others):
            raise ValueError("a goal without `when` fits always, so those after it are never reached; write it last")
        named = [event for events in (self.start, self.stop, self.reset, self.cancel) for event in events]
        for event in named:
            if named.count(event) > 1:
                raise ValueError(f"`{event}` cannot mean two things to one clock")
        if sum(done.reassign is not None for done in self.on_breach) > 1:
            raise ValueError("a task can go to one other person; keep one `reassign`")
        return self

    @property
    def about(self) -> str:
        """The kind of thing that it is about: `lead` where `lead.created` starts it."""
        return self.start[0].partition(".")[0]

    @property
    def reassigns(self) -> str | None:
        """Who takes a late task over; None where it stays with its owner."""
        return next((done.reassign for done in self.on_breach if done.reassign), None)

    def listens_to(self) -> frozenset[str]:
        """The types of event that start, stop, reset or cancel it, or take that back."""
        return and_undoing((*self.start, *self.stop, *self.reset, *self.cancel))

    def fields(self) -> list[str]:
        """Every fact that its goals and pauses look at."""
        conditions = [goal.when for goal in self.goals] + [pause.when for pause in self.pause]
        asked = [field for condition in conditions if condition for field in condition.fields()]
        return asked + [f"{self.about}.status" for pause in self.pause if pause.status_in]

    def goal(self, facts: Mapping[str, Any]) -> Goal:
        """The first goal that fits these facts."""
        known = dict(facts)
        return next(goal for goal in self.goals if goal.when is None or goal.when.holds(known))

    def pauses(self, facts: Mapping[str, Any]) -> bool:
        """Whether the time stands still while these are the facts."""
        status = facts.get(f"{self.about}.status")
        return any(
            pause.when.holds(dict(facts)) if pause.when else status in (pause.status_in or ()) for pause in self.pause
        )
