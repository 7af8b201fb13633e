"""The tasks that a commitment makes necessary now, as a plan for a tracker. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256

from service.core.agreement import AgreementReport, Item
from service.core.cadence import CadenceReport, Occurrence
from service.core.calendar import Calendar
from service.core.commitment import Agreement, Cadence, Commitment, Duty, Quota
from service.core.explain import long_day
from service.core.plan import Plan, PlannedTask
from service.core.quota import QuotaReport
from service.core.standing import Report

_AS_IT_IS = re.compile(r"[A-Za-z0-9_-]{1,60}")
"""Subjects that can stand in a key; the others are told apart by a digest."""


def plan_of(commitment: Commitment, calendar: Calendar, report: Report, now: datetime, since: date) -> Plan:
    """Its tasks that are not done yet; what was due before `since` is left to the past."""
    tasks: list[PlannedTask] = []
    match commitment, report:
        case Cadence(), CadenceReport():
            tasks = list(_of_cadence(commitment, report))
        case Quota(), QuotaReport():
            tasks = list(_of_quota(commitment, calendar, report))
        case Agreement(), AgreementReport():
            tasks = list(_of_agreement(commitment, calendar, report))
    today = calendar.date_of(now)
    return Plan(
        template=commitment.id,
        version=commitment.version,
        digest="",
        inputs={},
        complete_on=today,
        planned_on=today,
        request_by=None,
        promised_on=None,
        tasks=tuple(task for task in tasks if task.due_on >= since),
        feasible=True,
        verdict="planned",
        problems=(),
        earliest_anchor=None,
        compressions=(),
        critical=(),
    )


def delivered_by(commitment: Commitment, key: str) -> tuple[str, str]:
    """The type and the subject of the event that a finished task is: `reporting.report_done` of `2026-11-23`."""
    first, _, rest = key.partition(".")
    if isinstance(commitment, Agreement):
        return f"{commitment.id}.{first}_done", rest
    if isinstance(commitment, Quota):
        return f"{commitment.id}.{rest.rpartition('_')[0]}_done", key
    return f"{commitment.id}.{rest}_done", first


def keys_of(item: Item) -> list[str]:
    """The keys of the tasks that one lead or chat makes necessary."""
    return [_key(name, item.subject) for name in item.calls]


def _of_cadence(cadence: Cadence, report: CadenceReport) -> Iterator[PlannedTask]:
    for occurrence in report.occurrences:
        open_keys = {task.key for task in occurrence.tasks if task.done_at is None}
        for task in occurrence.tasks:
            if task.key in open_keys and task.task in cadence.tasks:  # else it is of an older version
                after = _after(cadence, task.task, occurrence)
                duty = cadence.tasks[task.task]
                title = f"{task.title} ({long_day(occurrence.at.date())})"
                begins = min(occurrence.at.date(), task.due_on)
                waits = tuple(key for key in after if key in open_keys)
                yield _planned(task.key, title, duty, begins, task.due_on, task.why, waits)


def _after(cadence: Cadence, name: str, occurrence: Occurrence) -> Iterator[str]:
    after, _, point = cadence.tasks[name].due.ref.partition(".")
    if point == "done":
        yield f"{occurrence.id}.{after}"


def _of_quota(quota: Quota, calendar: Calendar, report: QuotaReport) -> Iterator[PlannedTask]:
    if quota.each:
        return  # nobody knows beforehand for whom
    first, days = report.period.first, report.business_days
    for name, duty in quota.tasks.items():
        owed = sum(target.at_least or 0 for target in report.targets if target.of == duty.of)
        for number in range(1, owed + 1):
            # The last one is due on the last business day, the others at even distances before it.
            due_on = calendar.shift(calendar.previous(report.period.last), -(days - -(-number * days // owed)))
            why = f"{number} of {owed} in {report.period.name}, spread over {days} business days; {_cited(quota)}"
            key = f"{report.period.name}.{name}_{number}"
            yield _planned(key, f"{duty.title} ({number} of {owed})", duty, max(first, due_on), due_on, why)


def _of_agreement(agreement: Agreement, calendar: Calendar, report: AgreementReport) -> Iterator[PlannedTask]:
    for item in report.items:
        for name, since in item.calls.items():
            duty = agreement.tasks[name]
            called_on = calendar.date_of(since)
            due_on = duty.due.date_from(called_on, calendar)
            why = f"{duty.due.span} after {duty.on} on {long_day(called_on)}; {_cited(agreement)}".replace("_", " ")
            who = item.facts.get(f"{duty.on.partition('.')[0]}.name") or item.subject
            yield _planned(_key(name, item.subject), f"{duty.title}: {who}", duty, called_on, due_on, why)


def _key(task: str, subject: str) -> str:
    known = subject if _AS_IT_IS.fullmatch(subject) else sha256(subject.encode()).hexdigest()[:16]
    return f"{task}.{known}"


def _planned(
    key: str, title: str, duty: Duty, start_on: date, due_on: date, why: str, waits: tuple[str, ...] = ()
) -> PlannedTask:
    return PlannedTask(
        key=key,
        title=title,
        text=f"{duty.description}\n\n*Why this date: {why}*".strip(),
        party=duty.party,
        owner=duty.role,
        start_on=min(start_on, due_on),
        due_on=due_on,
        depends_on=waits,
        milestone=False,
        slack=None,
        why=why,
    )


def _cited(commitment: Commitment) -> str:
    return f"{commitment.title} v{commitment.version}"
