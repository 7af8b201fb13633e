"""The engine's loop is woken by whoever asks for a run, except where that would be unfair or in the way."""

from __future__ import annotations

import threading

from service.bell import FEW, ONCE_MORE_SECONDS, STORM_SECONDS, Bell

USUAL = 0.1


class Sleep(threading.Event):
    """Writes down for how long somebody would have slept."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return self.is_set()


def bell(*, alone: bool = True) -> tuple[Bell, Sleep]:
    """With what it sleeps on."""
    made, sleep = Bell(alone=alone), Sleep()
    made._rung = sleep
    return made, sleep


def test_whoever_asks_for_a_run_wakes_the_loop_which_then_looks_once_more_soon() -> None:
    """The run that has just ended may not be noted yet at the first look."""
    made, sleep = bell()
    made.ring(1)
    assert sleep.is_set()
    for _ in range(3):
        assert not made.wait(USUAL)
    assert sleep.seconds == [USUAL, ONCE_MORE_SECONDS, USUAL]


def test_in_a_storm_nobody_wakes_the_loop_and_it_sleeps_longer() -> None:
    """Storing deliveries goes first."""
    made, sleep = bell()
    made.calm.clear()
    made.ring(1)
    assert not sleep.is_set()
    assert not made.wait(USUAL)
    made.calm.set()
    made.ring(1)
    assert sleep.is_set()
    assert sleep.seconds == [STORM_SECONDS]


def test_of_many_runs_a_worker_with_peers_leaves_them_their_share() -> None:
    """It would take them all before its peers look."""
    made, sleep = bell(alone=False)
    made.ring(FEW + 1)
    assert not sleep.is_set()
    made.ring(FEW)
    assert sleep.is_set()
    lonely, sleep = bell()
    lonely.ring(FEW + 1)
    assert sleep.is_set()


def test_the_end_wakes_the_loop_whatever_the_weather() -> None:
    """A service that is told to stop stops."""
    made = Bell()
    made.calm.clear()
    made.set()
    assert made.wait()
