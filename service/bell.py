"""What the engine's loop sleeps on between two looks for runs, so that whoever asks for one can wake it."""

from __future__ import annotations

import threading
from math import inf

ONCE_MORE_SECONDS = 0.02
"""A run that has ended blocks its campaign until the engine has noted that, which is just after it rang."""
STORM_SECONDS = 0.3
"""Between two looks while storing deliveries goes before answering them."""
ALONE_SECONDS, SHARED_SECONDS = 0.25, 0.1
"""Between two looks otherwise, for runs that another process asked for; each takes six milliseconds of processor."""
FEW = 4
"""Runs that a worker begins at once although it has peers; of more, each of them finds its share at its next look."""


class Bell(threading.Event):
    """In place of the engine's own event: set, the loop ends for good; rung, it looks at once.

    Any thread may ring; one waits. While it is not `calm`, nobody wakes the loop, and it looks less often.
    """

    def __init__(self, *, alone: bool = True) -> None:
        """`alone`: no other worker takes runs from the same queue."""
        super().__init__()
        self._most = inf if alone else FEW
        self.seconds = ALONE_SECONDS if alone else SHARED_SECONDS
        self.calm = threading.Event()
        self.calm.set()
        self._rung = threading.Event()
        self._woken = False

    def ring(self, runs: int) -> None:
        """A run was asked for, or has ended and so made way for the next of its campaign; `runs` are there now."""
        if self.calm.is_set() and runs <= self._most:
            self._rung.set()

    def set(self) -> None:
        """End the loop."""
        super().set()
        self._rung.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until somebody rings, `timeout` seconds at most; returns whether the loop is to end."""
        if not self.calm.is_set():
            timeout = STORM_SECONDS
        elif self._woken:
            timeout = ONCE_MORE_SECONDS
        self._woken = self._rung.wait(timeout)
        self._rung.clear()
        return self.is_set()
