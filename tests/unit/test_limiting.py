"""One limiter for each token: exact rates, one pause for all siblings, and launches before sweeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import RateLimited
from connectors.limiting import LONGEST_PAUSE, Limiter, Limits, Rate
from connectors.line import Line, seconds_used_up
from connectors.sharing import LEASE_SECONDS, Purpose, working_for

LIMITS = Limits(reads_in_flight=10, writes_in_flight=4, total=(Rate(10, 60),), by_method={"PUT": (Rate(4, 1),)})


@dataclass
class Clock:
    """Seconds that pass only when somebody sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@dataclass
class Others:
    """What the other processes tell."""

    clock: Clock
    others: int = 1
    told_to_wait: float = 0.0
    leases: list[int] = field(default_factory=list)
    wait: float | None = 0.0
    counted: list[tuple[Purpose, int | None]] = field(default_factory=list)

    def limiter(self, limits: Limits) -> Limiter:
        return Limiter(limits, shared=self, clock=self.clock.now, sleep=self.clock.sleep)

    def peers(self) -> int:
        return self.others

    def paused(self) -> float:
        return max(0.0, self.told_to_wait - self.clock.at)

    def pause(self, seconds: float) -> None:
        self.told_to_wait = self.clock.at + seconds

    def lease(self, rate: Rate, calls: int) -> float | None:  # noqa: ARG002
        self.leases.append(calls)
        return self.wait

    def count(self, whom: Purpose, status: int | None) -> None:
        self.counted.append((whom, status))


def call(limiter: Limiter, method: str = "GET", times: int = 1) -> None:
    """One after the other."""
    for _ in range(times):
        with limiter.slot(method):
            pass


def test_alone_the_rate_is_kept_to_the_second() -> None:
    """The eleventh of ten calls a minute starts a minute after the first."""
    clock = Clock()
    limiter = Limiter(LIMITS, clock=clock.now, sleep=clock.sleep)
    call(limiter, times=10)
    assert clock.at == 0
    call(limiter)
    assert clock.at == 60


def test_of_a_short_rate_each_peer_has_its_part() -> None:
    """Four PUTs a second are two for each of two processes."""
    clock = Clock()
    call(Others(clock, others=2).limiter(LIMITS), "PUT", times=3)
    assert clock.at == 1


def test_rights_to_call_are_taken_in_blocks_and_not_kept() -> None:
    """A block serves many calls; what is left of it after its time is given up."""
    clock = Clock()
    others = Others(clock)
    limiter = others.limiter(Limits(reads_in_flight=9, writes_in_flight=9, total=(Rate(500, 60),)))
    call(limiter, times=10)
    assert others.leases == [10]
    call(limiter)
    assert others.leases == [10, 10]
    clock.at += LEASE_SECONDS + 0.1
    call(limiter)
    assert others.leases == [10, 10, 10]


def test_who_has_to_wait_for_the_others_waits() -> None:
    """The database tells for how long."""
    clock = Clock()
    call(Others(clock, wait=7.0).limiter(LIMITS))
    assert clock.at == 7


def test_without_a_database_the_own_count_holds() -> None:
    """A database that does not answer neither stops calls nor lets too many out."""
    clock = Clock()
    call(Others(clock, wait=None).limiter(LIMITS), times=11)
    assert clock.at == 60


def test_a_pause_for_one_pauses_all() -> None:
    """Siblings in this process, and in others."""
    clock = Clock()
    others = Others(clock)
    limiter = others.limiter(LIMITS)
    limiter.pause(5)
    call(others.limiter(LIMITS))
    assert clock.at == 5


def test_a_long_pause_is_left_to_the_durable_engine() -> None:
    """A thread that sleeps for an hour would be missed elsewhere."""
    clock = Clock()
    limiter = Limiter(LIMITS, clock=clock.now, sleep=clock.sleep)
    limiter.pause(LONGEST_PAUSE + 1)
    with pytest.raises(RateLimited) as caught:
        call(limiter)
    assert caught.value.retry_after == LONGEST_PAUSE + 1
    assert clock.slept == []


def test_a_sweep_reads_only_when_nobody_waits() -> None:
    """Of many who come while all slots are taken, the launch goes first, whoever came first."""
    limiter = Limiter(Limits(reads_in_flight=1, writes_in_flight=1))
    order: list[str] = []
    arrived = threading.Semaphore(0)

    @contextmanager
    def running(whom: Purpose) -> Iterator[None]:
        def work() -> None:
            with working_for(whom):
                arrived.release()
                with limiter.slot("GET"):
                    order.append(whom)

        thread = threading.Thread(target=work)
        thread.start()
        arrived.acquire()
        yield
        thread.join(timeout=10)

    with limiter.slot("GET"):
        first = running("launch")
        first.__enter__()
        while not limiter.somebody_waits:
            pass
        second = running("sweep")
        second.__enter__()
        third = running("sync")
        third.__enter__()
    for each in (first, second, third):
        each.__exit__(None, None, None)
    assert sorted(order) == ["launch", "sweep", "sync"]
    assert order[-1] == "sweep" or order.index("launch") < order.index("sweep")


def test_an_answer_that_says_that_it_was_the_last_one_pauses_until_the_reset() -> None:
    """Jira tells before it refuses."""
    reset = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    assert 25 < seconds_used_up({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}) <= 30
    assert seconds_used_up({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": reset}) == 0
    assert seconds_used_up({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}) == 0
    others = Others(Clock())
    line = Line("jira", "http://x", LIMITS, lambda _: None, others)
    with working_for("launch"), line.observe("GET", "http://x/a") as seen:
        seen.status, seen.headers = 200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    assert others.counted == [("launch", 200)]
    assert others.told_to_wait > 25
