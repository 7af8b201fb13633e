"""Where tracing hooks in: a call is watched by nobody and carries nothing more, until somebody sets `tracer`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Answered(Protocol):
    """What came of one HTTP attempt."""

    status: int | None


class Tracer(Protocol):
    """Safe to call from several threads; never raises."""

    def call(self, connection: str, method: str, url: str, seen: Answered) -> AbstractContextManager[object]:
        """Around one HTTP attempt; `seen` is filled in when it has been answered."""
        ...

    def headers(self) -> Mapping[str, str]:
        """What the next call carries, so that whoever answers can take part in the trace."""
        ...


class Nobody:
    """Watches nothing."""

    def call(self, connection: str, method: str, url: str, seen: Answered) -> AbstractContextManager[object]:  # noqa: ARG002
        return nullcontext()

    def headers(self) -> Mapping[str, str]:
        return {}


tracer: Tracer = Nobody()
