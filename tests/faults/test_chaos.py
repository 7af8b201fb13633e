"""Days of trouble in processes, trackers and people's heads: in the end everything stands as promised, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from connectors.jira.simulator import JiraSimulator
from service.store.secrets import new_key
from tests.faults.asked import Asked
from tests.faults.chaos import Chaos, ChaosError, chaos
from tests.faults.sites import IMPORT, AtJira

SEED = 20261123
NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the environment of a service."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("ASANA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())


@pytest.fixture
def jira() -> Iterator[AtJira]:
    """A site at which nobody works but people."""
    with JiraSimulator() as simulator:
        yield AtJira(simulator)


def survive(folder: Path, database: str, seed: int, days: int) -> Chaos:
    """So many days; a failure tells the seed with which `make chaos` replays them."""
    story: list[str] = []
    with chaos(folder, database, seed, story.append) as run:
        try:
            while run.days < days:
                run.day()
        except (ChaosError, AssertionError) as error:
            told = "\n".join(story)
            raise AssertionError(f"make chaos SEED={seed}\n{told}\n{error}") from error
    return run


def test_after_days_of_trouble_everything_stands_as_promised_once(tmp_path: Path, sqlite_url: str) -> None:
    """A service that is killed, trackers that fail and people who change their minds."""
    assert survive(tmp_path, sqlite_url, SEED, days=3).asked


@pytest.mark.long
@pytest.mark.postgres
def test_weeks_of_trouble_with_workers_that_die_and_freeze(tmp_path: Path, postgres_url: str) -> None:
    """Another schedule each time; two workers and a web side."""
    assert survive(tmp_path, postgres_url, Random().randrange(1_000_000), days=12).asked


def test_the_check_of_a_chaos_run_sees_what_is_missing_and_what_is_there_twice(jira: AtJira) -> None:
    """It asks the tracker and the template, and not the service."""
    request = jira.file(IMPORT, "Leads", None)
    asked = Asked(jira, request, IMPORT, "Leads", NOON, None)
    asked.wakes(jira.created_at(request))
    assert any("“Check the list” is missing" in problem for problem in asked.wrong())
    fields = {"parent": request, "duedate": date(2026, 12, 1)}
    for _ in range(2):
        jira.simulator.file_request("Sub-task", "Check the list", fields)
    assert any("“Check the list” stands there 2 times" in problem for problem in asked.wrong())
