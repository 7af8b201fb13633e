"""Bring a database to the tables that this version of Tminus works with."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from service.store.engine import StoreError, is_sqlite, unusable

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_466_287_115  # any number, as long as it stays the same: two starting workers must meet on it


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Apply what is pending, all in one transaction; a second process that starts meanwhile waits for the first.

    Raises `StoreError` where the database cannot be written.
    """
    with engine.begin() as connection:
        try:
            if is_sqlite(connection):
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql("PRAGMA user_version = 0")  # a read-only file would fail only later
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        except sa.exc.OperationalError as error:
            raise unusable(engine, error) from error
        if revision != "head" or _pending(connection):
            _run_alembic(connection, revision)


def pending(engine: sa.Engine) -> list[str]:
    """Revisions not yet applied, oldest first; raises `StoreError` where a newer Tminus wrote the database."""
    with engine.connect() as connection:
        return _pending(connection)


def revisions() -> list[str]:
    """Every released revision, oldest first: the files' names begin with them."""
    return sorted(path.name.partition("_")[0] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def _pending(connection: sa.Connection) -> list[str]:
    known, current = revisions(), None
    if sa.inspect(connection).has_table("alembic_version"):
        current = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if current is not None and current not in known:
        raise StoreError(f"This database is from a newer Tminus (revision {current}); install that version.")
    return known[known.index(current) + 1 :] if current else known


def _run_alembic(connection: sa.Connection, revision: str) -> None:
    # Imported where something is to be done: 11 MB and a tenth of a second at every start otherwise.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
