"""The language that every tracker and the service both speak. No I/O.

A tracker is level-triggered to us: webhooks say where to look (`Change`), reads say what is (`Task`), and the few
writes below are all that the product ever does to a tracker.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Literal, NewType, Protocol, TypeVar

from pydantic import BaseModel

from connectors.errors import TrackerError
from connectors.oauth import SignIn

TaskId = NewType("TaskId", str)
"""The tracker's stable id: Jira's numeric issue id (a key changes when an issue moves project), Asana's gid."""
AccountId = NewType("AccountId", str)
CommentId = NewType("CommentId", str)
NOBODY = AccountId("")
"""In a `Patch`: take the owner off."""
HookId = NewType("HookId", str)

Party = Literal["requester", "stakeholder", "ops", "sales", "external"]
"""Who owes a task."""


class Status(StrEnum):
    """What a task's state means to a plan; each connector maps its vendor's many words onto these five."""

    TODO = "todo"
    DOING = "doing"
    WAITING = "waiting"
    DONE = "done"
    DROPPED = "dropped"

    @property
    def closed(self) -> bool:
        """Nobody owes work on it any more."""
        return self in (Status.DONE, Status.DROPPED)


@dataclass(frozen=True, slots=True)
class Mark:
    """The stable name that travels inside every create, so that a task of ours is recognised after a lost reply."""

    campaign: str
    key: str

    def __str__(self) -> str:
        return f"tminus:{self.campaign}:{self.key}"

    @classmethod
    def find(cls, text: str) -> Mark | None:
        """The first mark written in `text`, if there is one. Campaign and key hold letters, digits, `.`, `_`, `-`."""
        for word in text.split():
            app, _, rest = word.partition(":")
            campaign, _, key = rest.partition(":")
            if app == "tminus" and campaign and key:
                return cls(campaign, key)
        return None


@dataclass(frozen=True, slots=True)
class Account:
    """A person (or our own service user) as the tracker knows them."""

    id: AccountId
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as the tracker has it now."""

    id: TaskId
    label: str
    """What people call it: `MKT-12` in Jira, the gid in Asana."""
    url: str
    """Where a person opens it."""
    title: str
    status: Status
    status_name: str
    """The vendor's own word for the status."""
    waits_on: str | None = None
    """The party that the connection's `waiting_on` gives for that word."""
    text: str = ""
    """The description as plain text."""
    due_on: date | None = None
    start_on: date | None = None
    owner: Account | None = None
    requester: Account | None = None
    """Jira: reporter. Asana: created_by."""
    parent: TaskId | None = None
    mark: Mark | None = None
    created_at: datetime | None = None
    changed_at: datetime | None = None
    """By the tracker's clock. Asana does not count comments."""
    project: str | None = None
    """Jira: project key. Asana: gid of the first project that the connection serves, or else of the first."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Every other field by its id and by its name, as plain text, number, bool, ISO date or list of texts, an empty one
    as None: for request routes and template inputs. Always there: `project`, `issue_type` (Jira) or `section` (Asana),
    `form` (the form's name where the tracker tells), `labels`/`tags`. A task in several projects has lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to be created; everything it carries goes into the one create call."""

    mark: Mark
    title: str
    text: str = ""
    """Markdown; each connector renders its vendor's rich text."""
    owner: AccountId | None = None
    start_on: date | None = None
    due_on: date | None = None
    milestone: bool = False
    fields: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """For `add_task`: the team's own fields by id or name, as text; `issue_type` (Jira) or `section` (Asana), too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Fields to write; None means leave alone."""

    title: str | None = None
    due_on: date | None = None
    start_on: date | None = None
    owner: AccountId | None = None
    """`NOBODY` takes the owner off."""
    text: str | None = None
    """Markdown that takes the place of the description; it needs `mark`."""
    mark: Mark | None = None
    """The task's own, which some trackers keep in the text."""
    fields: Mapping[str, date | None] = field(default_factory=dict)
    """Other fields that hold a day, by id or name; None empties one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment as the tracker has it now."""

    id: CommentId
    author: Account | None
    text: str
    """Plain text, without our mark."""
    written_at: datetime
    mark: Mark | None = None
    """It is one of ours."""


@dataclass(frozen=True, slots=True)
class Container:
    """Where a campaign's tasks live: under the request, under an epic of its own, or in a project of its own."""

    kind: Literal["subtasks", "epic", "project"]
    id: str
    """The request's task id, the epic's task id, or the project's id."""
    url: str


@dataclass(frozen=True, slots=True)
class Created:
    """What became of a create: every key asked for is in one of the two."""

    made: Mapping[str, Task]
    refused: Mapping[str, TrackerError]
    """Rows the vendor refused one by one, with its own words."""
    unsure: bool = False
    """A call had no answer and was made again: what it was to make may yet appear beside what was made then."""


ChangeKind = Literal["created", "updated", "deleted", "comment", "other", "heartbeat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A hint that something moved. It carries no state: look at the task."""

    kind: ChangeKind
    item: str | None
    """What people call it: the Jira issue key (numeric id where the body has no key), the Asana gid."""
    task: TaskId | None = None
    """The stable id, as in `Task.id`; None where the body names only a key or no task."""
    parent: TaskId | None = None
    """The task it sits under, where the body says so."""
    changed_fields: tuple[str, ...] = ()
    actor: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The four facts `tminus hooks parse` prints."""
        return {
            "kind": self.kind,
            "item": self.item,
            "changed_fields": list(self.changed_fields),
            "actor": self.actor,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a tracker tells of everything that happened in a project since then."""

    tasks: Mapping[TaskId, datetime]
    """Tasks to look at, each with the vendor's instant of its latest change, so that one that was looked at since then
    is known again."""
    cursor: str | None = None
    """Where the vendor's own list of changes goes on, where it has one; to be kept and handed in next time."""
    open: frozenset[TaskId] | None = None
    """Every task of the project that is not closed, where a deleted one shows in nothing but its absence."""
    lost: bool = False
    """The vendor no longer knows what happened since the cursor: everything has to be looked at."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verified webhook call; `key` is equal for two deliveries of the same happening."""

    key: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """The vendor asks whether we really want this subscription; answer 200 with these headers and store nothing."""

    headers: Mapping[str, str]


class Receiver(Protocol):
    """The pure half of a connector: headers and bytes in, meaning out."""

    batched: bool
    """Whether one body holds several events (Asana) or is one (Jira)."""
    heartbeat: timedelta | None
    """How often the vendor calls a hook of which nothing is to be told; None: it does not."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str | None) -> Delivery | Handshake:
        """Header names are lower case. Raises `Unverified` for a missing or wrong signature, or where no secret is."""

    def parse(self, body: bytes) -> list[Change]:
        """What the body hints at; raises `Malformed` with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook subscription as the vendor lists it."""

    id: HookId
    target: str
    projects: tuple[str, ...] = ()
    """Of which it tells; empty where the vendor does not say."""
    secret: str | None = None
    """Where we did not choose it: the vendor's, told in the answer to the create alone, or our OAuth app's (Jira)."""
    healthy: bool = True
    problem: str | None = None
    """The vendor's own words on why deliveries fail."""
    expires_at: datetime | None = None
    """When the vendor ends it, unless it is renewed."""
    outdated: bool = False
    """It tells of less than we want to hear of now, unless it is renewed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person must mend; two plain sentences."""

    problem: str
    remedy: str


class Tracker(Protocol):
    """The I/O half of a connector. Synchronous and safe to call from several threads. Raises only `TrackerError`s.

    Each method decides for itself what is safe to repeat (`connectors.retrying`); callers never retry.
    """

    one_hook: bool
    """One hook tells of every project, because the vendor calls no second address of ours."""

    def whoami(self) -> Account:
        """The account behind the credentials; the cheapest call that proves them."""

    def find_account(self, email: str, project: str | None) -> Account | None:
        """The account to which tasks of `project` can be assigned; None where nobody matches."""

    def find_task(self, label: str) -> Task | None:
        """By what people type: `MKT-12`, a gid or a task's web address."""

    def read(self, ids: Collection[TaskId], within: Container | None = None) -> dict[TaskId, Task]:
        """In as few calls as the vendor allows; a deleted or invisible task is absent from the answer. `within` says
        where most of them live, so that a vendor without a bulk read can answer from one list."""

    def children(self, container: Container) -> list[Task]:
        """Every task in the container, by a consistent read (never the search index)."""

    def open_container(self, request: Task, mark: Mark, title: str, kind: str | None = None) -> Container:
        """Where this campaign's tasks go, made if it is not there yet (looked up by its mark first).

        `kind` is a `Container.kind` where the request rule names one, else the connection's own choice holds.
        """

    def add_task(self, project: str, task: NewTask, *, look_first: bool = False) -> Task:
        """One task that stands by itself in the project; raises what the vendor refuses it with.

        `look_first`: an earlier attempt may have made it, so it is looked up by its mark.
        """

    def create(self, container: Container, tasks: Sequence[NewTask]) -> Created:
        """Create them in the fewest calls. After an unknown outcome it reads the container's children and creates only
        what is missing. A row that the vendor refuses comes back in `refused` and does not stop the others."""

    def delete_task(self, task: TaskId) -> None:
        """Only for what stands twice; one that is gone already is no error."""

    def set_dependencies(self, blockers: Mapping[TaskId, Collection[TaskId]]) -> Mapping[TaskId, TrackerError]:
        """For each task the tasks that it waits for; safe to repeat. Returns the tasks whose links were refused."""

    def update(self, task: TaskId, patch: Patch) -> None:
        """Write these fields."""

    def set_status(self, task: Task, status: Status) -> Status:
        """Move it there; `Rejected` where its workflow has no way.

        Returns the status as which it now reads: a vendor that cannot say `doing` may read as `todo`.
        """

    def comment(
        self, task: TaskId, mark: Mark, text: str, previous: CommentId | None = None, *, first: bool = False
    ) -> CommentId:
        """Write the comment of this mark, or rewrite it; `text` is Markdown. What spares the look-up is `previous`, or
        that nobody can have written it before: `first`."""

    def remarks(self, task: TaskId) -> list[Remark]:
        """Everybody's comments on a task, oldest first: at least the newest hundred."""

    def attachments(self, task: TaskId) -> list[tuple[str, str]]:
        """The files on it, oldest first, each with its name and address."""

    def link_to(self, task: Task, title: str, url: str) -> None:
        """Show on the task where else it stands; safe to repeat."""

    def changed_since(self, project: str, since: datetime, cursor: str | None = None) -> Moved:
        """Tasks of the project and subtasks of these that changed since then, in calls that grow with the changes.
        `cursor` is that of the last answer, which may tell of more than `since` does."""

    def hooks(self) -> list[Hook]:
        """Our subscriptions."""

    def add_hook(self, projects: Sequence[str], target: str, secret: str) -> Hook:
        """Subscribe to one project, or with `one_hook` to all; what calls the same target is replaced. Where the
        vendor chooses the secret it is in the answer, and ours unused. `ByHand` where only a person may subscribe."""

    def renew_hook(self, hook: HookId) -> None:
        """Put off its end by as long as the vendor allows, and have it tell of everything that we want to hear of."""

    def remove_hook(self, hook: HookId) -> None:
        """Unsubscribe; one that is gone already is no error."""

    def inspect(self) -> Iterator[Finding]:
        """For `doctor`: credentials, permissions, missing projects, fields that the create screen lacks or demands."""


class ConnectorSettings(BaseModel):
    """What every connection has; each connector's settings class adds its own."""

    model_config = {"extra": "forbid", "frozen": True}

    projects: tuple[str, ...]
    """The projects whose requests we serve (Jira: keys, Asana: gids)."""
    waiting_on: Mapping[str, Party] = {}
    """Name of a status that means `waiting` → the party that is waited for, whose comment ends it."""


S = TypeVar("S", bound=ConnectorSettings)


@dataclass(frozen=True, slots=True)
class Connector(Generic[S]):
    """What a connector folder exports as `CONNECTOR`."""

    name: str
    title: str
    settings: type[S]
    receiver: Receiver
    open: Callable[..., Tracker]
    """With the settings; `shared=` what the token's other users tell, if there are any; and `tokens=` where a signed-in
    connection has its token from."""
    simulator: str
    """Where its simulator's class stands, as `package.module:Class`; imported only when somebody starts it."""
    sign_in: Callable[[S], SignIn | None] = lambda _: None
    """How a connection with these settings signs in with OAuth; None where its credentials stand in the settings."""
