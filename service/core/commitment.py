"""Commitments beside campaigns, as ops write them in YAML: what recurs, what is counted, what runs against a clock.

This module knows their shape; `service.core.commitment_checks` knows whether they make sense.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from service.core.acceptance import Acceptance
from service.core.clock_rule import ClockRule
from service.core.condition import Condition, Name, Part, Role, Version
from service.core.event import EventType, FactName, and_undoing
from service.core.offsets import Rounding
from service.core.recurrence import Recurrence
from service.core.template import Party, WrittenOffset

Every = Literal["day", "week", "month", "quarter"]
OCCURRENCE = "occurrence"
WrittenRule: TypeAlias = Annotated[Recurrence, BeforeValidator(Recurrence.parse), PlainSerializer(str)]


class Filing(Part):
    """Where a commitment's tasks stand in a tracker: as subtasks of one task that people made for it."""

    connection: str
    """A connection of the settings."""
    under: str
    """The task, as people call it: `MKT-7` in Jira, the gid in Asana."""


class Commitment(Part):
    """What every commitment says."""

    id: Name
    version: Version
    title: str
    description: str = ""
    goal: str = ""
    """What the agreement is for."""
    scope: str = ""
    """What it covers."""
    calendar: str
    contacts: dict[Name, Role] = {}
    """Whom to ask, by role: `mops`, `sales`."""
    starts_on: date | None = None
    """From when it is owed. A cadence without it is owed from the first event that tells of it."""
    file: Filing | None = None
    """Where its tasks are filed; nowhere unless given."""
    withdrawn: bool = False
    """It is agreed no more, from the moment at which this version is published."""

    def listens_to(self) -> frozenset[str]:
        """The types of event that tell of it."""
        return frozenset()

    def calendars(self) -> dict[tuple[str, ...], str]:
        """Every calendar that it names, by the place where."""
        return {("calendar",): self.calendar}


class Duty(Part):
    """One task that comes due again and again."""

    title: str
    description: str = ""
    """Markdown: what to do."""
    party: Party
    """Who owes it."""
    owner: Role | None = None
    """The role that resolves to a person; the party's own role unless given."""

    @property
    def role(self) -> str:
        """The role's plain name."""
        return self.owner.removeprefix("role:") if self.owner else self.party


class CadenceTask(Duty):
    """One task of each occurrence."""

    due: WrittenOffset
    """Counted from `occurrence`, or from another task's `.due` or `.done`: `1 week after report.done`."""
    done_when: EventType | None = None
    """The event that delivers it, its subject being the occurrence's day; `<cadence>.<task>_done` unless given."""
    sections: tuple[Name, ...] = ()
    """What must be in it: the event lists them in its data as `sections`, and without one it is not delivered."""


class Cadence(Commitment):
    """A recurring duty: the weekly report, the quarterly review."""

    kind: Literal["cadence"]
    rrule: WrittenRule
    """When it recurs: `FREQ=WEEKLY;BYDAY=MO;BYHOUR=10;BYMINUTE=0`, in the calendar's wall time."""
    on_non_working_day: Rounding = "next"
    tasks: dict[Name, CadenceTask] = Field(min_length=1)

    def event_of(self, task: str) -> str:
        """The type of the event that delivers a task."""
        return self.tasks[task].done_when or f"{self.id}.{task}_done"

    def listens_to(self) -> frozenset[str]:
        """The types of event that tell of it."""
        return frozenset(map(self.event_of, self.tasks))


class Counted(Part):
    """Which events count."""

    event: EventType
    distinct: FactName | None = None
    """What counts once only, however often it is told; the event's subject unless given."""
    by: FactName | None = None
    """What `of` is compared with: `content.kind` for `content.published`, unless given."""
    where: Condition | None = None
    """Only events of which this is true."""
    unless: EventType | None = None
    """An event that takes the same thing out again, such as `campaign.cancelled`."""

    @property
    def about(self) -> str:
        """The kind of thing it counts."""
        return self.event.partition(".")[0]


class Target(Part):
    """How many are owed."""

    of: str | None = None
    """Which of them; all unless given."""
    title: str = ""
    at_least: int | None = Field(None, ge=0)
    at_most: int | None = Field(None, ge=0)
    parts: tuple[Target, ...] = ()
    """What it is made of, each with a band of its own: 40 to 50 calls within 80 to 100 activities."""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.title or (self.of or "all").replace("_", " ")


class Period(Part):
    """How long is counted before it begins anew."""

    every: Every
    time_zone: str | None = None
    """Whose midnight ends it; the calendar's unless given."""


class QuotaTask(Duty):
    """A task for each single piece that is owed, spread evenly over the period's business days."""

    of: str
    """The target that it stands for."""


class Quota(Commitment):
    """So many in each period: 4 blog posts a month, 3 campaigns a quarter."""

    kind: Literal["quota"]
    period: Period
    targets: tuple[Target, ...] = Field(min_length=1)
    counted_when: Counted
    each: FactName | None = None
    """Counted for each of these apart, such as `activity.by`."""
    carry_over: Literal["none", "surplus", "deficit"] = "none"
    """What one period hands to the next: what was too much, or what was missing."""
    first_period: Literal["full", "prorate"] = "full"
    """What a period owes that had begun before `starts_on`: everything, or its share of business days."""
    tasks: dict[Name, QuotaTask] = {}

    @property
    def by(self) -> str:
        """The fact that `of` is compared with."""
        return self.counted_when.by or f"{self.counted_when.about}.kind"

    def listens_to(self) -> frozenset[str]:
        """The types of event that tell of it."""
        counted = self.counted_when
        return and_undoing([counted.event, *([counted.unless] if counted.unless else [])])


class ItemTask(Duty):
    """A task that something that happens makes necessary, one for each lead or chat that it happens to."""

    on: EventType
    """The event that calls for a person."""
    when: Condition | None = None
    """Only for those of which this is true."""
    due: WrittenOffset
    """Counted from that event: `1 business_day after lead.responded`."""


class Agreement(Commitment):
    """Clocks and acceptance rules for leads, chats and the like, none of which is a campaign."""

    kind: Literal["agreement"]
    audience: Literal["sla", "ola"] = "sla"
    """Whether stakeholders are promised it (`sla`), or teams among themselves (`ola`)."""
    clocks: dict[Name, ClockRule] = {}
    acceptance: Acceptance | None = None
    """Which of them are taken on; what is rejected owes nothing."""
    report_by: FactName | None = None
    """Counted for each of these apart too, such as `lead.campaign`."""
    tasks: dict[Name, ItemTask] = {}

    @model_validator(mode="after")
    def _agrees_on_something(self) -> Agreement:
        if not (self.clocks or self.tasks):
            raise ValueError("an agreement needs `clocks` or `tasks`")
        return self

    def begins_with(self) -> frozenset[str]:
        """The types of event with which something comes under it."""
        starts = {event for rule in self.clocks.values() for event in rule.start}
        return frozenset(starts | {task.on for task in self.tasks.values()})

    def listens_to(self) -> frozenset[str]:
        """The types of event that tell of it."""
        return self.begins_with().union(*(rule.listens_to() for rule in self.clocks.values()))

    def calendars(self) -> dict[tuple[str, ...], str]:
        """Every calendar that it names, by the place where."""
        named = {("clocks", name, "calendar"): rule.calendar for name, rule in self.clocks.items() if rule.calendar}
        return super().calendars() | named

    def fields(self) -> list[str]:
        """Every fact that it looks at."""
        asked = [field for rule in self.clocks.values() for field in rule.fields()]
        conditions = [task.when for task in self.tasks.values() if task.when]
        if self.acceptance:
            conditions += [criterion.when for criterion in self.acceptance.criteria.values()]
            conditions += [row.when for row in self.acceptance.score]
        return asked + [field for condition in conditions for field in condition.fields()]
