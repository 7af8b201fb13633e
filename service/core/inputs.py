"""What a request says, from a tracker's or a command line's text to typed values; every problem told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from service.core.offsets import did_you_mean
from service.core.template import Input, Template

_YES = frozenset({"yes", "y", "true", "t", "1", "on", "checked", "x"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "unchecked"})
_WRITTEN_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?")


class InputError(ValueError):
    """The value is not of the type that the template asks for; the message says how to write it."""


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One missing or impossible value."""

    field: str
    label: str
    message: str

    def __str__(self) -> str:
        return self.message


class InputProblems(ValueError):
    """Everything that keeps a request from being complete."""

    def __init__(self, problems: list[InputProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(". ".join(problem.message for problem in problems))


def read_inputs(template: Template, raw: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The typed inputs, defaults filled in; raises `InputProblems`.

    A date must lie between today and the end of the year after next, the last one whose holidays are known. For a
    running campaign `today` is the day it was complete, because the launch comes and goes.
    """
    values: dict[str, Any] = {}
    problems = [
        InputProblem(name, name, f"There is no input “{name}”{did_you_mean(name, template.inputs)}")
        for name in raw
        if name not in template.inputs
    ]
    for name, entry in template.inputs.items():
        label = template.label(name)
        given = raw.get(name)
        if _is_empty(given, entry):
            values[name] = None if entry.default is None else typed(entry, entry.default)
            continue
        try:
            values[name] = typed(entry, given)
            if entry.type == "date":
                _check_range(values[name], today)
        except InputError as wrong:
            problems.append(InputProblem(name, label, f"{label}: {wrong}"))
    problems += [
        InputProblem(name, template.label(name), f"{template.label(name)} is missing")
        for name, entry in template.inputs.items()
        if name in values and values[name] is None and _is_required(entry, values)
    ]
    if problems:
        order = list(template.inputs)
        raise InputProblems(sorted(problems, key=lambda one: order.index(one.field) if one.field in order else -1))
    return values


def _is_required(entry: Input, values: Mapping[str, Any]) -> bool:
    return entry.required if isinstance(entry.required, bool) else entry.required.holds(dict(values))


def _is_empty(given: object, entry: Input) -> bool:
    if isinstance(given, str):
        return not given.strip()
    # An unticked list of boxes answers a yes-or-no question.
    return given is None or (given in ([], ()) and entry.type != "bool")


def typed(entry: Input, given: Any) -> Any:
    """The value as the type the input asks for; raises `InputError`."""
    if isinstance(given, list | tuple) and entry.type != "bool":
        given = ", ".join(str(part) for part in given)
    if entry.type == "enum":
        return _choice(entry, given)
    readers: dict[str, Callable[[Any], Any]] = {"date": _date, "bool": _bool, "text": _text, "file": _text}
    return _within(entry, _int(given)) if entry.type == "int" else readers[entry.type](given)


def never_equal(entry: Input, value: Any) -> str | None:
    """Why no request's answer is ever this value; None where one can be."""
    if entry.type == "date":
        return "is a date, which is never equal to a fixed value; ask whether it `exists`"
    if entry.type == "bool" and not isinstance(value, bool):
        return f"is `true` or `false`, never `{value}`"
    if entry.type == "enum" and value not in entry.values:
        return f"is {', '.join(entry.values)}, never `{value}`{did_you_mean(str(value), entry.values)}"
    if entry.type in ("text", "file") and not isinstance(value, str):
        return f"is text, never `{value}`; write it in quotes"
    if entry.type == "int":
        return _never_counted(entry, value)
    return None


def _never_counted(entry: Input, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"is a whole number, never `{value}`; write it as a number, without quotes"
    try:
        _within(entry, value)
    except InputError as wrong:
        return f"is never {value}: {wrong}"
    return None


def _text(given: Any) -> str:
    return str(given).strip()


def _date(given: Any) -> date:
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    found = _WRITTEN_DATE.fullmatch(str(given).strip())
    try:
        return date.fromisoformat(found.group(1) if found else "")
    except ValueError:
        raise InputError(f"'{given}' is not a date; write it as year-month-day, like 2027-02-28") from None


def _check_range(value: date, today: date) -> None:
    if value < today:
        raise InputError(f"{value} is in the past; today is {today}")
    if value.year > today.year + 2:
        raise InputError(f"{value} is too far ahead; plans are made up to {date(today.year + 3, 1, 1) - timedelta(1)}")


def _bool(given: Any) -> bool:
    if isinstance(given, list | tuple):
        words = {str(word).strip().lower() for word in given}
        # A box that is ticked says its own label, so anything that is not a clear no is a yes.
        return bool(words - _NO)
    word = str(given).strip().lower()
    if word not in _YES | _NO:
        raise InputError(f"'{given}' is neither yes nor no")
    return word in _YES


def _int(given: Any) -> int:
    text = str(given).strip().removesuffix(".0")
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d{1,9}", text):
        raise InputError(f"'{given}' is not a whole number")
    return int(text)


def _within(entry: Input, value: int) -> int:
    if entry.min is not None and value < entry.min:
        raise InputError(f"{value} is too few; at least {entry.min}")
    if entry.max is not None and value > entry.max:
        raise InputError(f"{value} is too many; {entry.max} at most")
    return value


def _choice(entry: Input, given: Any) -> str:
    wanted = str(given).strip().lower().replace(" ", "_")
    for value in entry.values:
        if wanted in (value.lower(), value.lower().replace(" ", "_")):
            return value
    raise InputError(f"'{given}' is not one of {', '.join(entry.values)}{did_you_mean(str(given), entry.values)}")
