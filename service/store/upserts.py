"""Inserts that meet a row which is there already, in one statement, so that two workers at once do not fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    if rows:
        table, key, insert = _insert(session, rows[0])
        rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in key}
        upsert = insert.on_conflict_do_update(index_elements=key, set_=rest)
        session.connection().execute(upsert, [row.model_dump() for row in rows])


def add_all(session: Session, rows: Sequence[SQLModel], sums: Sequence[str]) -> None:
    """Insert rows of one table; where one with the same primary key is there, its columns `sums` grow by the new."""
    if rows:
        table, key, insert = _insert(session, rows[0])
        grown = {name: table.c[name] + insert.excluded[name] for name in sums}
        upsert = insert.on_conflict_do_update(index_elements=key, set_=grown)
        session.connection().execute(upsert, [row.model_dump() for row in rows])


def insert_missing(session: Session, row: SQLModel) -> None:
    """Insert a row unless one with the same primary key is there."""
    _, key, insert = _insert(session, row)
    session.connection().execute(insert.on_conflict_do_nothing(index_elements=key), [row.model_dump()])


def _insert(session: Session, row: SQLModel) -> tuple[sa.Table, list[str], Any]:
    table = table_of(type(row))
    key = [column.name for column in table.primary_key]
    return table, key, (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
