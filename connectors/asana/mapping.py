"""Asana's records in our words and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from connectors.asana import richtext
from connectors.asana.settings import AsanaSettings
from connectors.contract import Account, AccountId, Mark, NewTask, Patch, Status, Task, TaskId
from connectors.errors import Rejected
from connectors.titles import one_line

Json = dict[str, Any]
COMPLETED, INCOMPLETE = "Completed", "Incomplete"
_APPROVALS = {"rejected": Status.DROPPED, "changes_requested": Status.WAITING}
"""Asana calls these completed, too."""
_FORM = re.compile(r"^This task was submitted through (.+?)\s*$", re.MULTILINE)
_GID = re.compile(r"\d+")
_IN_ADDRESS = re.compile(r"/(?:task|item)/(\d+)")

_FIELDS = (
    "name",
    "notes",
    "html_notes",
    "completed",
    "approval_status",
    "resource_subtype",
    "due_on",
    "start_on",
    "assignee.name",
    "created_by",
    "created_at",
    "modified_at",
    "parent",
    "permalink_url",
    "num_subtasks",
    "projects",
    "tags.name",
    "memberships.project",
    "memberships.section.name",
    "custom_fields.name",
    "custom_fields.type",
    "custom_fields.resource_subtype",
    "custom_fields.text_value",
    "custom_fields.number_value",
    "custom_fields.enum_value.name",
    "custom_fields.multi_enum_values.name",
    "custom_fields.date_value.date",
    "custom_fields.date_value.date_time",
    "custom_fields.people_value.name",
    "custom_fields.display_value",
)


def task_fields(settings: AsanaSettings) -> tuple[str, ...]:
    """What every read of a task asks for (`opt_fields`)."""
    return (*_FIELDS, "external") if settings.oauth else _FIELDS


def task_of(row: Json, settings: AsanaSettings, people: Mapping[str, Account]) -> Task:
    """A task record as a Task; `people` are the accounts known by gid."""
    gid, text = str(row["gid"]), row.get("notes") or ""
    custom = custom_fields(row)
    mark = _mark(row, text)
    status, status_name = _status(row, custom, settings)
    places = _places(row, settings.projects)
    return Task(
        id=TaskId(gid),
        label=gid,
        url=row.get("permalink_url") or f"https://app.asana.com/0/0/{gid}/f",
        title=row.get("name") or "",
        status=status,
        status_name=status_name,
        waits_on=settings.waiting_on.get(status_name),
        text="\n".join(line for line in text.splitlines() if line.strip() != str(mark)).strip(),
        due_on=_date(row.get("due_on")),
        start_on=_date(row.get("start_on")),
        owner=_account(row.get("assignee"), people),
        requester=_account(row.get("created_by"), people),
        parent=TaskId(str(row["parent"]["gid"])) if row.get("parent") else None,
        mark=mark,
        created_at=datetime.fromisoformat(row["created_at"]) if row.get("created_at") else None,
        changed_at=datetime.fromisoformat(row["modified_at"]) if row.get("modified_at") else None,
        project=next(iter(places), None),
        fields={
            **custom,
            "project": _one_or_all(list(places)),
            "section": _one_or_all([section for section in places.values() if section]),
            "form": form[1] if (form := _FORM.search(text)) else None,
            "tags": [tag["name"] for tag in row.get("tags") or () if tag.get("name")],
            "resource_subtype": row.get("resource_subtype"),
            "subtasks": row.get("num_subtasks"),
            "due_on": row.get("due_on"),
            "start_on": row.get("start_on"),
        },
    )


def last_mark(text: str | None) -> Mark | None:
    """The mark in the last line that has one: what people quote or copy stands above it."""
    lines = (text or "").splitlines()
    return next((mark for line in reversed(lines) if (mark := Mark.find(line))), None)


def custom_fields(row: Json) -> Json:
    """The values of the custom fields, each by its gid and by its name."""
    found: Json = {}
    for field in row.get("custom_fields") or ():
        value = _value(field)
        found[str(field["gid"])] = value
        if field.get("name") and found.get(field["name"]) is None:  # of two fields with one name the one that is filled
            found[field["name"]] = value
    return found


def new_task_body(task: NewTask, settings: AsanaSettings, *, project: str | None, own: Json | None = None) -> Json:
    """What goes into the one create, with the team's `own` fields; they may name a section, and with it the project.

    See https://developers.asana.com/reference/createsubtaskfortask.
    """
    body: Json = {
        "name": one_line(task.title),
        "html_notes": richtext.notes(task.text, None if settings.oauth else task.mark),
        "resource_subtype": "milestone" if task.milestone else "default_task",
    }
    if settings.oauth:
        body["external"] = {"gid": str(task.mark), "data": task.mark.key}
    if task.owner:
        body["assignee"] = task.owner
    body |= own or {}
    if project and "memberships" not in body:
        body["projects"] = [project]
    if task.due_on:
        body["due_on"] = task.due_on.isoformat()
        if task.start_on and task.start_on < task.due_on and not task.milestone:
            body["start_on"] = task.start_on.isoformat()
    return body


def patch_body(patch: Patch, due_on: date | None, *, oauth: bool = False) -> Json:
    """The fields to write; `due_on` is the due date that will hold afterwards.

    Asana takes a start only together with a due date, and refuses one that is not before it: then it is cleared.
    """
    body: Json = {}
    if patch.title is not None:
        body["name"] = one_line(patch.title)
    if patch.owner is not None:
        body["assignee"] = patch.owner or None
    if patch.text is not None:
        body["html_notes"] = richtext.notes(patch.text, None if oauth else patch.mark)
    if due_on and (patch.due_on or patch.start_on):
        body["due_on"] = due_on.isoformat()
    if due_on and patch.start_on:
        body["start_on"] = patch.start_on.isoformat() if patch.start_on < due_on else None
    return body


def day_fields(row: Json, wanted: Mapping[str, date | None]) -> Json:
    """The task's custom fields that hold these days, by gid; raises `Rejected` for one that it lacks or cannot hold."""
    found: Json = {}
    for name, day in wanted.items():
        held = [
            field
            for field in row.get("custom_fields") or ()
            if name.casefold() in (str(field["gid"]), str(field.get("name", "")).casefold())
        ]
        if not held:
            raise Rejected(f"the task has no field {name!r}")
        kind = held[0].get("resource_subtype") or held[0].get("type")
        if kind not in ("date", "text"):
            raise Rejected(f"the field {name!r} holds {kind} and no day")
        found[str(held[0]["gid"])] = _day_value(held[0], kind, day)
    return found


def _day_value(field: Json, kind: str, day: date | None) -> Any:
    """A moment keeps its time of day."""
    if day is None:
        return None
    if kind == "text":
        return day.isoformat()
    moment = (field.get("date_value") or {}).get("date_time")
    return {"date_time": f"{day.isoformat()}{moment[10:]}"} if moment else {"date": day.isoformat()}


def gid_in(label: str) -> str | None:
    """The task's gid in what a person typed: the gid itself, or an old or new web address of the task."""
    label = label.strip()
    if _GID.fullmatch(label):
        return label
    if found := _IN_ADDRESS.search(label):
        return found[1]
    if "://" not in label:
        return None
    path = label.split("://", 1)[1].split("?")[0].split("#")[0]
    return next((part for part in reversed(path.split("/")[1:]) if _GID.fullmatch(part)), None)


def _status(row: Json, custom: Json, settings: AsanaSettings) -> tuple[Status, str]:
    completed = bool(row.get("completed"))
    approval = row.get("approval_status")
    if approval in _APPROVALS:
        return _APPROVALS[approval], str(approval)
    option = str(custom.get(settings.status_field or ""))
    meant = settings.statuses.get(option)
    if meant and (meant.closed or not completed):
        return meant, option
    return (Status.DONE, COMPLETED) if completed else (Status.TODO, INCOMPLETE)


def _mark(row: Json, text: str) -> Mark | None:
    external = row.get("external") or {}
    rich = row.get("html_notes") or ""
    return Mark.find(external.get("gid") or "") or last_mark(text) or last_mark(richtext.plain(rich))


def _places(row: Json, ours: Collection[str]) -> dict[str, str | None]:
    """Gids of those of its projects that we look after, each with the section there; of others only the first."""
    memberships = [place for place in row.get("memberships") or () if place.get("project")]
    sections = {str(place["project"]["gid"]): (place.get("section") or {}).get("name") for place in memberships}
    gids = [str(project["gid"]) for project in row.get("projects") or ()] or list(sections)
    return {gid: sections.get(gid) for gid in [gid for gid in gids if gid in ours] or gids[:1]}


def _one_or_all(names: list[str]) -> str | list[str] | None:
    return names if len(names) > 1 else next(iter(names), None)


def _account(row: Json | None, people: Mapping[str, Account]) -> Account | None:
    if not row:
        return None
    gid = str(row["gid"])
    return people.get(gid) or Account(AccountId(gid), row.get("name") or gid, row.get("email"))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _value(field: Json) -> Any:
    match field.get("resource_subtype") or field.get("type"):
        case "text":
            return field.get("text_value")
        case "number":
            return field.get("number_value")
        case "enum":
            return (field.get("enum_value") or {}).get("name")
        case "multi_enum":
            return [option["name"] for option in field.get("multi_enum_values") or ()]
        case "date":
            value = field.get("date_value") or {}
            return value.get("date") or value.get("date_time")
        case "people":
            return [person.get("name") or person["gid"] for person in field.get("people_value") or ()]
        case _:
            return field.get("display_value")
