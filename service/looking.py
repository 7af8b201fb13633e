"""One run for one partition: everything that waits for it is answered, put off, parked or passed on."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol

from sqlmodel import Session

from connectors.contract import TaskId
from connectors.errors import RateLimited, TrackerError
from connectors.retrying import PASSING
from connectors.sharing import Purpose, working_for
from service import forms, intake, sync, tracing
from service.core.form import SUBMITTED
from service.run_log import Run
from service.runtime import Runtime
from service.store import campaigns, changes, doubts, inbox, ledger, runs
from service.store.engine import is_unusable, reading, transaction, words_of
from service.store.portions import portions

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Answered changes written in one transaction."""
GIVE_UP_AFTER = 14
"""Attempts: about two days at the pauses of `_pause`."""


class Enqueue(Protocol):
    """Asks the engine for runs, in the caller's transaction; `delay` in seconds."""

    def __call__(
        self, session: Session, partitions: Iterable[str], *, delay: float | None = None, attempt: int = 0
    ) -> None: ...


def look(runtime: Runtime, run: Run, attempt: int, enqueue: Enqueue) -> str:
    """Read back, decide, write; returns what came of it. Raises nothing of the trackers': that is put off or parked."""
    connection, task = changes.parts(run.partition)
    with reading(runtime.engine) as session:
        rows = changes.waiting(session, run.partition)
        campaign = campaigns.of_request(session, connection, task)
    if not rows:
        return "nothing waits any more"
    run.campaign_id = campaign.id if campaign else None
    run.deliveries = sorted({row.inbox_id for row in rows if row.inbox_id})
    planned = campaign is not None and campaign.plan is not None
    with tracing.of_run(run):
        return _look(runtime, run, rows, attempt, _purpose(planned, rows), enqueue)


def begin_again(runtime: Runtime, partition: str, enqueue: Enqueue) -> None:
    """This worker was silent for too long: a peer does it, or has done it by now; or nobody has, and it is still to do.

    A create that left at that very moment may have done its work beside the peer's.
    """
    connection, task = changes.parts(partition)
    with transaction(runtime.engine) as session:
        doubts.begin_at(session, connection, task, runtime.now())
        enqueue(session, intake.ask(session, connection, [task]))


def _look(
    runtime: Runtime, run: Run, rows: list[changes.Waiting], attempt: int, purpose: Purpose, enqueue: Enqueue
) -> str:
    connection, task = changes.parts(run.partition)
    try:
        with working_for(purpose):
            outcome = _answer(runtime, connection, task)
    except PASSING as error:
        asked = error.retry_after if isinstance(error, RateLimited) else None
        return _later(runtime, run, rows, attempt, str(error), enqueue, asked=asked)
    except TrackerError as error:
        return _park(runtime, run, rows, str(error))
    except Exception as error:
        if is_unusable(error):  # where it is so still, this cannot be noted either, and the worker begins again
            return _later(runtime, run, rows, attempt, f"the database did not answer: {words_of(error)}", enqueue)
        log.exception("run of %s failed", run.partition)
        return _park(runtime, run, rows, f"internal error, please report it: {type(error).__name__}: {error}")
    run.campaign_id = outcome.campaign_id or run.campaign_id
    if outcome.failures:
        refused, known = "; ".join(outcome.failures), _parked_already(runtime, run, outcome.failures)
        if known:
            _finish(runtime, run, rows, "handled", f"Refused as before, and parked already: {refused}")
        else:
            _finish(runtime, run, rows, "parked", refused)
    elif not outcome.belongs_to:
        _finish(runtime, run, rows, "handled" if outcome.handled else "ignored", outcome.reason)
    else:
        with transaction(runtime.engine) as session:
            changes.move(session, rows, outcome.belongs_to)
            enqueue(session, [outcome.belongs_to])
            run.ends(session, "passed_on", outcome.reason)
    return outcome.reason


def _parked_already(runtime: Runtime, run: Run, failures: Sequence[str]) -> bool:
    """Each of them waits for a person with an earlier delivery, whose replay does all that is missing."""
    with reading(runtime.engine) as session:
        reasons = [delivery.reason or "" for delivery in inbox.parked(session, partition=run.partition)]
    return all(any(failure in reason for reason in reasons) for failure in failures)


def _finish(
    runtime: Runtime,
    run: Run,
    rows: Sequence[changes.Waiting],
    came_to: Literal["handled", "ignored", "parked"],
    reason: str,
) -> None:
    """Many in several transactions: whoever stores deliveries waits for each."""
    *most, last = portions(rows, AT_ONCE)
    for part in most:
        with transaction(runtime.engine) as session:
            changes.finish(session, part, came_to, reason)
    with transaction(runtime.engine) as session:
        changes.finish(session, last, came_to, reason)
        run.ends(session, came_to, reason)


def _purpose(planned: bool, rows: Sequence[changes.Waiting]) -> Purpose:
    """Whoever waits for a plan is served first, and what only a sweep asked for last."""
    if not planned:
        return "launch"
    return "sync" if any(row.inbox_id for row in rows) else "sweep"


def _answer(runtime: Runtime, connection: str, task: TaskId) -> sync.Outcome:
    if connection == SUBMITTED:
        return forms.file(runtime, task)
    if connection not in runtime.trackers:
        raise TrackerError(f"the connection “{connection}” is no longer in the settings")
    return sync.run(runtime, connection, task)


def _later(
    runtime: Runtime,
    run: Run,
    rows: list[changes.Waiting],
    attempt: int,
    why: str,
    enqueue: Enqueue,
    *,
    asked: float | None = None,
) -> str:
    if attempt >= GIVE_UP_AFTER:
        return _park(runtime, run, rows, f"given up after {attempt} attempts: {why}")
    delay = max(_pause(attempt), asked or 0.0)
    told = f"{run.partition} is tried again in {delay:.0f} s: {why}"
    with transaction(runtime.engine) as session:
        # Whoever asks meanwhile has a run at once, not ever more later.
        if not runs.in_queue(session, [run.partition], "DELAYED"):
            enqueue(session, [run.partition], delay=delay, attempt=attempt + 1)
        ledger.note(session, "delayed", told, campaign_id=run.campaign_id)
        run.ends(session, "delayed", told)
    return told


def _pause(attempt: int) -> float:
    return float(min(5 * 2**attempt, 3 * 3600))


def _park(runtime: Runtime, run: Run, rows: list[changes.Waiting], reason: str) -> str:
    told, asked_for = f"Parked for a person: {reason}", any(row.inbox_id for row in rows)
    with transaction(runtime.engine) as session:
        # Each sweep comes again to what it cannot read, and once is enough to say so.
        last = ledger.of_kind(session, "parked", run.campaign_id, limit=1) if run.campaign_id else []
        again = not asked_for and any(line.sentence == told for line in last)
        changes.finish(session, rows, "parked", reason)
        if not again:
            ledger.note(session, "parked", told, campaign_id=run.campaign_id)
        run.ends(session, "parked", reason)
    return reason
