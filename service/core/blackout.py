"""Days on which a task is not due although work is done: no invitations on a Thursday."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from service.core.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Blackout:
    """Weekdays (0 is Monday) and single dates on which nothing may be due."""

    weekdays: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()

    def covers(self, day: date) -> bool:
        """Whether nothing may be due on that day."""
        return day.weekday() in self.weekdays or day in self.dates

    def leaves_a_day(self, calendar: Calendar) -> bool:
        """Whether some weekday is worked on which something may be due."""
        return any(mark == "1" and index not in self.weekdays for index, mark in enumerate(calendar.weekmask))

    def within(self, low: date, high: date, calendar: Calendar) -> Iterable[date]:
        """The working days from `low` to `high`, both included, that it takes away."""
        days = (low + timedelta(step) for step in range((high - low).days + 1))
        return (day for day in days if self.covers(day) and calendar.is_working(day))


NO_BLACKOUT = Blackout()


def first_due(day: date, calendar: Calendar, blackout: Blackout) -> date:
    """The first day, from this one on, that is worked and not blacked out."""
    day = calendar.next(day)
    while blackout.covers(day):
        day = calendar.shift(day, 1)
    return day


def last_due(day: date, calendar: Calendar, blackout: Blackout) -> date:
    """The last day, up to this one, that is worked and not blacked out."""
    day = calendar.previous(day)
    while blackout.covers(day):
        day = calendar.shift(day, -1)
    return day
