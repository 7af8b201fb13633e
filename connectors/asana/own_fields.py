"""Fields of a team's own, as a form fills them in: by gid or name, from text to what Asana takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asana

from connectors.asana.client import Calls, Json
from connectors.errors import Rejected
from connectors.retrying import retrying

SECTION = "section"
_ASKED = "custom_field.name,custom_field.resource_subtype,custom_field.enum_options.name"


class OwnFields:
    """What a project's tasks can hold beside Asana's own fields."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._settings = asana.CustomFieldSettingsApi(calls.client)
        self._sections = asana.SectionsApi(calls.client)

    def body(self, project: str, fields: Mapping[str, str | Sequence[str]]) -> Json:
        """What goes into a create beside the usual; raises `Rejected` for what the project does not have."""
        wanted = dict(fields)
        section = wanted.pop(SECTION, None)
        found: Json = {}
        if section is not None:
            found["memberships"] = [{"project": project, "section": self._section(project, str(section))}]
        if wanted:
            known = self._known(project)
            found["custom_fields"] = dict(_filled(name, given, known) for name, given in wanted.items())
        return found

    def _section(self, project: str, name: str) -> str:
        # https://developers.asana.com/reference/getsectionsforproject
        read, opts = self._sections.get_sections_for_project, {"opt_fields": "name"}
        rows = retrying()(lambda: self._calls.pages(read, project, opts=opts))
        return str(_named("section", name, rows)["gid"])

    def _known(self, project: str) -> list[Json]:
        # https://developers.asana.com/reference/getcustomfieldsettingsforproject
        read, opts = self._settings.get_custom_field_settings_for_project, {"opt_fields": _ASKED}
        rows = retrying()(lambda: self._calls.pages(read, project, opts=opts))
        return [row["custom_field"] for row in rows]


def _filled(name: str, given: str | Sequence[str], known: Sequence[Json]) -> tuple[str, Any]:
    field = _named("field", name, known)
    return str(field["gid"]), _value(name, field, [given] if isinstance(given, str) else given)


def _value(name: str, field: Json, texts: Sequence[str]) -> Any:
    """See https://developers.asana.com/docs/custom-fields-guide."""
    text = ", ".join(texts)
    match field.get("resource_subtype"):
        case "text":
            return text
        case "date":
            return {"date": text}
        case "number":
            try:
                return float(text)
            except ValueError:
                raise Rejected(f"the field {name!r} holds a number, and {text!r} is none") from None
        case "enum":
            return str(_named("option", text, field.get("enum_options") or ())["gid"])
        case "multi_enum":
            return [str(_named("option", each, field.get("enum_options") or ())["gid"]) for each in texts]
        case kind:
            raise Rejected(f"the field {name!r} holds {kind}, which cannot be filled in from text")


def _named(what: str, name: str, rows: Sequence[Json]) -> Json:
    for row in rows:
        if name.casefold() in (str(row["gid"]), str(row.get("name", "")).casefold()):
            return row
    there = ", ".join(str(row.get("name")) for row in rows) or "none"
    raise Rejected(f"there is no {what} {name!r}; there are: {there}")
