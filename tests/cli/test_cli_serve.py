"""`tminus serve` as a real process: how it ends."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.demo.installation import Installation, set_up


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
    assert "Traceback" not in installation.log.read_text()


def test_a_taken_port_is_a_sentence(installation: Installation) -> None:
    """It is told with a remedy and status 2, not in the log alone."""
    port = urlsplit(installation.url).port
    with socket.create_server(("127.0.0.1", port or 0)), installation.serving() as process:
        assert process.wait(timeout=60) == 2
    told = installation.log.read_text()
    assert f"nothing can listen on port {port} of 127.0.0.1: Address already in use\n    end what" in told
    assert "Traceback" not in told
