"""A person ticks a subtask: how long until the request says so, with the read and the write at 80 ms each between."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence

from tests.bench.figures import Figure, quantile
from tests.bench.installation import LATENCY, Installation
from tests.bench.sites import Child, Remote, wait_until

TICKS = {12: 60, 40: 15}
"""By the tasks of a campaign. All of them wait for each other, so that each tick moves the dates of all that are left:
of campaigns of 40, some 40 calls a second, of which Asana allows 1,500 a minute."""


def measure(home: Installation, *, ticks: Mapping[int, int] = TICKS) -> Iterator[Figure]:
    """Each tick waits until the one before has been answered, echoes included, and a random while more."""
    home.tell_at_once()
    for site in home.sites:
        for size, count in ticks.items():
            took: list[float] = []
            while len(took) < count:
                request = site.launched(size)
                took += [_tick(site, child) for child in site.children(request)[: count - len(took)]]
            yield _figure(site, size, took)


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


def _figure(site: Remote, size: int, took: Sequence[float]) -> Figure:
    p50, p99 = (quantile(took, part) * 1000 for part in (0.5, 0.99))
    return Figure(
        f"{site.tracker}: subtask of {size} done to request updated, from the person's click",
        f"p50 {p50:.0f}, p99 {p99:.0f} ms",
        "p99 ≤ 300 ms",
        p99 <= 300,
        f"{len(took)} ticks; a read and a write alone take {2 * LATENCY * 1000:.0f} ms",
    )
