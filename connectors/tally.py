"""What calls cost: HTTP attempts with their outcomes and seconds, since the start and for one piece of work."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

NO_ANSWER = "none"
"""The outcome of an attempt that got no status."""


class Call(NamedTuple):
    """What attempts are counted by."""

    connection: str
    method: str
    outcome: str
    """The HTTP status, or `NO_ANSWER`."""

    @property
    def failed(self) -> bool:
        """It was refused, or nobody answered."""
        return not self.outcome.startswith(("2", "3"))


@dataclass(slots=True)
class Tally:
    """Counts calls, from any number of threads."""

    calls: Counter[Call] = field(default_factory=Counter)
    seconds: defaultdict[Call, float] = field(default_factory=lambda: defaultdict(float))
    waits: Counter[str] = field(default_factory=Counter)
    """Calls for which a place was found within the limits, by connection."""
    waited: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds until then."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, call: Call, seconds: float) -> None:
        """One attempt is over."""
        with self._lock:
            self.calls[call] += 1
            self.seconds[call] += seconds

    def wait(self, connection: str, seconds: float) -> None:
        """One call has its place."""
        with self._lock:
            self.waits[connection] += 1
            self.waited[connection] += seconds

    def copy(self) -> Tally:
        """As it stands at this moment."""
        with self._lock:
            seconds, waited = defaultdict(float, self.seconds), defaultdict(float, self.waited)
            return Tally(Counter(self.calls), seconds, Counter(self.waits), waited)

    def sentence(self) -> str:
        """For people: whom we called how often, and how long that took; empty where nobody was called."""
        told: list[str] = []
        for connection in sorted({call.connection for call in self.calls}):
            mine = {call: count for call, count in self.calls.items() if call.connection == connection}
            failed = sum(count for call, count in mine.items() if call.failed)
            amiss = f", {failed} of them without success" if failed else ""
            seconds = sum(self.seconds[call] for call in mine)
            count = sum(mine.values())
            told.append(f"{count} call{'s' * (count != 1)} to {connection} ({seconds:.1f} s{amiss})")
        return " and ".join(told)


SINCE_START = Tally()
_of_this_work: ContextVar[Tally | None] = ContextVar("tally", default=None)
_connection: ContextVar[str] = ContextVar("connection", default="")


def now_counting() -> list[Tally]:
    """Every tally that a call of this moment belongs to."""
    mine = _of_this_work.get()
    return [SINCE_START] if mine is None else [SINCE_START, mine]


@contextmanager
def counted() -> Iterator[Tally]:
    """The calls of one piece of work, those in threads with a copy of its context included."""
    tally = Tally()
    token = _of_this_work.set(tally)
    try:
        yield tally
    finally:
        _of_this_work.reset(token)


@contextmanager
def opening(connection: str) -> Iterator[None]:
    """What is opened within is counted under the name of this connection."""
    token = _connection.set(connection)
    try:
        yield
    finally:
        _connection.reset(token)


def name_for(system: str) -> str:
    """The connection that is being opened; without one, the system's own name."""
    return _connection.get() or system
