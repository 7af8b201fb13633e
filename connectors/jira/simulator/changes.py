"""What a create or an edit asks for, checked as a whole before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.jira.simulator import adf, seed, values
from connectors.jira.simulator.model import FieldDef, Issue, IssueType, Json, LinkType
from connectors.jira.simulator.strict import BAD_PAYLOAD, NO_ISSUE, Refusal, check_shape

if TYPE_CHECKING:
    from connectors.jira.simulator.state import Site

BODY = {"fields": dict, "update": dict, "properties": list, "historyMetadata": dict}
PROPERTY_LIMIT = 32_768


@dataclass
class Changes:
    """Stored values by field id, and what goes along with them."""

    fields: dict[str, Any] = field(default_factory=dict)
    parent: Issue | None = None
    comments: list[Json] = field(default_factory=list)
    links: list[tuple[LinkType, str, Issue]] = field(default_factory=list)
    """(type, "inward" or "outward": the part the *other* issue plays, the other issue)."""
    properties: dict[str, Any] = field(default_factory=dict)


def read_changes(
    site: Site, actor: str, body: Json, issue_type: IssueType, version: int, *, current: Issue | None = None
) -> Changes:
    """Raises `Refusal` (400) with every field's error at once. `current` is the issue being edited."""
    check_shape(body, BODY)
    asked, update = dict(body.get("fields", {})), body.get("update", {})
    if current is None:
        asked.pop("project", None)
        asked.pop("issuetype", None)
    reader = _Reader(site, actor, issue_type, version, current)
    reader.fields(asked)
    reader.update(update, set(asked))
    if current is None:
        reader.required()
    if reader.errors:
        raise Refusal(400, errors=reader.errors)
    reader.changes.properties = read_properties(body.get("properties", []))
    return reader.changes


def read_properties(rows: Any) -> dict[str, Any]:
    """`[{"key": …, "value": …}]` as a mapping."""
    found: dict[str, Any] = {}
    if not isinstance(rows, list):
        raise Refusal(400, BAD_PAYLOAD, errors={"properties": "must be a list"})
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"key", "value"} or not isinstance(row["key"], str):
            raise Refusal(400, BAD_PAYLOAD, errors={"properties": "each needs exactly a key and a value"})
        check_property(row["key"], row["value"])
        found[row["key"]] = row["value"]
    return found


def check_property(key: str, value: Any) -> None:
    """Keys up to 255 characters, values up to 32,768."""
    if not key or len(key) > 255:
        raise Refusal(400, "The property key must be between 1 and 255 characters long.")
    if value is None or len(json.dumps(value, separators=(",", ":"))) > PROPERTY_LIMIT:
        raise Refusal(400, f"The property value must not be empty or longer than {PROPERTY_LIMIT} characters.")


class _Reader:
    def __init__(self, site: Site, actor: str, issue_type: IssueType, version: int, current: Issue | None) -> None:
        self._site, self._type, self._version, self._current = site, issue_type, version, current
        self._screen = site.screen(issue_type, "edit" if current else "create", site.users[actor].denied)
        self.changes = Changes()
        self.errors: dict[str, str] = {}

    def fields(self, asked: Json) -> None:
        """The `fields` part."""
        for name, value in asked.items():
            if name == "parent" and name in self._screen:
                self._parent(value)
            elif definition := self._on_screen(name):
                try:
                    self.changes.fields[name] = values.read(self._site, definition, value, self._version)
                except values.BadValue as bad:
                    self.errors[name] = str(bad)

    def update(self, update: Json, taken: set[str]) -> None:
        """The `update` part: labels, links and comments by operations, other fields by `set`."""
        for name, operations in update.items():
            if not isinstance(operations, list) or not all(isinstance(o, dict) and len(o) == 1 for o in operations):
                raise Refusal(400, BAD_PAYLOAD, errors={name: "must be a list of single operations"})
            if name in taken:
                self.errors[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
                continue
            for operation in operations:
                ((verb, value),) = operation.items()
                try:
                    self._operate(name, verb, value)
                except values.BadValue as bad:
                    self.errors[name] = str(bad)

    def required(self) -> None:
        """On create, what the screen demands is there."""
        if "summary" not in self.changes.fields:
            self.errors.setdefault("summary", "You must specify a summary of the issue.")
        if self._type.subtask and self.changes.parent is None and "parent" not in self.errors:
            raise Refusal(400, "Issue type is a sub-task but parent issue key or id not specified.")
        for name in self._site.required & set(self._screen):
            if self.changes.fields.get(name) in (None, []):
                self.errors.setdefault(name, f"{seed.FIELDS[name].name} is required.")

    def _on_screen(self, name: str) -> Any:
        definition = self._screen.get(name)
        if definition is None:
            self.errors[name] = values.NOT_ON_SCREEN.format(name)
        return definition

    def _parent(self, value: Any) -> None:
        if value is None and not self._type.subtask:
            return
        parent = self._site.named(value)
        if parent is None:
            self.errors["parent"] = "Could not find issue by id or key."
        elif parent.type.level != self._type.level + 1 or (self._current and parent is self._current):
            self.errors["parentId"] = "Given parent issue does not belong to appropriate hierarchy."
        else:
            self.changes.parent = parent

    def _operate(self, name: str, verb: str, value: Any) -> None:
        if name == "comment":
            self._comment(verb, value)
            return
        definition = self._on_screen(name)
        if definition is None:
            return
        if name == "issuelinks":
            self._link(verb, value)
        elif name == "labels" and verb in ("add", "remove"):
            self._label(verb, values.check_label(value))
        elif verb == "set":
            self.changes.fields[name] = values.read(self._site, definition, value, self._version)
        else:
            raise values.BadValue(f"Field '{name}' does not support the operation '{verb}'.")

    def _label(self, verb: str, label: str) -> None:
        before = self._current.values.get("labels", []) if self._current else []
        kept = [known for known in self.changes.fields.get("labels", before) if known != label]
        self.changes.fields["labels"] = [*kept, label] if verb == "add" else kept

    def _comment(self, verb: str, value: Any) -> None:
        if verb != "add" or not isinstance(value, dict):
            raise values.BadValue("Comments can only be added.")
        self.changes.comments.append(read_comment(value.get("body"), self._version))

    def _link(self, verb: str, value: Any) -> None:
        if verb != "add" or not isinstance(value, dict):
            raise values.BadValue("Links can only be added.")
        sides = [side for side in ("inwardIssue", "outwardIssue") if side in value]
        link_type = self._site.link_type(value.get("type"))
        if len(sides) != 1 or set(value) != {"type", *sides} or link_type is None:
            raise values.BadValue("A link needs a known type and either an inwardIssue or an outwardIssue.")
        other = self._site.named(value[sides[0]])
        if other is None:
            raise values.BadValue(NO_ISSUE)
        self.changes.links.append((link_type, sides[0].removesuffix("Issue"), other))


def read_comment(body: Any, version: int) -> Json:
    """The comment's document; v2 takes text."""
    if version == 2 and isinstance(body, str) and body.strip():
        return adf.from_text(body)
    if version == 3 and adf.valid(body) and body["content"]:
        document: Json = body
        return document
    raise Refusal(400, errors={"comment": "Comment body is not valid!"})


def read_screen(site: Site, screen: Mapping[str, FieldDef], asked: Json, version: int) -> dict[str, Any]:
    """The fields of a transition's screen, every one of which must be filled in."""
    errors, filled = {}, {}
    for name in asked.keys() | screen.keys():
        try:
            if name not in screen:
                raise values.BadValue(values.NOT_ON_SCREEN.format(name))
            filled[name] = values.read(site, screen[name], asked.get(name), version)
            if not filled[name]:
                raise values.BadValue(f"{screen[name].name} is required.")
        except values.BadValue as bad:
            errors[name] = str(bad)
    if errors:
        raise Refusal(400, errors=errors)
    return filled
