"""Events: what happened outside our plans. They only grow; there is no way here to change or delete one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from service.core.event import Event
from service.store.portions import portions
from service.store.tables import EventRow, new_id
from service.store.upserts import insert_new, table_of

OURSELVES = "tminus"
"""The source of what we see in the trackers."""
_ROWS = table_of(EventRow).c


def add(session: Session, source: str, told: Sequence[Event], received_at: datetime) -> int:
    """Store those that are new from this source; returns how many were."""
    insert = insert_new(session.get_bind().dialect, EventRow, ["source", "event_id"])
    stored = 0
    for some in portions(told):
        rows = [
            {
                "id": new_id(),
                "source": source,
                "event_id": event.id,
                "type": event.type,
                "at": event.at,
                "subject": event.subject,
                "data": dict(event.data),
                "received_at": received_at,
            }
            for event in some
        ]
        stored += len(session.connection().execute(insert, rows).all())
    return stored


def between(session: Session, types: Collection[str], since: datetime | None, until: datetime) -> list[Event]:
    """Events of these types from `since` up to `until`, both included; `since` None: from the first one on."""
    query = _told().where(_ROWS.type.in_(types), _ROWS.at <= until)
    return _read(session, query if since is None else query.where(_ROWS.at >= since))


def of_those_with(session: Session, types: Collection[str], since: datetime, until: datetime) -> list[Event]:
    """Everything told of whatever an event of these types happened to since then, however long ago it began."""
    began = sa.select(_ROWS.subject).where(_ROWS.type.in_(types), _ROWS.at >= since, _ROWS.at <= until)
    query = _told().where(_ROWS.subject.in_(began), _ROWS.at <= until)
    return _read(session, query)


def about(session: Session, subjects: Iterable[str], until: datetime) -> list[Event]:
    """Everything told of these up to then."""
    query = _told().where(_ROWS.subject.in_(list(subjects)), _ROWS.at <= until)
    return _read(session, query)


def _told() -> sa.Select[Any]:
    # Plain columns, not models: a report may read a hundred thousand of them.
    return sa.select(_ROWS.source + ":" + _ROWS.event_id, _ROWS.type, _ROWS.at, _ROWS.subject, _ROWS.data)


def _read(session: Session, query: sa.Select[Any]) -> list[Event]:
    return [Event(*row) for row in session.execute(query)]
