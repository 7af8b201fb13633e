"""A database that is there, but not for us: a sentence with the remedy, whatever the command."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from service.cli import app
from service.store.secrets import new_key
from tests.desk import CONFIG
from tests.postgres import PostgresServer


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They name no database; nobody is called."""
    (tmp_path / "tminus.yaml").write_text(CONFIG.format(folder=tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("closing", "remedy"),
    [
        ("REVOKE CREATE ON SCHEMA public FROM public", "make this user the owner of the database"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "name the server that does"),
    ],
)
def test_a_database_that_lets_us_write_nothing(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch, closing: str, remedy: str
) -> None:
    """Another user owns it, or it is a standby."""
    name = f"closed_{abs(hash(closing)) % 10_000}"
    url = postgres_server.create(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(closing.format(name=name))  # type: ignore[arg-type]  # it takes literals only
        connection.execute(f"CREATE ROLE {name} LOGIN")  # type: ignore[arg-type]
    monkeypatch.setenv("TMINUS_DATABASE_URL", url.replace("postgres@", f"{name}@"))
    told = CliRunner().invoke(app, ["campaigns"])
    assert told.exit_code == 2, told.output
    assert f"/{name}?" in told.output
    assert "cannot be used: " in told.output
    assert told.output.endswith(f"{remedy}\n")
    postgres_server.drop(name)
