"""Saying no as Jira does: one error shape, and checks of queries and bodies against what the documents allow."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class Refusal(Exception):
    """The site refuses, with a status and Jira's error body."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.messages = messages
        self.errors = dict(errors or {})
        super().__init__("; ".join([*messages, *(f"{name}: {text}" for name, text in self.errors.items())]))

    def body(self) -> dict[str, Any]:
        """`{"errorMessages": […], "errors": {…}}`."""
        return {"errorMessages": list(self.messages), "errors": self.errors}


def check_query(query: Mapping[str, str], known: Collection[str]) -> None:
    """Jira ignores a parameter it does not know; here it is a mistake of the caller worth hearing about."""
    if unknown := sorted(set(query) - set(known)):
        raise Refusal(400, *(f"The query parameter '{name}' is not known to this resource." for name in unknown))


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """A non-negative whole number from the query; Jira answers 404 to anything else, we say why."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise Refusal(400, f"The query parameter '{name}' must be a whole number.")
    return int(text)


def names(text: str | None) -> list[str]:
    """A comma-separated list."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def parse_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, BAD_PAYLOAD) from None
    if not isinstance(value, dict):
        raise Refusal(400, BAD_PAYLOAD)
    return value


def check_shape(value: Mapping[str, Any], shape: Mapping[str, type | tuple[type, ...]], required: str = "") -> None:
    """Only these keys, each of its type (never null), and the `required` ones present."""
    for key, part in value.items():
        wanted = shape.get(key)
        if wanted is None or not isinstance(part, wanted) or (isinstance(part, bool) and wanted is int):
            raise Refusal(400, BAD_PAYLOAD, errors={key: "unknown key" if wanted is None else "has the wrong type"})
    for key in required.split():
        if key not in value:
            raise Refusal(400, BAD_PAYLOAD, errors={key: "is missing"})


def strings(value: Any, key: str) -> list[str]:
    """A list of strings from a body."""
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise Refusal(400, BAD_PAYLOAD, errors={key: "must be a list of strings"})
    return value
