"""Doubts: campaigns of which a create had no answer, so that a task may yet come to stand twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from service.store.campaigns import ids_of
from service.store.tables import Campaign, UTCDateTime
from service.store.upserts import put

LAST = timedelta(minutes=15)
"""How long a vendor may still be at a call of which it owes the answer."""


class Doubt(SQLModel, table=True):
    """One campaign, and until when it is looked at for tasks that stand twice."""

    __tablename__ = "doubt"

    campaign_id: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UTCDateTime)


def begin(session: Session, campaign_id: str, now: datetime) -> None:
    """A create of this campaign is being repeated."""
    put(session, Doubt(campaign_id=campaign_id, until=now + LAST))


def begin_at(session: Session, connection: str, request_task: str, now: datetime) -> None:
    """Of this request's campaigns, whichever that is."""
    for campaign_id in session.exec(ids_of(connection, request_task)).all():
        begin(session, campaign_id, now)


def of_campaign(session: Session, campaign_id: str) -> Doubt | None:
    """None: every create has had its answer."""
    return session.get(Doubt, campaign_id)


def requests(session: Session, connection: str) -> list[str]:
    """The request of each campaign in doubt."""
    mine = select(Campaign.request_task).join(Doubt, col(Doubt.campaign_id) == col(Campaign.id))
    return list(session.exec(mine.where(col(Campaign.connection) == connection)))


def end(session: Session, doubt: Doubt) -> None:
    """Its time is over, unless it was begun anew meanwhile."""
    same = (col(Doubt.campaign_id) == doubt.campaign_id, col(Doubt.until) == doubt.until)
    session.execute(sa.delete(Doubt).where(*same))
