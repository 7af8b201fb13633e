"""The engine's loop is woken where a run can begin, except where that would be unfair or in the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service import bell
from service.bell import FEW, NOTED_SECONDS, STORM_SECONDS, Bell

SOON, LATE = NOTED_SECONDS
USUAL = 5.0


class Clock:
    """Stands still while somebody works, and goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def sleep(self, seconds: float | None = None) -> bool:
        """Nobody wakes the sleeper."""
        assert seconds is not None
        self.now += seconds
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The bell's."""
    found = Clock()
    monkeypatch.setattr(bell, "monotonic", lambda: found.now)
    return found


def made(clock: Clock, *, alone: bool = True, places: int = 8) -> Bell:
    """A bell on that clock."""
    found = Bell(places=places, alone=alone)
    found._changed.wait = clock.sleep  # type: ignore[method-assign, assignment]
    return found


def slept(bell: Bell, clock: Clock) -> float:
    """For how long the loop sleeps now."""
    before = clock.now
    assert not bell.wait(USUAL)
    return round(clock.now - before, 6)


def test_a_run_that_can_begin_is_looked_for_at_once_and_until_it_has_begun(clock: Clock) -> None:
    """What ran before it for the same campaign may not be noted as ended yet."""
    bell = made(clock)
    bell.asked(["jira:1"])
    assert [slept(bell, clock) for _ in range(3)] == [0, SOON, round(LATE - SOON, 6)]
    assert slept(bell, clock) == USUAL
    bell.asked(["jira:1"])
    assert slept(bell, clock) == 0
    bell.begins("jira:1")
    assert slept(bell, clock) == USUAL


def test_a_run_of_a_campaign_that_is_at_work_is_looked_for_when_that_has_ended(clock: Clock) -> None:
    """Before, it could not begin; and where none was asked for there is nothing to look for."""
    bell = made(clock)
    bell.begins("jira:1")
    bell.asked(["jira:1"])
    assert slept(bell, clock) == USUAL
    bell.ends("jira:1")
    assert slept(bell, clock) == SOON
    bell.begins("jira:1")
    bell.ends("jira:1")
    assert slept(bell, clock) == USUAL


def test_where_every_place_was_taken_the_next_run_is_looked_for_when_one_is_free(clock: Clock) -> None:
    """Whichever campaign it is of."""
    bell = made(clock, places=2)
    bell.begins("jira:1")
    bell.begins("jira:2")
    bell.ends("jira:1")
    assert slept(bell, clock) == SOON
    bell.wait(USUAL)
    bell.ends("jira:2")
    assert slept(bell, clock) == USUAL


def test_in_a_storm_nobody_wakes_the_loop(clock: Clock) -> None:
    """Storing deliveries goes first."""
    bell = made(clock)
    bell.calm.clear()
    bell.asked(["jira:1"])
    assert slept(bell, clock) == STORM_SECONDS
    bell.calm.set()
    assert slept(bell, clock) == USUAL


def test_of_many_runs_a_worker_with_peers_leaves_them_their_share(clock: Clock) -> None:
    """It would take them all before its peers look."""
    many = [f"jira:{number}" for number in range(FEW + 1)]
    bell = made(clock, alone=False)
    bell.asked(many)
    assert slept(bell, clock) == USUAL
    bell.asked(many[:FEW])
    assert slept(bell, clock) == 0
    lonely = made(clock)
    lonely.asked(many)
    assert slept(lonely, clock) == 0


def test_a_worker_with_peers_looks_after_each_run(clock: Clock) -> None:
    """The next run of the campaign may have been asked for in another process."""
    bell = made(clock, alone=False)
    bell.begins("jira:1")
    bell.ends("jira:1")
    assert slept(bell, clock) == SOON


def test_the_end_wakes_the_loop_whatever_the_weather() -> None:
    """A service that is told to stop stops."""
    bell = Bell(places=1)
    bell.calm.clear()
    bell.set()
    assert bell.wait()
