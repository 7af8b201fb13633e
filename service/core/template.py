"""A template: the versioned recipe of one request type, as ops write it in YAML.

This module knows its shape; `service.core.checking` knows whether it makes sense.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from service.core.offsets import Offset, Rounding, Span

Party = Literal["requester", "stakeholder", "ops", "sales", "external"]
Policy = Literal["flag", "compress", "shift", "reject"]
InputType = Literal["date", "text", "bool", "int", "enum"]


def _duration(written: object) -> Span:
    """`3 business_days`, or 0 for a milestone."""
    if written == 0 and not isinstance(written, bool):
        return Span(0, "business_days")
    span = Span.parse(written)
    if span.unit != "business_days":
        raise ValueError(f"`{span}`: work is counted in `business_days`")
    return span


WrittenSpan: TypeAlias = Annotated[Span, BeforeValidator(Span.parse), PlainSerializer(str)]
WrittenOffset: TypeAlias = Annotated[Offset, BeforeValidator(Offset.parse), PlainSerializer(str)]
Duration: TypeAlias = Annotated[Span, BeforeValidator(_duration), PlainSerializer(str)]
Role: TypeAlias = Annotated[str, Field(pattern=r"^role:[a-z][a-z0-9_]*$")]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    """Every part of a template is immutable and knows all of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)


class Input(Part):
    """One thing that the request must or may say."""

    type: InputType
    label: str = ""
    """What people call it; the name with spaces unless given."""
    help: str = ""
    required: bool = False
    default: Any = None
    values: tuple[str, ...] = ()
    """The choices of an enum."""
    movable: bool = False
    """Whether another date may be proposed when this one is not possible."""


class Condition(Part):
    """When a task belongs to the plan: one test of an input, or several tied together."""

    field: str | None = None
    equals: Any = None
    in_: tuple[Any, ...] | None = Field(None, alias="in")
    exists: bool | None = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def _one_form(self) -> Condition:
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        tests = given & {"equals", "in_", "exists"}
        ties = given & {"all", "any", "not_"}
        if len(ties) + ("field" in given) != 1 or len(tests) != int("field" in given):
            raise ValueError("write `field` with one of `equals`, `in`, `exists`; or one of `all`, `any`, `not`")
        return self

    def holds(self, inputs: dict[str, Any]) -> bool:
        """Whether it is true for these inputs."""
        if self.all is not None:
            return all(condition.holds(inputs) for condition in self.all)
        if self.any is not None:
            return any(condition.holds(inputs) for condition in self.any)
        if self.not_ is not None:
            return not self.not_.holds(inputs)
        value = inputs.get(str(self.field).removeprefix("inputs."))
        if self.exists is not None:
            return (value is not None) == self.exists
        return value in self.in_ if self.in_ is not None else bool(value == self.equals)

    def fields(self) -> list[str]:
        """Every field it looks at."""
        parts = (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))
        return ([self.field] if self.field else []) + [name for part in parts for name in part.fields()]


class Dependency(Part):
    """The task begins when another is done, `lag` later."""

    task: str
    lag: WrittenSpan = Span(0, "business_days")


def _dependency(written: object) -> object:
    return {"task": written} if isinstance(written, str) else written


class TaskTemplate(Part):
    """One task of the recipe."""

    title: str
    description: str = ""
    """Markdown: what to do, what must be provided, when it is done."""
    party: Party
    """Who owes it."""
    owner: Role | None = None
    """The role that resolves to a person; the party's own role unless given."""
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
    not_before: date | str | None = None
    """A date, or a date input."""
    not_after: date | str | None = None

    @property
    def role(self) -> str:
        """The role's plain name."""
        return self.owner.removeprefix("role:") if self.owner else self.party


class MinGap(Part):
    """At least so much time from one due date to another."""

    from_: str = Field(alias="from")
    to: str
    at_least: WrittenSpan


class Compress(Part):
    """A task or gap that may be cut when time is short, and how far."""

    task: str | None = None
    from_: str | None = Field(None, alias="from")
    to: str | None = None
    min: WrittenSpan

    @model_validator(mode="after")
    def _task_or_gap(self) -> Compress:
        if (self.task is None) == (self.from_ is None) or (self.from_ is None) != (self.to is None):
            raise ValueError("name either `task`, or `from` and `to` of a gap")
        return self


class Feasibility(Part):
    """What to do, in this order, when the dates cannot be kept: the first that works."""

    try_: tuple[Policy, ...] = Field(("flag",), alias="try", min_length=1)
    approval: Role | None = None
    """Who must agree to a plan that is flagged or compressed."""
    compress: tuple[Compress, ...] = ()


class Template(Part):
    """The recipe of one request type."""

    id: Name
    version: int = Field(ge=1)
    title: str
    description: str = ""
    calendar: str
    contacts: dict[Name, Role] = {}
    """Whom to ask, by role: `mops`, `sales`."""
    inputs: dict[Name, Input] = {}
    lead_time: WrittenOffset | None = None
    """How long before an input's date the request must be complete."""
    turnaround: WrittenOffset | None = None
    """By when the whole request is promised."""
    feasibility: Feasibility = Feasibility()
    tasks: dict[Name, TaskTemplate] = Field(min_length=1)
    min_gaps: tuple[MinGap, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A short fingerprint of everything the template says."""
        return sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:12]

    def label(self, name: str) -> str:
        """What people call an input."""
        return self.inputs[name].label or name.replace("_", " ").capitalize()

    @property
    def movable(self) -> str | None:
        """The date input that may be moved when the plan is not possible; the one with a lead time comes first."""
        names = [name for name, entry in self.inputs.items() if entry.movable]
        first = self.lead_time.ref.removeprefix("inputs.") if self.lead_time else None
        return first if first in names else next(iter(names), None)
