"""Workers on PostgreSQL: what a second one adds, and that one which is killed for good is missed by nobody."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg

from tests.bench.figures import Figure
from tests.bench.installation import Installation, installation
from tests.bench.sites import wait_until
from tests.postgres import start_server

PATIENCE_SECONDS = 300


def measure(*, launches: int = 60, killed: int = 200, size: int = 4, latency: float = 0.08) -> Iterator[Figure]:
    """Launches in Jira, filed while nobody works, so that every worker has its fill from the first moment on."""
    with ExitStack() as held:
        database = held.enter_context(start_server(durable=True)).create("bench")
        home = held.enter_context(installation(latency=latency, database=database))
        alone = _seconds(home, launches, size)
        home.work()
        wait_until(lambda: _at_work(database) == 2, 60)
        together = _seconds(home, launches, size)
        ratio = alone / together
        yield Figure(
            f"{launches} launches on PostgreSQL, two workers against one",
            f"{ratio:.2f} times as fast",
            "≥ 1.7 times",
            ratio >= 1.7,
            f"one worker {alone:.1f} s, two {together:.1f} s; simulators and database share the processor with them",
        )
        yield _without_one(home, killed, size)


def _seconds(home: Installation, launches: int, size: int) -> float:
    site, workers = home.jira, list(home.workers)
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    filed = site.file(size, launches)
    wait_until(lambda: not site.ask("busy"), PATIENCE_SECONDS)
    begun = time.monotonic()
    for worker in workers:
        worker.send_signal(signal.SIGCONT)
    wait_until(lambda: all(site.whole(request, size) for request in filed), PATIENCE_SECONDS, every=0.2)
    seconds = time.monotonic() - begun
    home.settle()
    return seconds


def _at_work(database: str) -> int:
    with psycopg.connect(database) as connection:
        [count] = connection.execute("SELECT count(*) FROM worker").fetchone() or [0]
    return int(count)


def _without_one(home: Installation, launches: int, size: int) -> Figure:
    site, doomed = home.jira, home.workers[0]
    filed = site.file(size, launches)
    wait_until(lambda: sum(bool(site.children(request)) for request in filed) >= launches // 4, PATIENCE_SECONDS)
    doomed.kill()
    doomed.wait(30)
    begun = time.monotonic()
    wait_until(lambda: all(site.whole(request, size) for request in filed), PATIENCE_SECONDS, every=0.5)
    seconds = time.monotonic() - begun
    home.settle()
    whole = sum(site.whole(request, size) for request in filed)
    doubled = sum(len(site.children(request)) > size for request in filed)
    return Figure(
        f"{launches} launches, one of two workers killed for good in the middle",
        f"{whole} whole, {doubled} doubled",
        f"{launches} whole, 0",
        (whole, doubled) == (launches, 0),
        f"all whole {seconds:.1f} s after its death; it is missed after 15 s",
    )
