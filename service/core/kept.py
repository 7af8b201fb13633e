"""Whether a whole request was done when it was promised, and its tasks when they were planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from service.core.explain import long_day, plain, titled
from service.core.merge import LinkView
from service.core.plan import Plan

FIRST = "first_due"
"""Where a campaign keeps the dates of its first plan."""

Kept: TypeAlias = Literal["met", "met_late_in_range", "missed"]
"""`met_late_in_range`: after the day that was aimed at, and by the day that was promised."""


def kept(plan: Plan, done_on: date) -> Kept | None:
    """The verdict on the day on which the last task was done; None where no day was promised."""
    if plan.promised_on is None:
        return None
    if done_on > plan.promised_on:
        return "missed"
    return "met_late_in_range" if plan.target_on and done_on > plan.target_on else "met"


def told(plan: Plan, done_on: date) -> str | None:
    """The verdict as a sentence."""
    verdict = kept(plan, done_on)
    if verdict is None or plan.promised_on is None:
        return None
    words = f"Done on {long_day(done_on)}, promised for {long_day(plan.promised_on)}: "
    if verdict == "met_late_in_range" and plan.target_on:
        return f"{words}met, late in the agreed range, whose near end was {long_day(plan.target_on)}."
    return f"{words}{verdict}."


def first_dates(plan: Plan) -> dict[str, str]:
    """The due date of each task, as JSON, to be compared with once everything is done."""
    return {task.key: task.due_on.isoformat() for task in plan.tasks}


def compared(first: Mapping[str, str], links: Mapping[str, LinkView]) -> str | None:
    """How many tasks were done in time, by the first plan and by the dates that stood when they were done.

    None where the first plan is not known.
    """
    done = {key: link for key, link in links.items() if link.done_on and not link.dropped}
    planned = {key: date.fromisoformat(first[key]) for key in done if key in first}
    if not planned:
        return None
    stood = {key: day for key, link in done.items() if (day := link.agreed.due_on or link.agreed.plan_due)}
    last = long_day(max(planned.values()))
    return (
        f"In time by the first plan, which ended on {last}: {_in_time(planned, done)}; "
        f"by the dates that stood when they were done: {_in_time(stood, done)}."
    )


def skipped(links: Mapping[str, LinkView]) -> str | None:
    """Which steps people left out, by deleting or cancelling their tasks; None where nobody did."""
    out = [link.agreed.title for link in links.values() if _skipped(link)]
    if not out:
        return None
    steps = "1 step was" if len(out) == 1 else f"{len(out)} steps were"
    return f"{steps} skipped: {titled(out)}."


def left_out(links: Mapping[str, LinkView]) -> list[str]:
    """Those steps, each with whoever said why, in their words."""
    return [f"“{plain(link.agreed.title)}”: {_reason(link)}" for link in links.values() if _skipped(link)]


def _skipped(link: LinkView) -> bool:
    return link.state == "gone" or link.cancelled


def _reason(link: LinkView) -> str:
    if link.state == "gone":
        return "deleted in the tracker"
    said = link.agreed.left_out
    return f"{plain(said['by'])} wrote “{plain(said['why'])}”" if said else "nobody has said why"


def _in_time(planned: Mapping[str, date], done: Mapping[str, LinkView]) -> str:
    kept = [key for key, day in planned.items() if (on := done[key].done_on) and on <= day]
    return f"{len(kept)} of {len(planned)} tasks"
