"""What stands in the simulated site. Attribute names are Asana's, so that `shapes` can show a record by name alone."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

MISSING: Any = object()
"""An attribute that Asana leaves out of the answer altogether."""


@dataclass
class Home:
    """Where the site is served; known once it runs."""

    url: str = ""


@dataclass(eq=False, kw_only=True)
class Record:
    """One resource. Two records are equal only if they are the same."""

    gid: str
    resource_type: ClassVar[str]


@dataclass(eq=False, kw_only=True)
class Workspace(Record):
    """The one organization."""

    resource_type = "workspace"
    name: str
    email_domains: list[str]
    is_organization: bool = True


@dataclass(eq=False, kw_only=True)
class User(Record):
    """A person."""

    resource_type = "user"
    name: str
    email: str
    workspaces: list[Workspace]
    photo: None = None


@dataclass(eq=False, kw_only=True)
class Team(Record):
    """A team of the workspace."""

    resource_type = "team"
    name: str
    organization: Workspace
    description: str = ""
    permalink_url: str = ""


@dataclass(eq=False, kw_only=True)
class EnumOption(Record):
    """One choice of an enum field."""

    resource_type = "enum_option"
    name: str
    color: str = "none"
    enabled: bool = True


@dataclass(eq=False, kw_only=True)
class CustomField(Record):
    """The definition of a field: text, number, date or enum."""

    resource_type = "custom_field"
    name: str
    resource_subtype: str
    enum_options: Any = MISSING
    precision: Any = MISSING
    created_by: User | None = None
    description: str = ""
    format: str = "none"
    is_global_to_workspace: bool = True
    has_notifications_enabled: bool = False
    is_formula_field: bool = False
    is_value_read_only: bool = False

    @property
    def type(self) -> str:
        return self.resource_subtype

    @property
    def representation_type(self) -> str:
        return self.resource_subtype


@dataclass(eq=False)
class FieldValue:
    """A custom field as a task shows it: the definition's attributes and the value."""

    field: CustomField
    value: Any
    enabled: bool = True

    def __getattr__(self, name: str) -> Any:
        if name == f"{self.field.resource_subtype}_value":
            return self.value
        return getattr(self.field, name)

    @property
    def display_value(self) -> str | None:
        if isinstance(self.value, EnumOption):
            return self.value.name
        if isinstance(self.value, dict):
            return self.value.get("date_time") or f"{self.value['date']}T00:00:00.000Z"
        return None if self.value is None else str(self.value)


@dataclass(eq=False, kw_only=True)
class FieldSetting(Record):
    """That a project's tasks have a custom field."""

    resource_type = "custom_field_setting"
    project: Project
    custom_field: CustomField
    is_important: bool = False

    @property
    def parent(self) -> Project:
        return self.project


@dataclass(eq=False, kw_only=True)
class Tag(Record):
    """A tag of the workspace."""

    resource_type = "tag"
    home: Home
    name: str
    workspace: Workspace
    created_at: datetime
    color: str | None = None
    notes: str = ""
    followers: dict[str, User] = field(default_factory=dict)

    @property
    def permalink_url(self) -> str:
        return f"{self.home.url}/0/{self.gid}"


@dataclass(eq=False, kw_only=True)
class Section(Record):
    """A column or header of a project; its tasks in order."""

    resource_type = "section"
    name: str
    project: Project
    created_at: datetime
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def projects(self) -> list[Project]:
        return [self.project]


@dataclass(eq=False, kw_only=True)
class Project(Record):
    """A project with its sections, field settings and tasks, in order."""

    resource_type = "project"
    home: Home
    name: str
    workspace: Workspace
    team: Team
    owner: User | None
    created_at: datetime
    modified_at: datetime
    archived: bool = False
    color: str | None = None
    icon: str | None = "list"
    default_view: str = "list"
    due_on: str | None = None
    start_on: str | None = None
    notes: str = ""
    html_notes: str = "<body></body>"
    public: bool = True
    privacy_setting: str = "public_to_workspace"
    default_access_level: str = "editor"
    minimum_access_level_for_customization: str = "editor"
    minimum_access_level_for_sharing: str = "editor"
    completed: bool = False
    completed_at: datetime | None = None
    completed_by: User | None = None
    members: dict[str, User] = field(default_factory=dict)
    followers: dict[str, User] = field(default_factory=dict)
    current_status: None = None
    current_status_update: None = None
    project_brief: None = None
    created_from_template: None = None
    custom_fields: list[FieldValue] = field(default_factory=list)
    sections: dict[str, Section] = field(default_factory=dict)
    settings: dict[str, FieldSetting] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def due_date(self) -> str | None:
        return self.due_on

    @property
    def custom_field_settings(self) -> list[FieldSetting]:
        return list(self.settings.values())

    @property
    def permalink_url(self) -> str:
        return f"{self.home.url}/0/{self.gid}"


@dataclass(frozen=True)
class Membership:
    """A task's place in a project."""

    project: Project
    section: Section


@dataclass(eq=False, kw_only=True)
class Story(Record):
    """A comment, or what the system noted about a change."""

    resource_type = "story"
    task: Task
    created_at: datetime
    created_by: User
    resource_subtype: str
    text: str
    html_text: str
    is_pinned: Any = MISSING
    is_edited: Any = MISSING
    assignee: Any = MISSING
    old_name: Any = MISSING
    new_name: Any = MISSING
    old_dates: Any = MISSING
    new_dates: Any = MISSING
    custom_field: Any = MISSING
    liked: bool = False
    likes: list[Any] = field(default_factory=list)
    num_likes: int = 0
    source: str = "api"

    @property
    def type(self) -> str:
        return "comment" if self.resource_subtype == "comment_added" else "system"

    @property
    def target(self) -> Task:
        return self.task

    @property
    def is_editable(self) -> Any:
        return True if self.type == "comment" else MISSING


@dataclass(eq=False, kw_only=True)
class Attachment(Record):
    """A file on a task; what stands in it is not kept."""

    resource_type = "attachment"
    home: Home
    name: str
    parent: Task
    created_at: datetime
    resource_subtype: str = "asana"
    size: int = 0
    download_url: None = None
    view_url: None = None

    @property
    def host(self) -> str:
        return self.resource_subtype

    @property
    def permanent_url(self) -> str:
        return f"{self.home.url}/app/asana/-/get_asset?asset_id={self.gid}"


@dataclass(eq=False, kw_only=True)
class Task(Record):
    """A task or subtask."""

    resource_type = "task"
    home: Home
    workspace: Workspace
    created_by: User
    created_at: datetime
    modified_at: datetime
    name: str = ""
    resource_subtype: str = "default_task"
    approval_status: Any = MISSING
    notes: str = ""
    html_notes: str = "<body></body>"
    completed: bool = False
    completed_at: datetime | None = None
    completed_by: User | None = None
    due_on: str | None = None
    due_at: str | None = None
    start_on: str | None = None
    start_at: str | None = None
    assignee: User | None = None
    parent: Task | None = None
    external: Any = MISSING
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Project, Section] = field(default_factory=dict)
    subtasks: dict[str, Task] = field(default_factory=dict)
    dependencies: dict[str, Task] = field(default_factory=dict)
    dependents: dict[str, Task] = field(default_factory=dict)
    followers: dict[str, User] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    stories: dict[str, Story] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    assignee_status: str = "upcoming"
    actual_time_minutes: None = None
    is_rendered_as_separator: bool = False
    hearted: bool = False
    hearts: list[Any] = field(default_factory=list)
    num_hearts: int = 0
    liked: bool = False
    likes: list[Any] = field(default_factory=list)
    num_likes: int = 0

    @property
    def projects(self) -> list[Project]:
        return list(self.places)

    @property
    def memberships(self) -> list[Membership]:
        return [Membership(project, section) for project, section in self.places.items()]

    @property
    def fields(self) -> dict[str, CustomField]:
        """The custom fields that its projects give it; a subtask outside of every project has none."""
        return {gid: s.custom_field for project in self.places for gid, s in project.settings.items()}

    @property
    def custom_fields(self) -> list[FieldValue]:
        return [FieldValue(custom, self.values.get(gid)) for gid, custom in self.fields.items()]

    @property
    def num_subtasks(self) -> int:
        return len(self.subtasks)

    @property
    def permalink_url(self) -> str:
        task: Task | None = self
        while task and not task.places:
            task = task.parent
        return f"{self.home.url}/0/{next(iter(task.places)).gid if task else 0}/{self.gid}"


@dataclass(eq=False, kw_only=True)
class Event:
    """Something that happened; `audience` holds the gids whose webhooks and streams hear of it."""

    at: datetime
    user: User | None
    action: str
    resource: Record
    audience: frozenset[str]
    parent: Record | None = None
    change: dict[str, Any] | None = None


@dataclass(eq=False, kw_only=True)
class Webhook(Record):
    """A subscription, its secret and its health."""

    resource_type = "webhook"
    resource: Record
    target: str
    created_at: datetime
    secret: str
    owner: User
    filters: list[dict[str, Any]]
    active: bool = False
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_failure_content: str | None = None
    delivery_retry_count: int = 0
    next_attempt_after: Any = MISSING
    failure_deletion_timestamp: Any = MISSING
    pending: deque[Event] = field(default_factory=deque)
