"""Subscribe to every project's webhooks: find or create, so that it can be run as often as one likes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, ByHand, NotFound, TrackerError, Unreachable
from service import apply
from service.runtime import Runtime
from service.store import campaigns, hooks, sweeps, turns
from service.store.engine import reading, transaction
from service.store.tables import HookRow, new_hook_id


@dataclass(frozen=True, slots=True)
class Connected:
    """What became of one hook."""

    connection: str
    project: str
    """Or several, with commas between."""
    sentence: str
    by_hand: str | None = None
    """The secret to enter by hand, where the vendor does not let our account subscribe."""
    ok: bool = True


def connect(runtime: Runtime, connection: str) -> Iterator[Connected]:
    """Hooks for the projects of the connection; the service must be reachable at `public_url` meanwhile."""
    with alone(runtime, connection):
        yield from _connect(runtime, connection)


@contextmanager
def alone(runtime: Runtime, connection: str) -> Iterator[None]:
    """Nobody else makes, renews or ends hooks of this connection meanwhile, in whatever process.

    Raises `Unreachable`, which is tried again, where somebody else does for too long.
    """
    try:
        with turns.turn(runtime.engine, f"hooks of {connection}"):
            yield
    except turns.Busy as error:
        raise Unreachable(f"another process is at work on the hooks of {connection}") from error


def _connect(runtime: Runtime, connection: str) -> Iterator[Connected]:
    tracker = runtime.trackers[connection]
    try:
        listed: list[Hook] | None = tracker.hooks()
    except (AccessDenied, NotFound):
        listed = None  # our account may not even list them
    rows = _rows(runtime, connection)
    yield from _clear(runtime, connection, listed or [])
    projects = watched(runtime, connection)
    for some in [projects] if tracker.one_hook else [[project] for project in projects]:
        mine = [row for row in rows if tracker.one_hook or row.project == hooks.named(some)]
        yield from _settle(runtime, connection, some, mine, listed)


def watch(runtime: Runtime, connection: str, project: str) -> Connected | None:
    """Hear of a project that a campaign made for itself; None where its hook is there already."""
    if _heard_of(_rows(runtime, connection), project):
        return None
    with alone(runtime, connection):
        return _watch(runtime, connection, project)


def _watch(runtime: Runtime, connection: str, project: str) -> Connected | None:
    rows = _rows(runtime, connection)
    if _heard_of(rows, project):
        return None
    if not runtime.trackers[connection].one_hook:
        return _subscribe(runtime, connection, [project])
    projects = dict.fromkeys([*watched(runtime, connection), project])
    return _subscribe(runtime, connection, [*projects], row=next(iter(rows), None))


def _rows(runtime: Runtime, connection: str) -> list[HookRow]:
    with reading(runtime.engine) as session:
        return hooks.of_connection(session, connection)


def _heard_of(rows: Iterable[HookRow], project: str) -> bool:
    return any(project in hooks.projects_of(row) for row in rows)


def make_again(runtime: Runtime, row: HookRow, vendor_id: HookId | None) -> Connected:
    """Another hook in the place of one that tells us nothing; that one goes, with its `vendor_id`, once this one works,
    or before it where the vendor calls one address alone.

    Where only a person may make one, all stays as it is. To be called while `alone`.
    """
    if runtime.trackers[row.connection].one_hook:
        if vendor_id:
            apply.unsubscribe(runtime, row.connection, vendor_id)
        return _subscribe(runtime, row.connection, watched(runtime, row.connection), row=row, by_hand=False)
    made = _subscribe(runtime, row.connection, hooks.projects_of(row), by_hand=False)
    if made.ok:
        if vendor_id:
            apply.unsubscribe(runtime, row.connection, vendor_id)
        _forget(runtime, row)
    return made


def end(runtime: Runtime, row: HookRow, vendor_id: HookId | None) -> None:
    """Unsubscribe from what has nothing to tell any more. To be called while `alone`."""
    if vendor_id:
        apply.unsubscribe(runtime, row.connection, vendor_id)
    _forget(runtime, row)


def take_secret(runtime: Runtime, row: HookRow, there: Hook) -> None:
    """Keep the secret that the settings tell now, where it is not ours to choose."""
    if there.secret is None:
        return
    if not hooks.opens(row, runtime.vault) or there.secret != hooks.secret_of(row, runtime.vault):
        with transaction(runtime.engine) as session:
            hooks.activate(session, row, runtime.vault, vendor_id=there.id, secret=there.secret)


def base_of(runtime: Runtime) -> str:
    """What every target address of ours begins with."""
    return f"{runtime.settings.public_url.rstrip('/')}/hooks/"


def watched(runtime: Runtime, connection: str, *, gone: bool = False) -> list[str]:
    """Projects in which requests are filed or campaigns that are not over have their tasks; with `gone` also those of
    campaigns that people have deleted since."""
    with reading(runtime.engine) as session:
        own = campaigns.own_projects(session, connection)
        left_out = set[str]() if gone else sweeps.gone(session, connection)
    served = runtime.settings.connections[connection].settings.projects
    return [*served, *(project for project in own if project not in left_out)]


def stale(runtime: Runtime, listed: Iterable[Hook]) -> list[Hook]:
    """Hooks of ours that no row knows any more: they only send calls that are refused.

    Connections that share an account see each other's hooks.
    """
    with reading(runtime.engine) as session:
        rows = [row for name in runtime.settings.connections for row in hooks.of_connection(session, name)]
    known = {row.target for row in rows}
    return [hook for hook in listed if hook.target.startswith(base_of(runtime)) and hook.target not in known]


def _clear(runtime: Runtime, connection: str, listed: list[Hook]) -> Iterator[Connected]:
    for hook in stale(runtime, listed):
        apply.unsubscribe(runtime, connection, hook.id)
        yield Connected(connection, hooks.named(hook.projects), "removed a stale hook of an earlier installation")


def _settle(
    runtime: Runtime, connection: str, projects: Sequence[str], rows: list[HookRow], listed: list[Hook] | None
) -> Iterator[Connected]:
    """One hook for these projects, and none beside it."""
    by_target = {hook.target: hook for hook in listed or []}
    usable = [row for row in rows if row.state == "active" and row.target.startswith(base_of(runtime))]
    if listed is None:
        kept = next((row for row in usable if row.project == hooks.named(projects)), None)
    else:
        kept = next((row for row in usable if row.target in by_target), None)
    others = [row for row in rows if row is not kept]
    for row in others:
        if row.target in by_target:
            apply.unsubscribe(runtime, connection, by_target[row.target].id)
    result = _kept_or_made(runtime, connection, projects, kept, by_target)
    yield result
    if result.ok or result.by_hand:
        for row in others:
            by_hand = row.vendor_id is None and row.state == "active"
            _forget(runtime, row)
            if by_hand:
                told = (
                    f"the hook has taken the place of what calls {row.target}: have that webhook or rule removed there"
                )
                yield Connected(connection, row.project or "", told)


def _kept_or_made(
    runtime: Runtime, connection: str, projects: Sequence[str], row: HookRow | None, listed: Mapping[str, Hook]
) -> Connected:
    label = hooks.named(projects)
    if row is None or row.project != label:
        return _subscribe(runtime, connection, projects, row=row)
    there = listed.get(row.target)
    if there is not None:
        take_secret(runtime, row, there)
        if not there.healthy:
            return Connected(connection, label, f"hook is there but failing: {there.problem}", ok=False)
    return Connected(connection, label, "hook is already there")


def _subscribe(
    runtime: Runtime, connection: str, projects: Sequence[str], *, row: HookRow | None = None, by_hand: bool = True
) -> Connected:
    """`row`: the hook that tells of other projects so far, or was lost; its address stays."""
    label, new, secret = hooks.named(projects), row is None, secrets.token_urlsafe(32)
    if row is None:
        hook_id = new_hook_id()
        row = HookRow(id=hook_id, connection=connection, project=label, target=base_of(runtime) + hook_id)
        with transaction(runtime.engine) as session:  # before the call: the vendor calls back while it is open
            hooks.intend(session, row, runtime.vault, secret)
    try:
        hook = apply.subscribe(runtime, connection, projects, row.target, secret)
    except TrackerError as error:
        if isinstance(error, ByHand) and by_hand:
            with transaction(runtime.engine) as session:
                hooks.activate(session, row, runtime.vault, vendor_id=None)
            return Connected(connection, label, str(error), by_hand=secret, ok=False)
        if new:
            _forget(runtime, row)
        return Connected(connection, label, _not_made(runtime, error), ok=False)
    if not new:
        row.project, row.created_at, row.last_delivery_at = label, runtime.now(), None
        row.problem = row.unheard_since = None
    with transaction(runtime.engine) as session:
        hooks.activate(session, row, runtime.vault, vendor_id=hook.id, secret=hook.secret)
    return Connected(connection, label, "hook made" if new else "hook made anew")


def _not_made(runtime: Runtime, error: TrackerError) -> str:
    if isinstance(error, ByHand):
        return str(error)
    told = f"no hook was made: {error}"
    if isinstance(error, AccessDenied):
        return told
    return f"{told}. Is `tminus serve` running and reachable at {runtime.settings.public_url}?"


def _forget(runtime: Runtime, row: HookRow) -> None:
    with transaction(runtime.engine) as session:
        row.state = "gone"
        session.add(row)
