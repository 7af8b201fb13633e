"""What a sweep costs: it has to grow with what changed, not with what there is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from service.store import campaigns
from service.store.engine import make_engine, transaction
from service.store.tables import Campaign, campaign_id
from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.sites import Call, Remote


def measure(home: Installation, *, quiet: int = 1_000, changed: int = 10) -> Iterator[Figure]:
    """First a look at a launched campaign, then sweeps beside more and more quiet ones, at last one with changes."""
    requests = {site.tracker: site.launched(40) for site in home.sites}
    while _writes(swept := _sweep(home)) or len(swept) > 4:
        pass  # what we wrote ourselves is a change, too
    few, looked = len(swept), _sweep(home, "--full")
    yield from _reconciled(looked, few)
    _seed(home, quiet)
    many = len(_sweep(home))
    yield Figure(
        f"sweep of both trackers, {quiet:,} unchanged campaigns in each",
        f"{many} calls",
        "as for a few",
        many <= few + quiet // 100,
        f"a few campaigns: {few} calls; by night a sweep looks at its share of them, too",
    )
    home.knobs(hook_lost=1.0)
    for site in home.sites:
        for child in site.children(requests[site.tracker])[:changed]:
            site.ask("complete", child=child.id)
    calls = _sweep(home)
    home.knobs(hook_lost=0.0)
    yield Figure(
        f"the same with {changed} finished subtasks of one campaign in each, no hook told of",
        f"{len(calls)} calls, {len(_writes(calls))} of them writes",
        "told for comparison",
        bool(_writes(calls)),
    )


def _reconciled(looked: list[Call], beside: int) -> Iterator[Figure]:
    """Both campaigns of 40 tasks and both that warmed up; a batch of reads is one."""
    writes = len(_writes(looked))
    reads = (len(looked) - writes - beside) / 4
    yield Figure(
        "reconcile of an unchanged campaign of 40 tasks",
        f"{reads:.1f} reads, {writes} writes",
        "≤ 2 reads, 0 writes",
        reads <= 2 and not writes,
    )


def _sweep(home: Installation, *options: str) -> list[Call]:
    """The calls that a sweep makes, and those of the runs that it asks for."""
    before = {site.tracker: site.answered() for site in home.sites}
    command = [*home.command("sweep"), *options]
    subprocess.run(command, env=dict(home.environment), check=True, capture_output=True)
    home.settle()
    return [call for site in home.sites for call in site.calls(before[site.tracker])]


def _writes(calls: list[Call]) -> list[Call]:
    reads = ("/bulkfetch", "/search/jql", "/batch")
    return [call for call in calls if call.method != "GET" and not call.path.endswith(reads)]


def _seed(home: Installation, count: int) -> None:
    """Campaigns that run, and of which nothing changes."""
    engine = make_engine(f"sqlite:///{home.folder}/tminus.db")
    with transaction(engine) as session:
        for site in home.sites:
            for number in range(count):
                campaigns.save(session, _campaign(site, f"99{number:06}"))
    engine.dispose()


def _campaign(site: Remote, request: str) -> Campaign:
    return Campaign(
        id=campaign_id(site.tracker, request),
        connection=site.tracker,
        request_task=request,
        request_label=request,
        request_url="",
        title=f"Quiet {request}",
        template="chain_4",
        template_version="1",
        state="running",
    )
