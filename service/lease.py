"""How long a worker may go on without a sign of life, before its peers take over what it holds."""

from __future__ import annotations

import time
from collections.abc import Callable


def awake() -> float:
    """Seconds of a clock that goes on while this process, or its machine, sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """Of one worker; safe from any thread, because each change is one assignment."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = awake) -> None:
        """None: nobody else can take anything over."""
        self._seconds, self._clock = seconds, clock
        self._renewed = clock()
        self._takeovers = 0

    def renewed(self, asked_at: float, *, taken_over: bool) -> None:
        """A sign of life has been committed, of which the writing began at `asked_at` by `now`.

        `taken_over`: the last one was gone, so what this worker had begun is a peer's by now.
        """
        self._takeovers += taken_over
        self._renewed = asked_at

    def now(self) -> float:
        """By its clock."""
        return self._clock()

    def right(self) -> Callable[[], bool]:
        """Whether work that begins now may still go on, to be asked at any later time."""
        begun_after = self._takeovers

        def holds() -> bool:
            lasts = self._seconds is None or self._clock() - self._renewed < self._seconds
            return lasts and begun_after == self._takeovers

        return holds
