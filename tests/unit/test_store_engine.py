"""The engine: which databases it takes, what it sets on them, and who may write when."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from service.store import people
from service.store.engine import StoreError, check, make_engine, reading, transaction, unusable, worker_lock
from service.store.migrating import upgrade
from service.store.tables import Person


def test_a_migrated_database_passes_the_check(store_engine: sa.Engine) -> None:
    """The check at start is content with either database."""
    check(store_engine)


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://host/db", "postgresql+asyncpg://h/d"]
)
def test_other_databases_are_refused(url: str) -> None:
    """What would not work is refused before anything starts, in a sentence."""
    with pytest.raises(StoreError):
        make_engine(url)


def test_a_database_that_does_not_open_is_named_without_its_password(tmp_path: Path) -> None:
    """The error names the database and what to do, and never the password in its URL."""
    with pytest.raises(StoreError, match=r"nowhere/tminus\.db cannot be used: .*\n    its folder must exist"):
        check(make_engine(f"sqlite:///{tmp_path}/nowhere/tminus.db"))
    with pytest.raises(StoreError) as failure:
        check(make_engine(f"postgres://u:hunter2@/db?host={tmp_path}"))
    assert "postgresql://u:***@/db" in str(failure.value)
    assert "hunter2" not in str(failure.value)


def test_a_file_that_cannot_be_written_is_told_with_a_remedy(sqlite_url: str) -> None:
    """As when another user owns it."""
    path = sqlite_url.removeprefix("sqlite:///")
    engine = make_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="cannot be used: attempt to write a readonly database\n    its folder"):
        upgrade(engine)
    engine.dispose()


def test_a_file_that_another_process_holds_is_told_with_a_remedy(sqlite_url: str) -> None:
    """As when somebody has it open in a tool."""
    path = sqlite_url.removeprefix("sqlite:///")
    engine = make_engine(sqlite_url)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, engine.connect() as connection:
        other.execute("BEGIN IMMEDIATE")
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
        with pytest.raises(sa.exc.OperationalError) as locked:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    assert "another process holds it" in str(unusable(engine, locked.value))
    engine.dispose()


def test_a_file_that_is_no_database_is_told_with_a_remedy(tmp_path: Path) -> None:
    """As when the settings name the wrong one; it stays as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("Buy milk." * 100)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be used: file is not a database\n .*or name another file"):
        check(make_engine(f"sqlite:///{path}"))
    assert path.read_text() == "Buy milk." * 100


def test_sqlite_is_set_to_survive_a_power_cut(sqlite_url: str) -> None:
    """Every connection has the write-ahead log, full synchronisation, foreign keys, and milliseconds."""
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:

        def ask(pragma: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

        assert (ask("journal_mode"), ask("synchronous"), ask("foreign_keys"), ask("busy_timeout")) == (
            "wal",
            2,
            1,
            30000,
        )
        assert connection.exec_driver_sql("SELECT typeof(unixepoch('subsec'))").scalar() == "real"
    engine.dispose()


def test_a_block_that_raises_leaves_nothing(store_engine: sa.Engine) -> None:
    """A transaction commits at its end and only there."""
    with suppress(RuntimeError), transaction(store_engine) as session:
        people.remember(session, "jira", "a@example.com", account_id="1")
        raise RuntimeError
    with reading(store_engine) as session:
        assert session.exec(select(Person)).all() == []


def test_what_a_transaction_read_still_holds_when_it_writes(sqlite_url: str) -> None:
    """On SQLite two transactions that read and then write follow one another, so no update is lost."""
    engine = make_engine(sqlite_url)
    with transaction(engine) as session:
        session.add(Person(connection="jira", email="n", account_id="0"))

    def count() -> None:
        for _ in range(10):
            with transaction(engine) as session:
                person = session.get_one(Person, ("jira", "n"))
                person.account_id = str(int(person.account_id or 0) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as session:
        assert session.get_one(Person, ("jira", "n")).account_id == "40"
    engine.dispose()


def test_readers_do_not_wait_for_a_writer(store_engine: sa.Engine) -> None:
    """A reader sees the state before an open transaction at once, and one view all along."""
    with transaction(store_engine) as session:
        people.remember(session, "jira", "a@example.com", account_id="1")
        with reading(store_engine) as reader:
            assert reader.exec(select(Person)).all() == []


def test_one_worker_works_on_a_sqlite_file(sqlite_url: str) -> None:
    """A second worker is refused and told who holds the file; when the first has gone, it may."""
    refused = pytest.raises(StoreError, match=f"process {os.getpid()}")
    with worker_lock(sqlite_url), refused, worker_lock(sqlite_url):
        pytest.fail("two workers at once")
    with worker_lock(sqlite_url):
        pass


def test_postgresql_takes_many_workers() -> None:
    """On PostgreSQL the lock is free for everybody."""
    url = "postgresql://postgres@/tminus"
    with worker_lock(url), worker_lock(url):
        pass


def test_writers_of_one_process_take_turns(tmp_path: Path) -> None:
    """Nobody meets a locked database, though none of them waits for SQLite's own lock."""
    engine = make_engine(f"sqlite:///{tmp_path}/turns.db")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=0"))
    with transaction(engine) as session:
        session.connection().exec_driver_sql("CREATE TABLE tally (n INTEGER)")
        session.connection().exec_driver_sql("INSERT INTO tally VALUES (0)")

    def count() -> None:
        for number in range(20):
            if number % 2:
                with transaction(engine) as session:
                    session.connection().exec_driver_sql("UPDATE tally SET n = n + 1")
            else:  # as the durable engine writes
                with engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE tally SET n = n + 1")

    with ThreadPoolExecutor(max_workers=8) as pool:
        for ended in [pool.submit(count) for _ in range(8)]:
            ended.result()
    with reading(engine) as session:
        assert session.connection().exec_driver_sql("SELECT n FROM tally").scalar() == 160
    engine.dispose()


def test_whoever_is_urgent_has_the_next_turn(sqlite_url: str) -> None:
    """Webhooks are stored before everything else that waits to be written."""
    engine, order = make_engine(sqlite_url), list[str]()

    def write(name: str, urgent: bool) -> None:
        with transaction(engine, urgent=urgent):
            order.append(name)

    with ThreadPoolExecutor(max_workers=3) as pool:
        with transaction(engine):
            names = {"run": False, "another run": False, "webhook": True}
            waiting = [pool.submit(write, name, urgent) for name, urgent in names.items()]
            while engine.pool.checkedout() < 1 + len(names):  # type: ignore[attr-defined]
                time.sleep(0.01)
            time.sleep(0.1)  # each has its connection, and the last one has yet to begin to wait
        for ended in waiting:
            ended.result()
    assert (order[0], len(order)) == ("webhook", 3)
    engine.dispose()
