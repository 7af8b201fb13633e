"""A calendar that changes under running campaigns: what differs and what would move is told, and nothing moves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.catalogue import Catalogue
from service.core.plan import Plan
from service.drift import Drift, drifts
from service.settings import STARTER_TEMPLATES
from tests.desk import Desk, memory_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One running list import, due on Monday 30 November 2026 because Thanksgiving and the day after are closed."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        memory_desk(tmp_path_factory.mktemp("desk"), monkeypatch) as found,
    ):
        found.imports()
        yield found


def after(desk: Desk, folder: Path, old: str, new: str) -> list[Drift]:
    """What is told once the calendars' file has been changed so."""
    shutil.copytree(STARTER_TEMPLATES, folder / "templates", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "templates" / "calendars.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return list(drifts(replace(desk.runtime, catalogue=Catalogue.load(folder / "templates"))))


def test_nothing_is_told_while_nothing_changed(desk: Desk) -> None:
    """The same file and the same library freeze the same days."""
    assert list(drifts(desk.runtime)) == []


def test_a_new_closed_day_is_told_with_what_it_would_move(desk: Desk, tmp_path: Path) -> None:
    """The Tuesday in the middle of the import is closed: what follows would be a day later, and is not moved."""
    before = desk.runtime.now(), len(desk.tracker.writes)
    (found,) = after(desk, tmp_path, "    add:\n", '    add:\n      "2026-11-24": Flood\n')
    assert found.days == ("Tue 24 Nov 2026 was open 09:00-17:00 and is closed (Flood)",)
    assert found.moves
    assert all(move.would_be > move.was for move in found.moves)
    assert (desk.runtime.now(), len(desk.tracker.writes)) == before
    (request,) = [task for task in desk.tracker.tasks if desk.tracker.tasks[task].title == "Leads"]
    planned = {task.title: task.due_on for task in Plan.from_dict(desk.campaign(request).plan or {}).tasks}
    assert all(planned[move.task] == move.was for move in found.moves)


def test_a_day_outside_the_plan_would_move_nothing(desk: Desk, tmp_path: Path) -> None:
    """A half day next summer differs, and no date depends on it."""
    half = '  exceptions:\n    "2027-07-02": ["09:00-13:00"]\n  cutoff: "17:00"'
    (found,) = after(desk, tmp_path, '  cutoff: "17:00"', half)
    assert found.days == ("Fri 2 Jul 2027 was open 09:00-17:00 and is open 09:00-13:00",)
    assert found.moves == ()


def test_a_calendar_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    """Its campaigns keep their frozen days; that nobody could freeze them today is said."""
    (found,) = after(desk, tmp_path, "us-mops:", "us-ops:")
    assert found.days == ("there is no usable calendar `us-mops` any more",)
