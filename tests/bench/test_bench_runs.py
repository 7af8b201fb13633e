"""Every benchmark runs, with tiny sizes; what it measures is not judged here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.bench import (
    bench_burst,
    bench_catalogue,
    bench_crash,
    bench_hooks,
    bench_idle,
    bench_inbox,
    bench_large,
    bench_launch,
    bench_mirror,
    bench_sweep,
    bench_sync,
    bench_workers,
)
from tests.bench.figures import Figure, markdown
from tests.bench.installation import Installation, installation


@pytest.fixture(scope="module")
def home() -> Iterator[Installation]:
    """One for all of them; the trackers answer at once."""
    with installation(latency=0) as found:
        yield found


TINY: dict[str, Callable[[Installation], Iterable[Figure]]] = {
    "launch": lambda home: bench_launch.measure(home, sizes=(4,), rounds=1),
    "burst": lambda home: bench_burst.measure(home, launches=2, runs=[("jira", 4), ("asana", 4)]),
    "sync": lambda home: bench_sync.measure(home, ticks={4: 1}),
    "mirror": lambda home: bench_mirror.measure(home, rounds=1, ticks=2),
    "sweep": lambda home: bench_sweep.measure(home, quiet=20, changed=1),
    "hooks": lambda home: bench_hooks.measure(home, count=32, calm=2),
    "crash": lambda home: bench_crash.measure(home, requests=2),
    "large": lambda home: bench_large.measure(home, campaigns=4, rate=20, seconds=0.2),
    "idle": lambda home: bench_idle.measure(home, starts=1, idle_seconds=0),
}


LASTING = {"sweep", "crash", "large"}
"""Half a minute and more, however small."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LASTING else ()) for name in TINY]
)
def test_a_benchmark_of_the_installation_runs(home: Installation, name: str) -> None:
    """It ends with figures that can be printed."""
    figures = list(TINY[name](home))
    assert figures
    assert all(figure.measured in markdown([figure]) for figure in figures)


def test_the_benchmark_of_the_catalogue_runs() -> None:
    """Every copy of the starter pack loads."""
    (figure,) = bench_catalogue.measure(count=24)
    assert figure.what == "catalogue of 24 files"
    assert figure.compared.endswith("0 problems")


@pytest.mark.long
@pytest.mark.postgres
def test_the_benchmark_of_the_workers_runs() -> None:
    """It has a database server of its own."""
    figures = list(bench_workers.measure(launches=2, killed=4, latency=0.02))
    assert "4 whole, 0 doubled" in [figure.measured for figure in figures]


def test_the_benchmark_of_the_mailbox_runs(tmp_path: Path) -> None:
    """It counts what was stored."""
    assert bench_inbox.closed_loop(f"sqlite:///{tmp_path}/bench.db", callers=2, each=2).per_second > 0


def test_a_launch_in_the_simulators_is_whole_with_every_call_counted(home: Installation) -> None:
    """The counts do not depend on the machine, so they are judged here as well."""
    for figure in bench_launch.measure(home, sizes=(12,), rounds=1):
        if "calls" in figure.what:
            assert figure.met, figure
