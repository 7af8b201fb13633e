"""Changes waiting for the run that will look: what deliveries hint at, and what sweeps and people ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.tables import ChangeRow, Inbox, InboxState, now


def add(session: Session, partition: str, kind: str, *, inbox_id: str | None = None, task: str | None = None) -> None:
    """Let the run of this partition look."""
    session.add(ChangeRow(partition=partition, kind=kind, inbox_id=inbox_id, task=task))


def waiting(session: Session, partition: str) -> list[ChangeRow]:
    """What the next run of this partition answers, oldest first."""
    query = select(ChangeRow).where(col(ChangeRow.partition) == partition, col(ChangeRow.state) == "received")
    return list(session.exec(query.order_by(col(ChangeRow.id))))


def partitions(session: Session) -> list[str]:
    """Partitions that have something waiting."""
    query = select(ChangeRow.partition).where(col(ChangeRow.state) == "received").distinct()
    return list(session.exec(query))


def finish(session: Session, rows: Iterable[ChangeRow], state: InboxState, reason: str) -> None:
    """Record what came of them; a delivery is finished with its last change, and parked if any of them is."""
    rows = list(rows)
    ids, deliveries = [row.id for row in rows], {row.inbox_id for row in rows if row.inbox_id}
    session.execute(sa.update(ChangeRow).where(col(ChangeRow.id).in_(ids)).values(state=state, reason=reason))
    for delivery in sorted(deliveries):
        finish_delivery(session, delivery, reason)


def finish_delivery(session: Session, inbox_id: str, reason: str) -> None:
    """Bring a delivery's state up to date with its changes."""
    query = select(ChangeRow.state).where(col(ChangeRow.inbox_id) == inbox_id).distinct()
    states = set(session.exec(query))
    if "received" in states:
        return
    state = next((s for s in ("parked", "handled") if s in states), "ignored")
    values = {"state": state, "reason": reason, "handled_at": now()}
    session.execute(sa.update(Inbox).where(col(Inbox.id) == inbox_id).values(values))


def move(session: Session, rows: Collection[ChangeRow], partition: str) -> None:
    """Hand them to the run of another partition."""
    ids = [row.id for row in rows]
    session.execute(sa.update(ChangeRow).where(col(ChangeRow.id).in_(ids)).values(partition=partition))


def forget(session: Session, inbox_ids: Collection[str]) -> list[str]:
    """Drop the changes of deliveries that are routed anew; returns the partitions that they were for."""
    dropped = sa.delete(ChangeRow).where(col(ChangeRow.inbox_id).in_(inbox_ids)).returning(col(ChangeRow.partition))
    return sorted(set(session.execute(dropped).scalars()))


def discard(session: Session, before: datetime) -> None:
    """Delete what sweeps and people asked for, and what has been answered long ago."""
    over = col(ChangeRow.state) != "received"
    mine = sa.delete(ChangeRow).where(over, col(ChangeRow.inbox_id).is_(None), col(ChangeRow.at) < before)
    session.execute(mine)
