"""What a form posts, and the request that it becomes: pure, so that a wrong field is told before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, Field

from service.core.explain import plain, verbatim

SUBMITTED = "@form"
"""Stands where others have the name of a connection; no connection can have it."""
LONGEST_TEXT, LONGEST_LIST, LONGEST_ID = 10_000, 100, 200
TITLE, TEXT, DAYS = "title", "text", ("due_on", "start_on")

Value = str | Sequence[str]


class FormMap(BaseModel):
    """How the fields of a form become those of a request."""

    submission: str = "id"
    """The form's field that holds the submission's own id: sent twice, it becomes one request."""
    fields: Mapping[str, str] = Field(min_length=1)
    """Form field → the tracker's field, `title`, `text`, `due_on` or `start_on`; several may go into `text`."""
    optional: tuple[str, ...] = ()
    """Form fields that may be missing or empty."""
    always: Annotated[Mapping[str, str], Field()] = {}
    """Tracker fields that are the same for every submission, such as the issue type or the section."""


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A field that is missing or wrong."""

    field: str
    problem: str


class WrongSubmission(Exception):
    """Nothing of it can be taken."""

    def __init__(self, problems: Sequence[FormProblem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{each.field} {each.problem}" for each in self.problems))


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody entered."""

    id: str
    values: Mapping[str, Value]
    """By the form's own names."""

    @property
    def key(self) -> str:
        """The same whenever this submission is sent."""
        return sha256(self.id.encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request to be filed."""

    title: str
    text: str = ""
    due_on: date | None = None
    start_on: date | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


def read(form: FormMap, body: bytes) -> Submission:
    """The submission in a posted body; raises `WrongSubmission` with every wrong field."""
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongSubmission([FormProblem("", "the body is not JSON in UTF-8")]) from None
    if not isinstance(posted, Mapping):
        raise WrongSubmission([FormProblem("", "the body is a JSON object")])
    problems: list[FormProblem] = []
    values: dict[str, Value] = {}
    for name in (form.submission, *form.fields):
        try:
            value = _text(_find(posted, name))
        except ValueError as error:
            problems.append(FormProblem(name, str(error)))
            continue
        if value:
            values[name] = value
        elif name not in form.optional:
            problems.append(FormProblem(name, "is missing or empty"))
    own = values.get(form.submission, "")
    if not isinstance(own, str) or len(own) > LONGEST_ID:
        problems.append(FormProblem(form.submission, f"is a text of at most {LONGEST_ID} characters"))
    if not problems:
        problems = list(_wrong_days(form, values))
    if problems:
        raise WrongSubmission(problems)
    return Submission(str(own), {name: value for name, value in values.items() if name in form.fields})


def request_of(form: FormMap, values: Mapping[str, Value]) -> Asked:
    """The request that these values ask for; they have been `read`."""
    found: dict[str, Value] = dict(form.always)
    texts = []
    for name, target in form.fields.items():
        if name not in values:
            continue
        if target == TEXT:
            texts.append((name, verbatim(_line(values[name]))))
        else:
            found[target] = values[name]
    alone = len(texts) == 1
    return Asked(
        title=" ".join(_line(found.pop(TITLE, "")).split()),
        text="\n\n".join(value if alone else f"**{plain(name)}**: {value}" for name, value in texts),
        due_on=_day(found.pop("due_on", None)),
        start_on=_day(found.pop("start_on", None)),
        fields=found,
    )


def _find(posted: Mapping[str, Any], name: str) -> Any:
    """By its name, or by the way to it through nested objects: `contact.email`."""
    if name in posted:
        return posted[name]
    first, _, rest = name.partition(".")
    inner = posted.get(first)
    return _find(inner, rest) if rest and isinstance(inner, Mapping) else None


def _text(value: Any) -> Value:
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case int() | float():
            return str(value)
        case str():
            return _checked(value.strip())
        case list() if len(value) <= LONGEST_LIST and not any(isinstance(each, list | dict) for each in value):
            return [str(each) for each in map(_text, value) if each]
    raise ValueError(f"should be text, a number, true, false, or a list of up to {LONGEST_LIST} of these")


def _checked(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"has more than {LONGEST_TEXT} characters")
    # A NUL is refused by PostgreSQL, half a surrogate pair by every encoder.
    if any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("holds a character that no text may hold")
    return text


def _wrong_days(form: FormMap, values: Mapping[str, Value]) -> Iterator[FormProblem]:
    for name, target in form.fields.items():
        if target in DAYS and name in values:
            try:
                _day(values[name])
            except ValueError:
                yield FormProblem(name, "should be a day, written as year-month-day: 2026-12-24")


def _day(value: Value | None) -> date | None:
    return date.fromisoformat(_line(value)[:10]) if value else None


def _line(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)
