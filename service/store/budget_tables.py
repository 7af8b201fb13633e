"""The tables of limits that processes share, and of how many calls there were."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from service.store.tables import UTCDateTime, new_id


class Budget(SQLModel, table=True):
    """One token: its row is held while somebody takes rights to call with it."""

    __tablename__ = "budget"

    token: str = Field(primary_key=True)
    """A digest."""
    paused_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    """The vendor told one process to wait, so all do; in the database's time."""


class Lease(SQLModel, table=True):
    """Rights to call that one process has taken, in the database's time."""

    __tablename__ = "lease"
    __table_args__ = (sa.Index("lease_by_token", "token", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    token: str
    at: datetime = Field(sa_type=UTCDateTime)
    """From when on they may be used."""
    calls: int


class Usage(SQLModel, table=True):
    """Calls of one minute, by what they were made for."""

    __tablename__ = "usage"

    connection: str = Field(primary_key=True)
    minute: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    purpose: str = Field(primary_key=True)
    calls: int
    refused: int
    """Answered with 429."""
