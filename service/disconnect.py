"""Take leave of a tracker: our subscriptions end, everything else there stays. It can be run as often as one likes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, NotFound, TrackerError
from service import apply
from service.connect import alone, stale
from service.runtime import Runtime
from service.store import hooks, ledger
from service.store.engine import reading, transaction
from service.store.tables import HookRow


@dataclass(frozen=True, slots=True)
class Disconnected:
    """What became of one hook."""

    project: str
    sentence: str
    ok: bool = True
    """False: it is still there, so that this has to be run again."""


def disconnect(runtime: Runtime, connection: str) -> Iterator[Disconnected]:
    """End every subscription of ours in this connection, those that an earlier installation left behind included."""
    with alone(runtime, connection):
        yield from _disconnect(runtime, connection)


def _disconnect(runtime: Runtime, connection: str) -> Iterator[Disconnected]:
    with reading(runtime.engine) as session:
        rows = hooks.of_connection(session, connection)
    listed = _listed(runtime, connection)
    left_behind = stale(runtime, (listed or {}).values())
    for row in rows:
        yield _end(runtime, row, listed)
    for hook in left_behind:
        apply.unsubscribe(runtime, connection, hook.id)
        yield Disconnected(hooks.named(hook.projects), "removed a stale hook of an earlier installation")


def _listed(runtime: Runtime, connection: str) -> Mapping[str, Hook] | None:
    """By target; None where our account may not list them."""
    try:
        return {hook.target: hook for hook in runtime.trackers[connection].hooks()}
    except (AccessDenied, NotFound):
        return None


def _end(runtime: Runtime, row: HookRow, listed: Mapping[str, Hook] | None) -> Disconnected:
    project, there = row.project or "", listed.get(row.target) if listed else None
    vendor_id = there.id if there else row.vendor_id
    if vendor_id is None:
        _gone(runtime, row, "is not answered any more")
        by_hand = f"was entered by hand: have the webhook or rule that calls {row.target} removed there"
        return Disconnected(project, f"{by_hand}; it is not answered any more")
    if there is None and listed is not None:
        _gone(runtime, row, "was gone already")
        return Disconnected(project, "hook was gone already")
    try:
        apply.unsubscribe(runtime, row.connection, HookId(vendor_id))
    except TrackerError as error:
        return Disconnected(project, f"hook could not be removed: {error}", ok=False)
    _gone(runtime, row, "was removed")
    return Disconnected(project, "hook removed")


def _gone(runtime: Runtime, row: HookRow, what: str) -> None:
    with transaction(runtime.engine) as session:
        row.state = "gone"
        session.add(row)
        told = f"A person disconnected {row.connection}: the hook for {row.project} {what}."
        ledger.note(session, "hook", told)
