"""Deliveries are on disk before they are answered, once each, and nothing among them is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from service.store import inbox, ledger
from service.store.engine import make_engine, reading, transaction
from service.store.mailbox import Mailbox, NotStored, Received
from service.store.tables import Inbox, Ledger, now

OnStored = Callable[[Session, Sequence[Received]], None]


def received(key: str, hook: str = "hook-1") -> Received:
    """A delivery on its way in."""
    return Received(connection="jira", hook_id=hook, key=key, body=b'{"a": 1}')


def nothing(_session: Session, _rows: Sequence[Received]) -> None:
    """The engine has nothing to do."""


@contextmanager
def mailbox(engine: sa.Engine, on_stored: OnStored = nothing) -> Iterator[Mailbox]:
    """A mailbox that is closed whatever happens."""
    box = Mailbox(engine, on_stored)
    try:
        yield box
    finally:
        box.close()


class Gate:
    """An `on_stored` that holds the first commit until it is opened, and keeps the keys of every commit."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.commits: list[list[str]] = []

    def __call__(self, _session: Session, rows: Sequence[Received]) -> None:
        self.commits.append([row.key for row in rows])
        self.entered.set()
        assert self.open.wait(10)


def stored_keys(engine: sa.Engine) -> list[str]:
    """The keys of everything that is stored."""
    with reading(engine) as session:
        return sorted(session.exec(select(Inbox.key)))


def test_a_delivery_is_stored_whole_before_accept_returns(store_engine: sa.Engine, database_url: str) -> None:
    """Another connection sees the whole row as soon as accept has returned."""
    other = make_engine(database_url)
    row = received("k1")
    with mailbox(store_engine) as box:
        assert box.accept(row) == "stored"
        with reading(other) as session:
            stored = inbox.get(session, row.id)
            assert stored is not None
            assert (stored.connection, stored.hook_id, stored.key, stored.body) == ("jira", "hook-1", "k1", row.body)
            assert (stored.state, stored.routed) == ("received", False)
            assert stored.received_at == row.received_at
    other.dispose()


def test_a_repeated_delivery_is_a_duplicate(store_engine: sa.Engine) -> None:
    """The same key of the same hook is stored once and told to the engine once; another hook's is its own."""
    told: list[str] = []
    with mailbox(store_engine, lambda _session, rows: told.extend(row.key for row in rows)) as box:
        assert box.accept(received("k1")) == "stored"
        assert box.accept(received("k1")) == "duplicate"
        assert box.accept(received("k1", hook="hook-2")) == "stored"
    assert told == ["k1", "k1"]


def test_deliveries_that_arrive_together_share_one_commit(store_engine: sa.Engine) -> None:
    """While one commit is under way the rest gather, and go into the next one together, duplicates included."""
    gate = Gate()
    with mailbox(store_engine, gate) as box:
        first = box.submit(received("first"))
        assert gate.entered.wait(10)
        rest = [box.submit(received(key)) for key in ("a", "b", "b", "c", "first")]
        gate.open.set()
        assert first.result(10) == "stored"
        assert [outcome.result(10) for outcome in rest] == ["stored", "stored", "duplicate", "stored", "duplicate"]
    assert gate.commits == [["first"], ["a", "b", "c"]]


def test_many_callers_lose_nothing(store_engine: sa.Engine) -> None:
    """Deliveries from many threads at once are all stored, each told exactly once."""
    told: list[str] = []
    keys = [f"{caller}-{number}" for caller in range(16) for number in range(10)]

    with mailbox(store_engine, lambda _session, rows: told.extend(row.key for row in rows)) as box:

        def call(caller: int) -> None:
            for number in range(10):
                box.accept(received(f"{caller}-{number}"))

        threads = [threading.Thread(target=call, args=(caller,)) for caller in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stored_keys(store_engine) == sorted(keys)
    assert sorted(told) == sorted(keys)


def test_a_bad_row_does_not_fail_its_neighbours(store_engine: sa.Engine) -> None:
    """The row that cannot be stored fails alone with `NotStored`; those beside it are stored and told once."""
    gate = Gate()
    told: list[str] = []

    def on_stored(session: Session, rows: Sequence[Received]) -> None:
        gate(session, rows)
        if any(row.key == "bad" for row in rows):
            raise ValueError("poison")
        ledger.note(session, "told", ",".join(row.key for row in rows))

    with mailbox(store_engine, on_stored) as box:
        first = box.submit(received("first"))
        assert gate.entered.wait(10)
        good, bad, fine = (box.submit(received(key)) for key in ("good", "bad", "fine"))
        gate.open.set()
        assert [outcome.result(10) for outcome in (first, good, fine)] == ["stored"] * 3
        with pytest.raises(NotStored) as failure:
            bad.result(10)
        assert isinstance(failure.value.__cause__, ValueError)
        assert box.accept(received("later")) == "stored"
    assert stored_keys(store_engine) == ["fine", "first", "good", "later"]
    with reading(store_engine) as session:
        told = list(session.exec(select(Ledger.sentence).order_by(Ledger.id)))
    assert told == ["first", "good", "fine", "later"]


def test_a_broken_database_is_told_to_the_caller(store_engine: sa.Engine) -> None:
    """When nothing can be stored the caller hears it, and the mailbox works again once the database does."""
    with mailbox(store_engine) as box:
        with transaction(store_engine) as session:
            session.connection().exec_driver_sql("ALTER TABLE inbox RENAME TO elsewhere")
        with pytest.raises(NotStored):
            box.accept(received("lost"))
        with transaction(store_engine) as session:
            session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbox")
        assert box.accept(received("lost")) == "stored"


def test_event_loops_are_answered_too(store_engine: sa.Engine) -> None:
    """From an event loop the answers are the same: stored, duplicate, or `NotStored` for the bad row alone."""

    def on_stored(_session: Session, rows: Sequence[Received]) -> None:
        if any(row.key == "bad" for row in rows):
            raise ValueError("poison")

    async def hand_in(box: Mailbox) -> list[object]:
        rows = [received(key) for key in ("a", "b", "b", "bad")]
        return await asyncio.gather(*map(box.accept_async, rows), return_exceptions=True)

    with mailbox(store_engine, on_stored) as box:
        *good, bad = asyncio.run(hand_in(box))
    assert good == ["stored", "stored", "duplicate"]
    assert isinstance(bad, NotStored)
    assert stored_keys(store_engine) == ["a", "b"]


def test_a_caller_that_hung_up_does_not_stop_the_others(store_engine: sa.Engine) -> None:
    """What was verified is stored all the same: its caller still there, gone, or gone with its event loop."""
    gate = Gate()

    async def hang_up(box: Mailbox) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(box.accept_async(received("first")), 0.01)

    async def stay(box: Mailbox) -> str:
        gone = asyncio.ensure_future(box.accept_async(received("gone")))
        here = asyncio.ensure_future(box.accept_async(received("here")))
        await asyncio.sleep(0)
        gone.cancel()
        gate.open.set()
        return await here

    with mailbox(store_engine, gate) as box:
        asyncio.run(hang_up(box))
        assert asyncio.run(stay(box)) == "stored"
    assert stored_keys(store_engine) == ["first", "gone", "here"]


def test_closing_stores_what_is_waiting_and_takes_nothing_more(store_engine: sa.Engine) -> None:
    """A stop loses nothing that was handed in, refuses what comes later, and may be asked for twice."""
    gate = Gate()
    box = Mailbox(store_engine, gate)
    outcomes = [box.submit(received("first"))]
    assert gate.entered.wait(10)
    outcomes += [box.submit(received(key)) for key in "ab"]
    closing = threading.Thread(target=box.close)
    closing.start()
    gate.open.set()
    closing.join(10)
    assert [outcome.result(10) for outcome in outcomes] == ["stored"] * 3
    with pytest.raises(NotStored):
        box.accept(received("late"))
    box.close()


def stored(engine: sa.Engine, *keys: str) -> list[str]:
    """The ids of new deliveries with these keys."""
    with mailbox(engine) as box:
        rows = [received(key) for key in keys]
        for row in rows:
            box.accept(row)
    return [row.id for row in rows]


def test_a_delivery_is_routed_once(store_engine: sa.Engine) -> None:
    """A stored delivery waits to be routed, oldest first, and no longer does once it is routed or marked."""
    one, two, three = stored(store_engine, "k1", "k2", "k3")
    with transaction(store_engine) as session:
        assert [row.id for row in inbox.unrouted(session, 10)] == [one, two, three]
        assert [row.id for row in inbox.unrouted(session, 2)] == [one, two]
        inbox.routed(session, [one])
        inbox.mark(session, [three], "ignored", "our own write")
    with transaction(store_engine) as session:
        assert [row.id for row in inbox.unrouted(session, 10)] == [two]
        inbox.mark(session, [one], "handled")
    with reading(store_engine) as session:
        handled, ignored = session.get_one(Inbox, one), session.get_one(Inbox, three)
        assert (handled.state, handled.reason) == ("handled", None)
        assert handled.handled_at is not None
        assert (ignored.state, ignored.reason) == ("ignored", "our own write")
        assert inbox.counts(session) == {"handled": 1, "ignored": 1, "received": 1}


def test_a_parked_delivery_can_be_replayed(store_engine: sa.Engine) -> None:
    """A parked delivery keeps its reason until a replay makes it new."""
    (one,) = stored(store_engine, "k1")
    with transaction(store_engine) as session:
        inbox.routed(session, [one])
        inbox.park(session, one, "Jira: due date is required")
    with transaction(store_engine) as session:
        assert [(row.id, row.reason) for row in inbox.parked(session)] == [(one, "Jira: due date is required")]
        assert inbox.replay(session, one)
        assert not inbox.replay(session, "no-such-id")
    with reading(store_engine) as session:
        assert inbox.parked(session) == []
        assert [row.id for row in inbox.unrouted(session, 10)] == [one]
        again = session.get_one(Inbox, one)
        assert (again.reason, again.handled_at) == (None, None)


def test_only_finished_deliveries_grow_too_old(store_engine: sa.Engine) -> None:
    """Retention deletes what was handled or ignored before the date; the parked, the waiting and the young stay."""
    handled, ignored, parked, _waiting = stored(store_engine, "k1", "k2", "k3", "k4")
    with transaction(store_engine) as session:
        inbox.mark(session, [handled], "handled")
        inbox.mark(session, [ignored], "ignored")
        inbox.park(session, parked, "why")
        assert inbox.discard(session, before=now() - timedelta(days=1)) == 0
        assert inbox.discard(session, before=now() + timedelta(days=1), limit=1) == 1
        assert inbox.discard(session, before=now() + timedelta(days=1)) == 1
    assert stored_keys(store_engine) == ["k3", "k4"]
