"""Answers that change rarely, kept for a while: screens, transitions, accounts."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS = 15 * 60
MOST = 10_000


class Memory(Generic[K, V]):
    """Thread-safe. Each answer is asked for once at a time, forgotten after `SECONDS`, and after `MOST` newer ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: K, ask: Callable[[], V]) -> V:
        """What is known, else what `ask` answers; an error is passed on and nothing is kept."""
        with self._lock:
            turn = self._asking.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                known = self._kept.get(key)
            if known and known[0] > self._clock():
                return known[1]
            value = ask()
            self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Learned on the way."""
        with self._lock:
            self._kept[key] = (self._clock() + SECONDS, value)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                oldest, _ = self._kept.popitem(last=False)
                self._asking.pop(oldest, None)

    def forget(self, key: K) -> None:
        """It turned out to be wrong."""
        with self._lock:
            self._kept.pop(key, None)
