"""The rules for a task's four dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.shapes import stamp
from connectors.asana.simulator.strict import instant, only_one

KEYS = ("due_on", "due_at", "start_on", "start_at")
Dates = dict[str, str | None]


def settle(given: Mapping[str, Any], current: Mapping[str, str | None], *, milestone: bool) -> Dates:
    """All four dates after a write; 400 where they contradict Asana's rules.

    Due and start are each a date or an instant, never both. A start is set or unset only together with a due, not after
    it, and never on a milestone.
    """
    only_one(given, "due_on", "due_at")
    only_one(given, "start_on", "start_at")
    if given.keys() & {"start_on", "start_at"} and not given.keys() & {"due_on", "due_at"}:
        raise ApiError(400, "You must also provide due_on or due_at when you set or unset start_on or start_at")
    if "start_at" in given and "due_at" not in given:
        raise ApiError(400, "You must also provide due_at when you set or unset start_at")
    dates: Dates = dict(current)
    _put(dates, given, "due_on", "due_at")
    _put(dates, given, "start_on", "start_at")
    if not dates["due_on"]:
        if given.get("start_on") or given.get("start_at"):
            raise bad("start_on", "a task with a start must have a due date")
        dates["start_on"] = dates["start_at"] = None
    if milestone and dates["start_on"]:
        raise bad("start_on", "a milestone cannot have a start")
    if dates["start_on"] and dates["due_on"] and dates["start_on"] > dates["due_on"]:
        raise bad("start_on", f"the start {dates['start_on']} is after the due date {dates['due_on']}")
    if dates["start_at"] and dates["due_at"] and dates["start_at"] >= dates["due_at"]:
        raise bad("start_at", "the start must be before the due time")
    return dates


def _put(dates: Dates, given: Mapping[str, Any], on: str, at: str) -> None:
    if given.get(at):
        dates[at] = stamp(instant(given[at], at))
        dates[on] = given[at][:10]
    elif on in given or at in given:
        dates[on], dates[at] = given.get(on), None
