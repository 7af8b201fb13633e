"""A plan as data: the wanted tasks with dates, owners and the reason for every date, and what is written of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["planned", "flagged", "compressed", "shift_proposed", "rejected", "excluded"]
"""`excluded`: the agreement does not cover it, so a person decides and no clock starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """One task of a plan."""

    key: str
    title: str
    text: str
    """Markdown."""
    party: str
    owner: str
    """A role name, or `requester`."""
    start_on: date
    due_on: date
    depends_on: tuple[str, ...]
    milestone: bool
    slack: int | None
    """Working days it can slip; None where nothing bounds it."""
    late_by: int = 0
    """Working days by which it misses its latest date at the agreed pace."""
    pinned: bool = False
    """Its date was fixed by a person."""
    why: str
    """One sentence that explains the date."""
    because: dict[str, Any] | None = None
    """The data of that sentence, as `Because.from_dict` reads it; None in plans that were made before there was any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The wanted tasks of one campaign, in the order of their due dates, and whether they are possible."""

    template: str
    version: int
    digest: str
    """Changes when the template or the calendar does."""
    inputs: dict[str, Any]
    """As JSON: dates are ISO texts, which `read_inputs` reads back."""
    complete_on: date
    planned_on: date
    request_by: date | None
    """The last day on which the request can be complete and keep the lead time."""
    promised_on: date | None
    """By when the whole request is promised."""
    target_on: date | None = None
    """The near end of a promised range, which is aimed at."""
    promise: str = ""
    """How the promised day was counted."""
    tasks: tuple[PlannedTask, ...]
    """For `shift_proposed` these, `compressions` and `critical` are as they would be for the proposed date."""
    feasible: bool
    """Whether the dates asked for can be kept, compressed if need be."""
    verdict: Verdict
    shortfall: int = 0
    """Working days by which the dates asked for, or the promised day, are missed at the agreed pace."""
    problems: tuple[str, ...]
    earliest_anchor: tuple[str, date] | None
    """The input and the first date for which the plan is possible; only for an infeasible plan."""
    compressions: tuple[str, ...]
    critical: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON values; `from_dict` reads it back."""
        return {**_as_json(self), "tasks": [_as_json(task) for task in self.tasks]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The plan that `as_dict` wrote."""
        earliest = data["earliest_anchor"]
        return cls(
            **{
                **data,
                "inputs": dict(data["inputs"]),
                "tasks": tuple(_task_from(task) for task in data["tasks"]),
                "problems": tuple(data["problems"]),
                "compressions": tuple(data["compressions"]),
                "critical": tuple(data["critical"]),
                "earliest_anchor": earliest and (earliest[0], date.fromisoformat(earliest[1])),
                **_dates(data, "complete_on", "planned_on", "request_by", "promised_on", "target_on"),
            }
        )


def _task_from(data: Mapping[str, Any]) -> PlannedTask:
    return PlannedTask(**{**data, "depends_on": tuple(data["depends_on"]), **_dates(data, "start_on", "due_on")})


def _dates(data: Mapping[str, Any], *names: str) -> dict[str, date | None]:
    return {name: date.fromisoformat(data[name]) if data.get(name) else None for name in names}


def _as_json(said: Plan | PlannedTask) -> dict[str, Any]:
    """Every field but those that hold what has fields of its own."""
    return {field.name: jsonable(getattr(said, field.name)) for field in fields(said)}


def jsonable(value: Any) -> Any:
    """As JSON: dates as ISO text, whatever they stand in."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: jsonable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(entry) for entry in value]
    return value
