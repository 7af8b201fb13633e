"""A database whose disk is full, or that restarts: a clear status meanwhile, nothing lost afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa

from connectors.signing import sign
from service import looking
from service.replay import parked
from service.store import hooks
from service.store.engine import is_full, reading
from tests.house import House, house
from tests.postgres import PostgresServer

BODY_BYTES = 60_000
_numbers = count()


def ready(home: House) -> tuple[int, str]:
    """Status and words of `/readyz`."""
    answer = httpx.get(f"{home.url}/readyz", timeout=60)
    return answer.status_code, answer.json()["status"]


def deliver(home: House, body: bytes) -> httpx.Response:
    """One signed webhook call."""
    with reading(home.runtime.engine) as session:
        [hook] = hooks.of_connection(session, "jira")
        secret = hooks.secret_of(hook, home.runtime.vault)
    assert secret
    return httpx.post(
        hook.target, content=body, headers={"X-Hub-Signature": f"sha256={sign(secret, body)}"}, timeout=60
    )


def a_body() -> bytes:
    """A large one of a kind."""
    issue = {"id": str(900_000 + next(_numbers))}
    event = {"webhookEvent": "jira:issue_updated", "issue": issue, "padding": "x" * BODY_BYTES}
    return json.dumps(event).encode()


class Disk:
    """What a SQLite file may use of its disk."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._pages = engine, 0
        sa.event.listen(engine, "connect", self._limit)

    def fill(self) -> None:
        """No page more than there is now."""
        with self._engine.connect() as connection:
            self._pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        self._engine.dispose()

    def make_room(self) -> None:
        """As much as it likes."""
        self._pages = 2**30
        self._engine.dispose()

    def _limit(self, connection: Any, _record: object) -> None:
        if self._pages:
            connection.execute(f"PRAGMA max_page_count={self._pages}")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """An installation on a SQLite file."""
    with house(tmp_path, f"sqlite:///{tmp_path}/tminus.db", monkeypatch) as found:
        yield found


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer) -> Iterator[House]:
    """An installation on PostgreSQL."""
    name = f"trouble_{tmp_path.name}"
    with house(tmp_path, postgres_server.create(name, "migrated"), monkeypatch) as found:
        yield found
    postgres_server.drop(name)


def test_a_full_disk_refuses_deliveries_to_be_sent_again_and_says_so(small: House) -> None:
    """503 with Retry-After while it lasts; then the same delivery is taken, and what was missed is found."""
    disk = Disk(small.runtime.engine)
    disk.fill()
    refused = next((body, answer) for body in iter(a_body, None) if (answer := deliver(small, body)).status_code != 202)
    body, answer = refused
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    status, words = ready(small)
    assert status == 503
    assert "disk of the database is full" in words
    assert httpx.get(f"{small.url}/healthz").status_code == 200
    key = small.jira.file_request("List Import", "Filed meanwhile")
    disk.make_room()
    assert ready(small) == (200, "ok")
    assert deliver(small, body).status_code == 202
    small.sweep()
    small.running(key)
    assert small.jira.children(key)


@pytest.mark.postgres
def test_a_database_that_restarts_is_told_and_survived(large: House, postgres_server: PostgresServer) -> None:
    """Every connection is cut and none is let in; afterwards work goes on by itself."""
    name = str(large.runtime.engine.url.database)
    with psycopg.connect(postgres_server.url(), autocommit=True) as outside:
        outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert ready(large) == (503, "the database does not answer")
        assert httpx.get(f"{large.url}/healthz").status_code == 200
        key = large.jira.file_request("List Import", "Filed meanwhile")
        outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    large.until(lambda: ready(large) == (200, "ok"))
    large.sweep()
    large.running(key)
    assert large.jira.children(key)


@pytest.mark.postgres
def test_a_run_that_loses_its_database_for_a_moment_is_done_again(
    large: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks have just been created, and the database answers again before it could be parked for a person."""
    monkeypatch.setattr(looking, "_pause", lambda _: 0.1)
    cut: list[str] = []

    def cut_off(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if not cut and statement.startswith("INSERT INTO link"):
            cut.append(statement)
            backend = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
            with psycopg.connect(postgres, autocommit=True) as outside:
                outside.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])

    postgres = large.runtime.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    sa.event.listen(large.runtime.engine, "before_cursor_execute", cut_off)
    key = large.jira.file_request("List Import", "Cut off")
    large.until(lambda: cut)
    large.running(key)
    large.quiet()
    titles = [child.summary for child in large.jira.children(key)]
    assert len(titles) == len(set(titles)) > 0
    assert parked(large.runtime) == []


def test_a_file_that_was_moved_away_is_told(small: House, tmp_path: Path) -> None:
    """Open connections go on with it, so that everything seems well until the service ends."""
    file = tmp_path / "tminus.db"
    assert ready(small) == (200, "ok")
    file.rename(tmp_path / "elsewhere.db")
    status, words = ready(small)
    assert (status, words.partition(":")[0]) == (503, "the file of the database was moved or replaced")
    (tmp_path / "elsewhere.db").rename(file)
    assert ready(small) == (200, "ok")


def test_only_a_full_disk_is_called_one(tmp_path: Path) -> None:
    """Another mistake of a statement is none, nor is a database that is not there."""
    with sa.create_engine(f"sqlite:///{tmp_path}/a.db").connect() as connection:
        with pytest.raises(sa.exc.OperationalError) as mistake:
            connection.exec_driver_sql("SELECT * FROM nowhere")
        assert not is_full(mistake.value)
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("PRAGMA max_page_count=2")
        with pytest.raises(sa.exc.OperationalError) as full:
            connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(100000))")
        assert is_full(full.value)
    refused = psycopg.errors.DiskFull("no space left on device")
    assert is_full(sa.exc.OperationalError("INSERT", {}, refused))
    assert not is_full(psycopg.OperationalError("the connection is closed"))
