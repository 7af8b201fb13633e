"""Amounts of time as people write them: `3 business_days`, `6 weeks before inputs.webinar_date`.

Units are never mixed: business days are counted on a calendar, days, weeks and months are calendar arithmetic.
"""

from __future__ import annotations

import calendar as months_of
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any, Literal, cast, get_args

from service.core.calendar import Calendar

Unit = Literal["business_days", "days", "weeks", "months"]
Direction = Literal["before", "after"]
Rounding = Literal["next", "previous", "keep"]
Which = Literal["not_before", "not_after", "start_not_before"]
"""The bounds of a task: of its due date, and of its start."""

UNITS: tuple[str, ...] = get_args(Unit)
CLOCK_UNITS = ("business_hours", "hours", "minutes")
_OUR_DAYS = ("workdays", "work_days", "working_days", "weekdays", "bds", "wds", "businessdays")
"""What else people call business days."""
MOST = 10_000
"""Of any unit: 38 years of business days. More is a slip of the hand, and leads out of every calendar."""
_TEXT = re.compile(r"\s*(-?\d+)\s+([A-Za-z_ -]+?)(?:\s+(before|after)\s+(\S+))?\s*")
_RANGE = re.compile(r"\s*(\d+)\s*(?:-|–|to)\s*(\d+\s.*)")  # noqa: RUF001 - people do write the long dash


class OffsetError(ValueError):
    """The text does not say an amount of time that a date can be counted with."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean `x`?` when something known is close, else nothing."""
    close = get_close_matches(word.lower().replace(" ", "_"), list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def unit_of(word: str) -> Unit:
    """The unit a word names, singular or plural; raises `OffsetError` with what was probably meant."""
    name = word if word.endswith("s") else word + "s"
    if name in UNITS:
        return cast("Unit", name)
    if name in CLOCK_UNITS:
        raise OffsetError(f"`{word}` is clock time, and a date is counted in {_listed(UNITS)}")
    if name.replace(" ", "_").replace("-", "_").lower() in _OUR_DAYS:
        raise OffsetError(f"`{word}` is not a unit; did you mean `business_days`?")
    guess = did_you_mean(name, (*UNITS, *CLOCK_UNITS)) or f"; use {_listed(UNITS)}"
    raise OffsetError(f"`{word}` is not a unit{guess}")


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of one unit, zero or more."""

    value: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.value < 0:
            raise OffsetError(f"`{self}` is negative; turn it round instead: `before` for `after`, `from` for `to`")

    def __str__(self) -> str:
        return f"{self.value} {self.unit[:-1] if self.value == 1 else self.unit}"

    @classmethod
    def parse(cls, written: object) -> Span:
        """From `1 week` or `{value: 1, unit: weeks}`; raises `OffsetError`."""
        if isinstance(written, Span):
            return written
        if isinstance(written, Mapping):
            value, unit = _members(written, "value", "unit")
            return cls(_whole(value), unit_of(str(unit)))
        value, unit, direction, _ = _words(written, "3 business_days")
        if direction:
            raise OffsetError(f"`{written}` should be an amount only, like `3 business_days`")
        return cls(_whole(int(value)), unit_of(unit))

    def after(self, day: date, calendar: Calendar, sign: int = 1) -> date:
        """That much later than the day (earlier for sign -1), not rounded; month ends are clamped."""
        if self.unit == "business_days":
            return calendar.shift(day, sign * self.value)
        if self.unit == "months":
            return _add_months(day, sign * self.value)
        return day + timedelta(days=sign * self.value * (7 if self.unit == "weeks" else 1))

    def before(self, day: date, calendar: Calendar) -> date:
        """That much earlier than the day, not rounded."""
        return self.after(day, calendar, -1)


@dataclass(frozen=True, slots=True)
class Offset:
    """So much time before or after something with a date: `7 business_days after request.complete`."""

    value: int
    unit: Unit
    direction: Direction
    ref: str

    def __post_init__(self) -> None:
        Span(self.value, self.unit)

    def __str__(self) -> str:
        return f"{self.span} {self.direction} {self.ref}"

    @property
    def span(self) -> Span:
        """The amount without direction."""
        return Span(self.value, self.unit)

    @classmethod
    def parse(cls, written: object) -> Offset:
        """From the text form or `{offset: 7, unit: business_days, direction: after, ref: request.complete}`."""
        if isinstance(written, Offset):
            return written
        if isinstance(written, Mapping):
            value, unit, direction, ref = _members(written, "offset", "unit", "direction", "ref")
            if direction not in get_args(Direction):
                raise OffsetError(f"direction is `before` or `after`, not `{direction}`")
            return cls(_whole(value), unit_of(str(unit)), direction, str(ref))
        example = "3 business_days after request.complete"
        value, unit, direction, ref = _words(written, example)
        if not direction or not ref:
            raise OffsetError(f"`{written}` does not say before or after what; write it like `{example}`")
        return cls(_whole(int(value)), unit_of(unit), cast("Direction", direction), ref)

    def date_from(self, anchor: date, calendar: Calendar, rounding: Rounding | None = None) -> date:
        """The day counted from the anchor. Unless told otherwise it is rounded so that "at least" stays true."""
        sign = 1 if self.direction == "after" else -1
        rounding = rounding or ("next" if sign > 0 else "previous")
        return rounded(self.span.after(anchor, calendar, sign), rounding, calendar)


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised: `7 business_days after request.complete`, or a range such as `2-3 business_days after …`.

    Of a range the near end is aimed at and the far end is owed.
    """

    commit: Offset
    target: int | None = None
    """The near end, in the unit of `commit`; None where it is no range."""

    def __str__(self) -> str:
        return str(self.commit) if self.target is None else f"{self.target}-{self.commit}"

    @classmethod
    def parse(cls, written: object) -> Promise:
        """From the text form, or the mapping of an `Offset` with `offset: [2, 3]` for a range; raises `OffsetError`."""
        if isinstance(written, Promise):
            return written
        low, rest = _range(written)
        commit = Offset.parse(rest)
        if low is not None and not 0 <= low < commit.value:
            raise OffsetError(f"`{written}`: a range goes from the smaller amount to the greater")
        return cls(commit, low)

    def lengthened(self, by: int) -> Promise:
        """So much more of the same unit at both ends."""
        longer = replace(self.commit, value=self.commit.value + by)
        return Promise(longer, None if self.target is None else self.target + by)

    def aimed_at(self) -> Offset:
        """The near end; the promise itself where it is no range."""
        return self.commit if self.target is None else replace(self.commit, value=self.target)


def _range(written: object) -> tuple[int | None, object]:
    if isinstance(written, Mapping) and isinstance(written.get("offset"), list | tuple):
        ends = [_whole(end) for end in written["offset"]]
        if len(ends) != 2:
            raise OffsetError("a range has two ends, like `offset: [2, 3]`")
        return ends[0], {**written, "offset": ends[1]}
    found = _RANGE.fullmatch(written) if isinstance(written, str) else None
    return (int(found.group(1)), found.group(2)) if found else (None, written)


def rounded(day: date, rounding: Rounding, calendar: Calendar) -> date:
    """The day, or the working day next to it in the direction asked for."""
    if rounding == "keep":
        return day
    return calendar.next(day) if rounding == "next" else calendar.previous(day)


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"{months} months from {day} lead out of the calendar")
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def _words(written: object, example: str) -> tuple[str, str, str | None, str | None]:
    found = _TEXT.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise OffsetError(f"`{written}` is not an amount of time; write it like `{example}`")
    value, unit, direction, ref = found.groups()
    return value, unit, direction, ref


def _members(written: Mapping[str, Any], *names: str) -> list[Any]:
    if set(written) != set(names):
        raise OffsetError(f"write exactly {_listed(names)}, not {_listed(str(name) for name in written)}")
    return [written[name] for name in names]


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise OffsetError(f"`{value}` is not a whole number")
    if value > MOST:
        raise OffsetError(f"`{value}` is more than a plan can be about; the most is {MOST}")
    return value


def _listed(names: Iterable[str]) -> str:
    *head, last = [f"`{name}`" for name in names]
    return f"{', '.join(head)} and {last}" if head else last
