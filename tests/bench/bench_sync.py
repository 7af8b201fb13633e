"""A person ticks a subtask: how long until the request says so, with the read and the write at 80 ms each between."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

from tests.bench.figures import Figure, quantile
from tests.bench.installation import LATENCY, Installation
from tests.bench.sites import Child, Remote, wait_until


def measure(home: Installation, *, ticks: int = 60, size: int = 40) -> Iterator[Figure]:
    """Each tick waits until the one before has been answered, echoes included, and a random while more."""
    for site in home.sites:
        took = []
        for _ in range(-(-ticks // size)):
            request = site.launched(size)
            children = site.children(request)[: ticks - len(took)]
            took += [_tick(site, child) for child in children]
        yield _figure(site, took)


def _tick(site: Remote, child: Child) -> float:
    """Seconds from the click to the answer of the write that tells of it."""
    before, begun = site.answered(), time.monotonic()
    site.ask("complete", child=child.id)
    wait_until(lambda: _told(site, before), 10, every=0.02)
    [at, *_] = _told(site, before)
    site.settle(0.15)
    time.sleep(random.uniform(0, 0.1))
    return at - begun


def _told(site: Remote, since: int) -> list[float]:
    """When the comment on the request was rewritten."""
    paths = ("/comment/", "/stories/")
    return [call.at for call in site.calls(since) if call.method == "PUT" and any(path in call.path for path in paths)]


def _figure(site: Remote, took: Sequence[float]) -> Figure:
    p50, p99 = (quantile(took, part) * 1000 for part in (0.5, 0.99))
    return Figure(
        f"{site.tracker}: subtask done to request updated, from the person's click",
        f"p50 {p50:.0f}, p99 {p99:.0f} ms",
        "p99 ≤ 300 ms",
        p99 <= 300,
        f"{len(took)} ticks; a read and a write alone take {2 * LATENCY * 1000:.0f} ms",
    )
