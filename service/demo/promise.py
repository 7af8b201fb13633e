"""What was promised, from the template alone, and what of it is missing in a tracker. The service is asked nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from service.catalogue import Catalogue
from service.core.calendar import Calendar
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.demo.desks import DONE, TODO, Found
from service.settings import STARTER_TEMPLATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subtask as the plan has it."""

    title: str
    party: str
    owner: str
    """E-mail address."""
    start_on: date
    due_on: date
    waits_for: frozenset[str]
    """Titles."""
    status: str


def working_day(template_id: str, now: datetime, *, weeks: int) -> date:
    """The first day worked, by the template's calendar, so many weeks from today or later."""
    return _calendar(template_id, now).next(now.date() + timedelta(weeks=weeks))


def working_day_before(template_id: str, now: datetime, day: date) -> date:
    """The last day worked before this one."""
    return _calendar(template_id, now).shift(day, -1)


def today(template_id: str, now: datetime) -> date:
    """The day it is where the template's calendar counts."""
    return _calendar(template_id, now).date_of(now)


def promised_plan(
    template_id: str,
    inputs: Mapping[str, Any],
    created_at: datetime,
    now: datetime,
    *,
    done: Mapping[str, date] | None = None,
    pins: Mapping[str, date] | None = None,
    dropped: frozenset[str] = frozenset(),
    replan: bool = False,
) -> Plan:
    """The plan that this request should have; `inputs` are as they stand on it, tasks are named by their keys."""
    template, calendar = _starter_pack().templates[template_id], _calendar(template_id, now)
    complete_on = calendar.received_on(created_at)
    facts = Facts(
        inputs=read_inputs(template, inputs, calendar.date_of(created_at)),
        complete_on=complete_on,
        today=max(calendar.date_of(now), complete_on),
        done=done or {},
        pins=pins or {},
        dropped=dropped,
    )
    return make_plan(template, calendar, facts, replan=replan)


def wanted_tasks(plan: Plan, owners: Mapping[str, str], statuses: Mapping[str, str]) -> list[Wanted]:
    """What should stand in the tracker; `owners` by role, `statuses` by key (to do where it is not named)."""
    titles = {task.key: task.title for task in plan.tasks}
    return [
        Wanted(
            title=task.title,
            party=task.party,
            owner=owners[task.owner],
            start_on=task.start_on,
            due_on=task.due_on,
            waits_for=frozenset(titles[key] for key in task.depends_on),
            status=statuses.get(task.key, TODO),
        )
        for task in plan.tasks
    ]


def missing(wanted: Sequence[Wanted], found: Sequence[Found]) -> list[str]:
    """Every difference in one phrase each; empty where the tracker holds exactly what was promised."""
    by_title = {task.title: task for task in found}
    times = Counter(task.title for task in found)
    problems = [f"“{title}” stands there {count} times" for title, count in times.items() if count > 1]
    problems += [f"“{title}” was not promised" for title in times if title not in {task.title for task in wanted}]
    for task in wanted:
        if task.title not in by_title:
            problems.append(f"the subtask “{task.title}”")
        else:
            problems += _differences(task, by_title[task.title])
    return problems


@cache
def _starter_pack() -> Catalogue:
    return Catalogue.load(STARTER_TEMPLATES)


def _calendar(template_id: str, now: datetime) -> Calendar:
    return _starter_pack().calendar_of(_starter_pack().templates[template_id], around=now.date())


def _differences(wanted: Wanted, found: Found) -> Iterator[str]:
    about = f"of “{wanted.title}”"
    if found.owner != wanted.owner:
        yield f"the owner {about}: {wanted.owner}, not {found.owner or 'nobody'}"
    if found.status != wanted.status:
        yield f"the status {about}: {wanted.status}, not {found.status}"
    if wanted.status == DONE:
        return  # its dates and what it waited for are history
    if found.start_on != wanted.start_on:
        yield f"the start {about}: {wanted.start_on}, not {found.start_on or 'none'}"
    if found.due_on != wanted.due_on:
        yield f"the due date {about}: {wanted.due_on}, not {found.due_on or 'none'}"
    for title in sorted(wanted.waits_for - found.waits_for):
        yield f"the dependency {about} on “{title}”"
    for title in sorted(found.waits_for - wanted.waits_for):
        yield f"nothing asks for the dependency {about} on “{title}”"
