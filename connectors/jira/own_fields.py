"""Fields of a team's own, as a form fills them in: by id or name, from text to what Jira takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import Rejected
from connectors.jira import adf

ISSUE_TYPE = "issue_type"
NOON = "T12:00:00.000+0000"


def values(
    fields: Mapping[str, str | Sequence[str]], known: Sequence[Mapping[str, Any]], on_screen: frozenset[str]
) -> dict[str, Any]:
    """Field id → value for a create; raises `Rejected` for a field that cannot be filled, with its name."""
    found = {}
    for name, given in fields.items():
        named = [field for field in known if name.casefold() in (field["id"].casefold(), field["name"].casefold())]
        if not named:
            raise Rejected(f"the field {name!r} does not exist")
        field = next((field for field in named if field["id"] in on_screen), None)
        if field is None:
            raise Rejected(f"the field {name!r} is not on the create screen")
        found[field["id"]] = _value(name, field.get("schema") or {}, [given] if isinstance(given, str) else given)
    return found


def _value(name: str, schema: Mapping[str, Any], texts: Sequence[str]) -> Any:
    """See https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ on what each type takes."""
    text = ", ".join(texts)
    match schema.get("type"), schema.get("items"):
        case "string", _:
            return adf.from_markdown(text) if str(schema.get("custom")).endswith(":textarea") else text
        case "number", _:
            return _number(name, text)
        case "date", _:
            return text
        case "datetime", _:
            return text if "T" in text else text + NOON
        case "option", _:
            return {"value": text}
        case "priority", _:
            return {"name": text}
        case "array", "option":
            return [{"value": each} for each in texts]
        case "array", "string":  # labels, which hold no spaces
            return ["-".join(each.split()) for each in texts]
        case kind, _:
            raise Rejected(f"the field {name!r} holds {kind}, which cannot be filled in from text")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Rejected(f"the field {name!r} holds a number, and {text!r} is none") from None
