"""Campaigns on a terminal: the list, and one with its tasks and its story."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from service.core import decide
from service.core.merge import LinkView
from service.core.plan import Plan
from service.runtime import Runtime
from service.store import campaigns, ledger, links
from service.store.engine import reading
from service.store.tables import Campaign


def show_all(runtime: Runtime) -> None:
    """Newest first."""
    table = Table(box=None, pad_edge=False)
    for heading in ("request", "title", "template", "state", "done", "where"):
        table.add_column(heading)
    with reading(runtime.engine) as session:
        for campaign in campaigns.listing(session, limit=200):
            done = _done(campaign, links.views(session, campaign.id))
            table.add_row(
                campaign.request_label, campaign.title, campaign.template, campaign.state, done, campaign.request_url
            )
    Console().print(table)


def show_one(runtime: Runtime, name: str) -> bool:
    """By the request's label, task id or campaign id; False where there is none."""
    with reading(runtime.engine) as session:
        campaign = campaigns.named(session, name)
        if campaign is None:
            return False
        known = links.views(session, campaign.id)
        story = ledger.of_campaign(session, campaign.id)
    console = Console()
    console.print(f"[bold]{campaign.request_label}[/] {campaign.title} ({campaign.state}) {campaign.request_url}")
    if campaign.plan:
        console.print(plan_table(Plan.from_dict(campaign.plan), known))
    for line in story:
        console.print(f"{line.at:%d %b %H:%M:%S}  {line.sentence}", highlight=False)
    return True


def plan_table(plan: Plan, known: dict[str, LinkView]) -> Table:
    """Plan beside reality: one row for each task."""
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "where", "party", "owner", "start", "due", "waits for", "status"):
        table.add_column(heading)
    for task in plan.tasks:
        link = known.get(task.key)
        owner = link.task.owner.name if link and link.task and link.task.owner else task.owner
        pinned = " (pinned)" if link and link.pinned_on else ""
        status = str(link.status) if link else "not made yet"
        table.add_row(
            task.title,
            link.label if link else "",
            task.party,
            owner,
            f"{task.start_on:%d %b}",
            f"{task.due_on:%a %d %b}{pinned}",
            ", ".join(task.depends_on),
            status,
        )
    return table


def _done(campaign: Campaign, known: dict[str, LinkView]) -> str:
    if not campaign.plan:
        return ""
    done, total = decide.progress(Plan.from_dict(campaign.plan), known)
    return f"{done}/{total}"
