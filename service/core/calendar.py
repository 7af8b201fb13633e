"""Working days and hours: when a company works, and counting its days the way Excel's WORKDAY does.

The anchor day is never counted, |n| working days are, and the result is a working day. A prefix table answers each
question with one look-up; it grows by itself when somebody asks outside of it. Counting hours is `core.hours`' part.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

COUNTED_YEARS = range(2000, 2101)
"""Of which people may ask: whatever is counted from there stays within what dates can say."""
_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()
_WINDOW = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY = 24 * 60


class Window(NamedTuple):
    """A stretch of a day in which work is done: from `opens` up to, not including, `closes`."""

    opens: int
    """Minutes after midnight by the clock on the wall."""
    closes: int
    """The same; 1440 is the end of the day, written `24:00`."""

    @classmethod
    def parse(cls, text: str) -> Window:
        """From `09:00-17:00`; raises `ValueError` with what to write instead."""
        found = _WINDOW.fullmatch(text)
        numbers = [int(number) for number in found.groups()] if found else []
        if not numbers or max(numbers[1], numbers[3]) > 59 or numbers[2] * 60 + numbers[3] > _DAY:
            raise ValueError(f"`{text}` is not a stretch of a day; write it like '09:00-17:00'")
        window = cls(numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3])
        if window.opens >= window.closes:
            raise ValueError(f"`{text}` ends before it begins; a night shift is two stretches, one for each day")
        return window

    def __str__(self) -> str:
        return f"{self.opens // 60:02}:{self.opens % 60:02}-{self.closes // 60:02}:{self.closes % 60:02}"


Windows = tuple[Window, ...]
ALL_DAY: Windows = (Window(0, _DAY),)


class _Table(NamedTuple):
    """The working days of one stretch of days."""

    first: int
    """The proleptic ordinal of the first day of the stretch."""
    upto: list[int]
    """How many working days of the stretch are on or before `first + index`."""
    days: list[date]


@dataclass(frozen=True)
class Calendar:
    """The days and hours in which work is done, as plain data; equal data makes equal calendars.

    Raises `ValueError` for a week without any working day, a malformed week, working days without hours or an unknown
    time zone.
    """

    name: str
    weekmask: str = "1111100"
    """Monday to Sunday, `1` = working."""
    holidays: Mapping[date, str] = field(default_factory=dict)
    """Closed days and why; one on a rest day changes nothing."""
    extra_working_days: frozenset[date] = frozenset()
    """Worked although the week says rest."""
    working_hours: tuple[Windows, ...] = ()
    """Monday to Sunday; where nothing is said, a working day is open from midnight to midnight."""
    exceptions: Mapping[date, Windows] = field(default_factory=dict)
    """Hours that replace those of the day, a holiday or rest day too; no hours at all means closed."""
    time_zone: str = "UTC"
    cutoff: time | None = None
    """What arrives after this local time, or on a closed day, counts as received on the next working day."""
    beside: Mapping[str, Calendar] = field(default_factory=dict)
    """The calendars that single tasks of the same plan count in, by name."""
    _table: _Table = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.weekmask) != 7 or not set(self.weekmask) <= {"0", "1"}:
            raise ValueError(f"{self.name}: a week is seven characters 0 or 1, Monday first, not {self.weekmask!r}")
        if "1" not in self.weekmask:
            raise ValueError(f"{self.name}: a calendar needs at least one working weekday")
        if self.working_hours and "".join("1" if hours else "0" for hours in self.working_hours) != self.weekmask:
            raise ValueError(f"{self.name}: the working weekdays and the weekdays with working hours are not the same")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError) as unknown:
            raise ValueError(f"{self.name}: {self.time_zone!r} is not a time zone") from unknown
        worked = frozenset(day for day, hours in self.exceptions.items() if hours)
        closed = {day: "Closed" for day, hours in self.exceptions.items() if not hours}
        holidays = {day: why for day, why in (closed | dict(self.holidays)).items() if day not in worked}
        object.__setattr__(self, "holidays", MappingProxyType(dict(sorted(holidays.items()))))
        object.__setattr__(self, "exceptions", MappingProxyType(dict(sorted(self.exceptions.items()))))
        object.__setattr__(self, "extra_working_days", self.extra_working_days - closed.keys() | worked)
        object.__setattr__(self, "_table", _Table(0, [], []))

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """A short fingerprint of the data, equal wherever the data is equal."""
        return sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:12]

    def as_dict(self) -> dict[str, Any]:
        """As JSON, to be frozen into a campaign; `from_dict` reads it back."""
        data: dict[str, Any] = {
            "name": self.name,
            "weekmask": self.weekmask,
            "holidays": {day.isoformat(): name for day, name in self.holidays.items()},
            "extra_working_days": sorted(day.isoformat() for day in self.extra_working_days),
            "time_zone": self.time_zone,
            "cutoff": self.cutoff.isoformat() if self.cutoff else None,
        }
        # Left out where nothing is said: a calendar that was frozen before hours were known keeps its fingerprint.
        if self.working_hours:
            data["working_hours"] = [list(map(str, hours)) for hours in self.working_hours]
        if self.exceptions:
            data["exceptions"] = {day.isoformat(): list(map(str, hours)) for day, hours in self.exceptions.items()}
        if self.beside:
            data["beside"] = {name: calendar.as_dict() for name, calendar in self.beside.items()}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calendar:
        """The calendar that `as_dict` wrote."""
        return cls(
            name=data["name"],
            weekmask=data["weekmask"],
            holidays={date.fromisoformat(day): name for day, name in data["holidays"].items()},
            extra_working_days=frozenset(map(date.fromisoformat, data["extra_working_days"])),
            working_hours=tuple(map(_windows, data.get("working_hours", ()))),
            exceptions={date.fromisoformat(day): _windows(hours) for day, hours in data.get("exceptions", {}).items()},
            time_zone=data["time_zone"],
            cutoff=time.fromisoformat(data["cutoff"]) if data["cutoff"] else None,
            beside={name: cls.from_dict(other) for name, other in data.get("beside", {}).items()},
        )

    def named(self, name: str | None) -> Calendar:
        """The calendar of this name, itself or one beside it; itself for None. Raises `KeyError` for any other name."""
        return self if name in (None, self.name) else self.beside[str(name)]

    def is_working(self, day: date) -> bool:
        """Whether work is done on that day."""
        if day in self.holidays:
            return False
        return self.weekmask[day.weekday()] == "1" or day in self.extra_working_days

    def hours_on(self, day: date) -> Windows:
        """The stretches in which work is done on that day, none on a closed one."""
        if day in self.exceptions:
            return self.exceptions[day]
        if not self.is_working(day):
            return ()
        if not self.working_hours:
            return ALL_DAY
        # A make-up day without hours of its own keeps those of the week's first working day.
        return self.working_hours[day.weekday()] or next(filter(None, self.working_hours))

    def next(self, day: date) -> date:
        """The day itself if it is worked, else the first working day after it."""
        return day if self.is_working(day) else self.shift(day, 1)

    def previous(self, day: date) -> date:
        """The day itself if it is worked, else the last working day before it."""
        return day if self.is_working(day) else self.shift(day, -1)

    def shift(self, day: date, n: int) -> date:
        """The |n|-th working day after (n > 0) or before (n < 0) the day; the day itself for 0."""
        if n == 0:
            return day
        first, upto, days = self._table
        at = day.toordinal() - first
        if 0 <= at < len(upto):
            position = upto[at] + n - 1 if n > 0 else (upto[at - 1] if at else 0) + n
            if 0 <= position < len(days):
                return days[position]
        self._cover(day.toordinal(), abs(n))
        return self.shift(day, n)

    def working_days_between(self, low: date, high: date) -> int:
        """How many working days lie after `low` and up to `high`; 0 when `high` is not after `low`."""
        if high <= low:
            return 0
        # Both ends are read from one table: another thread may put a longer one in its place at any time.
        first, upto, _ = self._table_with(low.toordinal(), high.toordinal())
        return upto[high.toordinal() - first] - upto[low.toordinal() - first]

    def closed_days(self, low: date, high: date) -> Iterator[tuple[date, str]]:
        """Holidays after `low` and up to `high` that took a working day away, in order, with their names."""
        days = self._closed_days
        for day in days[bisect_right(days, low) : bisect_right(days, high)]:
            yield day, self.holidays[day]

    @cached_property
    def _closed_days(self) -> list[date]:
        return [day for day in self.holidays if self.weekmask[day.weekday()] == "1"]

    def date_of(self, instant: datetime) -> date:
        """The day an instant falls on in this calendar's time zone; the instant must know its own zone."""
        return self._local(instant).date()

    def received_on(self, instant: datetime) -> date:
        """The day from which something received at that instant counts."""
        local = self._local(instant)
        if self.cutoff is None:
            return local.date()
        if self.is_working(local.date()) and local.time() > self.cutoff:
            return self.shift(local.date(), 1)
        return self.next(local.date())

    def _local(self, instant: datetime) -> datetime:
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no time zone")
        return instant.astimezone(ZoneInfo(self.time_zone))

    def _table_with(self, low: int, high: int) -> _Table:
        table = self._table
        for end in (low, high):
            if not 0 <= end - table.first < len(table.upto):
                self._cover(end, 0)
                return self._table_with(low, high)
        return table

    def _cover(self, ordinal: int, count: int) -> None:
        """Make the table reach `count` working days either side of the day (threads may do so at once: all agree)."""
        old = self._table
        reach = 366 + 7 * (count + len(self.holidays))
        low, high = ordinal - reach, ordinal + reach
        if old.upto:
            low, high = min(low, old.first), max(high, old.first + len(old.upto) - 1)
        low, high = max(low, _FIRST), min(high, _LAST)
        if old.upto and low == old.first and high == old.first + len(old.upto) - 1:
            day = date.fromordinal(ordinal)
            raise OverflowError(f"{self.name}: {count} working days from {day} lead out of the calendar")
        object.__setattr__(self, "_table", self._tabulate(low, high))

    def _tabulate(self, low: int, high: int) -> _Table:
        closed = {day.toordinal() for day in self.holidays}
        extra = {day.toordinal() for day in self.extra_working_days}
        works = [mark == "1" for mark in self.weekmask]
        upto, days = [], []
        for ordinal in range(low, high + 1):
            # Day 1 of the proleptic calendar was a Monday.
            if ordinal not in closed and (works[(ordinal - 1) % 7] or ordinal in extra):
                days.append(date.fromordinal(ordinal))
            upto.append(len(days))
        return _Table(low, upto, days)


def _windows(written: Iterable[str]) -> Windows:
    return tuple(map(Window.parse, written))
