"""Requests in the queue, the service killed in the middle, started again: every plan whole, nothing twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.sites import Remote, wait_until


def measure(home: Installation, *, requests: int = 200, size: int = 4) -> Iterator[Figure]:
    """In Jira; half of the plans have been created when the service is killed."""
    site = home.jira
    before = site.answered()
    filed = site.file(size, requests)
    wait_until(lambda: _created(site, before) >= requests // 2, 120)
    home.stop(signal.SIGKILL)
    cut = sum(bool(site.children(request)) and not site.whole(request, size) for request in filed)
    begun = time.monotonic()
    home.start()
    wait_until(lambda: all(site.whole(request, size) for request in filed), 180, every=0.5)
    seconds = time.monotonic() - begun
    home.settle()
    whole = sum(site.whole(request, size) for request in filed)
    doubled = sum(len(site.children(request)) > size for request in filed)
    partial = requests - whole - doubled
    yield Figure(
        f"{requests} launches queued, kill -9 in the middle, restart",
        f"{whole} whole, {doubled} doubled, {partial} partial",
        f"{requests} whole, 0, 0",
        whole == requests,
        f"{cut} were cut half-way; all whole {seconds:.1f} s after the restart",
    )


def _created(site: Remote, since: int) -> int:
    return sum(call.path.endswith("/issue/bulk") for call in site.calls(since))
