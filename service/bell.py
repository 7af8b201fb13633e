"""What the engine's loop sleeps on between two looks for runs, so that it is woken when there is one to begin."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from math import inf
from time import monotonic

NOTED_SECONDS = (0.02, 0.06)
"""A run that has ended blocks its campaign until the engine has noted that: after so long, or so long in a burst."""
STORM_SECONDS = 0.3
"""Between two looks while storing deliveries goes before answering them."""
ALONE_SECONDS, SHARED_SECONDS = 0.5, 0.1
"""Between two looks otherwise, for runs that another process asked for; each takes six milliseconds of processor."""
FEW = 4
"""Runs that a worker begins at once although it has peers; of more, each of them finds its share at its next look."""


class Bell(threading.Event):
    """In place of the engine's own event: set, the loop ends for good; rung, it looks.

    Any thread may tell what happens here; one waits. While it is not `calm`, nobody wakes the loop, and it looks less
    often.
    """

    def __init__(self, *, places: int, alone: bool = True) -> None:
        """`places`: runs at once in this worker; `alone`: no other worker takes runs from the same queue."""
        super().__init__()
        self._places, self._with_peers, self._most = places, not alone, inf if alone else FEW
        self.seconds = ALONE_SECONDS if alone else SHARED_SECONDS
        self.calm = threading.Event()
        self.calm.set()
        self._changed = threading.Condition()
        self._looks: list[tuple[float, str]] = []
        """When it is to look, in the clock's seconds, and for which campaign."""
        self._at_work: Counter[str] = Counter()
        self._next: set[str] = set()

    def asked(self, partitions: Collection[str]) -> None:
        """There are runs for them now. Where one is at work, the next begins when that has ended."""
        with self._changed:
            free = {one for one in partitions if not self._at_work[one]}
            self._next.update(set(partitions) - free)
            if self._at_work.total() + len(free) <= self._most:
                self._look(free, (0.0, *NOTED_SECONDS))

    def begins(self, partition: str) -> None:
        """A run of this worker."""
        with self._changed:
            self._at_work[partition] += 1
            self._looks = [look for look in self._looks if look[1] != partition]

    def ends(self, partition: str) -> None:
        """It makes way for the next of its campaign, or for one that waited for a place."""
        with self._changed:
            awaited = partition in self._next or self._at_work.total() >= self._places
            self._at_work -= Counter([partition])
            self._next.discard(partition)
            if awaited or self._with_peers:
                self._look([partition], NOTED_SECONDS)

    def _look(self, partitions: Collection[str], after: Collection[float]) -> None:
        if self.calm.is_set():
            self._looks += [(monotonic() + seconds, one) for one in partitions for seconds in after]
            self._changed.notify_all()

    def set(self) -> None:
        """End the loop."""
        super().set()
        with self._changed:
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is time to look, after `timeout` seconds at the latest; returns whether the loop is to end."""
        seconds = (inf if timeout is None else timeout) if self.calm.is_set() else STORM_SECONDS
        with self._changed:
            latest = monotonic() + seconds
            while not self.is_set() and (left := min([latest, *(at for at, _ in self._looks)]) - monotonic()) > 0:
                self._changed.wait(None if left == inf else left)
            now = monotonic()
            self._looks = [look for look in self._looks if look[0] > now]
        return self.is_set()
