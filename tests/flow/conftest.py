"""One installation for all tests of a module, on each kind of database in turn; each test files requests of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EACH_DATABASE
from tests.desk import Desk, memory_desk
from tests.house import House, house


@pytest.fixture(scope="module", params=EACH_DATABASE)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Started once for a module."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as monkeypatch:
        if request.param == "sqlite":
            with house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found:
                yield found
            return
        server = request.getfixturevalue("postgres_server")
        name = f"house_{folder.name}"
        with house(folder, server.create(name, "migrated"), monkeypatch) as found:
            yield found
        server.drop(name)


@pytest.fixture
def at_home(installation: House) -> Iterator[House]:
    """Every hook gets through at the start of a test, and everything is answered at its end."""
    yield installation
    for simulator in (installation.jira, installation.asana):
        simulator.knobs.hook_lost = 0.0
    installation.quiet()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An installation of which each run is started by hand."""
    with memory_desk(tmp_path, monkeypatch) as found:
        yield found
