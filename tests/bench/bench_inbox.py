"""How fast the mailbox alone gets deliveries on disk: 32 callers in a closed loop, `synchronous=FULL`."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.store.engine import make_engine
from service.store.mailbox import Mailbox, Received
from service.store.migrating import upgrade
from tests.bench.figures import Figure, quantile

BODY = b"x" * 2800


@dataclass(frozen=True, slots=True)
class Rate:
    """What was measured."""

    per_second: float
    p50_ms: float
    p99_ms: float


def closed_loop(url: str, *, callers: int = 32, each: int = 250) -> Rate:
    """Every caller hands in `each` deliveries, one after the other; the database must be empty."""
    engine = make_engine(url)
    upgrade(engine)
    mailbox = Mailbox(engine, on_stored=lambda _session, _rows: None)
    times: list[float] = []

    def call(caller: int) -> None:
        mine = []
        for number in range(each):
            begun = time.perf_counter()
            mailbox.accept(Received(connection="jira", hook_id="hook", key=f"{caller}-{number}", body=BODY))
            mine.append(time.perf_counter() - begun)
        times.extend(mine)

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(callers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    mailbox.close()
    engine.dispose()
    return Rate(callers * each / seconds, quantile(times, 0.5) * 1000, quantile(times, 0.99) * 1000)


def measure() -> Iterator[Figure]:
    """On SQLite, no web server and no worker around it."""
    with tempfile.TemporaryDirectory() as folder:
        rate = closed_loop(f"sqlite:///{Path(folder)}/bench.db")
    told = f"{rate.per_second:,.0f}/s, p99 {rate.p99_ms:.0f} ms"
    met = rate.per_second >= 1_500 and rate.p99_ms <= 40
    yield Figure("deliveries on disk, the mailbox alone", told, "≥ 1,500/s, p99 ≤ 40 ms", met)
