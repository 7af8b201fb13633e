"""Run by Alembic on the connection that `service.store.migrating` hands over; it owns the transaction."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from service.store import budget_tables, credentials, doubts, published_calendars, tables  # noqa: F401  (they fill the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,  # SQLite too: the caller has begun the transaction by hand
)
context.run_migrations()
