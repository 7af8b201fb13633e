"""The right to go on working, which a worker loses by being silent for too long."""

from __future__ import annotations

import pytest

from connectors import fencing
from service.lease import Lease


def lease(seconds: float | None = 15.0) -> tuple[Lease, list[float]]:
    """With a clock that stands where the test sets it."""
    clock = [100.0]
    return Lease(seconds, lambda: clock[0]), clock


def test_work_goes_on_while_the_worker_gives_signs_of_life() -> None:
    """However long it takes."""
    mine, clock = lease()
    holds = mine.right()
    for at in (110.0, 120.0, 130.0):
        clock[0] = at
        assert holds()
        mine.renewed(at, taken_over=False)


def test_work_of_a_worker_that_slept_too_long_ends() -> None:
    """Even before it knows whether anybody has missed it."""
    mine, clock = lease()
    holds = mine.right()
    clock[0] = 115.0
    assert not holds()


def test_what_was_begun_before_a_takeover_ends_and_what_begins_after_it_goes_on() -> None:
    """A new sign of life does not bring back what a peer does by now."""
    mine, clock = lease()
    before = mine.right()
    clock[0] = 130.0
    mine.renewed(130.0, taken_over=True)
    assert (before(), mine.right()()) == (False, True)


def test_a_worker_without_peers_may_sleep_as_long_as_it_likes() -> None:
    """On SQLite there is nobody to take over."""
    mine, clock = lease(None)
    holds = mine.right()
    clock[0] = 1_000_000.0
    assert holds()


def test_losing_the_right_is_no_error_that_anybody_handles() -> None:
    """What comes after a failure, such as noting how far one came, is the peer's to do."""
    assert not issubclass(fencing.TakenOver, Exception)
    with fencing.working_while(lambda: False), pytest.raises(fencing.TakenOver):
        fencing.check()
    fencing.check()
