"""Many names, a portion at a time: databases limit how many one statement may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1_000


def portions(names: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them in order, at most `AT_ONCE` at a time."""
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]
