"""What all processes that call with one token tell each other, and for whose sake a call is made. No I/O here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from connectors.limiting import Limiter, Limits, Rate

Purpose = Literal["launch", "sync", "sweep", "other"]
"""Somebody waits for their plan; keeping in step; catching up, for which nobody waits; commands of people."""

purpose: ContextVar[Purpose] = ContextVar("purpose", default="other")
"""Of the work at hand; set by whoever starts it."""

LEASE_SECONDS = 2.0
"""How long a right to call that was taken from the others may be kept before it is used."""


@contextmanager
def working_for(whom: Purpose) -> Iterator[None]:
    """Every call inside the block is made for this purpose."""
    token = purpose.set(whom)
    try:
        yield
    finally:
        purpose.reset(token)


class Shared(Protocol):
    """One for each token in each process. Safe to call from several threads; never raises."""

    def limiter(self, limits: Limits) -> Limiter:
        """The one of this token in this process, made when first asked for."""
        ...

    def peers(self) -> int:
        """Processes that call with this token, this one included."""
        ...

    def paused(self) -> float:
        """Seconds for which the vendor told any of them to wait."""
        ...

    def pause(self, seconds: float) -> None:
        """The vendor told us to wait: so do the others."""
        ...

    def lease(self, rate: Rate, calls: int) -> float | None:
        """Take the right to so many calls under a rate that all processes share; seconds until they may start.

        They are to be made within `LEASE_SECONDS` of that. None: nobody else calls, our own count is enough.
        """
        ...

    def count(self, whom: Purpose, status: int | None) -> None:
        """One call was answered with this status; None: it was not answered."""
        ...
