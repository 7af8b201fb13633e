"""`python -m tests.bench`: every figure that we promise, in one table; exit status 1 where one is not met."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.bench import (
    bench_burst,
    bench_catalogue,
    bench_clocks,
    bench_crash,
    bench_hooks,
    bench_idle,
    bench_inbox,
    bench_large,
    bench_launch,
    bench_mirror,
    bench_plan,
    bench_sweep,
    bench_sync,
    bench_workers,
)
from tests.bench.figures import Figure, markdown, show
from tests.bench.installation import Installation, installation

AT_HOME: dict[str, Callable[[Installation], Iterable[Figure]]] = {
    "launch": bench_launch.measure,
    "burst": bench_burst.measure,
    "crash": bench_crash.measure,
    "hooks": bench_hooks.measure,
    "sync": bench_sync.measure,
    "mirror": bench_mirror.measure,
    "sweep": bench_sweep.measure,
    "idle": bench_idle.measure,
    "large": bench_large.measure,
}
"""Each has an installation of its own."""
ALONE: dict[str, Callable[[], Iterable[Figure]]] = {
    "plan": bench_plan.measure,
    "clocks": bench_clocks.measure,
    "catalogue": bench_catalogue.measure,
    "mailbox": bench_inbox.measure,
    "workers": bench_workers.measure,
}
"""Parts that need no installation, or one of another kind."""
NAMES = [*AT_HOME, *ALONE]


def run(names: Iterable[str]) -> Iterator[Figure]:
    """The figures of these, each as soon as it is measured."""
    for name in names:
        begun = time.monotonic()
        if name in ALONE:
            yield from ALONE[name]()
        else:
            try:
                with installation() as home:
                    yield from AT_HOME[name](home)
            except TimeoutError as error:
                yield Figure(name, str(error), "an end", met=False)
        _tell(f"{name}: {time.monotonic() - begun:.0f} s")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Measure, print, and tell whether all goals are met."""
    asked = argparse.ArgumentParser(prog="make bench", description=__doc__)
    asked.add_argument("--only", choices=NAMES, action="append", help="only this one; may be given several times")
    asked.add_argument("--markdown", type=Path, help="write the table to this file too")
    wishes = asked.parse_args()
    figures = []
    for figure in run(wishes.only or NAMES):
        figures.append(figure)
        _tell(f"{figure.what}: {figure.measured} (goal {figure.goal})")
    show(figures)
    if wishes.markdown:
        wishes.markdown.write_text(markdown(figures))
    return int(not all(figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
