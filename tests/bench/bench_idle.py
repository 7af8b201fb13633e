"""How soon it is ready, and what it holds while nothing happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from tests.bench.figures import Figure
from tests.bench.installation import Installation


def measure(home: Installation, *, starts: int = 3, idle_seconds: float = 3) -> Iterator[Figure]:
    """Starts on a database that is there already; memory after a warm-up in both trackers and a while of nothing."""
    home.warm()
    time.sleep(idle_seconds)
    used = home.memory()
    took, fresh = [], []
    for _ in range(starts):
        home.stop()
        took.append(home.start())
        time.sleep(idle_seconds / starts)
        fresh.append(home.memory())
    yield Figure("idle memory", f"{used:.0f} MB", "≤ 120 MB", used <= 120, f"{median(fresh):.0f} MB just started")
    seconds = median(took)
    yield Figure("start to ready", f"{seconds:.2f} s", "≤ 2 s", seconds <= 2, f"slowest of {starts}: {max(took):.2f} s")
