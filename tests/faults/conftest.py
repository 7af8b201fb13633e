"""One installation for each file of tests, with short pauses between attempts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors import retrying
from service import looking
from service.store.engine import make_engine
from service.store.migrating import upgrade
from tests.faults.desks import DESKS, Desk
from tests.house import House, house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Everything started and connected, on SQLite."""
    folder = tmp_path_factory.mktemp("house")
    url = f"sqlite:///{folder}/tminus.db"
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(looking, "_pause", lambda _: 0.1)
        monkeypatch.setattr(retrying, "_backoff", lambda _: 0.005)
        with house(folder, url, monkeypatch) as found:
            yield found


@pytest.fixture
def desks(home: House) -> Iterator[list[Desk]]:
    """Every tracker at once, without faults and with nothing parked from before."""
    found = [Desk(home, name) for name in DESKS]
    yield found
    for desk in found:
        desk.calm()
    home.quiet()
