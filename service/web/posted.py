"""Posted events as their senders write them; strict, because a typing mistake would be counted wrong for months."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError

from service.core.event import Event, EventType

MOST_AT_ONCE = 1_000
MOST_TOLD = 20
"""Problems listed in one answer."""
AHEAD = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""
EARLIEST = 2000
GREATEST = 2**53
"""The greatest whole number that every reader of JSON takes as it is."""
LONGEST_TEXT, LONGEST_LIST = 2_000, 100


def _value(value: object) -> object:
    """What may stand in data: a short text, a number, yes or no, nothing, or a list of these."""
    if isinstance(value, list):
        if len(value) > LONGEST_LIST:
            raise ValueError(f"a list has at most {LONGEST_LIST} entries")
        return [_scalar(entry) for entry in value]
    return _scalar(value)


def _scalar(value: object) -> object:
    match value:
        case None | bool():
            return value
        case int() | float():
            # JSON readers take 1e999 for an infinity, which no database keeps.
            if abs(value) > GREATEST:
                raise ValueError(f"a number is at most {GREATEST}; send longer ones as text")
            return value
        case str():
            if len(value) > LONGEST_TEXT:
                raise ValueError(f"a text has at most {LONGEST_TEXT} characters")
            # A NUL is refused by PostgreSQL, half a surrogate pair by every encoder.
            if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in value):
                raise ValueError("it holds a character that no text may hold")
            return value
    raise ValueError("should be text, a number, true, false, null, or a list of these")


def _name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("should be printable, without spaces at its ends")
    return value


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("should be text such as 2026-11-23T09:00:00.000-05:00")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is no instant; write it like 2026-11-23T09:00:00.000-05:00") from None
    if instant.tzinfo is None:
        raise ValueError("has no time zone; write Z or its distance from UTC, such as -05:00, at its end")
    if instant.year < EARLIEST:
        raise ValueError(f"lies before the year {EARLIEST}")
    return instant


ShortName = Annotated[StrictStr, Field(min_length=1, max_length=200), AfterValidator(_name)]
DataName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$")]


class PostedEvent(BaseModel):
    """One event; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: ShortName
    """The sender's own name for it: sent twice, it is stored once."""
    type: EventType
    at: Annotated[datetime, BeforeValidator(_instant)]
    subject: ShortName
    data: dict[DataName, Annotated[Any, AfterValidator(_value)]] = Field({}, max_length=50)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one event of a body."""

    item: int | None
    """Its place, from 0; None where the body as a whole is wrong."""
    field: str
    problem: str


class Unreadable(Exception):
    """The body cannot be taken; nothing of it is."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.problem for problem in problems))


def read(body: bytes, now: datetime) -> list[Event]:
    """The events of a body: one object, or `{"events": [...]}` with up to 1,000. Raises `Unreadable`."""
    written = _items(body)
    events, problems = [], list[Problem]()
    for position, item in enumerate(written):
        try:
            event = PostedEvent.model_validate(item)
        except ValidationError as error:
            problems += [_problem(position, dict(details)) for details in error.errors(include_url=False)]
            continue
        if event.at > now + AHEAD:
            problems.append(Problem(position, "at", f"lies in the future; it is {now.astimezone(UTC):%Y-%m-%dT%H:%MZ}"))
        events.append(Event(event.id, event.type, event.at.astimezone(UTC), event.subject, dict(event.data)))
    if problems:
        raise Unreadable(problems[:MOST_TOLD])
    return events


def _items(body: bytes) -> list[Any]:
    try:
        written = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _refuse("the body is not JSON in UTF-8")
    if not isinstance(written, Mapping):
        _refuse('the body is one event, or {"events": [...]}')
    if "events" not in written:
        return [written]
    items = written["events"]
    if set(written) != {"events"} or not isinstance(items, list):
        _refuse("`events` is a list, and nothing stands beside it")
    if not 0 < len(items) <= MOST_AT_ONCE:
        _refuse(f"a body holds 1 to {MOST_AT_ONCE} events, not {len(items)}")
    return items


def _problem(position: int, details: Mapping[str, Any]) -> Problem:
    path = [str(part) for part in details["loc"]]
    said = str(details["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if details["type"] == "extra_forbidden":
        said = "is not a field of an event: those are id, type, at, subject and data"
    return Problem(position, ".".join(path[:2]), said)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _refuse(problem: str) -> NoReturn:
    raise Unreadable([Problem(None, "", problem)])
