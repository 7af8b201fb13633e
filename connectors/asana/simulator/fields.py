"""Custom field values (https://developers.asana.com/docs/custom-fields-guide)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.asana.simulator import stories, strict
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import CustomField, EnumOption, Task, User
from connectors.asana.simulator.state import Site, compact


def value(known: Mapping[str, CustomField], gid: str, given: Any) -> Any:
    """What a task keeps for an input: an option, a text, a number, `{"date"}` with or without `"date_time"` or None."""
    if gid not in known:
        raise ApiError(400, f"Custom field with ID {gid} is not on given object")
    if given is None:
        return None
    field, key = known[gid], f"custom_fields.{gid}"
    if field.resource_subtype == "enum":
        return _option(field, given, key)
    if field.resource_subtype == "date":
        return _date(given, key)
    if field.resource_subtype == "number":
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise bad(key, f"Value is not a number: {given!r}")
        return given
    strict.text(given, key)
    return given


def _option(field: CustomField, given: Any, key: str) -> EnumOption:
    strict.text(given, key)
    for option in field.enum_options:
        if option.gid == given:
            return option  # type: ignore[no-any-return]
    raise bad(key, f"Not a recognized enum option: {given}")


def _date(given: Any, key: str) -> dict[str, str]:
    strict.check(given, {"date": strict.nullable(strict.day), "date_time": strict.nullable(strict.moment)}, where=key)
    strict.only_one(given, "date", "date_time")
    if instant := given.get("date_time"):
        return {"date": instant[:10], "date_time": instant}
    if not given.get("date"):
        raise bad(key, "Missing date")
    return {"date": given["date"]}


def tell(site: Site, task: Task, actor: User, field: CustomField, value: Any) -> None:
    """The event and the story of a changed value. Only an enum's value travels in the event, as recorded."""
    new = compact(field)
    if isinstance(value, EnumOption):
        new["enum_value"] = compact(value)
    site.emit(actor, "changed", task, change={"field": "custom_fields", "action": "changed", "new_value": new})
    subtype = f"{field.resource_subtype}_custom_field_changed"
    stories.note(site, task, actor, subtype, f"changed {field.name}", custom_field=field)
