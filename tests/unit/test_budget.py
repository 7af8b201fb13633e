"""Processes that call with one token keep its limits together, and count for whom they called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa

from connectors.jira.settings import JiraSettings
from connectors.limiting import Limits, Rate
from service.budget import TokenBudget, budgets_of
from service.core.spending import Counted, spent
from service.store import budgets, workers
from service.store.engine import make_engine, reading, transaction

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RATE = Rate(100, 60)


@pytest.fixture
def shared(postgres_url: str) -> Iterator[sa.Engine]:
    """A database that several processes use."""
    engine = make_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.mark.postgres
def test_two_processes_stay_below_one_rate(shared: sa.Engine) -> None:
    """Together they take a hundred calls at once; whoever comes then waits until the minute is over."""
    waits: list[float] = []

    def take(budget: TokenBudget) -> None:
        for _ in range(6):
            wait = budget.lease(RATE, 10)
            assert wait is not None
            waits.append(wait)

    threads = [Thread(target=take, args=(TokenBudget(shared, "asana", "t"),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait < 1 for wait in waits) == 10
    assert all(wait > 50 for wait in sorted(waits)[10:])
    assert TokenBudget(shared, "asana", "another token").lease(RATE, 10) == 0


@pytest.mark.postgres
def test_a_pause_reaches_the_other_process(shared: sa.Engine) -> None:
    """And a shorter one does not shorten it."""
    one, other = TokenBudget(shared, "asana", "t"), TokenBudget(shared, "asana", "t")
    one.pause(30)
    one.pause(1)
    assert 25 < other.paused() <= 30
    assert TokenBudget(shared, "asana", "another token").paused() == 0


@pytest.mark.postgres
def test_peers_are_the_workers_that_live(shared: sa.Engine) -> None:
    """Each gives signs of life; who asks counts itself."""
    assert TokenBudget(shared, "asana", "t").peers() == 1
    with transaction(shared) as session:
        workers.beat(session, "a")
        workers.beat(session, "b")
    assert TokenBudget(shared, "asana", "t").peers() == 2


def test_on_sqlite_nobody_is_asked(sqlite_url: str) -> None:
    """There is one worker, and its own count is exact."""
    engine = make_engine(sqlite_url)
    budget = TokenBudget(engine, "asana", "t")
    budget.pause(30)
    assert (budget.lease(RATE, 10), budget.peers(), budget.paused()) == (None, 1, 0)
    engine.dispose()


def test_a_database_that_fails_stops_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """It is told in the log, in one line each time, and the own count goes on."""
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    budget = TokenBudget(engine, "asana", "t")
    assert (budget.lease(RATE, 10), budget.peers(), budget.paused()) == (None, 1, 0)
    assert {len(record.getMessage().splitlines()) for record in caplog.records} == {1}
    engine.dispose()


def test_calls_are_counted_by_minute_and_purpose(store_engine: sa.Engine) -> None:
    """Counts of several processes add up."""
    for _ in range(2):
        budget = TokenBudget(store_engine, "jira", "t", now=lambda: NOON + timedelta(seconds=30))
        for status in (200, 200, 429, None):
            budget.count("launch", status)
        budget.count("sweep", 200)
        budget.write_down()
        budget.write_down()
    with reading(store_engine) as session:
        rows = budgets.used(session, NOON)
    assert [(row.minute, row.purpose, row.calls, row.refused) for row in rows] == [
        (NOON, "launch", 8, 2),
        (NOON, "sweep", 2, 0),
    ]
    with transaction(store_engine) as session:
        budgets.discard(session, NOON + timedelta(days=1))
    with reading(store_engine) as session:
        assert budgets.used(session, NOON) == []


def test_connections_with_the_same_token_have_one_limiter(sqlite_url: str) -> None:
    """The vendor counts by token, not by what we call it."""
    engine = make_engine(sqlite_url)

    def settings(token: str) -> tuple[str, JiraSettings]:
        given = {"url": "https://x.example.com", "email": "a@example.com", "token": token, "projects": ["MKT"]}
        return "jira", JiraSettings.model_validate(given)

    found = budgets_of(engine, {"a": settings("one"), "b": settings("one"), "c": settings("two")})
    limits = Limits(reads_in_flight=1, writes_in_flight=1)
    assert found["a"].limiter(limits) is found["b"].limiter(limits)
    assert found["a"].limiter(limits) is not found["c"].limiter(limits)
    engine.dispose()


def test_a_report_tells_the_peak_and_the_shares() -> None:
    """For each connection; the greatest share first."""
    later = NOON + timedelta(minutes=1)
    [asana, jira] = spent(
        [
            Counted("jira", NOON, "launch", 30, 1),
            Counted("jira", NOON, "sync", 30, 0),
            Counted("jira", later, "sync", 40, 2),
            Counted("asana", NOON, "sweep", 5, 0),
        ]
    )
    assert (jira.calls, jira.refused, jira.peak, jira.peak_at) == (100, 3, 60, NOON)
    assert jira.shares == (("sync", 0.7), ("launch", 0.3))
    assert asana.shares == (("sweep", 1.0),)
