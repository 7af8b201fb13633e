"""Runs in the durable engine's queue, read from its own table: what waits, what is put off, what is at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from service.store.engine import is_sqlite

QUEUE = "campaign"
STATES = {"ENQUEUED": "waiting", "DELAYED": "delayed", "PENDING": "running"}
"""The engine's words for what is not over, and ours."""


def in_queue(session: Session, partitions: Sequence[str], status: str) -> set[str]:
    """Those with a run in this state; held, so that it cannot begin before the caller's changes are committed."""
    question = _in_queue(is_sqlite(session.connection()))
    return {row[0] for row in session.connection().execute(question, {"status": status, "those": partitions})}


def have_a_table(session: Session) -> bool:
    """Whether a worker has begun to make the engine's tables."""
    runs = _table(is_sqlite(session.connection()))
    return sa.inspect(session.connection()).has_table(runs.name, runs.schema)


def can_be_asked_for(session: Session, ask: Callable[[], None]) -> bool:
    """Whether the engine's tables are whole, tried with a run that is taken back.

    The first worker of a database makes them, or of a new version of the engine changes them, step by step.
    """
    trial = session.begin_nested()
    try:
        ask()
    except DBAPIError as error:
        unknown = getattr(error.orig, "sqlstate", None) in ("42P01", "42703")  # a table, a column
        if unknown or " has no column named " in str(error.orig):
            return False
        raise
    finally:
        trial.rollback()
    return True


def counts(session: Session) -> dict[str, int]:
    """How many runs are in each of our states; what is over is not looked at."""
    runs = _table(is_sqlite(session.connection()))
    if not have_a_table(session):
        return dict.fromkeys(STATES.values(), 0)
    query = sa.select(runs.c.status, sa.func.count()).where(runs.c.status.in_(STATES), runs.c.queue_name == QUEUE)
    found: dict[str, int] = dict(session.execute(query.group_by(runs.c.status)).all())
    return {ours: found.get(theirs, 0) for theirs, ours in STATES.items()}


@cache
def _in_queue(on_sqlite: bool) -> sa.Select[str]:
    runs = _table(on_sqlite)
    waiting = sa.select(runs.c.queue_partition_key).where(
        runs.c.status == sa.bindparam("status"),
        runs.c.queue_name == QUEUE,
        runs.c.queue_partition_key.in_(sa.bindparam("those", expanding=True)),
    )
    # In one order, so that two callers never hold what the other waits for.
    return waiting.order_by(runs.c.queue_partition_key).with_for_update()


def _table(on_sqlite: bool) -> sa.TableClause:
    columns: list[sa.ColumnClause[str]] = [sa.column(name) for name in ("status", "queue_name", "queue_partition_key")]
    return sa.table("workflow_status", *columns, schema=None if on_sqlite else "dbos")
