"""A company's closed days from a calendar file (ICS) beside `calendars.yaml`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # half a second and 7 MB, so only an installation that has such a file imports them
    from icalendar import Component

_ONCE = ("DTSTART", "DTEND", "DURATION", "RRULE")
_READ = {*_ONCE, "EXDATE", "RDATE"}
_REPEATS = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}


@dataclass(frozen=True, slots=True)
class CompanyDays:
    """The all-day events of one file; an event with hours closes nothing."""

    file: str
    _events: Any
    """An `icalendar.Calendar`."""

    text: str
    """The file."""

    @classmethod
    def read(cls, path: Path) -> CompanyDays:
        """Raises `ValueError` with the file's name and what is wrong with it."""
        try:
            return cls.parse(path.name, path.read_bytes().decode("utf-8-sig", errors="replace"))
        except FileNotFoundError:
            raise ValueError(f"there is no file {path.name} beside the calendars") from None
        except OSError as error:
            raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None

    @classmethod
    def parse(cls, file: str, text: str) -> CompanyDays:
        """What stands in a file of this name; raises `ValueError` like `read`."""
        from icalendar import Calendar

        try:
            written = Calendar.from_ical(text)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{file} is not a calendar file (ICS): {reason}") from None
        days = Calendar()
        for event in written.walk("VEVENT"):
            if wrong := _mistake(event):
                raise ValueError(f"{file}: the event {_name(event)} {wrong}")
            if _all_day(event):
                days.add_component(event)
        if not days.subcomponents:
            raise ValueError(f"{file} has no all-day event, and only those are closed days")
        return cls(file, days, text)

    def __str__(self) -> str:
        return self.file

    def closed(self, years: Iterable[int]) -> dict[date, str]:
        """Each day of these years that an event covers, with the event's name.

        The end of an event is the first day that is no longer part of it.
        https://www.rfc-editor.org/rfc/rfc5545#section-3.6.1
        """
        import recurring_ical_events

        days: dict[date, str] = {}
        for year in years:
            first, last = date(year, 1, 1), date(year + 1, 1, 1)
            for event in recurring_ical_events.of(self._events).between(first, last):
                begins: date = event.start
                length = max((event.end - begins).days, 1)
                covered = (begins + timedelta(step) for step in range(length))
                days |= {day: _name(event) for day in covered if first <= day < last}
        return days


def _mistake(event: Component) -> str | None:
    """What the libraries would stumble over only later, or never come back from."""
    if wrong := next((f"has a wrong {field}: {reason}" for field, reason in event.errors if field in _READ), None):
        return wrong
    if twice := next((field for field in _ONCE if isinstance(event.get(field), list)), None):
        return f"has more than one {twice}"
    if "DTSTART" not in event:
        return "has no DTSTART"
    start, end, length = (event.decoded(field, None) for field in ("DTSTART", "DTEND", "DURATION"))
    if isinstance(start, datetime):
        return None
    if end is not None and (isinstance(end, datetime) or not isinstance(end, date) or end < start):
        return "has a DTEND that is no day after its start"
    if length is not None and length % timedelta(days=1):
        return "has a DURATION that is not whole days"
    rule = event.get("RRULE", {})
    if rule.get("FREQ", ["DAILY"])[0] not in _REPEATS or rule.get("INTERVAL", [1])[0] < 1:
        return "repeats in a way that no day can"
    return None


def _all_day(event: Component) -> bool:
    cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    return not cancelled and not isinstance(event.decoded("DTSTART"), datetime)


def _name(event: Component) -> str:
    return str(event.get("SUMMARY", "")).strip() or "Closed"
