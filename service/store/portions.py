"""Many names, a portion at a time: databases limit how many one statement may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1_000


def portions(names: Sequence[T], at_once: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """All of them in order, at most so many at a time."""
    for start in range(0, len(names), at_once):
        yield names[start : start + at_once]
