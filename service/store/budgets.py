"""What the processes that call with one token share: rights to call, pauses, and how many calls there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.budget_tables import Budget, Lease, Usage
from service.store.tables import Worker as WorkerRow
from service.store.tables import new_id
from service.store.upserts import add_all, insert_missing
from service.store.workers import database_time


@dataclass(frozen=True, slots=True)
class State:
    """What one process has to know of the others."""

    peers: int
    paused: float
    """Seconds."""


def state(session: Session, token: str, alive: float) -> State:
    """Processes whose sign of life is at most `alive` seconds old, and how long all of them were told to wait."""
    at = database_time(session)
    row = session.get(Budget, token)
    since = at - timedelta(seconds=alive)
    peers = session.exec(select(sa.func.count()).select_from(WorkerRow).where(col(WorkerRow.beat_at) > since)).one()
    paused = (row.paused_until - at).total_seconds() if row and row.paused_until else 0.0
    return State(max(1, peers), max(0.0, paused))


def pause(session: Session, token: str, seconds: float) -> None:
    """Nobody calls with this token for so long; a longer pause that is running stays."""
    row = _locked(session, token)
    until = database_time(session) + timedelta(seconds=seconds)
    if row.paused_until is None or row.paused_until < until:
        row.paused_until = until
        session.add(row)


def lease(session: Session, token: str, calls: int, allowed: int, seconds: float) -> float:
    """Take the right to so many calls, where `allowed` may start in any `seconds`; seconds until they may start."""
    _locked(session, token)
    at = database_time(session)
    mine = col(Lease.token) == token
    session.execute(sa.delete(Lease).where(mine, col(Lease.at) <= at - timedelta(seconds=seconds)))
    taken = list(session.exec(select(Lease).where(mine).order_by(col(Lease.at), col(Lease.id))))
    start = max([at, *(lease.at for lease in taken)])
    used = sum(lease.calls for lease in taken)
    for oldest in taken:
        if used + calls <= allowed:
            break
        used -= oldest.calls
        start = max(start, oldest.at + timedelta(seconds=seconds))
    session.add(Lease(id=new_id(), token=token, at=start, calls=calls))
    return (start - at).total_seconds()


def count(session: Session, connection: str, counted: Mapping[tuple[datetime, str], tuple[int, int]]) -> None:
    """Add calls, and how many of them were refused with 429, by minute and purpose."""
    rows = [
        Usage(connection=connection, minute=minute, purpose=whom, calls=calls, refused=refused)
        for (minute, whom), (calls, refused) in sorted(counted.items())
    ]
    add_all(session, rows, ["calls", "refused"])


def used(session: Session, since: datetime) -> list[Usage]:
    """What was called since then, by connection, minute and purpose."""
    return list(session.exec(select(Usage).where(col(Usage.minute) >= since).order_by(col(Usage.minute))))


def discard(session: Session, before: datetime) -> None:
    """Forget old counts."""
    session.execute(sa.delete(Usage).where(col(Usage.minute) < before))


def _locked(session: Session, token: str) -> Budget:
    """The token's row, held until the transaction ends: others wait for their turn."""
    insert_missing(session, Budget(token=token))
    return session.exec(select(Budget).where(col(Budget.token) == token).with_for_update()).one()
