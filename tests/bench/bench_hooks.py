"""A webhook is on disk before it is answered: how soon, and how many a second, beside a FastAPI that stores nothing."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.bench import load
from tests.bench.figures import Figure
from tests.bench.installation import Installation, free_port
from tests.bench.sites import wait_until


def measure(home: Installation, *, count: int = 8_000, calm: int = 400) -> Iterator[Figure]:
    """First twenty a second, then 32 callers as fast as they are answered; the worker works meanwhile.

    All tell of subtasks of one campaign, as when somebody edits them in bulk.
    """
    request = home.jira.launched(40)
    issues = home.jira.ask("ids", requests=[child.id for child in home.jira.children(request)])
    [(target, secret)] = home.jira.ask("secrets")
    slow = load.open_loop(target, secret, issues, rate=20, count=calm)
    yield Figure(
        "webhook on disk and answered, 20 a second",
        f"p50 {slow.p50_ms:.1f}, p99 {slow.p99_ms:.1f} ms",
        "p99 ≤ 15 ms",
        slow.p99_ms <= 15 and slow.stored == calm,
        f"{slow.stored} of {calm} stored",
    )
    with _bare() as address:
        bare = load.closed_loop(address, secret, issues, callers=32, count=count)
    fast = load.closed_loop(target, secret, issues, callers=32, count=count)
    yield Figure(
        "webhooks on disk, closed loop of 32",
        f"{fast.per_second:,.0f}/s, p99 {fast.p99_ms:.0f} ms",
        "≥ 1,500/s, p99 ≤ 40 ms",
        fast.per_second >= 1_500 and fast.p99_ms <= 40 and fast.stored == count,
        f"{fast.stored:,} of {count:,} stored; bare FastAPI, nothing stored: {bare.per_second:,.0f}/s, "
        f"p99 {bare.p99_ms:.0f} ms; ratio {fast.per_second / bare.per_second:.2f}",
    )
    begun = time.monotonic()
    home.settle()
    seconds = time.monotonic() - begun
    yield Figure("those webhooks worked off", f"{seconds:.1f} s later", "told for comparison", True, "")


@contextmanager
def _bare() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port)])
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), 20)
        yield f"http://127.0.0.1:{port}/hooks/bare"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=1):
        return True
    return False
