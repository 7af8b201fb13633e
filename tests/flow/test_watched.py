"""`/metrics` and `/readyz` tell true, cheaply, and every figure is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from service import workflows
from service.exposition import Metric, Sample, render
from service.metrics import Metrics
from service.store import inbox
from service.store.engine import make_engine, transaction
from service.store.tables import HookRow, Inbox
from tests.desk import NOW, Desk
from tests.house import House

TOKEN = "a-token-of-the-tests"
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
DOCUMENTED = re.compile(r"^\| `(tminus_\w+)` \| (\w+) \| (.*?) \|", re.MULTILINE)
PAGE = Path(__file__).parents[2] / "docs/reference/metrics.md"


@pytest.fixture(scope="module", autouse=True)
def _token() -> Iterator[None]:
    """The installation of this module answers to it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TMINUS_API_TOKENS", TOKEN)
        yield


def scrape(home: House) -> dict[str, float]:
    """Each sample as it stands in the answer, with its value."""
    answer = httpx.get(f"{home.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        f"{name}{{{labels}}}" if labels else name: float(value) for name, labels, value in SAMPLE.findall(answer.text)
    }


def ready(home: House) -> dict[str, object]:
    """What `/readyz` tells."""
    told: dict[str, object] = httpx.get(f"{home.url}/readyz").json()
    return told


def figures(metrics: Metrics) -> dict[str, Metric]:
    """By name."""
    return {metric.name: metric for metric in metrics.collect()}


def test_metrics_are_for_those_with_a_token(at_home: House) -> None:
    """They tell how busy a company is."""
    assert httpx.get(f"{at_home.url}/metrics").status_code == 401


def test_figures_follow_what_happens(at_home: House) -> None:
    """A request comes in: deliveries, calls, runs and campaigns are counted."""
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    workflows.sweep_now(at_home.runtime)
    at_home.quiet()
    told = scrape(at_home)
    assert told["tminus_database_up"] == 1
    assert told['tminus_campaigns{state="running"}'] >= 1
    assert told["tminus_workers"] == 1
    assert told['tminus_hooks{connection="jira",state="active"}'] == 1
    assert told['tminus_hook_quiet_seconds{connection="jira",project="MKT"}'] < 60
    assert told['tminus_sweep_age_seconds{connection="jira",project="MKT"}'] < 60
    assert told['tminus_template_version{template="webinar"}'] >= 1
    assert told['tminus_runs_finished_total{outcome="handled"}'] >= 1
    assert told['tminus_calls_total{connection="jira",method="GET",status="200"}'] >= 1
    assert told["tminus_delivery_lag_seconds"] == 0


def test_a_parked_delivery_is_seen_at_once(at_home: House) -> None:
    """In the metrics and by `/readyz`, which stays 200: the service does its job."""
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    before = scrape(at_home)['tminus_deliveries{state="parked"}']
    with transaction(at_home.runtime.engine) as session:
        inbox.park(session, at_home.deliveries()[-1].id, "the tracker said no")
    assert scrape(at_home)['tminus_deliveries{state="parked"}'] == before + 1
    told = ready(at_home)
    assert (told["status"], told["parked"], told["workers"]) == ("ok", before + 1, 1)


def test_every_metric_is_explained_with_its_kind_and_labels(at_home: House) -> None:
    """And nothing is explained that is not there."""
    at_home.running(at_home.jira.file_request("List Import", "Leads"))
    workflows.sweep_now(at_home.runtime)
    at_home.quiet()
    documented = {
        name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in DOCUMENTED.findall(PAGE.read_text())
    }
    served = {
        metric.name: (metric.kind, {label for sample in metric.samples for label in sample.labels})
        for metric in Metrics(at_home.runtime).collect()
    }
    assert served == documented


def test_the_oldest_delivery_that_waits_tells_the_lag(desk: Desk) -> None:
    """Nobody works here, so that it waits."""
    with transaction(desk.runtime.engine) as session:
        for minutes in (3, 20, 1):
            received = NOW - timedelta(minutes=minutes)
            session.add(Inbox(connection="memory", hook_id="h", key=str(minutes), body=b"", received_at=received))
    told = figures(Metrics(desk.runtime))
    assert told["tminus_delivery_lag_seconds"].samples == (Sample(1200.0),)
    assert Sample(3, {"state": "received"}) in told["tminus_deliveries"].samples
    assert told["tminus_workers"].samples == (Sample(0),)


def test_a_hook_that_does_not_work_as_it_should_is_troubled(desk: Desk) -> None:
    """It is counted apart from those that do."""
    with transaction(desk.runtime.engine) as session:
        session.add(HookRow(connection="memory", project="P", target="t", state="active", problem="503"))
        session.add(HookRow(connection="memory", project="Q", target="t", state="active"))
        session.add(HookRow(connection="memory", project="R", target="t", state="gone"))
    assert figures(Metrics(desk.runtime))["tminus_hooks"].samples == (
        Sample(1, {"connection": "memory", "state": "active"}),
        Sample(1, {"connection": "memory", "state": "troubled"}),
    )


def test_without_a_database_the_process_still_tells_of_itself(desk: Desk, tmp_path: Path) -> None:
    """An alarm on `tminus_database_up` needs a sample to go by."""
    gone = replace(desk.runtime, engine=make_engine(f"sqlite:///{tmp_path}/no/such/folder.db"))
    told = figures(Metrics(gone))
    assert told["tminus_database_up"].samples == (Sample(0.0),)
    assert "tminus_calls_total" in told
    assert "tminus_deliveries" not in told


def test_a_scrape_reads_no_large_table_from_end_to_end(desk: Desk) -> None:
    """Every statement on one is answered from an index."""
    statements: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    sa.event.listen(desk.runtime.engine, "before_cursor_execute", keep)
    Metrics(desk.runtime).collect()
    sa.event.remove(desk.runtime.engine, "before_cursor_execute", keep)
    assert len(statements) >= 8
    with desk.runtime.engine.connect() as connection:
        plans = [
            str(row[3])
            for statement, parameters in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    large = r"SCAN (inbox|change|campaign|link|ledger|event|seen)\b"
    assert [plan for plan in plans if re.match(large, plan) and "INDEX" not in plan] == []


def test_labels_are_written_so_that_prometheus_reads_them_back() -> None:
    """Quotes, backslashes and line ends are escaped; whole numbers have no fraction."""
    metric = Metric("m", "gauge", "Says.", (Sample(2.0, {"a": 'x"y\\z\n'}), Sample(0.5)))
    assert render([metric]) == '# HELP m Says.\n# TYPE m gauge\nm{a="x\\"y\\\\z\\n"} 2\nm 0.500000\n'
