"""The right to work: whoever has lost it to a peer must not call any tracker any more.

A process can sleep for minutes between a look and the write that follows from it: a frozen container, a laptop that was
closed. Meanwhile a peer has done the work. So the right is checked at the last moment, before each single call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class TakenOver(BaseException):
    """This piece of work is over, here and now, as if the process had been killed.

    No `Exception`: whatever is done after a failure, such as writing down how far one came, is the peer's to do.
    """


_right: ContextVar[Callable[[], bool]] = ContextVar("right", default=lambda: True)


@contextmanager
def working_while(holds: Callable[[], bool]) -> Iterator[None]:
    """Everything inside goes on only for as long as this holds."""
    token = _right.set(holds)
    try:
        yield
    finally:
        _right.reset(token)


def check() -> None:
    """Raises `TakenOver` where the right is lost."""
    if not _right.get()():
        raise TakenOver
