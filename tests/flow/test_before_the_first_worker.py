"""A new database on which nobody works yet: what is asked for waits for the first worker."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.bootstrap import make_runtime, working
from service.cli import app
from service.settings import load
from service.store.engine import is_sqlite, make_engine
from service.store.secrets import new_key
from tests.house import CONFIG

COLUMNS = "workflow_uuid TEXT PRIMARY KEY, status TEXT, queue_name TEXT, queue_partition_key TEXT"


def half_made(url: str, statement: str = f"CREATE TABLE {{table}} ({COLUMNS})") -> None:
    """The engine's table after its first steps."""
    engine = make_engine(url)
    with engine.begin() as connection:
        table = "workflow_status"
        if not is_sqlite(engine):
            connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS dbos"))
            table = f"dbos.{table}"
        connection.execute(sa.text(statement.format(table=table)))
    engine.dispose()


@pytest.mark.parametrize("begun", [False, True], ids=["no table of the engine", "a table that is not whole"])
def test_a_sweep_before_the_first_worker_is_not_lost(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """The command says what it found, and the worker begins with it; also where the first worker was killed while it
    made the engine's tables."""
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
        if begun:
            half_made(empty_database_url)
        assert tminus("sweep") == (0, "1 tasks will be looked at by the worker within a second or so\n")
        assert "workers: Something waits, and no worker has been heard of" in tminus("doctor")[1]

        if begun:
            half_made(empty_database_url, "DROP TABLE {table}")  # the rest of its steps is the engine's affair
        runtime = make_runtime(load(path))
        with working(runtime):
            deadline = time.monotonic() + 30
            while not jira.children(key):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        runtime.engine.dispose()
