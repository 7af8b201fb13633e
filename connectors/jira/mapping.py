"""Jira's issues as the contract's tasks, and our new tasks as Jira's fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any

from connectors.contract import NOBODY, Account, AccountId, Mark, NewTask, Party, Patch, Status, Task, TaskId
from connectors.jira import adf
from connectors.titles import one_line

MARK_PROPERTY = "tminus.mark"
"""The entity property, on issues and on comments, that says which planned task (or message) this is."""

_CATEGORIES = {"new": Status.TODO, "indeterminate": Status.DOING, "done": Status.DONE}
_DROPPED = re.compile(r"\b(cancel|won\W?t\b|reject|declin|abandon|dropped)", re.IGNORECASE)
_WAITING = re.compile(r"^(waiting|blocked|on hold|pending)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatusMap:
    """Many Jira statuses to one of ours: the configured names first, then the name's sense, then the category."""

    configured: Mapping[str, Status]
    waiting_on: Mapping[str, Party] = field(default_factory=dict)
    by_project: Mapping[str, Mapping[str, Status]] = field(default_factory=dict)
    """What names mean in one project, where that differs."""

    def within(self, project: str | None) -> StatusMap:
        """The map of one project."""
        if own := self.by_project.get(project or ""):
            # The project's own come first, as the first name that fits decides.
            return StatusMap({**own, **self.configured, **own}, self.waiting_on)
        return self

    def waits_on(self, status: Mapping[str, Any]) -> Party | None:
        """The party that a task in this status waits for."""
        name = str(status.get("name", "")).casefold()
        return next((party for known, party in self.waiting_on.items() if known.casefold() == name), None)

    def of(self, status: Mapping[str, Any], resolution: Mapping[str, Any] | None = None) -> Status:
        """A finished issue whose resolution says that nobody did the work is dropped, not done."""
        name = str(status.get("name", ""))
        for known, ours in self.configured.items():
            if known.casefold() == name.casefold():
                return ours
        if self.waits_on(status):
            return Status.WAITING
        ours = _CATEGORIES.get(str((status.get("statusCategory") or {}).get("key")), Status.TODO)
        if ours is Status.DONE:
            return Status.DROPPED if means_dropped(name) or means_dropped((resolution or {}).get("name")) else ours
        return Status.WAITING if _WAITING.match(name) else ours


def means_dropped(name: str | None) -> bool:
    """Whether a status or resolution of this name says that the work will not be done."""
    return bool(name and _DROPPED.search(name))


def label_of(campaign: str) -> str:
    """The label that every issue of a campaign carries, so that people can filter by it."""
    return f"tminus-{campaign}"


@dataclass(frozen=True, slots=True)
class IssueReader:
    """Turns what Jira answers into tasks."""

    site: str
    statuses: StatusMap
    names: Mapping[str, str]
    """Field id → display name."""
    start_field: str | None

    def task(self, issue: Mapping[str, Any]) -> Task:
        """One issue of `bulkfetch`, with its mark property."""
        fields = issue.get("fields") or {}
        statuses = self.statuses.within((fields.get("project") or {}).get("key"))
        return Task(
            id=TaskId(str(issue["id"])),
            label=issue["key"],
            url=browse(self.site, issue["key"]),
            title=fields.get("summary") or "",
            status=statuses.of(fields.get("status") or {}, fields.get("resolution")),
            status_name=(fields.get("status") or {}).get("name", ""),
            waits_on=self.statuses.waits_on(fields.get("status") or {}),
            text=_plain(fields.get("description")) or "",
            due_on=_date(fields.get("duedate")),
            start_on=_date(fields.get(self.start_field)) if self.start_field else None,
            owner=account(fields.get("assignee")),
            requester=account(fields.get("reporter")),
            parent=TaskId(str(fields["parent"]["id"])) if fields.get("parent") else None,
            mark=mark_in(issue.get("properties") or {}),
            created_at=instant(fields.get("created")),
            changed_at=instant(fields.get("updated")),
            project=(fields.get("project") or {}).get("key"),
            fields=_Form(partial(self._fields, fields)),
        )

    def _fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        empty = {field: None for field, value in fields.items() if value is None}
        by_id = {field: plain for field, value in fields.items() if (plain := _plain(value)) is not None}
        return {
            **self._named(empty),
            **self._named(by_id),
            **empty,
            **by_id,
            "project": (fields.get("project") or {}).get("key"),
            "issue_type": (fields.get("issuetype") or {}).get("name"),
            "form": next(filter(None, map(_request_type, fields.values())), None),
            "labels": list(fields.get("labels") or ()),
        }

    def _named(self, by_id: Mapping[str, Any]) -> dict[str, Any]:
        return {self.names[field]: plain for field, plain in by_id.items() if field in self.names}


class _Form(Mapping[str, Any]):
    """What an issue's fields say, worked out when somebody asks: of most issues nobody does."""

    def __init__(self, work_out: Callable[[], Mapping[str, Any]]) -> None:
        self._work_out = work_out

    @cached_property
    def _said(self) -> Mapping[str, Any]:
        return self._work_out()

    def __getitem__(self, name: str) -> Any:
        return self._said[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)


def browse(site: str, key: str) -> str:
    """Where a person opens the issue."""
    return f"{site}/browse/{key}"


def account(user: Mapping[str, Any] | None) -> Account | None:
    """A user of the API; the e-mail is there only where the person's privacy settings show it."""
    if not user:
        return None
    return Account(
        AccountId(str(user.get("accountId") or user.get("name") or user.get("key"))),
        user.get("displayName") or "",
        user.get("emailAddress") or None,
    )


def files(attachments: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Name and address of each, oldest first."""
    return [(file["filename"], file["content"]) for file in sorted(attachments, key=lambda file: str(file["created"]))]


def mark_property(mark: Mark) -> dict[str, Any]:
    """The entity property that carries the mark inside a create."""
    return {"key": MARK_PROPERTY, "value": {"campaign": mark.campaign, "key": mark.key}}


def mark_in(properties: Mapping[str, Any]) -> Mark | None:
    """The mark among an issue's properties."""
    value = properties.get(MARK_PROPERTY)
    if isinstance(value, dict) and isinstance(value.get("campaign"), str) and isinstance(value.get("key"), str):
        return Mark(value["campaign"], value["key"])
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a new issue goes, and which fields Jira lets us set there."""

    project: str
    type_id: str
    parent: TaskId | None
    fields: Collection[str]
    """Ids of the fields on the create screen."""
    start_field: str | None
    own: Mapping[str, Any] = field(default_factory=dict)
    """Values of the team's own fields, by id."""


def optional_fields(task: NewTask, place: Place) -> dict[str, Any]:
    """What the new issue would carry beside summary and description, by field id."""
    wanted = {
        "labels": [label_of(task.mark.campaign)],
        "assignee": {"accountId": task.owner} if task.owner else None,
        "duedate": task.due_on.isoformat() if task.due_on else None,
        place.start_field: task.start_on.isoformat() if task.start_on else None,
    }
    return {field: value for field, value in wanted.items() if field and value}


def new_issue(task: NewTask, place: Place, without: Collection[str] = ()) -> dict[str, Any]:
    """One row of a bulk create. Dates that the screen does not take (or `without` names) go into the description, so
    that nothing is lost."""
    optional = optional_fields(task, place)
    sent = {field: value for field, value in optional.items() if field in place.fields and field not in without}
    lines = [
        f"{word}: {day.isoformat()}"
        for word, day, field in (("Start", task.start_on, place.start_field), ("Due", task.due_on, "duedate"))
        if day and field not in sent
    ]
    text = "\n\n".join(filter(None, [task.text, *lines]))
    fields = {
        "project": {"key": place.project},
        "issuetype": {"id": place.type_id},
        "summary": one_line(task.title),
        **sent,
        **place.own,
    }
    if "labels" in sent and "labels" in place.own:
        fields["labels"] = [*sent["labels"], *place.own["labels"]]
    if place.parent:
        fields["parent"] = {"id": place.parent}
    if text and "description" in place.fields:
        fields["description"] = adf.from_markdown(text)
    return {"fields": fields, "properties": [mark_property(task.mark)]}


def made(task: NewTask, place: Place, answer: Mapping[str, Any], site: str, row: Mapping[str, Any]) -> Task:
    """The task that this row created, from what was sent: the answer holds nothing but id and key."""
    sent = row["fields"]
    return Task(
        id=TaskId(str(answer["id"])),
        label=answer["key"],
        url=browse(site, answer["key"]),
        title=sent["summary"],
        status=Status.TODO,
        status_name="",
        text=task.text,
        due_on=task.due_on if "duedate" in sent else None,
        start_on=task.start_on if place.start_field in sent else None,
        owner=Account(task.owner, "") if task.owner and "assignee" in sent else None,
        parent=place.parent,
        mark=task.mark,
        project=place.project,
        fields={"project": place.project, "issue_type": None, "form": None, "labels": sent.get("labels", [])},
    )


def changed_fields(patch: Patch, start_field: str | None) -> dict[str, Any]:
    """The fields of an edit. A site without a start date field is told none."""
    wanted = {
        "summary": one_line(patch.title) if patch.title is not None else None,
        "duedate": patch.due_on.isoformat() if patch.due_on else None,
        "assignee": {"accountId": patch.owner} if patch.owner else None,
        "description": adf.from_markdown(patch.text) if patch.text is not None else None,
        start_field: patch.start_on.isoformat() if patch.start_on else None,
    }
    sent = {field: value for field, value in wanted.items() if field and value is not None}
    return sent | {"assignee": None} if patch.owner == NOBODY else sent


def day_in(kind: str, day: date | None, before: Any) -> str | None:
    """What a field of this type holds for the day; a moment keeps its time of day, else it is noon."""
    if day is None:
        return None
    moment = str(before or "")[10:] or "T12:00:00.000+0000"
    return f"{day.isoformat()}{moment}" if kind == "datetime" else day.isoformat()


def _plain(value: Any) -> Any:
    """A field's value as text, number, bool, ISO date or list of texts; None where there is nothing to tell."""
    if isinstance(value, list):
        return [plain for item in value if (plain := _plain(item)) is not None]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "doc":
        return adf.to_text(value)
    if request_type := _request_type(value):
        return request_type
    if isinstance(value.get("child"), dict) and "value" in value:
        return f"{value['value']} / {_plain(value['child'])}"
    return next((value[name] for name in ("displayName", "value", "name", "key") if value.get(name) is not None), None)


def _request_type(value: Any) -> str | None:
    """The portal form of a service project's request."""
    form = value.get("requestType") if isinstance(value, dict) else None
    return form.get("name") if isinstance(form, dict) else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def instant(value: Any) -> datetime | None:
    """A moment as Jira writes it."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
