"""Every table. Instants are aware UTC, ids are text, and states are the glossary's words."""

import secrets
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Field, SQLModel
from uuid_utils import uuid7

from service.core.merge import LinkState

InboxState = Literal["received", "handled", "ignored", "parked"]
HookState = Literal["pending", "active", "gone"]
MoveKind = Literal["date", "template"]
MoveState = Literal["asked", "begun", "made", "undo_asked", "undone", "refused"]
CampaignState = Literal["waiting_for_input", "refused", "running", "done", "cancelled", "standing"]
"""`standing`: no campaign but a commitment whose tasks are filed."""

_CAMPAIGN_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that people mix up when they read an id aloud


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that sorts by the time it was made."""
    return str(uuid7())


def campaign_id(connection: str, request_task: str) -> str:
    """Ten lower-case letters and digits, short enough for a label, and the same whenever it is asked for.

    So a campaign whose row was lost with an old database finds its tasks again by their marks.
    """
    number = int.from_bytes(sha256(f"{connection}:{request_task}".encode()).digest())
    base = len(_CAMPAIGN_LETTERS)
    return "".join(_CAMPAIGN_LETTERS[number // base**place % base] for place in range(10))


def new_hook_id() -> str:
    """The unguessable last part of a hook's target address."""
    return secrets.token_urlsafe(18)


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: refuses a naive one, and gives back aware UTC on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _json(*, nullable: bool = False) -> Any:
    # Plain JSON, not JSONB, which would forget the order of keys.
    column: sa.Column[Any] = sa.Column(sa.JSON(none_as_null=True), nullable=nullable)
    return column


class Inbox(SQLModel, table=True):
    """One stored delivery."""

    __tablename__ = "inbox"
    __table_args__ = (
        sa.UniqueConstraint("hook_id", "key", name="inbox_once"),
        sa.Index("inbox_by_state", "state", "routed"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    connection: str
    hook_id: str
    key: str
    """Equal for two deliveries of the same happening."""
    received_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    body: bytes
    state: InboxState = Field(default="received", sa_type=sa.String)
    reason: str | None = None
    routed: bool = False
    """Its changes stand in the `change` table, each with the run that will look."""
    request_id: str | None = None
    handled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ChangeRow(SQLModel, table=True):
    """One change hinted at by a delivery or found by a sweep, waiting for the run of its partition."""

    __tablename__ = "change"
    __table_args__ = (sa.Index("change_by_partition", "partition", "state"), sa.Index("change_by_inbox", "inbox_id"))

    id: str = Field(default_factory=new_id, primary_key=True)
    inbox_id: str | None = Field(default=None, foreign_key="inbox.id")
    """None: nobody told us, a sweep or a person asked for the run."""
    partition: str
    """`connection:request task`: what is handled one at a time."""
    kind: str
    task: str | None = None
    state: InboxState = Field(default="received", sa_type=sa.String)
    reason: str | None = None
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class HookRow(SQLModel, table=True):
    """One webhook subscription; the id is the secret last part of its target address."""

    __tablename__ = "hook"

    id: str = Field(default_factory=new_hook_id, primary_key=True)
    connection: str = Field(index=True)
    project: str | None = None
    vendor_id: str | None = None
    target: str
    sealed_secret: str | None = None
    """Encrypted by the `Vault`."""
    state: HookState = Field(default="pending", sa_type=sa.String)
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    last_delivery_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    unheard_since: datetime | None = Field(default=None, sa_type=UTCDateTime)
    """Since when sweeps find changes of which it tells nothing."""
    problem: str | None = None
    """What is wrong with it, as the keeper found it last."""


class Submission(SQLModel, table=True):
    """A form that somebody submitted, and the task that it became."""

    __tablename__ = "submission"

    form: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    """A digest of the submission's own id."""
    begun_at: datetime = Field(sa_type=UTCDateTime)
    """Committed before the create call, so that a lost reply is looked up instead of repeated."""
    task_id: str | None = None


class Sweep(SQLModel, table=True):
    """Up to when a project was read for what its hooks missed."""

    __tablename__ = "sweep"

    connection: str = Field(primary_key=True)
    project: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UTCDateTime)
    cursor: str | None = None
    """Where the tracker's own list of changes goes on."""
    moved_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    """The latest change found, by the tracker's clock."""


class Seen(SQLModel, table=True):
    """A change for which a sweep has asked for a run: sweeps overlap, and that must cost no second one."""

    __tablename__ = "seen"

    connection: str = Field(primary_key=True)
    task: str = Field(primary_key=True)
    changed_at: datetime = Field(sa_type=UTCDateTime)
    """By the tracker's clock."""
    at: datetime = Field(sa_type=UTCDateTime, index=True)


class Campaign(SQLModel, table=True):
    """What we run for one request, with everything frozen that its plan was made from."""

    __tablename__ = "campaign"
    __table_args__ = (
        sa.UniqueConstraint("connection", "request_task", name="campaign_once"),
        sa.Index("campaign_by_label", "connection", "request_label"),
        sa.Index("campaign_by_container", "connection", "container_id"),
        sa.Index("campaign_by_state", "state"),
    )

    id: str = Field(primary_key=True)
    connection: str
    request_task: str
    request_label: str
    request_url: str
    title: str
    template: str
    template_version: str
    template_snapshot: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    calendar_snapshot: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    inputs: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    complete_on: date | None = None
    state: CampaignState = Field(default="waiting_for_input", sa_type=sa.String)
    plan: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    container_kind: str | None = None
    """subtasks, epic or project: as the request rule chose it, or as it was opened."""
    container_id: str | None = None
    """None until it is open."""
    container_url: str = ""
    agreed: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """The request's own fields as we and the tracker last agreed on them."""
    created_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Link(SQLModel, table=True):
    """A planned key and the tracker's task for it, with the values both sides last agreed on."""

    __tablename__ = "link"
    __table_args__ = (
        sa.UniqueConstraint("campaign_id", "connection", "key", name="link_once"),
        sa.Index("link_by_task", "connection", "task_id"),
        sa.Index("link_by_label", "connection", "label"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    campaign_id: str = Field(foreign_key="campaign.id")
    connection: str
    key: str
    task_id: str | None = None
    label: str | None = None
    url: str | None = None
    intent_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    """Committed before the create call, so that a lost reply is looked up instead of repeated."""
    made_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    agreed: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """title, status, due_on, start_on, owner"""
    pinned_on: date | None = None
    done_on: date | None = None
    dropped: bool = False
    """We dropped it; a tracker without such a status reads it as done."""
    state: LinkState = Field(default="intended", sa_type=sa.String)
    reason: str | None = None


class Move(SQLModel, table=True):
    """A campaign moved by its request's dates or by its template, with everything that takes it back exactly."""

    __tablename__ = "move"
    __table_args__ = (sa.Index("move_by_campaign", "campaign_id", "state"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    campaign_id: str = Field(foreign_key="campaign.id")
    kind: MoveKind = Field(sa_type=sa.String)
    state: MoveState = Field(sa_type=sa.String)
    by: str = ""
    """Who asked with a command; empty where the request was edited in its tracker."""
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    """When it was asked for, then when it was made."""
    wanted: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """The template to go to, and the calendar where that is to be frozen anew."""
    before: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """How the campaign stood before anything was written."""
    after: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    """The request's inputs, and the pins, once it was made."""
    reason: str | None = None
    """Why it could not be made or taken back."""


class Comment(SQLModel, table=True):
    """A comment of ours, so that it is rewritten only when its text changes."""

    __tablename__ = "comment"

    campaign_id: str = Field(primary_key=True, foreign_key="campaign.id")
    connection: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    comment_id: str
    digest: str


class Person(SQLModel, table=True):
    """What a tracker answered when asked for an e-mail address; no account id means nobody matches."""

    __tablename__ = "person"

    connection: str = Field(primary_key=True)
    email: str = Field(primary_key=True)
    account_id: str | None = None
    name: str | None = None
    checked_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Turn(SQLModel, table=True):
    """Who of a pool took the latest turn. The next is counted from here, whoever was passed over meanwhile."""

    __tablename__ = "turn"

    pool: str = Field(primary_key=True)
    """The role, or `role/value` for the pool of one value of an input."""
    last: str
    """The person's name in the settings."""


class Assignment(SQLModel, table=True):
    """Whom a chain or a pool gave for one task, so that a repeated run neither takes another turn nor asks another."""

    __tablename__ = "assignment"

    campaign_id: str = Field(primary_key=True, foreign_key="campaign.id")
    key: str = Field(primary_key=True)
    person: str
    """Their name in the settings."""
    note: str | None = None
    """What to tell on the task."""
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class AwayCalendar(SQLModel, table=True):
    """The last good copy of somebody's calendar of absences: the days only, no titles."""

    __tablename__ = "away_calendar"

    person: str = Field(primary_key=True)
    """Their name in the settings."""
    source: str
    """A digest of the address, which may itself be a secret."""
    days: list[list[str]] = Field(default_factory=list, sa_column=_json())
    """First and last day of each absence, as ISO texts."""
    read_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    """When it was last read well."""
    checked_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    problem: str | None = None
    """Why the latest attempt failed."""


class PublishedTemplate(SQLModel, table=True):
    """One version of a template or commitment, exactly as it was published. Rows are added and never changed."""

    __tablename__ = "published_template"

    id: str = Field(primary_key=True)
    """Its own."""
    version: int = Field(primary_key=True)
    digest: str
    """Of the file it came from, and of the file that one extends."""
    text: str
    """The file itself, comments and all."""
    content: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    """What the text means, so that a later release reads it the same way."""
    published_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    published_by: str


class EventRow(SQLModel, table=True):
    """Something that happened outside a plan, as its source told it. Rows are added and never changed."""

    __tablename__ = "event"
    __table_args__ = (
        sa.UniqueConstraint("source", "event_id", name="event_once"),
        sa.Index("event_by_type", "type", "at"),
        sa.Index("event_by_subject", "subject"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    source: str
    """Whose secret it was signed with; `tminus` for what we saw in the trackers."""
    event_id: str
    """Its source's own name for it."""
    type: str
    at: datetime = Field(sa_type=UTCDateTime)
    """When it happened."""
    subject: str
    data: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    received_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


class Ledger(SQLModel, table=True):
    """What happened and why: one sentence each, appended and never changed."""

    __tablename__ = "ledger"
    __table_args__ = (sa.Index("ledger_by_campaign", "campaign_id", "id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(default_factory=now, sa_type=UTCDateTime)
    campaign_id: str | None = None
    inbox_id: str | None = None
    request_id: str | None = None
    kind: str
    sentence: str


class Worker(SQLModel, table=True):
    """A worker's sign of life, in the database's time."""

    __tablename__ = "worker"

    executor_id: str = Field(primary_key=True)
    beat_at: datetime = Field(sa_type=UTCDateTime)
    started_at: datetime = Field(sa_type=UTCDateTime)
