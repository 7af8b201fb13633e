"""Subscribe to every project's webhooks: find or create, so that it can be run as often as one likes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, ByHand, NotFound, TrackerError
from service import apply
from service.runtime import Runtime
from service.store import campaigns, hooks
from service.store.engine import reading, transaction
from service.store.tables import HookRow, new_hook_id


@dataclass(frozen=True, slots=True)
class Connected:
    """What became of one project's hook."""

    connection: str
    project: str
    sentence: str
    by_hand: str | None = None
    """The secret to enter by hand, where the vendor does not let our account subscribe."""
    ok: bool = True


def connect(runtime: Runtime, connection: str) -> Iterator[Connected]:
    """Hooks for each project of the connection; the service must be reachable at `public_url` meanwhile."""
    tracker = runtime.trackers[connection]
    try:
        listed: list[Hook] | None = tracker.hooks()
    except (AccessDenied, NotFound):
        listed = None  # our account may not even list them
    with reading(runtime.engine) as session:
        rows = hooks.of_connection(session, connection)
    yield from _clear(runtime, connection, listed or [], {row.target for row in rows})
    for project in watched(runtime, connection):
        mine = [row for row in rows if row.project == project]
        yield _one(runtime, connection, project, mine, listed)


def watch(runtime: Runtime, connection: str, project: str) -> Connected | None:
    """Hear of a project that a campaign made for itself; None where its hook is there already."""
    with reading(runtime.engine) as session:
        if any(row.project == project for row in hooks.of_connection(session, connection)):
            return None
    return _subscribe(runtime, connection, project)


def make_again(runtime: Runtime, row: HookRow, vendor_id: HookId | None) -> Connected:
    """Another hook in the place of one that tells us nothing; that one goes, with its `vendor_id`, once this one works.

    Where only a person may make one, all stays as it is.
    """
    made = _subscribe(runtime, row.connection, row.project or "", by_hand=False)
    if made.ok:
        if vendor_id:
            apply.unsubscribe(runtime, row.connection, vendor_id)
        _forget(runtime, row)
    return made


def base_of(runtime: Runtime) -> str:
    """What every target address of ours begins with."""
    return f"{runtime.settings.public_url.rstrip('/')}/hooks/"


def watched(runtime: Runtime, connection: str) -> list[str]:
    """Projects in which requests are filed or campaigns that are not over have their tasks."""
    with reading(runtime.engine) as session:
        own = campaigns.own_projects(session, connection)
    return [*runtime.settings.connections[connection].settings.projects, *own]


def _clear(runtime: Runtime, connection: str, listed: list[Hook], known: set[str]) -> Iterator[Connected]:
    """Hooks of ours that no row knows any more only send calls that are refused."""
    for hook in listed:
        if hook.target.startswith(base_of(runtime)) and hook.target not in known:
            apply.unsubscribe(runtime, connection, hook.id)
            yield Connected(connection, hook.project or "", "removed a stale hook of an earlier installation")


def _one(runtime: Runtime, connection: str, project: str, rows: list[HookRow], listed: list[Hook] | None) -> Connected:
    by_target = {hook.target: hook for hook in listed or []}
    for row in rows:
        there = by_target.get(row.target)
        moved = not row.target.startswith(base_of(runtime))
        if row.state == "active" and not moved and (there is not None or listed is None):
            if there and not there.healthy:
                return Connected(connection, project, f"hook is there but failing: {there.problem}", ok=False)
            return Connected(connection, project, "hook is already there")
        if there:
            apply.unsubscribe(runtime, connection, there.id)
        _forget(runtime, row)
    return _subscribe(runtime, connection, project)


def _subscribe(runtime: Runtime, connection: str, project: str, *, by_hand: bool = True) -> Connected:
    hook_id, secret = new_hook_id(), secrets.token_urlsafe(32)
    row = HookRow(id=hook_id, connection=connection, project=project, target=base_of(runtime) + hook_id)
    with transaction(runtime.engine) as session:  # before the call: the vendor calls back while it is open
        hooks.intend(session, row, runtime.vault, secret)
    try:
        hook = apply.subscribe(runtime, connection, project, row.target, secret)
    except ByHand as error:
        if not by_hand:
            _forget(runtime, row)
            return Connected(connection, project, str(error), ok=False)
        with transaction(runtime.engine) as session:
            hooks.activate(session, row, runtime.vault, vendor_id=None)
        return Connected(connection, project, str(error), by_hand=secret, ok=False)
    except TrackerError as error:
        _forget(runtime, row)
        words = f"no hook was made: {error}. Is `tminus serve` running and reachable at {runtime.settings.public_url}?"
        return Connected(connection, project, words, ok=False)
    with transaction(runtime.engine) as session:
        hooks.activate(session, row, runtime.vault, vendor_id=hook.id, secret=hook.secret)
    return Connected(connection, project, "hook made")


def _forget(runtime: Runtime, row: HookRow) -> None:
    with transaction(runtime.engine) as session:
        row.state = "gone"
        session.add(row)
