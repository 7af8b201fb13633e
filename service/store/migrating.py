"""Bring a database to the tables that this version of Tminus works with."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError

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
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def pending(engine: sa.Engine) -> list[str]:
    """Revisions not yet applied, oldest first; raises `StoreError` where a newer Tminus wrote the database."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    try:
        steps = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", current or "base"))
    except RevisionError as error:
        raise StoreError(f"This database is from a newer Tminus (revision {current}); install that version.") from error
    return [step.revision for step in reversed(steps)]


def revisions() -> list[str]:
    """Every released revision, oldest first."""
    return [step.revision for step in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
