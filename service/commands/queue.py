"""`tminus queue`: what everybody owes next, and who slips when a request jumps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.core.calendar import Calendar
    from service.core.queue import Waiting
    from service.runtime import Runtime

CLASSES = ("P1", "P2", "P3")
MOST = 10_000
"""Campaigns that are looked at."""


def queue(
    jumps: Annotated[
        str | None, typer.Option("--if", metavar="REQUEST=CLASS", help="Who slips if this request had that class.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Print each person's open tasks in the order of priority classes, with the day on which each could be done."""
    from service.core.explain import business_days, long_day
    from service.core.queue import jump, line_up

    request, wanted = _jump(jumps) if jumps else ("", "")
    with installation(config) as runtime:
        today, people = runtime.now().date(), _everybody(runtime)
    if request and not any(one.request == request for tasks, _ in people.values() for one in tasks):
        raise Refused(f"{request} has no open task", "`tminus campaigns` lists the requests")
    for name, (tasks, calendar) in sorted(people.items()):
        typer.echo(f"{name}, one task after the other from {long_day(today)}:")
        for one, done_on in line_up(tasks, calendar, today).items():
            due = f"due {long_day(one.due_on)}, could be done {long_day(done_on)}"
            typer.echo(f"  {one.priority}  {one.request} {one.title}: {due}")
        slips = jump(tasks, request, wanted, calendar, today) if request else []
        if any(one.request == request for one in tasks):
            typer.echo(f"  With {request} in {wanted} {'these slip:' if slips else 'nothing slips.'}")
        for slip in slips:
            late = f", after its due date {long_day(slip.task.due_on)}" if slip.late else ""
            told = f"by {business_days(slip.days)}, to {long_day(slip.now)}{late}"
            typer.echo(f"    {slip.task.request} {slip.task.title} {told}")


def _jump(text: str) -> tuple[str, str]:
    request, _, wanted = text.partition("=")
    if wanted not in CLASSES:
        raise Refused(f"--if {text} names no priority class", f"write --if {request}=P1; known: {', '.join(CLASSES)}")
    return request, wanted


def _everybody(runtime: Runtime) -> Mapping[str, tuple[list[Waiting], Calendar]]:
    """Open tasks by their owner's name, with the calendar in which they are counted."""
    from service.core.calendar import Calendar
    from service.core.plan import Plan
    from service.core.queue import Waiting, class_of
    from service.store import campaigns, links, people
    from service.store.engine import reading

    found: dict[str, list[Waiting]] = defaultdict(list)
    calendars: dict[str, Calendar] = {}
    with reading(runtime.engine) as session:
        for campaign in campaigns.listing(session, "running", limit=MOST):
            names, known = people.names(session, campaign.connection), links.views(session, campaign.id)
            calendar = Calendar.from_dict(campaign.calendar_snapshot)
            for task in Plan.from_dict(campaign.plan or {}).tasks:
                link = known.get(task.key)
                if link is None or not link.open:
                    continue
                owner = names.get(link.agreed.owner or "", task.owner)
                days = 0 if task.milestone else calendar.working_days_between(_eve(task.start_on), task.due_on)
                found[owner].append(
                    Waiting(
                        request=campaign.request_label,
                        title=task.title,
                        priority=class_of(campaign.inputs or {}),
                        start_on=task.start_on,
                        due_on=link.pinned_on or task.due_on,
                        days=days,
                    )
                )
                calendars.setdefault(owner, calendar)
    return {name: (tasks, calendars[name]) for name, tasks in found.items()}


def _eve(day: date) -> date:
    return day - timedelta(days=1)
