"""A person ticks a task that stands in two trackers: how long until the other one shows it, at 80 ms a call."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.bench.figures import Figure, quantile
from tests.bench.installation import LATENCY, Installation
from tests.bench.sites import Child, Remote, wait_until

SIZE = 12


def measure(home: Installation, *, rounds: int = 3, ticks: int = 10) -> Iterator[Figure]:
    """Each tick waits until the one before has been answered, echoes included, and a random while more.

    One each way comes before them, so that the ways of Jira's workflow are remembered as its fields are.
    """
    home.tell_at_once()
    from_home: list[float] = []
    from_mirror: list[float] = []
    for number in range(rounds):
        at_home, mirrored = _launched(home, f"Mirrored {number}")
        if number == 0:
            _tick(home, home.jira, at_home[-1], home.asana, f"/tasks/{mirrored[-1].id}")
            _tick(home, home.asana, mirrored[-2], home.jira, "/transitions")
        for at in range(ticks):
            if at % 2:
                from_mirror.append(_tick(home, home.asana, mirrored[at], home.jira, "/transitions"))
            else:
                from_home.append(_tick(home, home.jira, at_home[at], home.asana, f"/tasks/{mirrored[at].id}"))
    yield _figure("jira: task done to its mirror updated", from_home)
    if from_mirror:
        yield _figure("asana: mirrored task done to home updated", from_mirror)


def _launched(home: Installation, title: str) -> tuple[list[Child], list[Child]]:
    """The tasks at home and in the mirror, in the order of the plan, with everything quiet."""
    request = home.jira.ask("file_mirrored", title=title)
    wait_until(lambda: home.asana.ask("named", title=title), 60)
    parent = home.asana.ask("named", title=title)
    wait_until(lambda: len(home.asana.children(parent)) == SIZE, 60)
    home.settle()
    return _in_order(home.jira, request), _in_order(home.asana, parent)


def _in_order(site: Remote, parent: str) -> list[Child]:
    return sorted(site.children(parent), key=lambda child: int(child.title.split()[-1]))


def _tick(home: Installation, here: Remote, child: Child, there: Remote, path: str) -> float:
    """Seconds from the click to the answer of the write to the other tracker."""

    def told() -> list[float]:
        writes = (call for call in there.calls(before) if call.method in ("PUT", "POST") and call.status < 300)
        return [call.at for call in writes if call.path.split("?")[0].endswith(path)]

    before, begun = there.answered(), time.monotonic()
    here.ask("complete", child=child.id)
    wait_until(told, 10, every=0.02)
    [at, *_] = told()
    home.settle()
    time.sleep(random.uniform(0, 0.1))
    return at - begun


def _figure(what: str, took: list[float]) -> Figure:
    p50, p99 = (quantile(took, part) * 1000 for part in (0.5, 0.99))
    return Figure(
        f"{what}, from the person's click",
        f"p50 {p50:.0f}, p99 {p99:.0f} ms",
        "p99 ≤ 300 ms",
        p99 <= 300,
        f"{len(took)} ticks; a read and a write alone take {2 * LATENCY * 1000:.0f} ms",
    )
