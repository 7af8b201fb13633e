"""The site: its records, who is who, and what happened."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import (
    CustomField,
    Event,
    Home,
    Project,
    Record,
    Section,
    Tag,
    Task,
    Team,
    User,
    Workspace,
)
from connectors.simulating import SimClock

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Token:
    """Who a bearer token speaks for; only OAuth tokens may use `external`."""

    user: User
    oauth: bool = False


class Site:
    """All state of one simulator. Whoever reads or writes it holds `lock`."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.home = Home()
        self.workspace: Workspace
        self.users: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.projects: dict[str, Project] = {}
        self.tags: dict[str, Tag] = {}
        self.refused_names: set[str] = set()
        """Tasks of these names are refused, so that a batch can hold one bad row among good ones."""
        self.paid = True
        """Whether the plan has start dates and dependencies; else they are refused with 402."""
        self.fields: dict[str, CustomField] = {}
        self.tokens: dict[str, Token] = {}
        self.events: list[Event] = []
        self.token_age = 0
        """Sync tokens of an earlier age are too old."""
        self.on_event: Callable[[Event], None] = lambda _: None
        self.trash: dict[str, list[Task]] = {}
        """The deleted task's gid → it and what was deleted with it."""
        self.by_external: dict[str, dict[str, Task]] = {}
        self._records: dict[str, Record] = {}
        self._emails: dict[str, User] = {}
        self._gids = itertools.count(1_209_417_330_021_004, 7)

    def check_plan(self, what: str) -> None:
        """402 where only a higher plan has it (https://developers.asana.com/docs/errors)."""
        if not self.paid:
            raise ApiError(402, f"{what}: not available on this plan")

    def gid(self) -> str:
        """A new one, unique in the site and the same in every run."""
        return str(next(self._gids))

    def now(self) -> datetime:
        """The clock in milliseconds, which is all that the wire can say."""
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def add(self, record: R) -> R:
        """Make it findable by its gid."""
        self._records[record.gid] = record
        if isinstance(record, User):
            self.users[record.gid] = self._emails[record.email.lower()] = record
        return record

    def drop(self, record: Record) -> None:
        """From now on it is not found."""
        self._records.pop(record.gid, None)

    def find(self, kind: type[R], gid: str) -> R:
        """The record that a path names, or 404."""
        if not (gid.isascii() and gid.isdigit()):
            raise bad(kind.resource_type, f"Not a Long: {gid}")
        found = self._records.get(gid)
        if not isinstance(found, kind):
            raise ApiError(404, f"{kind.resource_type}: Unknown object: {gid}")
        return found

    def ref(self, kind: type[R], gid: str, key: str) -> R:
        """The record that an input names, or 400."""
        found = self._records.get(gid)
        if not isinstance(found, kind):
            raise bad(key, f"Not a recognized ID: {gid}")
        return found

    def any(self, gid: str, key: str) -> Record:
        """A record of whatever kind, or 400."""
        return self.ref(Record, gid, key)

    def user(self, who: str, actor: User, key: str) -> User:
        """ "me", a gid or an e-mail; 400 where nobody matches."""
        if who == "me":
            return actor
        found = self._emails.get(who.lower()) or self.users.get(who)
        if found is None:
            raise bad(key, f"Not a recognized {'email' if '@' in who else 'ID'}: {who}")
        return found

    def tasks(self) -> Iterable[Task]:
        """Every task that is not in the trash."""
        return [record for record in self._records.values() if isinstance(record, Task)]

    def emit(
        self,
        actor: User | None,
        action: str,
        resource: Record,
        *,
        parent: Record | None = None,
        change: dict[str, Any] | None = None,
        heard_by: Record | None = None,
    ) -> None:
        """Note that something happened, and tell the webhooks. `heard_by`: bubble from there, not from `resource`."""
        audience = frozenset(_audience(heard_by or resource))
        event = Event(
            at=self.now(),
            user=actor,
            action=action,
            resource=resource,
            audience=audience,
            parent=parent,
            change=change,
        )
        self.events.append(event)
        self.on_event(event)


def _audience(resource: Record) -> Iterable[str]:
    """Events rise from a task to its parents and to the projects of all these; from a project to team and workspace."""
    yield resource.gid
    if isinstance(resource, Task):
        task: Task | None = resource
        while task is not None:
            yield task.gid
            yield from (project.gid for project in task.places)
            task = task.parent
    elif isinstance(resource, Section):
        yield resource.project.gid
    elif isinstance(resource, Project):
        yield resource.workspace.gid
        yield resource.team.gid


def reference(record: Record) -> dict[str, Any]:
    """A record as events name parents and values: gid and type."""
    return {"gid": record.gid, "resource_type": record.resource_type}


def compact(record: Record) -> dict[str, Any]:
    """A record as events name what they are about: with its subtype where it has one."""
    out = reference(record)
    if subtype := getattr(record, "resource_subtype", None):
        out["resource_subtype"] = subtype
    return out


def put_in_order(items: dict[str, R], item: R, before: str | None, after: str | None) -> None:
    """Insert or move `item` next to another; at the end where none is named."""
    items.pop(item.gid, None)
    anchor = before or after
    if anchor is None:
        items[item.gid] = item
        return
    if anchor not in items:
        raise bad("insert_before" if before else "insert_after", f"Not a recognized ID: {anchor}")
    rest = list(items.values())
    at = [r.gid for r in rest].index(anchor) + (0 if before else 1)
    rest.insert(at, item)
    items.clear()
    items.update((r.gid, r) for r in rest)
