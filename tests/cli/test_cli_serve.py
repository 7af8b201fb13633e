"""`tminus serve` as a real process: how it ends."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.demo.installation import TMINUS, Installation, set_up
from service.environment import without_ours
from tests.house import free_port


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Settings that can be served; nothing asks the trackers anything."""
    return set_up(tmp_path, JiraSimulator(port=9), AsanaSimulator(port=9))


def workers(installation: Installation) -> int:
    """How many say that they are at work."""
    database = sqlite3.connect(installation.folder / "tminus.db")
    try:
        [(count,)] = database.execute("select count(*) from worker")
    finally:
        database.close()
    return int(count)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_service_takes_leave_when_it_is_told_to_end(installation: Installation, end: signal.Signals) -> None:
    """Ctrl-C and a container's stop alike: status 0, no traceback, and no worker that peers would wait for."""
    with installation.serving() as process:
        deadline = time.monotonic() + 60
        while not (installation.ready() and workers(installation)):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(end)
        assert process.wait(timeout=30) == 0
    assert workers(installation) == 0
    log = installation.log.read_text()
    assert "Traceback" not in log
    assert {datetime.fromisoformat(json.loads(line)["at"]).tzname() for line in log.splitlines()} == {"UTC"}


def test_a_taken_port_is_a_sentence(installation: Installation) -> None:
    """It is told with a remedy and status 2, not in the log alone."""
    port = urlsplit(installation.url).port
    with socket.create_server(("127.0.0.1", port or 0)), installation.serving() as process:
        assert process.wait(timeout=60) == 2
    told = installation.log.read_text()
    assert f"nothing can listen on port {port} of 127.0.0.1: Address already in use\n    end what" in told
    assert "Traceback" not in told


def test_a_worker_tells_of_itself_where_it_is_asked_to(installation: Installation) -> None:
    """On a port of its own: its health, and to those with a token its calls and runs, but nobody else's."""
    port, token = free_port(), "a-token-of-the-tests"
    command = [TMINUS, "work", "--metrics-port", str(port)]
    environment = without_ours() | {"TMINUS_API_TOKENS": token}
    with (
        installation.log.open("wb") as log,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=installation.folder, env=environment) as process,
    ):
        try:
            _until_it_answers(client, process)
            assert client.get("/readyz").json()["workers"] == 1
            assert client.get("/metrics").status_code == 401
            figures = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
    assert "# TYPE tminus_runs_finished_total counter" in figures
    assert "tminus_deliveries" not in figures
    assert workers(installation) == 0


def _until_it_answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            client.get("/healthz").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("it never answered")
