"""The one database engine, shared by our tables and the durable engine, and the edge of every transaction."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

OLDEST_SQLITE = (3, 40)
BUSY_TIMEOUT_MS = 30_000
PAGES_BETWEEN_CHECKPOINTS = 10_000
"""40 MB of log. Whoever fills it waits some 100 ms; at SQLite's own 1,000 that was every 20th commit of a burst."""
POOL = 20
POSTGRES_DISK_FULL = "53100"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
"""A disk without room answers a write-ahead log with one or the other."""
_NOT_OURS = {
    "42501": "make this user the owner of the database",
    "25006": "it takes no writes: name the server that does",
}
"""PostgreSQL's words for what its administrator must mend, and how."""
_WRITES = ("BEGIN IMMEDIATE", "INSERT", "UPDATE", "DELETE")


class StoreError(Exception):
    """The database cannot be used as it is; the message says what to change."""


def make_engine(url: str) -> sa.Engine:
    """The engine for `sqlite:///file.db` or `postgresql://user@host/name`; raises `StoreError` for anything else."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(parsed, pool_size=POOL)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        _queue_writers(engine)
        return engine
    return sa.create_engine(parsed, pool_size=POOL, pool_pre_ping=True)


def is_sqlite(engine: sa.Engine | sa.Connection) -> bool:
    """Whether this is the embedded database: one file, one worker process."""
    return engine.dialect.name == "sqlite"


def check(engine: sa.Engine) -> None:
    """Prove that the database answers and can do what we need; raises `StoreError` with the remedy."""
    if is_sqlite(engine) and sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: Tminus needs {wanted} or newer, or PostgreSQL.")
    try:
        with engine.connect() as connection:
            # The durable engine orders its queues by this function; without it, it dies at start with a riddle.
            question = "SELECT unixepoch('subsec')" if is_sqlite(engine) else "SELECT 1"
            if connection.exec_driver_sql(question).scalar() is None:
                raise StoreError(
                    "SQLite does not tell the time in milliseconds here; use a newer SQLite or PostgreSQL."
                )
    except sa.exc.DatabaseError as error:
        raise unusable(engine, error) from error


def is_unusable(error: BaseException) -> bool:
    """Whether the database is away, busy, full or closed to us, so that nothing is wrong with what it was asked."""
    away = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError)
    return away or is_full(error) or _sqlstate(error) in _NOT_OURS


def words_of(error: BaseException) -> str:
    """What the database itself said, in one line, without the statement."""
    return str(error.orig if isinstance(error, sa.exc.DBAPIError) else error).splitlines()[0]


def unusable(engine: sa.Engine, error: sa.exc.DBAPIError) -> StoreError:
    """What the database said, in one line, and the remedy."""
    url = engine.url.set(drivername=engine.dialect.name)  # as people write it
    return StoreError(
        f"The database {url.render_as_string()} cannot be used: {words_of(error)}\n    {_remedy(engine, error)}"
    )


def _remedy(engine: sa.Engine, error: sa.exc.DBAPIError) -> str:
    if is_full(error):
        return "make room on its disk"
    if _is_busy(error.orig):
        return "another process holds it: end that one, or try again when it has ended"
    if is_sqlite(engine):
        return "its folder must exist, and this user must be allowed to write there; or name another file"
    return _NOT_OURS.get(_sqlstate(error) or "", "start it, create it, or correct its address, user or password")


def is_full(error: BaseException) -> bool:
    """Whether the database says that its disk, or what it may use of it, is full."""
    said = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = getattr(said, "sqlite_errorcode", None)
    return code in _NO_ROOM if code is not None else _sqlstate(error) == POSTGRES_DISK_FULL


def _sqlstate(error: BaseException) -> str | None:
    """https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    return getattr(error.orig if isinstance(error, sa.exc.DBAPIError) else error, "sqlstate", None)


@contextmanager
def transaction(engine: sa.Engine, *, urgent: bool = False) -> Iterator[Session]:
    """A session that may write. Commits at its end, rolls back when the block raises; nobody else commits.

    On SQLite it takes the one write lock at once, so that what it reads still holds when it writes; `urgent`: before
    all others of this process that wait for it.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        if is_sqlite(engine):
            connection = session.connection()
            connection.info["urgent"] = urgent
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield session


@contextmanager
def reading(engine: sa.Engine) -> Iterator[Session]:
    """A session that only reads: one consistent view on SQLite, and never in the way of a writer."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        if is_sqlite(engine):
            session.connection().exec_driver_sql("BEGIN")
        yield session


@contextmanager
def worker_lock(url: str) -> Iterator[None]:
    """Held while this process works on a SQLite file; PostgreSQL takes many workers and needs none.

    Raises `StoreError` when another process holds it. The lock ends with the process, however that dies.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite":
        yield
        return
    path = Path(f"{parsed.database}.lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StoreError(
                f"Another worker (process {holder}) already works on {parsed.database}. Stop it first, "
                "or move to PostgreSQL, which takes as many workers as you start."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("The database URL is not readable; write sqlite:///tminus.db or postgresql://…") from error
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StoreError("The database must be a file, such as sqlite:///tminus.db: memory forgets.")
            return parsed
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"Tminus stores in SQLite or PostgreSQL, not in {other}.")


def _queue_writers(engine: sa.Engine) -> None:
    """Let the writers of this process take turns, those of the durable engine included.

    SQLite's own waiting is asking again after ever longer pauses, so that under steady writing some wait for seconds.
    """
    turns = _Turns()

    def take(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(_WRITES) and not connection.info.get("turn"):
            # Without a turn it waits as SQLite does: a thread that writes on two connections must not stop for ever.
            urgent = connection.info.get("urgent", False)
            connection.info["turn"] = turns.take(urgent=urgent, seconds=BUSY_TIMEOUT_MS / 1000)

    def give_back(_connection: object, record: Any) -> None:
        record.info.pop("urgent", None)
        if record.info.pop("turn", False):
            turns.give_back()

    sa.event.listen(engine, "before_cursor_execute", take)
    sa.event.listen(engine, "checkin", give_back)


class _Turns:
    """One at a time, and whoever is urgent before all others that wait; each end wakes one of them, not all."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self._urgent, self._others = threading.Condition(lock), threading.Condition(lock)
        self._taken, self._hurried = False, 0

    def take(self, *, urgent: bool, seconds: float) -> bool:
        """Wait for the turn; False: it did not come in so many seconds."""
        line = self._urgent if urgent else self._others
        with line:
            self._hurried += urgent
            came = line.wait_for(lambda: self._free(urgent), seconds)
            self._hurried -= urgent
            self._taken = self._taken or came
            return came

    def _free(self, urgent: bool) -> bool:
        return not self._taken and (urgent or not self._hurried)

    def give_back(self) -> None:
        """The next one may go."""
        with self._urgent:
            self._taken = False
            (self._urgent if self._hurried else self._others).notify()


def _is_busy(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


# Of several who open a new file at once SQLite turns all but one away without waiting: each holds what another needs.
_patiently = Retrying(
    retry=retry_if_exception(_is_busy),
    wait=wait_random(0.005, 0.05),
    stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
    reraise=True,
)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction mode, not SQLAlchemy's: the durable engine sends its own BEGIN on this engine.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _patiently(connection.execute, "PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={PAGES_BETWEEN_CHECKPOINTS}")
    connection.execute("PRAGMA foreign_keys=ON")
    if sqlite3.sqlite_version_info < (3, 42):
        # Older libraries know no 'subsec'.
        connection.create_function("unixepoch", 1, lambda _: int(time.time() * 1000) / 1000)
