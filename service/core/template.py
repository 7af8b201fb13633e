"""A template: the versioned recipe of one request type, as ops write it in YAML.

This module knows its shape; `service.core.checking` knows whether it makes sense.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator
from pydantic.json_schema import SkipJsonSchema, WithJsonSchema

from service.core.clock_rule import ClockRule
from service.core.condition import Condition, Name, Part, Role, Version
from service.core.offsets import Offset, Promise, Rounding, Span, Which

Party = Literal["requester", "stakeholder", "ops", "sales", "external"]
Policy = Literal["flag", "compress", "shift", "reject"]
InputType = Literal["date", "text", "bool", "int", "enum", "file"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _duration(written: object) -> Span:
    """`3 business_days`, or 0 for a milestone."""
    if written == 0 and not isinstance(written, bool):
        return Span(0, "business_days")
    span = Span.parse(written)
    if span.unit != "business_days":
        raise ValueError(f"`{span}`: work is counted in `business_days`")
    return span


def _move(written: object) -> Span:
    """An amount of time, whichever way."""
    if str(written).lstrip().startswith("-"):
        raise ValueError(f"`{written}` is negative; a move counts in both directions, so leave out the sign")
    return Span.parse(written)


WrittenSpan: TypeAlias = Annotated[Span, BeforeValidator(Span.parse), PlainSerializer(str)]
WrittenOffset: TypeAlias = Annotated[Offset, BeforeValidator(Offset.parse), PlainSerializer(str)]
_WORK = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*\d+\s+business_days?\s*$", "examples": ["3 business_days"]},
        {"const": 0},
        {"type": "object", "properties": {"value": {"type": "integer"}, "unit": {"const": "business_days"}}},
    ]
}
Duration: TypeAlias = Annotated[Span, BeforeValidator(_duration), PlainSerializer(str), WithJsonSchema(_WORK)]
WrittenPromise: TypeAlias = Annotated[Promise, BeforeValidator(Promise.parse), PlainSerializer(str)]


class Input(Part):
    """One thing that the request must or may say."""

    type: InputType
    label: str = ""
    """What people call it; the name with spaces unless given."""
    help: str = ""
    required: bool | Condition = False
    """Whether the request is complete without it; or only when, such as the date of an event that is mentioned."""
    default: Any = None
    values: tuple[str, ...] = ()
    """The choices of an enum."""
    min: int | None = None
    max: int | None = None
    """Bounds of an int."""
    movable: bool = False
    """Whether another date may be proposed when this one is not possible."""


class Dependency(Part):
    """The task begins when another is done, `lag` later."""

    task: str
    lag: WrittenSpan = Span(0, "business_days")


def _dependency(written: object) -> object:
    return {"task": written} if isinstance(written, str) else written


def _bound(written: object) -> object:
    """A date, a date input, or an offset from one."""
    if isinstance(written, int | float):
        raise ValueError(f"`{written}` is not a date; write it as year-month-day, like '2027-02-28'")
    if not isinstance(written, str) or written.startswith("inputs."):
        return written
    if " " in written.strip():
        return Offset.parse(written)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"`{written}` is not a date; write it as year-month-day, like '2027-02-28'") from None


Bound: TypeAlias = Annotated[date | Offset | str, BeforeValidator(_bound), PlainSerializer(str, return_type=str)]


class Raci(Part):
    """Who else has a part in a task; responsible is its owner."""

    accountable: Role | None = None
    consulted: tuple[Role, ...] = ()
    informed: tuple[Role, ...] = ()


class TaskTemplate(Part):
    """One task of the recipe."""

    title: str
    description: str = ""
    """Markdown: what to do."""
    provide: str = ""
    """Markdown: what whoever owes it must bring."""
    done_when: str = ""
    """Markdown: how everybody can see that it is done."""
    deliverables: tuple[str, ...] = ()
    """What stands at the end: a file, a page, a list."""
    assets: tuple[Name, ...] = ()
    """Inputs whose files and links are shown on this very task."""
    party: Party
    """Who owes it."""
    owner: Role | None = None
    """The role that resolves to a person; the party's own role unless given."""
    raci: Raci = Raci()
    duration: Duration = Span(0, "business_days")
    due: WrittenOffset | None = None
    pinned: str | None = None
    """A date input that is this task's date."""
    on_non_working_day: Rounding = "keep"
    """What happens to a pinned date when it is not a working day."""
    depends_on: tuple[Annotated[Dependency, BeforeValidator(_dependency)], ...] = ()
    mode: Literal["asap", "alap"] | None = None
    """As soon or as late as possible; late where the due rule says `before`, unless given."""
    when: Condition | None = None
    not_before: Bound | None = None
    """A date, a date input, or an amount of time before or after one."""
    not_after: Bound | None = None
    start_not_before: Bound | None = None
    """The same for the day on which the work begins."""
    calendar: str | None = None
    """The owner's own calendar, where it is not the template's."""
    blackout: tuple[Weekday | date, ...] = ()
    """Days on which it is never due, such as no invitations on a Thursday; a person's own date stays."""

    @property
    def bounds(self) -> dict[Which, Bound]:
        """Those that it has."""
        written: dict[Which, Bound | None] = {
            "not_before": self.not_before,
            "not_after": self.not_after,
            "start_not_before": self.start_not_before,
        }
        return {which: bound for which, bound in written.items() if bound is not None}

    @property
    def role(self) -> str:
        """The role's plain name."""
        return self.owner.removeprefix("role:") if self.owner else self.party


class GroupTask(TaskTemplate):
    """One task of a group, made anew in every round.

    It waits for tasks of the same round by their short names, and for the round before with `previous.<task>`.
    """

    each_due: tuple[WrittenOffset, ...] = ()
    """The due rule of each round, the first round first."""


class Group(Part):
    """Tasks that are done several times: every invitation, every follow-up. Round 2 of `send` is `<group>_2_send`."""

    title: str
    """Stands before the titles of its tasks: `Invitation 2: Send it`."""
    repeat: int | str
    """How many rounds: a number, or an int input with a `max`."""
    when: Condition | None = None
    tasks: dict[Name, GroupTask] = Field(min_length=1)


class Child(Part):
    """Another template whose tasks are part of this campaign, such as the e-mail of a multichannel campaign."""

    template: Name
    title: str = ""
    """Stands before the titles of its tasks; the other template's title unless given."""
    when: Condition | None = None
    inputs: dict[Name, Any] = {}
    """The other template's inputs: `inputs.<ours>`, or a fixed value."""
    depends_on: tuple[Annotated[Dependency, BeforeValidator(_dependency)], ...] = ()
    """Tasks of ours that come before everything in it."""
    before: tuple[Name, ...] = ()
    """Tasks of ours that wait for everything in it, such as the launch."""


class Inherit(Part):
    """Another template's agreement that this request must keep too, such as the webinar's for an e-mail about one."""

    when: Condition | None = None
    template_from: str
    """A template's id, or an enum input whose value is one."""
    mode: Literal["replace", "strictest"] = "strictest"
    """`replace`: its lead time and turnaround instead of ours. `strictest`: both must be kept."""
    inputs: dict[Name, str] = {}
    """Its date inputs: `inputs.<ours>`."""
    tasks: dict[Name, Name] = {}
    """Our task → its task, whose due rule and gaps ours keeps too."""


class Modifier(Part):
    """More time for more work: one business day for each extra e-mail."""

    because: str
    """In a word or two, as it is told: `extra e-mail`."""
    when: Condition | None = None
    count: str | None = None
    """An int input: so many times."""
    beyond: int = 0
    """How many of them are included already."""
    add: WrittenSpan
    to: tuple[str, ...] = Field(min_length=1)
    """Tasks, and `turnaround` or `lead_time`."""


class Exclusion(Part):
    """What the agreement does not cover: a request that asks for it goes to a person, and no clock starts."""

    say: str
    when: Condition


class MinGap(Part):
    """At least so much time from one due date to another."""

    from_: str = Field(alias="from")
    to: str
    at_least: WrittenSpan


class Compress(Part):
    """A task, several side by side, or a gap that may be cut when time is short, and how far."""

    task: str | None = None
    tasks: tuple[Name, ...] = ()
    """Cut together, each to the same length, because cutting one alone wins nothing."""
    from_: str | None = Field(None, alias="from")
    to: str | None = None
    min: WrittenSpan

    @model_validator(mode="after")
    def _task_or_gap(self) -> Compress:
        named = (self.task is not None) + bool(self.tasks) + (self.from_ is not None)
        if named != 1 or (self.from_ is None) != (self.to is None):
            raise ValueError("name either `task`, several `tasks`, or `from` and `to` of a gap")
        return self

    @property
    def work(self) -> tuple[str, ...]:
        """The tasks that are cut; none where it is a gap."""
        return self.tasks or ((self.task,) if self.task else ())


class Feasibility(Part):
    """What to do, in this order, when the dates cannot be kept: the first that works."""

    try_: tuple[Policy, ...] = Field(("flag",), alias="try", min_length=1)
    approval: Role | None = None
    """Who must agree to a plan that is flagged or compressed."""
    compress: tuple[Compress, ...] = ()


class Reschedule(Part):
    """How a campaign that runs is planned anew."""

    min_move: Annotated[Span, BeforeValidator(_move), PlainSerializer(str)] | None = None
    """A date that would move by less stays where it is, as long as every rule allows it."""


class Template(Part):
    """The recipe of one request type."""

    id: Name
    kind: Literal["campaign"] = "campaign"
    """What the file is; commitments beside campaigns say another."""
    version: Version
    extends: Name | None = None
    """The template that says everything this one does not say otherwise; a task set to null is left out."""
    title: str
    description: str = ""
    goal: str = ""
    """What the agreement is for."""
    scope: str = ""
    """What it covers."""
    exclusions: tuple[Exclusion, ...] = ()
    calendar: str
    contacts: dict[Name, Role] = {}
    """Whom to ask, by role: `mops`, `sales`."""
    inputs: dict[Name, Input] = {}
    lead_time: WrittenOffset | None = None
    """How long before an input's date the request must be complete."""
    turnaround: WrittenPromise | None = None
    """By when the whole request is promised; a range is aimed at its near end."""
    modifiers: tuple[Modifier, ...] = ()
    inherit: tuple[Inherit, ...] = ()
    feasibility: Feasibility = Feasibility()
    reschedule: Reschedule = Reschedule()
    tasks: dict[Name, TaskTemplate] = {}
    groups: dict[Name, Group] = {}
    children: dict[Name, Child] = {}
    min_gaps: tuple[MinGap, ...] = ()
    clocks: dict[Name, ClockRule] = {}
    """How long a response or the whole request may take, run by what happens in the tracker."""
    library: SkipJsonSchema[dict[Name, Template]] = {}
    """The other templates that it names, frozen with it; the catalogue puts them here, nobody writes them."""

    @model_validator(mode="after")
    def _has_work(self) -> Template:
        if not (self.tasks or self.groups or self.children):
            raise ValueError("a template needs `tasks`, `groups` or `children`")
        return self

    @cached_property
    def digest(self) -> str:
        """A short fingerprint of everything the template says."""
        return sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:12]

    def label(self, name: str) -> str:
        """What people call an input."""
        return self.inputs[name].label or name.replace("_", " ").capitalize()

    @property
    def name(self) -> str:
        """As sentences cite it: `Email send v3`."""
        return f"{self.title} v{self.version}"

    @property
    def movable(self) -> str | None:
        """The date input that may be moved when the plan is not possible; the one with a lead time comes first."""
        names = [name for name, entry in self.inputs.items() if entry.movable]
        first = self.lead_time.ref.removeprefix("inputs.") if self.lead_time else None
        return first if first in names else next(iter(names), None)
