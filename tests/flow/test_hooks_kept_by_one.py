"""Two workers look after the same hooks at the same moment: what is missing is made once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import Hook
from service import keeper
from service.bootstrap import make_runtime
from service.connect import connect
from service.settings import load
from tests.desk import NOW, memory_desk
from tests.memory_tracker import MemoryTracker


class SlowToAnswer(MemoryTracker):
    """Gives whoever else is there the time to ask the same; counts the hooks that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Sequence[str]] = []
        self.both_asked = threading.Barrier(2)

    def hooks(self) -> list[Hook]:
        found = super().hooks()
        with suppress(threading.BrokenBarrierError):  # nobody else asks at the moment, as it should be
            self.both_asked.wait(0.5)
        return found

    def add_hook(self, projects: Sequence[str], target: str, secret: str) -> Hook:
        self.made.append(projects)
        return super().add_hook(projects, target, secret)


def test_a_hook_that_is_gone_is_made_again_by_one_of_two_workers(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one finds that all is well."""
    monkeypatch.setenv("TMINUS_DATABASE_URL", database_url)
    tracker = SlowToAnswer()
    with memory_desk(tmp_path, monkeypatch) as desk:
        peer = make_runtime(load(tmp_path / "tminus.yaml"), now=lambda: NOW)
        workers = [replace(runtime, trackers={"memory": tracker}) for runtime in (desk.runtime, peer)]
        assert all(made.ok for made in connect(workers[0], "memory"))
        tracker.subscribed.clear()
        tracker.made.clear()
        tracker.both_asked.reset()
        with ThreadPoolExecutor(2) as pool:
            mended = list(pool.map(lambda worker: keeper.look_after(worker, "memory"), workers))
        peer.engine.dispose()
    assert sorted(mended) == [False, True]
    assert sorted(tracker.made) == [("P",), ("Q",)]
