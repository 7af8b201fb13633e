"""How records look on the wire: which fields each has, what `opt_fields` may ask for, and what an answer holds without
it (https://developers.asana.com/docs/inputoutput-options).

Every default is itself written as a list of `opt_fields`, so there is one way to show a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from connectors.asana.simulator.errors import bad
from connectors.asana.simulator.records import MISSING

Tree = dict[str, "Tree"]
"""`a,b.c` as `{"a": {}, "b": {"c": {}}}`."""


def _fields(text: str) -> dict[str, str]:
    pairs = (word.partition(":") for word in f"resource_type {text}".split())
    return {name: shape for name, _, shape in pairs}


SHAPES: dict[str, dict[str, str]] = {
    "workspace": _fields("name email_domains is_organization"),
    "user": _fields("name email photo workspaces:workspace"),
    "bare": _fields(""),
    "team": _fields("name description permalink_url organization:workspace"),
    "enum_option": _fields("name color enabled"),
    "custom_field": _fields(
        "name resource_subtype type representation_type description precision format enabled display_value"
        " text_value number_value date_value:date enum_value:enum_option enum_options:enum_option created_by:user"
        " multi_enum_values:enum_option people_value:user"
        " is_global_to_workspace has_notifications_enabled is_formula_field is_value_read_only"
    ),
    "date": {"date": "", "date_time": ""},
    "dates": {"due_on": "", "due_at": "", "start_on": ""},
    "external": {"gid": "", "data": ""},
    "filter": {"action": "", "fields": "", "resource_subtype": ""},
    "custom_field_setting": _fields("project:project parent:project custom_field:custom_field is_important"),
    "tag": _fields("name color notes created_at permalink_url followers:user workspace:workspace"),
    "section": _fields("name created_at project:project projects:project"),
    "field_in_brief": _fields(
        "name type representation_type enabled display_value text_value number_value date_value:date"
        " enum_value:enum_option enum_options:enum_option is_formula_field"
    ),
    "project": _fields(
        "name archived color icon created_at modified_at default_view due_on due_date start_on notes html_notes public"
        " privacy_setting default_access_level minimum_access_level_for_customization minimum_access_level_for_sharing"
        " completed completed_at completed_by:user members:user followers:user owner:bare team:team permalink_url"
        " current_status current_status_update project_brief created_from_template workspace:workspace"
        " custom_fields:field_in_brief custom_field_settings:custom_field_setting"
    ),
    "membership": {"project": "project", "section": "section"},
    "task": _fields(
        "name resource_subtype approval_status notes html_notes completed completed_at completed_by:user"
        " created_by:bare created_at modified_at due_on due_at start_on start_at assignee:user assignee_status"
        " parent:task external:external memberships:membership projects:project workspace:workspace dependencies:bare"
        " dependents:bare followers:user tags:tag custom_fields:custom_field num_subtasks permalink_url"
        " actual_time_minutes is_rendered_as_separator hearted hearts num_hearts liked likes num_likes"
    ),
    "story": _fields(
        "created_at created_by:user resource_subtype type text html_text is_pinned is_editable is_edited liked likes"
        " num_likes source task:task target:task assignee:user old_name new_name old_dates:dates new_dates:dates"
        " custom_field:field_in_brief"
    ),
    "attachment": _fields("name resource_subtype created_at download_url permanent_url host parent:task size view_url"),
    "webhook": _fields(
        "active resource:named target created_at last_success_at last_failure_at last_failure_content"
        " delivery_retry_count next_attempt_after failure_deletion_timestamp filters:filter"
    ),
    "named": _fields("name"),
    "event": {"user": "named", "created_at": "", "type": "", "action": "", "change": "change"}
    | {"resource": "named", "parent": "named"},
    "change": {"field": "", "action": "", "new_value": "", "added_value": "", "removed_value": ""},
}

PLAIN = {"date", "dates", "external", "filter", "change"}
"""Shapes of plain JSON objects, which have no gid and are shown whole unless a path goes into them."""

DOTTED = {
    "bare": "",
    "workspace": "name",
    "user": "name",
    "team": "name",
    "tag": "name",
    "section": "name",
    "project": "name",
    "task": "name resource_subtype created_by",
}
"""What a dotted path may ask of a record inside another; shapes that do not stand here: all they have."""

_DEFINITION = (
    "resource_type name resource_subtype type representation_type description precision format enum_options"
    " is_global_to_workspace has_notifications_enabled is_formula_field is_value_read_only created_by"
)

_BRIEF = {
    "bare": "resource_type",
    "enum_option": "resource_type name color enabled",
    "custom_field": f"{_DEFINITION} enabled display_value text_value number_value date_value enum_value",
    "custom_field_setting": "resource_type project parent custom_field is_important",
    "task": "resource_type name resource_subtype",
    "membership": "project section",
}
"""What a record inside a full one shows; the others: type and name."""

_OPT_IN = {
    "task": {"html_notes", "created_by", "dependencies", "dependents", "num_subtasks", "is_rendered_as_separator"},
    "project": {"html_notes"},
    "story": {"html_text", "num_likes", "likes", "liked"},
    "user": set[str](),
    "custom_field": {"enabled", "display_value", "text_value", "number_value", "date_value", "enum_value"},
}
"""What even a full record leaves out unless asked."""

_LISTED = {
    "task": "name resource_type resource_subtype",
    "story": "created_at created_by resource_type resource_subtype text",
    "custom_field": _DEFINITION,
    "custom_field_setting": _BRIEF["custom_field_setting"],
    "attachment": "name resource_type resource_subtype",
    "webhook": "resource_type active resource target",
}
"""What a record in a list shows; the others: type and name."""


def _brief(shape: str) -> Tree:
    if not shape or shape in PLAIN:
        return {}
    names = _BRIEF.get(shape, "resource_type name").split()
    return {name: _brief(SHAPES[shape][name]) for name in names}


def _default(shape: str, names: Iterable[str]) -> Tree:
    return {name: _brief(SHAPES[shape][name]) for name in names}


FULL = {
    shape: _default(shape, (n for n in names if n not in _OPT_IN.get(shape, ()))) for shape, names in SHAPES.items()
}
LISTED = {
    shape: _default(shape, _LISTED.get(shape, "resource_type name").split())
    for shape in SHAPES
    if shape in _LISTED or "name" in SHAPES[shape]
}


@lru_cache(maxsize=1_000)
def parse(opt_fields: str, shape: str) -> Tree:
    """`opt_fields` as a tree; 400 for a path that the shape does not have."""
    tree: Tree = {}
    for path in filter(None, (part.strip() for part in opt_fields.split(","))):
        here, branch, top = shape, tree, True
        for name in path.split("."):
            allowed = SHAPES.get(here, {}).keys() if top or here not in DOTTED else DOTTED[here].split()
            if name not in allowed and name not in ("gid", "resource_type"):
                raise bad("opt_fields", f"{path!r} is not a field of a {shape}")
            branch = branch.setdefault(name, {})
            here, top = SHAPES[here].get(name, ""), False
    return tree


def show(record: Any, tree: Tree, shape: str, *, oauth: bool = False) -> dict[str, Any]:
    """The fields of `tree`, and the gid. `external` belongs to an app, so only OAuth sees it."""
    out = {} if shape == "membership" else {"gid": record.gid}
    fields = SHAPES[shape]
    for name, branch in tree.items():
        value = getattr(record, name, MISSING)
        if value is MISSING or (name == "external" and not oauth):
            continue
        if value is None and shape == "webhook":
            continue  # Asana's document knows no null here
        out[name] = _inner(value, branch, fields.get(name, ""), oauth)
    return out


def _inner(value: Any, tree: Tree, shape: str, oauth: bool) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if not shape or value is None:
        return value
    if shape in PLAIN:
        return prune(value, tree)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return show(value, tree or _reference(shape), shape, oauth=oauth)
    return [show(item, tree or _reference(shape), shape, oauth=oauth) for item in value]


def _reference(shape: str) -> Tree:
    # Seen in recorded answers: a membership without dots is an empty object, everything else gid and type.
    return {} if shape == "membership" else {"resource_type": {}}


def prune(value: Any, tree: Tree) -> Any:
    """Plain JSON reduced to the tree; whole where the tree ends."""
    if isinstance(value, list):
        return [prune(item, tree) for item in value]
    if not tree or not isinstance(value, dict):
        return value
    return {name: prune(value[name], branch) for name, branch in tree.items() if name in value}


def stamp(moment: datetime) -> str:
    """Asana's form: UTC, milliseconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
