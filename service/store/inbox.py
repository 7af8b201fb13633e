"""All deliveries: what waits, what was done with it, and what is parked for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.tables import ChangeRow, Inbox, InboxState, new_id, now
from service.store.upserts import table_of

NOT_OVER: tuple[InboxState, ...] = ("received", "parked")
OVER: tuple[InboxState, ...] = ("handled", "ignored")
ROOM = 32 * 1024
"""Bytes that the database must be able to store; a usual delivery has less."""


def get(session: Session, delivery_id: str) -> Inbox | None:
    """One delivery by its id."""
    return session.get(Inbox, delivery_id)


_INBOX = table_of(Inbox)
_WAITING = (_INBOX.c.state == "received", _INBOX.c.routed.is_(False))
_UNROUTED = (
    sa.select(_INBOX.c.id, _INBOX.c.connection, _INBOX.c.body)
    .where(*_WAITING)
    .order_by(_INBOX.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ROUTED = sa.update(_INBOX).where(_INBOX.c.id.in_(sa.bindparam("those", expanding=True))).values(routed=True)


@dataclass(frozen=True, slots=True)
class Unrouted:
    """A stored delivery that has not been given to any run yet."""

    id: str
    connection: str
    body: bytes


def unrouted(session: Session, limit: int) -> list[Unrouted]:
    """Stored and not yet given to the runs that will look, oldest first; no two routers get the same."""
    return [Unrouted(*row) for row in session.connection().execute(_UNROUTED, {"most": limit})]


def routed(session: Session, delivery_ids: Sequence[str]) -> None:
    """Their changes have been given to the runs that will look."""
    session.connection().execute(_ROUTED, {"those": delivery_ids})


def parked(
    session: Session, limit: int | None = 100, *, partition: str | None = None, since: datetime | None = None
) -> list[Inbox]:
    """Set aside for a person, oldest first: those with a change for this partition, those received since then."""
    query = select(Inbox).where(col(Inbox.state) == "parked").order_by(col(Inbox.id)).limit(limit)
    if since:
        query = query.where(col(Inbox.received_at) >= since)
    if partition:
        mine = select(ChangeRow.inbox_id).where(col(ChangeRow.partition) == partition)
        query = query.where(col(Inbox.id).in_(mine))
    return list(session.exec(query))


def mark(
    session: Session, delivery_ids: Collection[str], state: Literal["handled", "ignored"], reason: str | None = None
) -> None:
    """Record that nothing more is to be done with them, and why."""
    _finish(session, delivery_ids, state, reason)


def park(session: Session, delivery_id: str, reason: str) -> None:
    """Set one aside until a person replays it; `reason` in the vendor's own words where there are any."""
    _finish(session, [delivery_id], "parked", reason)


def replay(session: Session, delivery_id: str) -> bool:
    """Make it new again, to be routed and handled from the start; False where there is no such delivery."""
    fresh = {"state": "received", "reason": None, "routed": False, "handled_at": None}
    changed = session.execute(
        sa.update(Inbox).where(col(Inbox.id) == delivery_id).values(fresh).returning(col(Inbox.id))
    )
    return changed.first() is not None


def counts(session: Session, states: Collection[InboxState] = (*NOT_OVER, *OVER)) -> dict[str, int]:
    """How many deliveries are in each of these states. Of those that are over there may be millions."""
    mine = sa.select(col(Inbox.state), sa.func.count()).where(col(Inbox.state).in_(states))
    return dict(session.execute(mine.group_by(col(Inbox.state))).all())


def oldest_unrouted(session: Session) -> datetime | None:
    """Since when the oldest waits to be given to the runs that will look."""
    return session.execute(sa.select(sa.func.min(Inbox.received_at)).where(*_WAITING)).scalar()


def prove_room(session: Session) -> None:
    """Store something and take it away again; raises the database's error where it cannot be written, or is full."""
    trial = Inbox(connection="", hook_id="", key=new_id(), body=bytes(ROOM), state="ignored")
    session.add(trial)
    session.flush()
    session.delete(trial)


def discard(session: Session, before: datetime, limit: int = 1000) -> int:
    """Delete old deliveries that were handled or ignored, never parked ones; returns how many, at most `limit`."""
    done = col(Inbox.state).in_(["handled", "ignored"])
    old = list(session.exec(select(Inbox.id).where(done, col(Inbox.received_at) < before).limit(limit)))
    session.execute(sa.delete(ChangeRow).where(col(ChangeRow.inbox_id).in_(old)))
    session.execute(sa.delete(Inbox).where(col(Inbox.id).in_(old)))
    return len(old)


def _finish(session: Session, delivery_ids: Collection[str], state: InboxState, reason: str | None) -> None:
    outcome = {"state": state, "reason": reason, "handled_at": now()}
    session.execute(sa.update(Inbox).where(col(Inbox.id).in_(delivery_ids)).values(outcome))
