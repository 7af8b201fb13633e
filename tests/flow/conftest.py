"""A whole installation for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import House, house


@pytest.fixture
def at_home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """On SQLite, for tests of which the database is not the point."""
    with house(tmp_path, sqlite_url, monkeypatch) as found:
        yield found


@pytest.fixture
def on_each_database(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """On each kind of database in turn."""
    with house(tmp_path, database_url, monkeypatch) as found:
        yield found
