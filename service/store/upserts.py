"""Inserts that meet a row which is there already, in one statement, so that two workers at once do not fail."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a model."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]
    return table


def insert_new(dialect: sa.Dialect, model: type[SQLModel], unique: Sequence[str]) -> sa.Insert:
    """An insert that leaves a row with the same `unique` columns as it is, and returns the ids of the new rows."""
    table = table_of(model)
    if dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=unique).returning(table.c.id)
    return postgresql.insert(table).on_conflict_do_nothing(index_elements=unique).returning(table.c.id)


def put(session: Session, row: SQLModel) -> None:
    """Insert a row, or write it over the one with the same primary key."""
    put_all(session, [row])


def put_all(session: Session, rows: Sequence[SQLModel]) -> None:
    """The same for rows of one table."""
    if not rows:
        return
    table = table_of(type(rows[0]))
    key = [column.name for column in table.primary_key]
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in key}
    upsert = insert.on_conflict_do_update(index_elements=key, set_=rest)
    session.connection().execute(upsert, [row.model_dump() for row in rows])
