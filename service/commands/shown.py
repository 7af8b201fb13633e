"""Campaigns on a terminal: the list, and one with its tasks and its story."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.commitments import clocks_of
from service.core import decide
from service.core.details import clock_lines
from service.core.merge import LinkView
from service.core.plan import Plan
from service.runtime import Runtime
from service.store import campaigns, ledger, links, people
from service.store.engine import reading
from service.store.tables import Campaign

UNBROKEN = 1000
"""Columns where the output is no terminal: a program gets every row on one line."""


def show_all(runtime: Runtime) -> None:
    """Newest first."""
    table = _table("request", "title", "template", "state", "done", "where")
    with reading(runtime.engine) as session:
        for campaign in campaigns.listing(session, limit=200):
            done = _done(campaign, links.views(session, campaign.id))
            cells = (
                campaign.request_label,
                campaign.title,
                campaign.template,
                _state(campaign),
                done,
                campaign.request_url,
            )
            table.add_row(*map(Text, cells))
    _console().print(table)


def show_one(runtime: Runtime, name: str) -> bool:
    """By the request's label, task id or campaign id; False where there is none."""
    with reading(runtime.engine) as session:
        campaign = campaigns.named(session, name)
        if campaign is None:
            return False
        known = links.views(session, campaign.id)
        names = people.names(session, campaign.connection)
        story = ledger.of_campaign(session, campaign.id)
        clocks = clocks_of(session, runtime, campaign)
    console = _console()
    console.print(f"{campaign.request_label} {campaign.title} ({_state(campaign)}) {campaign.request_url}")
    if campaign.plan:
        console.print(_plan_table(Plan.from_dict(campaign.plan), known, names))
    for told in clock_lines(clocks):
        console.print(f"clock {told}", soft_wrap=not console.is_terminal)
    for line in story:
        console.print(f"{line.at:%d %b %H:%M:%S}  {line.sentence}", soft_wrap=not console.is_terminal)
    return True


def _plan_table(plan: Plan, known: Mapping[str, LinkView], names: Mapping[str, str]) -> Table:
    """Plan beside reality: one row for each task. Where the owner's name is not known, the role stands."""
    table = _table("", "task", "where", "party", "owner", "start", "due", "waits for", "status")
    numbers = {task.key: number for number, task in enumerate(plan.tasks, start=1)}
    for task in plan.tasks:
        link = known.get(task.key)
        account = link.agreed.owner if link else None
        pinned = " (pinned)" if link and link.pinned_on else ""
        cells = (
            str(numbers[task.key]),
            task.title,
            link.label if link else "",
            task.party,
            names.get(account or "", task.owner),
            f"{task.start_on:%d %b}",
            f"{task.due_on:%a %d %b}{pinned}",
            ", ".join(str(numbers[key]) for key in task.depends_on),
            str(link.status) if link else "not made yet",
        )
        table.add_row(*map(Text, cells))
    return table


def _table(*headings: str) -> Table:
    """Nothing in it is ever cut off: a label or an address that is too wide goes on in the next line."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _console() -> Console:
    # No markup: titles come from people, who put things in brackets.
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = UNBROKEN
    return console


def _state(campaign: Campaign) -> str:
    return campaign.state.replace("_", " ")


def _done(campaign: Campaign, known: dict[str, LinkView]) -> str:
    if not campaign.plan:
        return ""
    done, total = decide.progress(Plan.from_dict(campaign.plan), known)
    return f"{done}/{total}"
