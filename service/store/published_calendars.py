"""Calendars as they were published: for processes whose own folder does not have them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, select

from service.store.tables import UTCDateTime, now
from service.store.upserts import put_all


class PublishedCalendar(SQLModel, table=True):
    """One calendar, as the folder had it that was published last."""

    __tablename__ = "published_calendar"

    name: str = Field(primary_key=True)
    recipe: dict[str, Any] = Field(sa_column=sa.Column(sa.JSON(none_as_null=True), nullable=False))
    """What ops wrote."""
    company_days: str | None = None
    """The calendar file (ICS) that it names."""
    published_at: datetime = Field(default_factory=now, sa_type=UTCDateTime)


def get(session: Session, name: str) -> PublishedCalendar | None:
    """One of them."""
    return session.get(PublishedCalendar, name)


def every(session: Session) -> dict[str, PublishedCalendar]:
    """All of them, by name."""
    return {row.name: row for row in session.exec(select(PublishedCalendar))}


def save(session: Session, rows: list[PublishedCalendar]) -> None:
    """Store them, each in the place of the one of its name."""
    put_all(session, rows)
