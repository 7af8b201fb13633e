"""Every test here runs once for each installed connector, and none of them may log a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors import retrying
from tests.contract.scene import CONNECTORS, Scene, opened

TOYS = ("httpcore", "uvicorn", "asyncio")
"""Loggers that the simulators in this process use, too."""


@pytest.fixture(scope="session", params=CONNECTORS, ids=lambda connector: connector.name)
def site(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """One site for each connector; tests file requests of their own and do not break it."""
    with opened(request.param) as scene:
        yield scene


@pytest.fixture
def scene(site: Scene, quiet: None) -> Iterator[Scene]:
    """The common site, without faults, and with nothing in its log."""
    site.stage.simulator.log.clear()
    yield site
    site.calm()
    site.stage.simulator.clock.offset = timedelta()


@pytest.fixture(params=CONNECTORS, ids=lambda connector: connector.name)
def own_site(request: pytest.FixtureRequest, quiet: None) -> Iterator[Scene]:
    """A fresh site, for a test that breaks it."""
    with opened(request.param) as scene:
        yield scene


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between repetitions are real and short."""
    monkeypatch.setattr(retrying, "_backoff", lambda _: 0.005)


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Everything is logged, and nobody's token is in it."""
    with caplog.at_level(logging.DEBUG):
        yield
    told = [f"{record.name}: {record.__dict__}" for record in caplog.records if not record.name.startswith(TOYS)]
    assert [line for line in told if "sim-token" in line] == []
