"""A PostgreSQL that is stopped and started again in the middle of launches: work goes on, and health tells true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.bootstrap import make_runtime
from service.settings import load
from service.store.secrets import new_key
from tests.faults.processes import Installation, installation, subscribe
from tests.postgres import PostgresServer, start_server

REQUESTS = 12


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of this test's own."""
    with start_server() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """One process that serves and works."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("ASANA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    with installation(tmp_path, server.create("restarted")) as found:
        yield found


def connect(home: Installation) -> None:
    """Hooks in both trackers."""
    runtime = make_runtime(load(home.folder / "tminus.yaml"))
    subscribe(runtime)
    runtime.engine.dispose()


def status(home: Installation, page: str) -> int:
    """What the service answers to whoever watches it."""
    return httpx.get(f"{home.url}/{page}", timeout=60).status_code


@pytest.mark.postgres
def test_a_database_that_is_restarted_in_the_middle_loses_nothing(home: Installation, server: PostgresServer) -> None:
    """Runs that it cut off are done again, and a request that is filed while it is away is not forgotten."""
    home.serve()
    connect(home)
    home.jira.knobs.hook_retry_seconds = 3.0  # the vendor's own retries take longer than a restart
    keys = home.file(REQUESTS, latency=0.2)
    home.until(lambda: home.creates() >= REQUESTS // 3)
    server.stop()
    home.until(lambda: status(home, "readyz") == 503)
    assert status(home, "healthz") == 200
    keys.append(home.jira.file_request("List Import", "Filed meanwhile"))
    server.start()
    home.until(lambda: status(home, "readyz") == 200)
    home.settled(keys)
    assert home.wrong(keys) == {}
