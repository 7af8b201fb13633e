"""Ten thousand live campaigns in one SQLite file: webhooks are stored as soon as ever, and memory does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from service.store.engine import make_engine, transaction
from service.store.tables import Campaign, Link, new_id
from tests.bench import load
from tests.bench.figures import Figure
from tests.bench.installation import Installation

PLANS = (12, 40)
"""Copied in turn, so that there are 26 tasks for each campaign."""
AT_ONCE = 250


def measure(home: Installation, *, campaigns: int = 10_000, rate: float = 200, seconds: float = 20) -> Iterator[Figure]:
    """Copies of two launched campaigns, which nobody asks about, beside the one that the webhooks tell of."""
    requests = [home.jira.launched(size) for size in PLANS]
    home.stop()
    tasks = fill(f"sqlite:///{home.folder}/tminus.db", requests, campaigns)
    home.start()
    issues = home.jira.ask("ids", requests=[child.id for child in home.jira.children(requests[-1])])
    [(target, secret)] = home.jira.ask("secrets")
    count = int(rate * seconds)
    told = load.open_loop(target, secret, issues, rate=rate, count=count)
    what = f"{campaigns:,} live campaigns, {tasks:,} tasks"
    yield Figure(
        f"webhook on disk and answered, {rate:.0f} a second, beside {what}",
        f"p50 {told.p50_ms:.1f}, p99 {told.p99_ms:.1f} ms",
        "p99 ≤ 200 ms",
        told.p99_ms <= 200 and told.stored == count,
        f"{told.stored:,} of {count:,} stored",
    )
    home.settle()
    used = home.memory()
    yield Figure(f"memory beside {what}, after those webhooks", f"{used:.0f} MB", "≤ 600 MB", used <= 600)


def fill(database: str, requests: list[str], count: int) -> int:
    """So many copies of these requests' campaigns; returns how many tasks they have."""
    engine = make_engine(database)
    with transaction(engine) as session:
        patterns = [_pattern(session, request) for request in requests]
    tasks = 0
    for begin in range(0, count, AT_ONCE):
        campaigns, links = [], []
        for number in range(begin, min(begin + AT_ONCE, count)):
            campaign, its_links = patterns[number % len(patterns)]
            name = f"copy-{number}"
            campaigns.append(campaign | {"id": name, "request_task": name, "request_label": name, "container_id": name})
            for link in its_links:
                task = f"{name}-{link['key']}"
                links.append(link | {"id": new_id(), "campaign_id": name, "task_id": task, "label": task})
        tasks += len(links)
        with transaction(engine) as session:
            session.connection().execute(sa.insert(Campaign), campaigns)
            session.connection().execute(sa.insert(Link), links)
    engine.dispose()
    return tasks


def _pattern(session: Any, request: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    [campaign] = session.exec(select(Campaign).where(Campaign.request_label == request))
    links = session.exec(select(Link).where(Link.campaign_id == campaign.id))
    return campaign.model_dump(), [link.model_dump() for link in links]
