"""Workers' signs of life, all in the database's time, so that the clocks of the machines need not agree."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.tables import Worker, now


def beat(session: Session, executor_id: str) -> bool:
    """This worker is alive; returns whether that is news: it has just started, or a peer has taken over its work."""
    at = database_time(session)
    known = session.get(Worker, executor_id)
    worker = known or Worker(executor_id=executor_id, beat_at=at, started_at=at)
    worker.beat_at = at
    session.add(worker)
    return known is None


def silent(session: Session, seconds: float) -> list[str]:
    """Workers not heard of for so long; each is locked to the first who asks, until the transaction ends."""
    since = database_time(session) - timedelta(seconds=seconds)
    query = select(Worker).where(col(Worker.beat_at) < since).order_by(col(Worker.executor_id))
    return [worker.executor_id for worker in session.exec(query.with_for_update(skip_locked=True))]


def alive(session: Session, seconds: float) -> int:
    """How many were heard of within so long."""
    since = database_time(session) - timedelta(seconds=seconds)
    return session.exec(select(sa.func.count()).select_from(Worker).where(col(Worker.beat_at) >= since)).one()


def forget(session: Session, executor_id: str) -> None:
    """This worker has stopped, or its work was taken over."""
    session.execute(sa.delete(Worker).where(col(Worker.executor_id) == executor_id))


def database_time(session: Session) -> datetime:
    """This instant, as the database has it."""
    if session.get_bind().dialect.name == "sqlite":
        return now()  # the database is a file of this very machine
    moment: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment
