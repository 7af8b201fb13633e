"""The words of every sentence on a date: days, amounts of time, what was skipped. No arithmetic of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeAlias

from service.core.calendar import Calendar
from service.core.effective import Addend
from service.core.offsets import Promise, Span

_MARKS = re.compile(r"([\\`*_\[\]<>~|#])")
_ADDRESS = re.compile(r"""(https?://[^\s<>]*[^\s<>.,;:!?)\]'"”])""")
_STARTS_BLOCK = re.compile(r"^(\d*)([-+=.)])")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def long_day(day: date) -> str:
    """`Wed 23 Dec 2026`, whatever the machine's language."""
    return f"{_WEEKDAYS[day.weekday()]} {short_day(day)} {day.year}"


def short_day(day: date) -> str:
    """`23 Dec`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def plain(written: str) -> str:
    """A person's words, to stand in Markdown as they are."""
    return _MARKS.sub(r"\\\1", written)


def verbatim(written: str) -> str:
    """A person's lines, to stand in Markdown with their breaks, and with web addresses as links."""
    lines = (_words(line.strip()) for line in written.splitlines())
    return "  \n".join(_STARTS_BLOCK.sub(r"\1\\\2", line) for line in lines)


def _words(line: str) -> str:
    parts = enumerate(_ADDRESS.split(line))
    return "".join(f"<{part}>" if place % 2 else plain(part).replace("&", "\\&") for place, part in parts)


def titled(titles: Iterable[str]) -> str:
    """`“Build”, “Check”`, to stand in Markdown as they are."""
    return ", ".join(f"“{plain(title)}”" for title in titles)


def amount(span: Span) -> str:
    """`3 business days`."""
    return str(span).replace("_", " ")


def business_days(count: int) -> str:
    """`1 business day`, `3 business days`."""
    return amount(Span(count, "business_days"))


def in_words(span: Span, work: int) -> str:
    """`1 week and 2 business days` for a span and then work; nothing for no time at all."""
    if span.unit == "business_days":
        span, work = Span(span.value + work, "business_days"), 0
    parts = [amount(span)] if span.value else []
    return " and ".join([*parts, business_days(work)] if work else parts)


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


Run: TypeAlias = tuple[tuple[date, str], ...]
"""Closed days with no working day between them, with their names."""


def closed_runs(calendar: Calendar, low: date, high: date) -> tuple[Run, ...]:
    """The working weekdays after `low` and up to `high` that were closed."""
    runs: list[Run] = []
    for day, name in calendar.closed_days(low, high):
        if runs and not calendar.working_days_between(runs[-1][-1][0], day):
            runs[-1] = (*runs[-1], (day, name))
        else:
            runs.append(((day, name),))
    return tuple(runs)


def skipped(runs: Iterable[Run]) -> str:
    """`; skipped 26 and 27 Nov (Thanksgiving Day, Day after Thanksgiving)`, or nothing."""
    told = listed([_run(run) for run in runs])
    return f"; skipped {told}" if told else ""


def _run(run: Run) -> str:
    days = [day for day, _ in run]
    names = ", ".join(dict.fromkeys(name for _, name in run))
    if len(days) > 2:
        text = f"{short_day(days[0])} to {short_day(days[-1])}"
    elif len(days) == 2 and days[0].month == days[1].month:
        text = f"{days[0].day} and {short_day(days[1])}"
    else:
        text = " and ".join(map(short_day, days))
    return f"{text} ({names})"


def closed(calendar: Calendar, day: date) -> str:
    """Why no work is done that day, with the holiday's name."""
    return f"closed ({calendar.holidays[day]})" if day in calendar.holidays else "not a working day"


def promised(
    calendar: Calendar, complete: date, promise: Promise, day: date, agreed: Promise | None, addends: Sequence[Addend]
) -> str:
    """`7 business days + 2 (2 times extra e-mail) = 9 business days after the request was complete (…) is …`."""
    total = amount(promise.commit.span)
    if addends and agreed:
        base = amount(agreed.commit.span)
        total = " + ".join([base, *map(str, addends)]) + f" = {total}"
    counted = skipped(closed_runs(calendar, complete, day)) if promise.commit.unit == "business_days" else ""
    return f"{total} after the request was complete ({long_day(complete)}) is {long_day(day)}{counted}."


def won_back(compressions: Iterable[str], won: int, needed: int) -> str:
    """What the agreed compressions achieve when they are not enough."""
    cuts = "; ".join(compressions)
    if not cuts:
        return "None of the agreed compressions helps."
    return f"The agreed compressions ({cuts}) win back {won} of the {business_days(needed)}."
