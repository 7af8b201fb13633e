"""Sweeps: up to where each project was read for what its hooks missed, and which changes were looked at already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.portions import portions
from service.store.tables import Seen, Sweep
from service.store.upserts import put, put_all

MISSING = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for the instant of change of a task that is no longer there, and up to when a project was read that is not."""
KEEP = timedelta(days=2)
"""Twice as long as any sweep reads back."""


def of_project(session: Session, connection: str, project: str) -> Sweep | None:
    """How far the project was read; None before its first sweep."""
    return session.get(Sweep, (connection, project))


def gone(session: Session, connection: str) -> set[str]:
    """Projects of which the tracker said at last that they are not there any more."""
    mine = (col(Sweep.connection) == connection, col(Sweep.until) == MISSING)
    return set(session.exec(select(Sweep.project).where(*mine)))


def latest(session: Session, connection: str) -> datetime | None:
    """When anything of the connection was last read."""
    mine = (col(Sweep.connection) == connection, col(Sweep.until) != MISSING)
    return session.exec(select(sa.func.max(Sweep.until)).where(*mine)).one()


def read(session: Session, sweep: Sweep) -> None:
    """The project has been read up to there."""
    put(session, sweep)


def rewind(session: Session, connection: str, project: str, to: datetime) -> None:
    """Read the project from there on once more."""
    sweep = of_project(session, connection, project)
    if sweep and sweep.until > to:
        sweep.until = to
        session.add(sweep)


def unseen(session: Session, connection: str, moved: Mapping[str, datetime]) -> dict[str, datetime]:
    """Those of them that changed since they were last looked at."""
    known: dict[str, datetime] = {}
    for some in portions(sorted(moved)):
        mine = (col(Seen.connection) == connection, col(Seen.task).in_(some))
        known |= {row.task: row.changed_at for row in session.exec(select(Seen).where(*mine))}
    return {task: at for task, at in moved.items() if _new(at, known.get(task))}


def remember(session: Session, connection: str, moved: Mapping[str, datetime], now: datetime) -> None:
    """A run was asked for each of them, so that the same change asks for no other. What is old is forgotten."""
    rows = [Seen(connection=connection, task=task, changed_at=at, at=now) for task, at in sorted(moved.items())]
    put_all(session, rows)
    session.execute(sa.delete(Seen).where(col(Seen.connection) == connection, col(Seen.at) < now - KEEP))


def _new(at: datetime, known: datetime | None) -> bool:
    """Whatever is told of a task that was missing is new, but not that it is missing still."""
    return known is None or (at != MISSING if known == MISSING else at > known)
