"""Every database that was ever released comes up to the tables of today."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from service.store import budget_tables, doubts, migrating, tables  # noqa: F401  (the first fills the metadata)
from service.store.engine import StoreError, make_engine, transaction
from service.store.migrating import pending, revisions, upgrade


def differences(engine: sa.Engine) -> list[object]:
    """What the models have and the database lacks, or the other way round."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))


@pytest.mark.parametrize("released", [None, *revisions()])
def test_upgrades_from_every_released_revision(empty_database_url: str, released: str | None) -> None:
    """From any released revision an upgrade arrives at exactly the tables of the models, and nothing stays pending."""
    engine = make_engine(empty_database_url)
    if released is not None:
        upgrade(engine, released)

    upgrade(engine)

    assert pending(engine) == []
    assert differences(engine) == []
    engine.dispose()


def test_the_files_are_numbered_in_the_order_of_the_chain() -> None:
    """What the names of the files say is what the revisions in them say."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).parent / "migrations"))
    walked = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked[::-1] == revisions()


def test_an_empty_database_names_what_is_pending(empty_database_url: str) -> None:
    """Before the first upgrade every revision is pending, oldest first."""
    engine = make_engine(empty_database_url)
    assert pending(engine) == revisions()
    assert differences(engine)
    engine.dispose()


def test_two_processes_that_start_together_both_find_the_tables(empty_database_url: str) -> None:
    """Upgrades that run at once wait for one another instead of failing half-way."""
    engines = [make_engine(empty_database_url) for _ in range(3)]
    failures: list[Exception] = []

    def start(engine: sa.Engine) -> None:
        try:
            upgrade(engine)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert differences(engines[0]) == []
    for engine in engines:
        engine.dispose()


def test_a_new_file_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """SQLite lets only one of them choose how it is written; the others come again."""
    failures: list[Exception] = []

    def open_it(engine: sa.Engine, together: threading.Barrier) -> None:
        together.wait()
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA user_version")
        except Exception as error:
            failures.append(error)

    for number in range(40):
        engines = [make_engine(f"sqlite:///{tmp_path}/{number}.db") for _ in range(6)]
        together = threading.Barrier(len(engines))
        threads = [threading.Thread(target=open_it, args=(engine, together)) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for engine in engines:
            engine.dispose()
    assert failures == []


def test_a_failing_upgrade_leaves_nothing_behind(empty_database_url: str) -> None:
    """A table that stands in the way stops the upgrade, and the tables made before it are taken back."""
    engine = make_engine(empty_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE link (id text)")

    with pytest.raises(sa.exc.DBAPIError):
        upgrade(engine)

    names = sa.inspect(engine).get_table_names()
    assert [name for name in names if name in SQLModel.metadata.tables] == ["link"]
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(store_engine: sa.Engine) -> None:
    """An unknown revision means that a newer Tminus was here, and the error says so."""
    with transaction(store_engine) as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer Tminus"):
        pending(store_engine)


def test_instants_come_back_as_aware_utc(store_engine: sa.Engine) -> None:
    """An instant keeps its moment and its zone is UTC on both databases; a naive one is refused."""
    instant = tables.now()
    with transaction(store_engine) as session:
        session.add(tables.Person(connection="jira", email="a@example.com", checked_at=instant))
    with transaction(store_engine) as session:
        stored = session.get_one(tables.Person, ("jira", "a@example.com"))
        assert stored.checked_at == instant
        assert stored.checked_at.utcoffset() == instant.utcoffset()

    with pytest.raises(sa.exc.StatementError, match="no time zone"), transaction(store_engine) as session:
        session.add(tables.Person(connection="jira", email="b@example.com", checked_at=instant.replace(tzinfo=None)))
