"""Counts a date again from the data of its sentence: day by day, without the engine that planned it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from service.core.because import Because
from service.core.calendar import Calendar
from service.core.offsets import Span
from tests.unit.random_networks import plus

ONE_DAY = timedelta(days=1)


def recounted(because: Because, calendars: Mapping[str, Calendar]) -> date:
    """The day that the data come to; `calendars` are those that they name."""
    if because.rule == "late":
        return max(recounted(because.parts[0], calendars), _nearest(because, because.base_on, 1, calendars))
    if because.rule == "held":
        return because.base_on
    if because.rule == "after":
        return _nearest(because, _forward(because, because.base_on, calendars), 1, calendars)
    if because.rule == "before" and because.fixed_base:
        return _nearest(because, _back(because, calendars), -1, calendars)
    if because.rule == "before":
        day = because.base_on
        while not (_can_be(because, day, calendars) and _forward(because, day, calendars) <= because.base_on):
            day -= ONE_DAY
        return day
    if because.rounding == "keep":
        return because.base_on
    return _nearest(because, because.base_on, 1 if because.rounding == "next" else -1, calendars)


def worked_days(calendar: Calendar, low: date, high: date) -> int:
    """How many days after `low` and up to `high` are worked."""
    days = (low + timedelta(step) for step in range(1, (high - low).days + 1))
    return sum(map(calendar.is_working, days))


def _forward(because: Because, day: date, calendars: Mapping[str, Calendar]) -> date:
    calendar = calendars[because.counted_in]
    return plus(calendar, plus(calendar, day, because.span), Span(because.work, "business_days"))


def _back(because: Because, calendars: Mapping[str, Calendar]) -> date:
    calendar, work = calendars[because.counted_in], because.work
    if because.span.unit == "business_days":
        return plus(calendar, because.base_on, Span(because.span.value + work, "business_days"), -1)
    if not work:
        return plus(calendar, because.base_on, because.span, -1)
    first_worked = plus(calendar, because.base_on, Span(work - 1, "business_days"), -1)
    return plus(calendar, first_worked - ONE_DAY, because.span, -1)


def _can_be(because: Because, day: date, calendars: Mapping[str, Calendar]) -> bool:
    return calendars[because.calendar].is_working(day) and day not in because.blackout


def _nearest(because: Because, day: date, step: int, calendars: Mapping[str, Calendar]) -> date:
    while not _can_be(because, day, calendars):
        day += step * ONE_DAY
    return day
