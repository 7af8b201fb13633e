"""Whose task is next: what one person owes, in the order of priority classes, and who waits longer when one jumps.

Priority changes the order of work and nothing else: no date that was agreed moves because of it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from service.core.calendar import Calendar

PRIORITY = "priority_class"
"""The input that says it: P1 before P2 before P3."""
USUAL = "P2"
"""Of a request that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One open task of somebody's."""

    request: str
    """As people call it: `MKT-12`."""
    title: str
    priority: str
    start_on: date
    due_on: date
    days: int
    """Working days that it takes."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A task that is done later because another request goes first."""

    task: Waiting
    was: date
    now: date
    days: int
    """Working days between the two."""

    @property
    def late(self) -> bool:
        """Whether it is done after its due date, and would not have been."""
        return self.was <= self.task.due_on < self.now


def line_up(items: Iterable[Waiting], calendar: Calendar, today: date) -> dict[Waiting, date]:
    """When each would be done by one person who takes up one after the other, in the order in which they are taken up.

    The next is always the one of the best class, then of the earliest due date, among those that can begin.
    """
    left = sorted(items, key=lambda one: (one.priority, one.due_on, one.request, one.title))
    worked = calendar.shift(calendar.next(today), -1)
    done: dict[Waiting, date] = {}
    while left:
        day = calendar.shift(worked, 1)
        one = next((one for one in left if one.start_on <= day), None)
        if one is None:
            worked = calendar.shift(calendar.next(min(one.start_on for one in left)), -1)
            continue
        left.remove(one)
        worked = calendar.shift(worked, one.days) if one.days else worked
        done[one] = worked if one.days else day
    return done


def jump(items: Sequence[Waiting], request: str, priority: str, calendar: Calendar, today: date) -> list[Slip]:
    """Whose tasks are done later when this request gets that class, and by how much."""
    before = line_up(items, calendar, today)
    changed = {one: replace(one, priority=priority) if one.request == request else one for one in items}
    after = line_up(changed.values(), calendar, today)
    slips = [
        Slip(one, before[one], after[moved], calendar.working_days_between(before[one], after[moved]))
        for one, moved in changed.items()
        if after[moved] > before[one]
    ]
    return sorted(slips, key=lambda slip: (-slip.days, slip.task.request, slip.task.title))


def class_of(inputs: Mapping[str, object]) -> str:
    """The priority class of a request with these inputs."""
    return str(inputs.get(PRIORITY) or USUAL)
