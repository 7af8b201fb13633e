"""What calls were made for, from counts by minute. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """Calls of one connection in one minute for one purpose."""

    connection: str
    minute: datetime
    purpose: str
    calls: int
    refused: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What one connection cost."""

    connection: str
    calls: int
    refused: int
    """Answered with 429."""
    peak: int
    """The most calls in one minute."""
    peak_at: datetime
    shares: tuple[tuple[str, float], ...]
    """Purpose and its part of the calls, the greatest first."""


def spent(counts: Iterable[Counted]) -> list[Spent]:
    """One for each connection, in alphabetical order."""
    by_connection: dict[str, list[Counted]] = defaultdict(list)
    for count in counts:
        by_connection[count.connection].append(count)
    return [_of(name, mine) for name, mine in sorted(by_connection.items())]


def _of(connection: str, counts: list[Counted]) -> Spent:
    minutes: Counter[datetime] = Counter()
    purposes: Counter[str] = Counter()
    for count in counts:
        minutes[count.minute] += count.calls
        purposes[count.purpose] += count.calls
    [(peak_at, peak)] = minutes.most_common(1)
    total = sum(minutes.values())
    shares = tuple((whom, calls / total) for whom, calls in purposes.most_common())
    return Spent(connection, total, sum(count.refused for count in counts), peak, peak_at, shares)
