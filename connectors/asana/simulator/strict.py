"""What request bodies may hold: unknown keys and wrong types are 400, where Asana itself would often look away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.asana.simulator.errors import ApiError, bad

Check = Callable[[Any, str], None]
"""Raises 400 for a value that the key of this name cannot take."""

ACTIONS = ("changed", "added", "removed", "deleted", "undeleted")


def check(data: Any, known: Mapping[str, Check], required: tuple[str, ...] = (), where: str = "") -> None:
    """Raise 400 unless `data` is an object of known keys with values of their types."""
    if not isinstance(data, dict):
        raise bad(where or "data", "Value is not an object")
    for key, value in data.items():
        if key not in known:
            raise bad(f"{where}{key}", "Unrecognized input, or not to be set here")
        known[key](value, f"{where}{key}")
    for key in required:
        if data.get(key) in (None, "", []):
            raise bad(f"{where}{key}", "Missing input")


def text(value: Any, key: str) -> None:
    """A string."""
    if not isinstance(value, str):
        raise bad(key, f"Value is not a string: {value!r}")


def flag(value: Any, key: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise bad(key, f"Value is not a boolean: {value!r}")


def gid(value: Any, key: str) -> None:
    """A gid: digits in a string."""
    text(value, key)
    if not (value.isascii() and value.isdigit()):
        raise bad(key, f"Not a Long: {value}")


def day(value: Any, key: str) -> None:
    """YYYY-MM-DD."""
    text(value, key)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError
        date.fromisoformat(value)
    except ValueError:
        raise bad(key, f"Value is not a date (YYYY-MM-DD): {value}") from None


def moment(value: Any, key: str) -> None:
    """An ISO 8601 instant."""
    text(value, key)
    instant(value, key)


def instant(value: str, key: str) -> datetime:
    """An aware instant of an ISO 8601 text."""
    try:
        if "T" not in value:
            raise ValueError
        found = datetime.fromisoformat(value)
    except ValueError:
        raise bad(key, f"Value is not a date and time (ISO 8601): {value}") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def mapping(value: Any, key: str) -> None:
    """Any object."""
    if not isinstance(value, dict):
        raise bad(key, f"Value is not an object: {value!r}")


def url(value: Any, key: str) -> None:
    """An http(s) address."""
    text(value, key)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad(key, f"Value is not a URL: {value}")


def nullable(inner: Check) -> Check:
    """Also takes null."""
    return lambda value, key: None if value is None else inner(value, key)


def each(inner: Check) -> Check:
    """A list."""

    def check_all(value: Any, key: str) -> None:
        if not isinstance(value, list):
            raise bad(key, f"Value is not an array: {value!r}")
        for at, item in enumerate(value):
            inner(item, f"{key}[{at}]")

    return check_all


def one_of(*words: str | None) -> Check:
    """One of these words."""

    def check_word(value: Any, key: str) -> None:
        if value not in words:
            raise bad(key, f"Value is not one of {', '.join(map(str, words))}: {value!r}")

    return check_word


def record(**known: Check) -> Check:
    """An object of these keys."""
    return lambda value, key: check(value, known, where=f"{key}.")


def webhook_filter(value: Any, key: str) -> None:
    """One filter of a webhook; `fields` only beside the action "changed"."""
    check(value, {"resource_type": text, "resource_subtype": text, "action": one_of(*ACTIONS), "fields": each(text)},
          where=f"{key}.")  # fmt: skip
    if not value.get("resource_type"):
        raise bad(f"{key}.resource_type", "Missing input")
    if "fields" in value and value.get("action") != "changed":
        raise bad(f"{key}.fields", "only valid for the action 'changed'")


EDIT_TASK: dict[str, Check] = {
    "name": text,
    "resource_subtype": one_of("default_task", "milestone", "approval"),
    "approval_status": one_of("pending", "approved", "rejected", "changes_requested"),
    "completed": flag,
    "due_on": nullable(day),
    "due_at": nullable(moment),
    "start_on": nullable(day),
    "start_at": nullable(moment),
    "notes": text,
    "html_notes": text,
    "assignee": nullable(text),
    "custom_fields": mapping,
    "parent": nullable(gid),
    "external": record(gid=text, data=text),
}
NEW_TASK = EDIT_TASK | {
    "workspace": gid,
    "projects": each(gid),
    "memberships": each(record(project=gid, section=gid)),
    "followers": each(text),
    "tags": each(gid),
}
_COLORS = tuple(
    f"{shade}-{hue}"
    for shade in ("dark", "light")
    for hue in ("pink", "green", "blue", "red", "teal", "brown", "orange", "purple", "warm-gray")
)
EDIT_PROJECT: dict[str, Check] = {
    "name": text,
    "archived": flag,
    "color": one_of(*_COLORS, "none", None),
    "default_view": one_of("list", "board", "calendar", "timeline"),
    "due_on": nullable(day),
    "start_on": nullable(day),
    "notes": text,
    "html_notes": text,
    "public": flag,
    "privacy_setting": one_of("public_to_workspace", "private_to_team", "private"),
    "owner": nullable(text),
}
NEW_PROJECT = EDIT_PROJECT | {"workspace": gid, "team": gid, "followers": text}
STORY: dict[str, Check] = {"text": text, "html_text": text, "is_pinned": flag}
ORDERED: dict[str, Check] = {"insert_before": gid, "insert_after": gid}


def only_one(data: Mapping[str, Any], *keys: str) -> None:
    """Raise 400 where more than one of the keys is given."""
    given = [key for key in keys if data.get(key) is not None]
    if len(given) > 1:
        raise ApiError(400, f"You may only provide one of {', '.join(keys)}!")
