"""Two connections with one account, such as two Asana projects whose status fields differ: each keeps its hooks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service import doctor
from service.connect import connect
from service.disconnect import disconnect
from service.runtime import Runtime
from tests.desk import Desk


@pytest.fixture
def both(desk: Desk) -> Runtime:
    """Connections `memory` and `there`, which see the same list of hooks."""
    memory = desk.runtime.settings.connections["memory"]
    there = memory.model_copy(update={"settings": memory.settings.model_copy(update={"projects": ("R",)})})
    settings = desk.runtime.settings.model_copy(update={"connections": {"memory": memory, "there": there}})
    trackers, receivers = desk.runtime.trackers, desk.runtime.receivers
    return replace(
        desk.runtime,
        settings=settings,
        trackers={**trackers, "there": trackers["memory"]},
        receivers={**receivers, "there": receivers["memory"]},
    )


def projects(desk: Desk) -> list[str]:
    """Those that the tracker tells us of."""
    return sorted(project for hook in desk.tracker.hooks() for project in hook.projects)


def test_connecting_one_leaves_the_hooks_of_the_other(desk: Desk, both: Runtime) -> None:
    """They are ours as well, and no stale ones."""
    for name in ("memory", "there", "memory"):
        assert all(made.ok for made in connect(both, name))
    assert projects(desk) == ["P", "Q", "R"]
    assert not [found for found in doctor.examine(both) if "stale" in str(found)]


def test_disconnecting_one_leaves_the_hooks_of_the_other(desk: Desk, both: Runtime) -> None:
    """Only its own end."""
    for name in ("memory", "there"):
        list(connect(both, name))
    assert all(done.ok for done in disconnect(both, "there"))
    assert projects(desk) == ["P", "Q"]
