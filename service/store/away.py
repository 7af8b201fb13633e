"""Calendars of absences as they were last read."""

from __future__ import annotations

from sqlmodel import Session, select

from service.store.tables import AwayCalendar
from service.store.upserts import put


def calendars(session: Session) -> dict[str, AwayCalendar]:
    """By person."""
    return {row.person: row for row in session.exec(select(AwayCalendar))}


def keep(session: Session, row: AwayCalendar) -> None:
    """Write it over the one that was there."""
    put(session, row)
