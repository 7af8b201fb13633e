"""Delivery → changes → the run that will look: stored bodies are read against what we know, no tracker is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from connectors.contract import Change
from connectors.errors import Malformed
from service import tracing
from service.runtime import Runtime
from service.store import campaigns, changes, inbox, ledger
from service.store.inbox import Unrouted

AT_ONCE = 100
"""Deliveries routed in one transaction; those that are coming in wait for it to end."""
LONGEST_NAME = 200
LOOKED_AT = frozenset({"created", "updated", "deleted", "comment"})


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of one batch of deliveries."""

    deliveries: int
    partitions: tuple[str, ...]
    """Those that have work now."""


def route(session: Session, runtime: Runtime) -> Routed:
    """Give stored deliveries' changes to the runs that will look.

    To be called inside the transaction that also enqueues those runs. A body that cannot be read is parked, with why.
    """
    deliveries = inbox.unrouted(session, AT_ONCE)
    if not deliveries:
        return Routed(0, ())
    hints: list[_Hint] = []
    for delivery in deliveries:
        with tracing.routing(delivery.id, delivery.connection):
            hints += _hints(session, runtime, delivery)
    found = [
        changes.Hint(
            partition=partition,
            kind=hint.change.kind,
            inbox_id=hint.delivery.id,
            task=hint.change.task,
        )
        for hint, partition in zip(hints, _targets(session, hints), strict=True)
    ]
    changes.add(session, found)
    inbox.routed(session, [delivery.id for delivery in deliveries])
    return Routed(len(deliveries), tuple(sorted({hint.partition for hint in found})))


def ask(session: Session, connection: str, tasks: Iterable[str]) -> set[str]:
    """Let runs look at these tasks without any delivery: for sweeps and people. Returns the partitions.

    With them come those that were asked for before and have not been answered.
    """
    tasks = sorted(set(tasks))
    known = campaigns.partitions_of(session, connection, tasks)
    found = {known.get(task) or changes.partition_of(connection, task) for task in tasks}
    waiting = changes.again(session, connection)
    changes.add(session, [changes.Hint(partition=partition, kind="other") for partition in sorted(found - waiting)])
    return found | waiting


@dataclass(frozen=True, slots=True)
class _Hint:
    delivery: Unrouted
    change: Change


def _hints(session: Session, runtime: Runtime, delivery: Unrouted) -> list[_Hint]:
    """The changes of one body that are worth a look; a body without any is finished here."""
    receiver = runtime.receivers.get(delivery.connection)
    if receiver is None:
        inbox.park(session, delivery.id, f"the connection “{delivery.connection}” is no longer in the settings")
        return []
    try:
        found = receiver.parse(delivery.body)
        _check_names(found)
    except Exception as error:  # one body that our reader stumbles over must not stop the others
        why = str(error) if isinstance(error, Malformed) else f"internal error, please report it: {error!r}"
        inbox.park(session, delivery.id, f"the body cannot be read: {why}")
        ledger.note(session, "parked", f"A delivery cannot be read: {why}", inbox_id=delivery.id)
        return []
    worth = [_Hint(delivery, change) for change in found if change.kind in LOOKED_AT and (change.task or change.item)]
    if not worth:
        kinds = ", ".join(sorted({change.kind for change in found})) or "heartbeat"
        inbox.mark(session, [delivery.id], "ignored", f"nothing to look at ({kinds})")
    unique = {(hint.change.task or hint.change.item): hint for hint in worth}
    return list(unique.values())


def _check_names(found: Iterable[Change]) -> None:
    """Raises `Malformed` for a name that no tracker gives and no database takes: it would stop the router for all."""
    for change in found:
        for name in filter(None, (change.task, change.item, change.parent)):
            if len(name) > LONGEST_NAME or not name.isprintable():
                raise Malformed(f"it names a task {name[:LONGEST_NAME]!a}")


def _targets(session: Session, hints: Sequence[_Hint]) -> list[str]:
    """For each hint the partition whose run looks: its campaign's, its parent's campaign's, else the task's own."""
    by_connection: dict[str, set[str]] = {}
    for hint in hints:
        known = by_connection.setdefault(hint.delivery.connection, set())
        known |= {name for name in (hint.change.task, hint.change.parent, hint.change.item) if name}
    homes = {
        connection: campaigns.partitions_of(session, connection, sorted(names))
        for connection, names in by_connection.items()
    }
    return [_target(homes[hint.delivery.connection], hint) for hint in hints]


def _target(homes: dict[str, str], hint: _Hint) -> str:
    change = hint.change
    for name in (change.task, change.item, change.parent):
        if name and name in homes:
            return homes[name]
    return changes.partition_of(hint.delivery.connection, str(change.task or change.item))
