"""Processes that die in the middle of launches: every campaign stands in the end, each task once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.bootstrap import make_runtime
from service.settings import load
from service.store import ledger
from service.store.engine import reading
from service.store.secrets import new_key
from tests.faults.processes import SILENT_SECONDS, TASKS, Installation, installation, subscribe

REQUESTS = 30
FREEZING = """
import os, signal, time
from pathlib import Path
import httpx
from service import cli, workflows
workflows.SILENT_SECONDS = {silent}
send = httpx.HTTPTransport.handle_request

def freeze(transport, request):
    if request.url.path.endswith("/issue/bulk") and Path({flag!r}).exists():
        Path({flag!r}).unlink()
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.2)  # not every thread stops at the very moment
    return send(transport, request)

httpx.HTTPTransport.handle_request = freeze
cli.app()
"""
"""Freezes once, after everything has been checked and before a create leaves."""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the environment of a service."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("ASANA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())


@pytest.fixture
def on_sqlite(tmp_path: Path, sqlite_url: str) -> Iterator[Installation]:
    """One process that serves and works."""
    with installation(tmp_path, sqlite_url) as found:
        yield found


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    """Workers of their own."""
    with installation(tmp_path, postgres_url) as found:
        yield found


def connect(home: Installation) -> None:
    """Hooks in both trackers."""
    runtime = make_runtime(load(home.folder / "tminus.yaml"))
    subscribe(runtime)
    runtime.engine.dispose()


def told(home: Installation, kind: str) -> list[str]:
    """What the ledger tells of a kind."""
    runtime = make_runtime(load(home.folder / "tminus.yaml"))
    with reading(runtime.engine) as session:
        found = [line.sentence for line in ledger.of_kind(session, kind)]
    runtime.engine.dispose()
    return found


def test_a_service_killed_in_the_middle_ends_what_it_began(on_sqlite: Installation) -> None:
    """All are filed, a third are launched, the rest lie in the queue or are under way."""
    home = on_sqlite
    service = home.serve()
    connect(home)
    keys = home.file(REQUESTS, latency=0.02)
    home.until(lambda: home.creates() >= REQUESTS // 3)
    home.kill(service)
    assert any(not home.whole(key) for key in keys)
    home.serve()
    home.settled(keys)
    assert home.wrong(keys) == {}


def test_a_service_told_to_end_in_the_middle_finishes_or_hands_back(on_sqlite: Installation) -> None:
    """It ends by itself with status 0; what it could not finish is done at the next start."""
    home = on_sqlite
    service = home.serve()
    connect(home)
    keys = home.file(REQUESTS, latency=0.1)
    home.until(home.creates)
    service.send_signal(signal.SIGTERM)
    assert service.wait(60) == 0
    home.serve()
    home.settled(keys)
    assert home.wrong(keys) == {}


def test_a_service_killed_between_a_create_and_its_answer_makes_nothing_twice(on_sqlite: Installation) -> None:
    """The calls have arrived and do their work after their caller is dead; the restarted service finds it done."""
    home = on_sqlite
    service = home.serve()
    connect(home)
    keys = home.file(REQUESTS, latency=0.4)
    home.until(home.creates)
    home.kill(service)
    assert not any(home.jira.children(key) for key in keys)
    home.until(lambda: home.jira.in_flight == 0)
    assert any(home.jira.children(key) for key in keys)
    home.jira.knobs.latency = 0.02
    home.serve()
    home.settled(keys)
    assert home.wrong(keys) == {}


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("moment", "requests"),
    [
        ("in the middle", REQUESTS),
        ("at its first call", REQUESTS),
        pytest.param("in the middle", 200, marks=pytest.mark.long),
    ],
)
def test_a_worker_killed_for_good_is_replaced_by_its_peer(
    on_postgres: Installation, moment: str, requests: int
) -> None:
    """Its runs are taken over once it has been silent for a while; nobody restarts it."""
    home = on_postgres
    home.serve("--no-work")
    connect(home)
    keys = home.file(requests, latency=0.3)
    calls = len(home.jira.arrived)
    doomed = home.start("work")
    home.until(home.creates if moment == "in the middle" else lambda: len(home.jira.arrived) > calls)
    home.kill(doomed)
    home.start("work")
    home.settled(keys, seconds=60 + requests)
    assert home.wrong(keys) == {}
    assert told(home, "takeover")


@pytest.mark.postgres
def test_a_worker_that_was_frozen_before_its_create_makes_nothing_twice(on_postgres: Installation) -> None:
    """It has looked and noted what it is about to make; a peer makes it all, and then the frozen one wakes up."""
    home = on_postgres
    home.serve("--no-work")
    connect(home)
    frozen = home.start("work")
    [key] = home.file(1, latency=0.3)
    home.until(lambda: any("createmeta" in call for call in home.jira.arrived))  # between the note and the create
    frozen.send_signal(signal.SIGSTOP)
    peer = home.start("work")
    home.settled([key])
    frozen.send_signal(signal.SIGCONT)
    home.kill(peer)
    [late] = home.file(1, latency=0.0)
    home.settled([key, late])
    assert home.wrong([key, late]) == {}


@pytest.mark.postgres
def test_a_worker_that_was_frozen_within_its_create_leaves_nothing_twice(tmp_path: Path, postgres_url: str) -> None:
    """It wakes up past the last check of its right, and makes everything once more; that is deleted."""
    flag = tmp_path / "freeze"
    with installation(tmp_path, postgres_url, program=FREEZING.format(silent=SILENT_SECONDS, flag=str(flag))) as home:
        home.serve("--no-work")
        connect(home)
        frozen = home.start("work")
        flag.touch()
        [key] = home.file(1, latency=0.1)
        home.until(lambda: not flag.exists())
        home.start("work")
        home.settled([key])
        frozen.send_signal(signal.SIGCONT)
        home.until(lambda: len(told(home, "double")) == TASKS)
        home.settled([key])
        assert (home.wrong([key]), home.creates()) == ({}, 2)
