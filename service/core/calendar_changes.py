"""In what two calendars of one name differ, in words: the one that was promised by, and the one of today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from service.core.calendar import Calendar
from service.core.explain import long_day


def changes(frozen: Calendar, today: Calendar) -> Iterator[str]:
    """One sentence for each day that is worked otherwise, and for each rule of the week; a holiday's name is no matter.

    A calendar that was frozen before hours were known is compared by its days alone.
    """
    by_hours = bool(frozen.working_hours)
    if frozen.time_zone != today.time_zone:
        yield f"the time zone was {frozen.time_zone} and is {today.time_zone}"
    if frozen.cutoff != today.cutoff:
        yield f"the cut-off was {frozen.cutoff or 'none'} and is {today.cutoff or 'none'}"
    if frozen.weekmask != today.weekmask or (by_hours and frozen.working_hours != today.working_hours):
        yield "the working hours of the week are not the same"
    for day in _special_days(frozen, today):
        was, now = (told(calendar, day, by_hours) for calendar in (frozen, today))
        if _worked(frozen, day, by_hours) != _worked(today, day, by_hours):
            yield f"{long_day(day)} was {was} and is {now}"
    for name in sorted(frozen.beside.keys() & today.beside.keys()):
        for sentence in changes(frozen.beside[name], today.beside[name]):
            yield f"{name}: {sentence}"


def told(calendar: Calendar, day: date, by_hours: bool = True) -> str:
    """`closed (Christmas Day)`, `open 09:00-12:00, 13:00-17:00`."""
    if not calendar.is_working(day):
        why = calendar.holidays.get(day)
        return f"closed ({why})" if why and why != "Closed" else "closed"
    hours = ", ".join(map(str, calendar.hours_on(day)))
    return f"open {hours}" if by_hours else "a working day"


def _special_days(*calendars: Calendar) -> list[date]:
    """Days that at least one of them treats unlike other days of their kind."""
    return sorted({day for each in calendars for day in (*each.holidays, *each.extra_working_days, *each.exceptions)})


def _worked(calendar: Calendar, day: date, by_hours: bool) -> object:
    return calendar.hours_on(day) if by_hours else calendar.is_working(day)
