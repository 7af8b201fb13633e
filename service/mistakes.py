"""What is wrong with a template or a calendar file, in plain words and with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.tokens import ScalarToken

from service.config_file import Document, Loc
from service.core.offsets import did_you_mean

_UNQUOTED = re.compile(r"\d{1,2}:\d\d(-\d{1,2}:\d\d)?")
_SHAPES = {
    "tuple_type": "a list is meant; write it in brackets, with commas between its entries",
    "model_type": "something with fields is meant; write `field: value` lines under it",
    "dict_type": "something with fields is meant; write `name: value` lines under it",
    "mapping_type": "something with fields is meant; write `name: value` lines under it",
    "too_short": "nothing stands there; at least one entry is needed",
    "string_type": "a text is meant",
    "bool_parsing": "`true` or `false` is meant",
    "bool_type": "`true` or `false` is meant",
}
"""Kinds of pydantic's complaints about the shape of a value, in plain words."""
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """Why a file, or part of it, cannot be used."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


def refusal(document: Document, path: Loc, message: str) -> CatalogueProblem:
    """The problem at this place of the file."""
    return CatalogueProblem(str(document.path), document.line(path), message)


def validated(
    document: Document, model: type[M], written: Any, at: Loc = (), *, context: Mapping[str, Any] | None = None
) -> tuple[M | None, list[CatalogueProblem]]:
    """The part of the file that stands at `at` as its model, or why it is none."""
    try:
        return model.model_validate(written, context=dict(context or {})), []
    except ValidationError as error:
        # A misspelt field is also a missing one; the misspelling says more, so it is told first.
        problems = []
        found = [details for details in error.errors(include_url=False) if not _follows_from_another(details)]
        for details in sorted(found, key=lambda details: details["type"] == "missing"):
            path: Loc = tuple(part for part in details["loc"] if part != "[key]")
            if words := _words(details["type"], details["msg"], path, details["input"], model):
                problems.append(refusal(document, (*at, *path), words))
        return None, problems


def unquoted_times(document: Document) -> Iterator[CatalogueProblem]:
    """Times that stand without quotes."""
    for token in YAML(pure=True).scan(document.text) if document.unusual else ():
        if isinstance(token, ScalarToken) and token.plain and _UNQUOTED.fullmatch(token.value):
            advice = f"write '{token.value}' in quotes, because many YAML readers take it for a number"
            yield CatalogueProblem(str(document.path), token.start_mark.line + 1, advice)


def _follows_from_another(details: Mapping[str, Any]) -> bool:
    """A list whose entries are all refused is said to be empty, too."""
    return details["type"] == "too_short" and bool(details["input"])


def _words(kind: str, said: str, path: Loc, given: Any, model: type[BaseModel]) -> str:
    """pydantic's complaint in plain words."""
    name = ".".join(map(str, path))
    if kind == "missing" and path[-1] == "party":
        return f"`{path[-2]}` has no party; say who owes it: requester, stakeholder, ops, sales or external"
    if kind == "missing":
        return f"`{name}` is missing"
    if kind == "string_type" and isinstance(given, int | float):
        return f"`{name}` is text, and YAML takes `{given}` for something else; write it in quotes"
    if kind == "extra_forbidden":
        return f"unknown field `{path[-1]}`{did_you_mean(str(path[-1]), _fields_at(model, path[:-1]))}"
    if kind == "string_pattern_mismatch" and "role:" in said:
        return f"`{name}` names a role, like `role:ops`, not `{given}`"
    if kind == "string_pattern_mismatch":
        return f"`{given}` is not a name: use small letters, digits and _, a letter first"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return f"`{name}` is a whole number, not `{given}`"
    if shape := _shape(kind, given):
        return f"`{name}`: {shape}" if name else shape
    if kind.startswith("date_") and len(path) > 1 and path[-1] == "date":  # the other half of a union is told already
        return ""
    if kind.startswith("date_"):
        return f"`{given}` is not a date; write it as year-month-day, like '2027-02-28'"
    if kind == "literal_error":
        name = ".".join(str(part) for part in path if not str(part).startswith("literal["))
        allowed = said.removeprefix("Input should be ")
        guess = did_you_mean(str(given), re.findall("'(.+?)'", allowed))
        return f"`{name}` is {allowed}, not `{given}`{guess}"
    words = said.removeprefix("Value error, ").removeprefix("Input ")
    return f"`{name}`: {words}" if name and words[:1] != "`" else words


def _shape(kind: str, given: Any) -> str:
    """What shape is meant, where that is what is wrong."""
    if kind == "tuple_type" and isinstance(given, str):
        return f"a list is meant; write `[{given}]`"
    return _SHAPES.get(kind, "")


def _fields_at(model: type[BaseModel], path: Loc) -> list[str]:
    """The field names that the part at this place may have; keys that people chose are stepped over."""
    for part in path:
        by_name = {info.alias or name: info for name, info in model.model_fields.items()}
        if part in by_name:
            model = _model_in(by_name[str(part)].annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
