"""Why a task is due on its day, as data: its sentence is written from this alone, and the day can be counted again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any, Literal

from service.core.explain import Run, amount, business_days, in_words, listed, long_day, short_day, skipped
from service.core.offsets import Rounding, Span

Rule = Literal["after", "before", "on", "not_before", "not_after", "today", "done", "pinned", "late", "held"]
"""`on`: the day of an anchor; `late`: needed earlier than it is possible, which `parts` explain in this order;
`held`: left where it was, as it would move by less than `span`, to what `parts` explain."""
NOTHING = Span(0, "business_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """What one date was counted from, and how.

    `after` is the first day on which the task may be due when `span` and then `work` have passed since `base_on`.
    `before` from a fixed day is counted back from it; before another task's day it is the last day from which that
    one can still be reached. The other rules round `base_on`; of a late task that is today, and it is due on the day
    on which it is needed, if that is still to come.
    """

    rule: Rule
    due: date
    """What came out."""
    base: str = ""
    """What it is counted from, in the words that people know."""
    base_on: date
    fixed_base: bool = True
    """The base is an anchor or a date that does not move."""
    span: Span = NOTHING
    work: int = 0
    """Business days of work that follow the span."""
    counted_in: str = ""
    """The calendar in which span and work are counted."""
    calendar: str = ""
    """The task's own calendar, in which the day is rounded."""
    elsewhere: bool = False
    """It is counted in another calendar than the plan's."""
    rounding: Rounding = "keep"
    counted: date | None = None
    """Before the rounding; None where no single day can be told."""
    closed: str = ""
    """Why nothing can be due on the counted day."""
    blackout: tuple[date, ...] = ()
    """Working days that were passed over because the task may not be due on them."""
    skipped: tuple[Run, ...] = ()
    """Working weekdays that were closed and do not count."""
    late_by: int = 0
    """Working days."""
    parts: tuple[Because, ...] = ()
    source: str = ""
    """What says so: `Email send v3`."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON, without what is not said; `from_dict` reads it back."""
        values = zip(_DEFAULTS.items(), _VALUES(self), strict=True)
        return {name: _plain(said) for (name, default), said in values if said is not default and said != default}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Because:
        """The inverse of `as_dict`."""
        values = dict(data)
        for name in ("due", "base_on", "counted"):
            if name in values:
                values[name] = date.fromisoformat(values[name])
        if "span" in values:
            values["span"] = Span.parse(values["span"])
        values["blackout"] = tuple(map(date.fromisoformat, values.get("blackout", ())))
        values["skipped"] = tuple(
            tuple((date.fromisoformat(day), name) for day, name in run) for run in values.get("skipped", ())
        )
        values["parts"] = tuple(map(cls.from_dict, values.get("parts", ())))
        return cls(**values)


_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(Because)}
_VALUES = attrgetter(*_DEFAULTS)


_WRITTEN: dict[type, Callable[[Any], Any]] = {
    date: date.isoformat,
    Span: str,
    Because: Because.as_dict,
    tuple: lambda entries: [_plain(entry) for entry in entries],
}


def _plain(value: Any) -> Any:
    write = _WRITTEN.get(type(value))
    return write(value) if write else value


def sentence(because: Because) -> str:
    """One sentence, with what says so at its end."""
    if because.rule == "late":
        needed, paced = map(told, because.parts)
        text = f"{needed}, but {paced[0].lower()}{paced[1:]}: {business_days(because.late_by)} too late"
    elif because.rule == "held":
        (moved,) = map(told, because.parts)
        stays = f"Left on {long_day(because.due)}, as a move of less than {amount(because.span)} is not made"
        text = f"{stays}: {moved[0].lower()}{moved[1:]}"
    else:
        text = told(because)
    return f"{text}; {because.source}." if because.source else f"{text}."


def told(because: Because) -> str:
    """The date and what decided it, without the full stop."""
    if because.rule in ("after", "before"):
        return _counted(because)
    due = long_day(because.due)
    match because.rule:
        case "on":
            return _rounded(because, f"On {because.base} itself, {due}", f"{because.base}, {{}}, is")
        case "today":
            open_still = "Still open and planned no earlier than today"
            return _rounded(because, f"{open_still}: {due}", f"{open_still}, {{}},")
        case "done":
            return f"Done on {due}"
        case "pinned":
            return f"Fixed on {due} by a person"
        case _:
            bound = f"Not {because.rule.removeprefix('not_')}"
            return _rounded(because, f"{bound} {due}, as the template says", f"{bound} {{}},")


def _counted(because: Because) -> str:
    base = f"{because.base} ({long_day(because.base_on)})"
    total = in_words(because.span, because.work)
    if not total:
        return _rounded(because, f"The same day as {base}", f"The day of {because.base}, {{}}, is")
    start = f"{total} {because.rule} {base}"
    if because.elsewhere:
        start += f", counted in {because.counted_in},"
    if because.counted is None:
        return f"{start} is at the latest {long_day(because.due)}"
    return _rounded(because, f"{start} is {long_day(because.due)}", f"{start} is {{}},") + skipped(because.skipped)


def _rounded(because: Because, plain: str, otherwise: str) -> str:
    """`plain` where the counted day itself can be had; else why not, and the day beside it."""
    if because.counted is None or because.counted == because.due:
        return plain
    side = "before" if because.due < because.counted else "after"
    text = otherwise.format(long_day(because.counted))
    closed = because.closed or "not a working day"
    more = [day for day in because.blackout if day != because.counted]
    beside = f" without {listed([short_day(day) for day in more])} (blackout)" if more else ""
    return f"{text} {closed}; the working day {side}{beside} is {long_day(because.due)}"
