"""How fast deliveries get on disk: 32 callers in a closed loop, `synchronous=FULL`.

Run as `python tests/bench/bench_inbox.py`.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.store.engine import make_engine
from service.store.mailbox import Mailbox, Received
from service.store.migrating import upgrade

BODY = b"x" * 2800


@dataclass(frozen=True, slots=True)
class Rate:
    """What was measured."""

    per_second: float
    p50_ms: float
    p99_ms: float


def measure(url: str, *, callers: int = 32, each: int = 250) -> Rate:
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
    return Rate(callers * each / seconds, _quantile(times, 0.5) * 1000, _quantile(times, 0.99) * 1000)


def _quantile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def main() -> None:
    """Print one line."""
    with tempfile.TemporaryDirectory() as folder:
        rate = measure(f"sqlite:///{Path(folder)}/bench.db")
    print(f"{rate.per_second:,.0f} deliveries/s on disk, p50 {rate.p50_ms:.1f} ms, p99 {rate.p99_ms:.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main()
