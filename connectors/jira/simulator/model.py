"""What a Jira site is made of: plain data, no behaviour beyond looking things up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal["string", "adf", "date", "number", "option", "user", "labels", "priority", "links", "other"]


@dataclass(frozen=True, slots=True)
class StatusCategory:
    """Jira's four fixed categories; only `new`, `indeterminate` and `done` hold statuses."""

    id: int
    key: str
    color: str
    name: str


TO_DO = StatusCategory(2, "new", "blue-gray", "To Do")
IN_PROGRESS = StatusCategory(4, "indeterminate", "yellow", "In Progress")
DONE = StatusCategory(3, "done", "green", "Done")


@dataclass(frozen=True, slots=True)
class Status:
    """A column of the board."""

    id: str
    name: str
    category: StatusCategory


@dataclass(frozen=True, slots=True)
class Transition:
    """A button that moves an issue to `to`; its id is the same wherever it is offered."""

    id: str
    name: str
    to: Status


@dataclass(frozen=True, slots=True)
class IssueType:
    """`level` is Jira's hierarchyLevel: 1 epic, 0 standard, -1 sub-task."""

    id: str
    name: str
    level: int
    description: str

    @property
    def subtask(self) -> bool:
        return self.level < 0


@dataclass(frozen=True, slots=True)
class Priority:
    """From Highest to Lowest."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A company-managed business project."""

    id: str
    key: str
    name: str
    lead: str
    """The lead's account id."""


@dataclass(slots=True)
class User:
    """A person with an Atlassian account."""

    id: str
    name: str
    email: str
    email_hidden: bool = False
    """The person's profile hides the address: the API never shows it and no search by it finds them."""
    assignable: bool = True
    active: bool = True
    denied: set[str] = field(default_factory=set)
    """Permission keys this account lacks; all others are granted."""


@dataclass(frozen=True, slots=True)
class FieldDef:
    """A field of the site: its id, its name on the screen, and what values it takes."""

    id: str
    name: str
    kind: Kind
    type: str
    """`schema.type` of the API."""
    items: str | None = None
    custom: str | None = None
    """The custom field type's name, e.g. `datepicker`."""
    options: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    """Names in JQL where they differ from the id."""


@dataclass(slots=True)
class Comment:
    """A remark on an issue; `body` is an Atlassian document."""

    id: str
    author: str
    body: Json
    created: datetime
    updated: datetime
    editor: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on an issue; what stands in it is not kept."""

    id: str
    filename: str
    author: str
    created: datetime


@dataclass(frozen=True, slots=True)
class LinkType:
    """`outward` reads from the inward issue to the outward one: inward *blocks* outward."""

    id: str
    name: str
    inward: str
    outward: str


@dataclass(frozen=True, slots=True)
class Link:
    """`inward` blocks `outward` (both are issue ids)."""

    id: str
    type: LinkType
    inward: str
    outward: str


@dataclass(frozen=True, slots=True)
class Item:
    """One changed field of a changelog entry, with ids (`before`, `after`) and what people read."""

    field: str
    field_id: str | None
    custom: bool
    before: str | None
    before_text: str | None
    after: str | None
    after_text: str | None


@dataclass(frozen=True, slots=True)
class History:
    """One changelog entry."""

    id: str
    at: datetime
    author: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What search knows of an issue; kept apart because the index lags behind the issue."""

    id: int
    key: str
    project: Project
    parent: str | None
    """The parent's key."""
    type: IssueType
    status: Status
    labels: frozenset[str]
    assignee: str | None
    reporter: str | None
    summary: str
    due: str | None
    created: datetime
    updated: datetime


@dataclass(slots=True)
class Issue:
    """An issue as it is stored. `values` holds the fields people fill in: text, ISO dates, numbers, ADF documents,
    account ids (assignee, reporter), a priority id, label lists."""

    id: str
    key: str
    project: Project
    type: IssueType
    status: Status
    creator: str
    created: datetime
    updated: datetime
    status_changed: datetime
    parent: Issue | None = None
    resolution: str | None = None
    resolved: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    children: dict[str, Issue] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    remote_links: dict[int, Json] = field(default_factory=dict)
    history: list[History] = field(default_factory=list)

    def facts(self) -> Facts:
        """What search will know once the index has caught up."""
        return Facts(
            id=int(self.id),
            key=self.key,
            project=self.project,
            parent=self.parent.key if self.parent else None,
            type=self.type,
            status=self.status,
            labels=frozenset(self.values.get("labels", ())),
            assignee=self.values.get("assignee"),
            reporter=self.values.get("reporter"),
            summary=self.values["summary"],
            due=self.values.get("duedate"),
            created=self.created,
            updated=self.updated,
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened that webhooks may tell about."""

    name: str
    """`webhookEvent`, e.g. `jira:issue_updated`."""
    actor: str
    issue: Issue | None = None
    kind: str | None = None
    """`issue_event_type_name`."""
    history: History | None = None
    comment: Comment | None = None
    link: Link | None = None
