"""Where deliveries come in: on disk before they are answered, and those that arrive together share one commit."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import Session

from service.store.engine import is_unusable, transaction
from service.store.tables import Inbox, new_id, now
from service.store.upserts import insert_new

Outcome = Literal["stored", "duplicate"]

MOST_IN_ONE_COMMIT = 256


class NotStored(Exception):
    """The delivery is not on disk. Answer 503 and the vendor will send it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A verified delivery on its way into the inbox."""

    connection: str
    hook_id: str
    key: str
    body: bytes
    request_id: str | None = None
    id: str = field(default_factory=new_id)
    received_at: datetime = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: Received
    outcome: Future[Outcome] | asyncio.Future[Outcome]
    loop: asyncio.AbstractEventLoop | None = None


class Mailbox:
    """Takes deliveries from any number of threads and commits what waits in one transaction.

    `on_stored` runs inside that transaction, once for all its new rows: what it writes is committed with them or not at
    all. Call `close` to stop; it stores what was handed in before.
    """

    def __init__(self, engine: sa.Engine, on_stored: Callable[[Session, Sequence[Received]], None]) -> None:
        self._engine = engine
        self._on_stored = on_stored
        self._insert = insert_new(engine.dialect, Inbox, ["hook_id", "key"])
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._open = True
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="mailbox", daemon=True)
        self._thread.start()

    def accept(self, row: Received) -> Outcome:
        """Store it; returns once it is on disk. Raises `NotStored` when it is not."""
        return self.submit(row).result()

    def submit(self, row: Received) -> Future[Outcome]:
        """Like `accept`, to be waited for later. It is stored whether anybody waits or not."""
        outcome: Future[Outcome] = Future()
        outcome.set_running_or_notify_cancel()  # from here on nobody can cancel it
        self._put(_Waiting(row, outcome))
        return outcome

    async def accept_async(self, row: Received) -> Outcome:
        """Like `accept`, for an event loop, which is woken once for all that shared a commit."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._put(_Waiting(row, outcome, loop))
        return await outcome

    def close(self) -> None:
        """Take nothing more, store what is waiting, and stop."""
        with self._gate:
            if self._open:
                self._open = False
                self._queue.put(None)
        self._thread.join()

    def _put(self, waiting: _Waiting) -> None:
        with self._gate:  # nothing may slip in behind the end mark, where nobody would ever answer it
            if not self._open:
                raise NotStored("The service is stopping.")
            self._queue.put(waiting)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, ended = self._gather(first)
            self._settle(batch)
            if ended:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """Everything that is waiting already, and whether the end mark was among it."""
        batch = [first]
        while len(batch) < MOST_IN_ONE_COMMIT:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False

    def _settle(self, batch: list[_Waiting]) -> None:
        try:
            stored = self._store([waiting.row for waiting in batch])
        except Exception as error:
            if len(batch) > 1 and not is_unusable(error):  # else every row would fail, each after a long wait
                for waiting in batch:  # one bad row must not fail its neighbours
                    self._settle([waiting])
            else:
                _answer((waiting, _not_stored(error)) for waiting in batch)
        else:
            _answer((waiting, "stored" if waiting.row.id in stored else "duplicate") for waiting in batch)

    def _store(self, rows: list[Received]) -> set[str]:
        with transaction(self._engine, urgent=True) as session:
            # Core, not models: on this path every microsecond is paid a thousand times a second.
            result = session.connection().execute(self._insert, [_values(row) for row in rows])
            stored = set(result.scalars())
            if stored:
                self._on_stored(session, [row for row in rows if row.id in stored])
        return stored


def _values(row: Received) -> dict[str, Any]:
    return {
        "id": row.id,
        "connection": row.connection,
        "hook_id": row.hook_id,
        "key": row.key,
        "received_at": row.received_at,
        "body": row.body,
        "state": "received",
        "routed": False,
        "request_id": row.request_id,
    }


def _answer(answers: Iterable[tuple[_Waiting, Outcome | NotStored]]) -> None:
    by_loop = defaultdict(list)
    for waiting, answer in answers:
        by_loop[waiting.loop].append((waiting, answer))
    for loop, group in by_loop.items():
        if loop is None:
            _tell(group)
        else:
            with suppress(RuntimeError):  # the loop was closed, so nobody is there to hear it
                loop.call_soon_threadsafe(_tell, group)


def _tell(answers: Iterable[tuple[_Waiting, Outcome | NotStored]]) -> None:
    for waiting, answer in answers:
        if waiting.outcome.done():  # its caller hung up
            continue
        if isinstance(answer, NotStored):
            waiting.outcome.set_exception(answer)
        else:
            waiting.outcome.set_result(answer)


def _not_stored(error: Exception) -> NotStored:
    failure = NotStored(f"The delivery could not be stored: {type(error).__name__}.")
    failure.__cause__ = error
    return failure
