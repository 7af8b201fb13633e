"""What a Jira site is like: field names, issue types, create screens. Read once and kept a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import NotFound, Rejected
from connectors.jira.client import JiraApi
from connectors.jira.mapping import IssueReader, StatusMap
from connectors.jira.remember import Memory
from connectors.jira.settings import JiraSettings

_ALWAYS_SENT = {"project", "issuetype", "summary", "parent", "description"}
_FILLED = ("description", "assignee", "labels", "duedate")


@dataclass(frozen=True, slots=True)
class Screen:
    """The create screen of one issue type in one project."""

    type_id: str
    type_name: str
    fields: frozenset[str]
    demanded: tuple[str, ...]
    """Names of the fields that must be filled, have no default, and are none that we always send."""
    start_field: str | None


class Site:
    """Each method asks at most once in a quarter of an hour."""

    def __init__(self, api: JiraApi, settings: JiraSettings) -> None:
        self._api, self._settings = api, settings
        self._fields: Memory[str, list[dict[str, Any]]] = Memory()
        self._types: Memory[str, list[dict[str, Any]]] = Memory()
        self._screens: Memory[tuple[str, str], Screen] = Memory()
        self._editable: Memory[tuple[str, str], frozenset[str]] = Memory()
        self.statuses = StatusMap(settings.statuses, settings.waiting_on, settings.project_statuses)

    def names(self) -> Mapping[str, str]:
        """Field id → display name."""
        return {field["id"]: field["name"] for field in self.fields()}

    def start_field(self) -> str | None:
        """The configured one, else the date field named "Start date" (its id differs from site to site)."""
        return self._settings.start_field or start_field_of(self.fields(), "id")

    def day_field(self, name: str) -> tuple[str, str]:
        """Id and type of a field that can hold a day, by its id or name; raises `Rejected` where there is none."""
        known = self.fields()
        named = [entry for entry in known if name.casefold() in (entry["id"].casefold(), entry["name"].casefold())]
        kinds = [(entry["id"], (entry.get("schema") or {}).get("type")) for entry in named]
        for field, kind in kinds:
            if kind in ("date", "datetime", "string"):
                return field, kind
        wrong = f"holds {kinds[0][1]} and no day" if kinds else "does not exist"
        raise Rejected(f"the field {name!r} {wrong}")

    def reader(self) -> IssueReader:
        """What turns this site's issues into tasks."""
        return IssueReader(self._settings.site, self.statuses, self.names(), self.start_field())

    def issue_types(self, project: str) -> list[dict[str, Any]]:
        """Those in which our account may create issues; all of the project's where the site has no list of those."""

        def read() -> list[dict[str, Any]]:
            try:
                return self._api.create_meta(project)
            except NotFound:
                return list(self._api.project(project).get("issueTypes") or ())

        return self._types.get(project, read)

    def screen(self, project: str, type_name: str, *, subtask: bool = False) -> Screen:
        """Raises `Rejected` where the project has no such issue type.

        Team-managed projects write "Subtask", others "Sub-task": where the name is not there, the first sub-task
        type is taken.
        """
        types = self.issue_types(project)
        named = [kind for kind in types if str(kind.get("name", "")).casefold() == type_name.casefold()]
        kind = next(iter(named or [kind for kind in types if subtask and kind.get("subtask")]), None)
        if kind is None:
            self._types.forget(project)  # a right or a type that a person adds now counts at once
            there = ", ".join(str(kind.get("name")) for kind in types) or "none that we may create"
            raise Rejected(f"project {project} has no issue type {type_name!r}; it has: {there}")
        return self._screens.get((project, kind["id"]), lambda: self._read_screen(project, kind))

    def can_edit(self, field: str, project: str, type_id: str, example: str) -> bool:
        """Whether issues of this type take the field in an edit, as `example`, one of them, tells."""
        try:
            known = self._editable.get((project, type_id), lambda: self._read_editable(example))
        except NotFound:
            return True  # Jira does not tell: its refusal will
        return field in known

    def forget_editable(self, project: str, type_id: str) -> None:
        """It turned out to be otherwise."""
        self._editable.forget((project, type_id))

    def _read_editable(self, issue: str) -> frozenset[str]:
        fields = frozenset(self._api.edit_meta(issue))
        if not fields:  # closed for edits in its status, which says nothing of its siblings
            raise NotFound(f"issue {issue} cannot be edited now")
        return fields

    def _read_screen(self, project: str, kind: Mapping[str, Any]) -> Screen:
        try:
            fields = self._api.create_meta(project, kind["id"])
        except NotFound:
            fields = []
        # An empty list is Jira not telling, not a screen without fields: its refusals will tell.
        start_field = (
            (self._settings.start_field or start_field_of(fields, "fieldId")) if fields else self.start_field()
        )
        on_screen = [field["fieldId"] for field in fields] or [*_FILLED, start_field or ""]
        return Screen(
            type_id=kind["id"],
            type_name=kind["name"],
            fields=frozenset(on_screen),
            demanded=tuple(
                field["name"]
                for field in fields
                if field["required"] and not field.get("hasDefaultValue") and field["fieldId"] not in _ALWAYS_SENT
            ),
            start_field=start_field,
        )

    def fields(self) -> list[dict[str, Any]]:
        """Every field of the site, with its type."""
        return self._fields.get("all", self._api.fields)


def start_field_of(fields: list[dict[str, Any]], id_name: str) -> str | None:
    """The date field named "Start date", in a list whose entries have their id under `id_name`."""
    for field in fields:
        if field["name"].casefold() == "start date" and (field.get("schema") or {}).get("type") == "date":
            return str(field[id_name])
    return None
