"""Changes waiting for the run that will look: what deliveries hint at, and what sweeps and people ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from connectors.contract import TaskId
from service.store.portions import portions
from service.store.tables import ChangeRow, Inbox, InboxState, new_id, now


def partition_of(connection: str, request_task: str) -> str:
    """What is handled one at a time: one request task of one connection."""
    return f"{connection}:{request_task}"


def parts(partition: str) -> tuple[str, TaskId]:
    """The inverse of `partition_of`."""
    connection, _, task = partition.partition(":")
    return connection, TaskId(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One change of a delivery, for the run of `partition`."""

    partition: str
    kind: str
    inbox_id: str | None = None
    """None: nobody told us, a sweep or a person asked."""
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that a run is about to answer."""

    id: str
    inbox_id: str | None


def add(session: Session, hints: Sequence[Hint]) -> None:
    """Let the runs of their partitions look."""
    if hints:
        rows = [{"id": new_id(), "state": "received", "at": now(), **asdict(hint)} for hint in hints]
        session.connection().execute(sa.insert(ChangeRow), rows)


def waiting(session: Session, partition: str) -> list[Waiting]:
    """What the next run of this partition answers, oldest first."""
    query = sa.select(col(ChangeRow.id), col(ChangeRow.inbox_id)).where(
        col(ChangeRow.partition) == partition, col(ChangeRow.state) == "received"
    )
    return [Waiting(*row) for row in session.execute(query.order_by(col(ChangeRow.id)))]


def commented(session: Session, partition: str) -> set[str]:
    """Tasks on which somebody may have commented, as far as the waiting changes of this partition tell."""
    query = select(ChangeRow.task).where(col(ChangeRow.partition) == partition, col(ChangeRow.state) == "received")
    return {task for task in session.exec(query.where(col(ChangeRow.kind) == "comment")) if task}


def partitions(session: Session) -> list[str]:
    """Partitions that have something waiting."""
    query = select(ChangeRow.partition).where(col(ChangeRow.state) == "received").distinct()
    return list(session.exec(query))


def again(session: Session, connection: str) -> set[str]:
    """What waits without a delivery; what was parked without one waits again, because nobody could replay it."""
    mine = (col(ChangeRow.inbox_id).is_(None), col(ChangeRow.partition).startswith(f"{connection}:", autoescape=True))
    parked = sa.update(ChangeRow).where(*mine, col(ChangeRow.state) == "parked")
    session.execute(parked.values(state="received", reason=None))
    return set(session.exec(select(ChangeRow.partition).where(*mine, col(ChangeRow.state) == "received")))


def finish(session: Session, rows: Iterable[Waiting], state: InboxState, reason: str) -> None:
    """Record what came of them; a delivery is finished with its last change, and parked if any of them is."""
    rows = list(rows)
    deliveries = sorted({row.inbox_id for row in rows if row.inbox_id})
    for some in portions(deliveries):
        # Held first: of two runs that end side by side, each would take the other's change for one that still waits.
        session.execute(
            sa.select(col(Inbox.id)).where(col(Inbox.id).in_(some)).order_by(col(Inbox.id)).with_for_update()
        )
    for part in portions(rows):
        ids = [row.id for row in part]
        session.execute(sa.update(ChangeRow).where(col(ChangeRow.id).in_(ids)).values(state=state, reason=reason))
        if state != "parked":  # nobody will ask what became of a sweep's
            over = sa.delete(ChangeRow).where(col(ChangeRow.id).in_(ids), col(ChangeRow.inbox_id).is_(None))
            session.execute(over)
    for some in portions(deliveries):
        _finish_deliveries(session, some, reason)


def _finish_deliveries(session: Session, deliveries: Collection[str], reason: str) -> None:
    """Bring them up to date with their changes."""
    found: dict[str, set[str]] = defaultdict(set)
    query = select(ChangeRow.inbox_id, ChangeRow.state).where(col(ChangeRow.inbox_id).in_(deliveries)).distinct()
    for delivery, state in session.exec(query):
        found[str(delivery)].add(state)
    ended = {name: _outcome(states) for name, states in found.items() if "received" not in states}
    for outcome in sorted(set(ended.values())):
        names = [name for name, its in ended.items() if its == outcome]
        values = {"state": outcome, "reason": reason, "handled_at": now()}
        session.execute(sa.update(Inbox).where(col(Inbox.id).in_(names)).values(values))


def _outcome(states: Collection[str]) -> str:
    return next((state for state in ("parked", "handled") if state in states), "ignored")


def move(session: Session, rows: Sequence[Waiting], partition: str) -> None:
    """Hand them to the run of another partition."""
    for part in portions(rows):
        ids = [row.id for row in part]
        session.execute(sa.update(ChangeRow).where(col(ChangeRow.id).in_(ids)).values(partition=partition))


def forget(session: Session, inbox_ids: Collection[str]) -> list[str]:
    """Drop the changes of deliveries that are routed anew; returns the partitions that they were for."""
    dropped = sa.delete(ChangeRow).where(col(ChangeRow.inbox_id).in_(inbox_ids)).returning(col(ChangeRow.partition))
    return sorted(set(session.execute(dropped).scalars()))
