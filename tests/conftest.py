"""Databases for tests: SQLite files, and a real PostgreSQL that is started once and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from service.store.engine import make_engine
from service.store.migrating import upgrade
from tests.postgres import PostgresServer, start_server

# `make test` tries the same examples each time; `make test-long` tries ever new ones.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")

_numbers = count()
EACH_DATABASE = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole session, with a migrated database `migrated` to copy."""
    with start_server() as server:
        engine = make_engine(server.create("migrated"))
        upgrade(engine)
        engine.dispose()
        yield server


@pytest.fixture(params=EACH_DATABASE)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, on each kind of database in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    yield from _postgres_database(request, "template0")


@pytest.fixture(params=EACH_DATABASE)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of its own, on each kind of database in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    yield from _postgres_database(request, "migrated")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A migrated SQLite file, for tests of which the database is not the point."""
    url = f"sqlite:///{tmp_path}/tminus.db"
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated PostgreSQL database of its own; mark the test `postgres`."""
    yield from _postgres_database(request, "migrated")


@pytest.fixture
def store_engine(database_url: str) -> Iterator[sa.Engine]:
    """The engine on a migrated database, on each kind of database in turn."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


def _postgres_database(request: pytest.FixtureRequest, template: str) -> Iterator[str]:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"test_{next(_numbers)}"
    yield server.create(name, template)
    server.drop(name)
