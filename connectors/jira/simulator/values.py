"""Field values: what the API takes, what is stored, and how a changelog tells of a change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from connectors.jira.simulator import adf
from connectors.jira.simulator.model import FieldDef, Item
from connectors.jira.simulator.seed import PRIORITIES

if TYPE_CHECKING:
    from connectors.jira.simulator.state import Site


NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."


class BadValue(Exception):
    """A value that the field does not take; the message is what Jira says under the field's name."""


def read(site: Site, definition: FieldDef, value: Any, version: int) -> Any:
    """The value to store; None empties the field. `version` is that of the API: 3 takes ADF where 2 takes text."""
    if value is None:
        if definition.id == "summary":
            raise BadValue("You must specify a summary of the issue.")
        return [] if definition.kind == "labels" else None
    return _READERS[definition.kind](site, definition, value, version)


def _text(_: Site, definition: FieldDef, value: Any, __: int) -> str:
    if not isinstance(value, str):
        raise BadValue("Operation value must be a string")
    if definition.id == "summary":
        if not value.strip():
            raise BadValue("You must specify a summary of the issue.")
        if "\n" in value or "\r" in value:
            raise BadValue("The summary is invalid because it contains newline characters.")
    if len(value) > 255:
        raise BadValue(f"{definition.name} can't exceed 255 characters.")
    return value


def _document(_: Site, definition: FieldDef, value: Any, version: int) -> Any:
    if version == 2:
        if not isinstance(value, str):
            raise BadValue("Operation value must be a string")
        return adf.from_text(value)
    if not isinstance(value, dict):
        raise BadValue("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if not adf.valid(value):
        raise BadValue(f"INVALID_INPUT: {definition.name} is not a valid Atlassian Document")
    if len(adf.to_text(value)) > 32_767:
        raise BadValue("CONTENT_LIMIT_EXCEEDED")
    return value


def _date(_: Site, __: FieldDef, value: Any, ___: int) -> str:
    if not isinstance(value, str):
        raise BadValue("Operation value must be a string")
    try:
        if len(value) == 10 and date.fromisoformat(value):
            return value
    except ValueError:
        pass
    raise BadValue(f"Error parsing date string: {value}. Use the format yyyy-MM-dd.")


def _number(_: Site, __: FieldDef, value: Any, ___: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValue("Operation value must be a number")
    return float(value)


def _option(_: Site, definition: FieldDef, value: Any, __: int) -> str:
    chosen = value.get("value") if isinstance(value, dict) else None
    if chosen not in definition.options:
        raise BadValue(f"Specify a valid 'id' or 'name' for {definition.name}")
    return str(chosen)


def _user(site: Site, definition: FieldDef, value: Any, __: int) -> str:
    account = value.get("accountId", value.get("id")) if isinstance(value, dict) else None
    if not isinstance(account, str):
        raise BadValue("Operation value must be an object with an 'accountId'")
    user = site.users.get(account)
    if user is None or not user.active:
        raise BadValue(f"The account ID '{account}' does not exist for the field '{definition.id}'.")
    if definition.id == "assignee" and not user.assignable:
        raise BadValue(f"User '{account}' cannot be assigned issues.")
    return account


def _priority(_: Site, __: FieldDef, value: Any, ___: int) -> str:
    wanted = (value.get("id"), value.get("name")) if isinstance(value, dict) else (None, None)
    for priority in PRIORITIES:
        if priority.id == wanted[0] or priority.name == wanted[1]:
            return priority.id
    raise BadValue("The priority selected is invalid.")


def _labels(_: Site, __: FieldDef, value: Any, ___: int) -> list[str]:
    if not isinstance(value, list):
        raise BadValue("data was not an array")
    for label in value:
        check_label(label)
    return list(dict.fromkeys(value))


def check_label(label: Any) -> str:
    """One label."""
    if not isinstance(label, str):
        raise BadValue("string expected at index 0")
    if not label or any(character.isspace() for character in label):
        raise BadValue(f"The label '{label}' contains spaces which is invalid.")
    if len(label) > 255:
        raise BadValue(f"The label '{label[:20]}…' is longer than 255 characters.")
    return label


def _other(_: Site, definition: FieldDef, __: Any, ___: int) -> Any:
    raise BadValue(
        NOT_ON_SCREEN.format(definition.id)
        if definition.kind == "other"
        else f"Field '{definition.id}' can only be changed by 'update'."
    )


_READERS = {
    "string": _text,
    "adf": _document,
    "date": _date,
    "number": _number,
    "option": _option,
    "user": _user,
    "priority": _priority,
    "labels": _labels,
    "links": _other,
    "other": _other,
}


def change(site: Site, definition: FieldDef, before: Any, after: Any) -> Item:
    """The changelog's item for a field that went from `before` to `after` (stored values)."""
    old, old_text = _told(site, definition, before)
    new, new_text = _told(site, definition, after)
    custom = definition.custom is not None
    name = definition.name if custom else definition.id
    return Item(name, definition.id, custom, old, old_text, new, new_text)


def _told(site: Site, definition: FieldDef, value: Any) -> tuple[str | None, str | None]:
    """The id and the words of a stored value."""
    if definition.kind == "labels":
        return None, " ".join(value or ())
    if value is None:
        return None, None
    if definition.kind == "date":
        return value, f"{value} 00:00:00.0"
    if definition.kind == "user":
        return value, site.users[value].name
    if definition.kind == "priority":
        return value, next(priority.name for priority in PRIORITIES if priority.id == value)
    if definition.kind == "adf":
        return None, adf.to_text(value)
    return None, str(value)
