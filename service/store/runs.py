"""Runs in the durable engine's queue, read from its own table: what waits, what is put off, what is at work."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session

from service.store.engine import is_sqlite

QUEUE = "campaign"
STATES = {"ENQUEUED": "waiting", "DELAYED": "delayed", "PENDING": "running"}
"""The engine's words for what is not over, and ours."""


def in_queue(session: Session, partitions: Sequence[str], status: str) -> set[str]:
    """Those with a run in this state; held, so that it cannot begin before the caller's changes are committed."""
    runs = _table(session)
    waiting = sa.select(runs.c.queue_partition_key).where(runs.c.status == status, runs.c.queue_name == QUEUE)
    mine = waiting.where(runs.c.queue_partition_key.in_(partitions))
    # In one order, so that two callers never hold what the other waits for.
    return set(session.execute(mine.order_by(runs.c.queue_partition_key).with_for_update()).scalars())


def can_be_asked_for(session: Session) -> bool:
    """Whether the engine's table is there: the first worker of a database makes it."""
    runs = _table(session)
    return sa.inspect(session.connection()).has_table(runs.name, runs.schema)


def counts(session: Session) -> dict[str, int]:
    """How many runs are in each of our states; what is over is not looked at."""
    runs = _table(session)
    if not can_be_asked_for(session):
        return dict.fromkeys(STATES.values(), 0)
    query = sa.select(runs.c.status, sa.func.count()).where(runs.c.status.in_(STATES), runs.c.queue_name == QUEUE)
    found: dict[str, int] = dict(session.execute(query.group_by(runs.c.status)).all())
    return {ours: found.get(theirs, 0) for theirs, ours in STATES.items()}


def _table(session: Session) -> sa.TableClause:
    columns: list[sa.ColumnClause[str]] = [sa.column(name) for name in ("status", "queue_name", "queue_partition_key")]
    return sa.table("workflow_status", *columns, schema=None if is_sqlite(session.connection()) else "dbos")
