"""Turns: one at a time over all threads and processes, around calls to a vendor for which no transaction may wait."""

from __future__ import annotations

import fcntl
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from service.store.engine import is_sqlite

PATIENCE_SECONDS = 60.0
LOCK_TIMEOUT = "55P03"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_threads: WeakKeyDictionary[sa.Engine, defaultdict[str, threading.Lock]] = WeakKeyDictionary()


class Busy(Exception):
    """Somebody else has had the turn for too long."""


@contextmanager
def turn(engine: sa.Engine, what: str, *, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Nobody else has a turn of `what`, in whatever process; it ends with the process, however that dies.

    Transactions inside are committed as ever. Raises `Busy` after so many seconds.
    """
    # First among the threads of this process: each that waited in the database would hold one of its connections.
    mine = _threads.setdefault(engine, defaultdict(threading.Lock))[what]
    if not mine.acquire(timeout=patience):
        raise Busy
    try:
        with (_beside_the_file if is_sqlite(engine) else _in_the_database)(engine, what, patience):
            yield
    finally:
        mine.release()


@contextmanager
def _beside_the_file(engine: sa.Engine, _what: str, patience: float) -> Iterator[None]:
    """One for everything: there is one worker, and now and then a command of a person."""
    deadline = time.monotonic() + patience
    with Path(f"{engine.url.database}.turn").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy from None
                time.sleep(0.05)
        yield


@contextmanager
def _in_the_database(engine: sa.Engine, what: str, patience: float) -> Iterator[None]:
    """https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS"""
    key = int.from_bytes(sha256(what.encode()).digest()[:8], "big", signed=True)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience * 1000:.0f}")
        try:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
                raise Busy from error
            raise
        yield
