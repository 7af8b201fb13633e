"""A new database on which nobody works yet: what is asked for waits for the first worker."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.bootstrap import make_runtime, working
from service.cli import app
from service.settings import load
from service.store.secrets import new_key
from tests.house import CONFIG


def test_a_sweep_before_the_first_worker_is_not_lost(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says what it found, and the worker begins with it."""
    for name in ("JIRA_TOKEN", "ASANA_TOKEN"):
        monkeypatch.setenv(name, "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    with JiraSimulator() as jira, AsanaSimulator() as asana:
        path = tmp_path / "tminus.yaml"
        where = {"jira": jira, "asana": asana, "team": next(iter(asana.site.teams)), "database": empty_database_url}
        path.write_text(CONFIG.format(**where, port=9, jira_container="subtasks", asana_container="subtasks", rules=""))
        key = jira.file_request("List Import", "Leads")

        def tminus(command: str) -> tuple[int, str]:
            told = CliRunner().invoke(app, [command, "--config", str(path)])
            return told.exit_code, told.output

        assert "migration(s)" in tminus("doctor")[1]
        assert tminus("sweep") == (0, "1 tasks will be looked at by the worker within a second or so\n")
        assert "workers: Something waits, and no worker has been heard of" in tminus("doctor")[1]

        runtime = make_runtime(load(path))
        with working(runtime):
            deadline = time.monotonic() + 30
            while not jira.children(key):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        runtime.engine.dispose()
