"""Why a task in a tracker looks as it does, or why nothing happened: a story for people who know no code.

Reads what is stored, and the tracker where nothing is. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from connectors.contract import Task, TaskId
from connectors.errors import NotFound, TrackerError
from service import create
from service.core import decide
from service.core.explain import long_day
from service.core.merge import LinkView
from service.core.plan import Plan
from service.runtime import Runtime
from service.store import campaigns, changes, hooks, inbox, ledger, links
from service.store.engine import reading
from service.store.tables import Campaign, ChangeRow, Inbox

LATEST = 5
"""Deliveries and ledger lines that are told."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is known, a sentence each, and what to do."""

    lines: tuple[str, ...]
    advice: str


def tell(runtime: Runtime, name: str) -> Story | None:
    """By label, id or web address of a request or subtask; None where neither we nor any tracker knows it."""
    if known := _known(runtime, name):
        return _of_campaign(runtime, *known)
    unread: list[str] = []
    for connection, tracker in runtime.trackers.items():
        try:
            task = tracker.find_task(name)
        except NotFound:
            continue
        except TrackerError as error:
            unread.append(f"{connection} could not be asked: {error}")
            continue
        if task is None:
            continue
        if known := _known(runtime, task.id) or (_known(runtime, task.parent) if task.parent else None):
            return _of_campaign(runtime, *known)
        return _of_task(runtime, connection, task)
    if unread:
        return Story(tuple(unread), "Run `tminus doctor`; it says how to mend the connection.")
    return None


def _known(runtime: Runtime, name: str) -> tuple[Campaign, LinkView | None] | None:
    """The campaign that this names, and the subtask where it is one."""
    short = name.rstrip("/").rpartition("/")[2]
    with reading(runtime.engine) as session:
        if campaign := campaigns.named(session, short):
            return campaign, None
        for connection in runtime.trackers:
            partition = campaigns.partitions_of(session, connection, [short]).get(short)
            found = campaigns.of_request(session, *changes.parts(partition)) if partition else None
            if found:
                views = links.views(session, found.id)
                sides = [views, *links.elsewhere(session, found.id).values()]
                keys = (key for side in sides for key, view in side.items() if short in _names(view))
                return found, views.get(next(keys, ""))
    return None


def _names(view: LinkView) -> set[str | None]:
    return {view.label, view.task.id} if view.task else {view.label}


def _of_campaign(runtime: Runtime, campaign: Campaign, subtask: LinkView | None) -> Story:
    with reading(runtime.engine) as session:
        views = links.views(session, campaign.id)
        story = ledger.of_campaign(session, campaign.id, limit=LATEST, without=[ledger.CALLS])
        heard = list(_deliveries(session, campaign.connection, campaign.request_task))
        partition = changes.partition_of(campaign.connection, TaskId(campaign.request_task))
        # Whatever came after it, a write that was refused still waits for a person.
        parked = inbox.parked(session, 1, partition=partition)
    told = any("parked" in line for line in heard)
    any_parked = bool(parked) or told
    plan = Plan.from_dict(campaign.plan) if campaign.plan else None
    where = f"{campaign.request_label} “{campaign.title}”"
    state = _CUT_OFF if any_parked and campaign.state == "waiting_for_input" else _STATES[campaign.state]
    lines = [f"{where} asks for `{campaign.template}` (version {campaign.template_version}): {state}."]
    if subtask:
        lines.append(_of_subtask(plan, subtask))
    elif plan and campaign.state in ("running", "done"):
        done, total = decide.progress(plan, views)
        lines.append(f"{done} of {total} tasks are done.")
        lines += plan.problems
    elif plan and campaign.state == "refused":
        lines += plan.problems
    lines += [_wrong(key, view) for key, view in views.items() if view.state in ("refused", "gone")]
    lines += heard
    if parked and not told:
        lines.append(f"{parked[0].received_at:%d %b %H:%M} a webhook told of it; it was parked ({parked[0].reason}).")
    lines += [f"{line.at:%d %b %H:%M} {line.sentence}" for line in story]
    return Story(tuple(lines), _mend(replay=bool(parked)) if any_parked else _advice(campaign, views))


_CUT_OFF = "there is no plan yet, because what was to make it is parked"
_STATES = {
    "waiting_for_input": "it waits for something that the request does not say yet, so there is no plan",
    "refused": "it cannot be planned as it is asked for",
    "running": "its plan stands in the tracker",
    "done": "it is done",
    "cancelled": "it was cancelled, so nobody owes its tasks any more",
    "standing": "it is a standing commitment",
}


def _of_subtask(plan: Plan | None, view: LinkView) -> str:
    planned = next((task for task in plan.tasks if task.key == view.key), None) if plan else None
    text = f"The subtask “{view.agreed.title}” is {view.status}"
    if view.pinned_on:
        return f"{text}. A person fixed its date on {long_day(view.pinned_on)}, and there it stays."
    if planned is None:
        return f"{text}. The plan does not ask for it any more."
    return f"{text}, due {long_day(planned.due_on)}. {planned.why}"


def _wrong(key: str, view: LinkView) -> str:
    title = view.agreed.title or key
    if view.state == "gone":
        return f"“{title}” was deleted in the tracker. It is not made again, and nothing waits for it."
    return f"“{title}” was refused by the tracker: {view.reason}"


def _mend(*, replay: bool) -> str:
    if replay:
        return "Mend what parked it, then run `tminus replay --all`."
    return "Mend what parked it; each sweep looks again, and `tminus sweep` does so at once."


def _advice(campaign: Campaign, views: dict[str, LinkView]) -> str:
    if any(view.state == "refused" for view in views.values()):
        return "Mend what the tracker says in its own words, then run `tminus replay`; the tasks are tried again."
    if campaign.state == "waiting_for_input":
        return "Fill in what is missing on the request itself; Tminus looks again by itself."
    if campaign.state == "refused":
        return "Change the request to what is possible; Tminus plans it at once."
    if campaign.state == "cancelled":
        return "Take the request up again in the tracker, and its tasks come back."
    return "Nothing needs to be done."


def _of_task(runtime: Runtime, connection: str, task: Task) -> Story:
    """A task that no campaign knows: would one start, and if so, why has it not?"""
    lines = [f"{task.label} “{task.title}” stands in {connection} ({task.status_name}), and no campaign knows it."]
    with reading(runtime.engine) as session:
        lines += (heard := list(_deliveries(session, connection, task.id)))
        parked = inbox.parked(session, 1, partition=changes.partition_of(connection, task.id))
        quiet = list(_hooks(session, connection))
    rule = create.rule_for(runtime.settings.requests, connection, task)
    if rule is None:
        lines.append(f"{create.rule_mismatch(runtime.settings.requests, connection, task)}.")
        return Story(tuple(lines), "Change the field on the request, or add a rule for it under `requests:`.")
    lines.append(f"It fits the rule for `{rule.template}`.")
    if task.status.closed:
        return Story(
            (*lines, "It is closed already, and closed requests start nothing."), "Reopen it to have it planned."
        )
    if task.project not in runtime.settings.connections[connection].settings.projects:
        lines.append(f"Its project {task.project} is not one of those that this connection looks after.")
        return Story(tuple(lines), "Add the project to the connection and run `tminus connect`.")
    if any("parked" in line for line in heard):
        return Story(tuple(lines), _mend(replay=bool(parked)))
    lines += quiet
    if heard:
        return Story(tuple(lines), "A worker answers it within seconds; is `tminus serve` or `tminus work` running?")
    return Story((*lines, "No delivery has told of it yet."), "Run `tminus sweep`, which finds what hooks missed.")


def _deliveries(session: Session, connection: str, task: str) -> Iterator[str]:
    """What was heard of it, newest first, and what became of that."""
    partition = changes.partition_of(connection, TaskId(task))
    query = select(ChangeRow).where(col(ChangeRow.partition) == partition).order_by(col(ChangeRow.id).desc())
    for row in session.exec(query.limit(LATEST)):
        told_by = "a webhook" if row.inbox_id else "the sweep"
        became = {"received": "it waits to be answered"}.get(row.state, f"it was {row.state}")
        yield f"{row.at:%d %b %H:%M} {told_by} told of it; {became}{f' ({row.reason})' if row.reason else ''}."


def _hooks(session: Session, connection: str) -> Iterator[str]:
    rows = [row for row in hooks.of_connection(session, connection) if row.state == "active"]
    if not rows:
        yield f"{connection} has no active hook; `tminus connect` subscribes."
    for row in rows:
        heard = (
            f"last called on {row.last_delivery_at:%d %b at %H:%M} UTC" if row.last_delivery_at else "never called yet"
        )
        yield f"The hook for {row.project or connection} has {heard}."
    unread = session.exec(
        select(Inbox).where(col(Inbox.state) == "parked", col(Inbox.connection) == connection)
    ).first()
    if unread:
        yield f"Some deliveries of {connection} are parked; `tminus replay` lists them."
