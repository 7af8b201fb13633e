"""What one run came to: a line in the log, a line in the ledger where it did something, and a count."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session
from uuid_utils import uuid7

from connectors.line import request_id
from connectors.tally import Tally, counted
from service.store import ledger

log = logging.getLogger(__name__)

Outcome = Literal["handled", "ignored", "parked", "delayed", "passed_on", "nothing"]
"""`passed_on`: another campaign's run looks instead; `nothing`: an earlier run had answered everything."""


class Finished:
    """Runs of this process that are over, by their outcome, and their seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()

    def add(self, outcome: Outcome, seconds: float) -> None:
        """One more."""
        with self._lock:
            self._runs[outcome] += 1
            self._seconds[outcome] += seconds  # type: ignore[assignment]  # a Counter adds fractions as well

    def by_outcome(self) -> dict[str, tuple[int, float]]:
        """How many, and their seconds together."""
        with self._lock:
            return {outcome: (count, self._seconds[outcome]) for outcome, count in self._runs.items()}


finished = Finished()


@dataclass(slots=True)
class Run:
    """One that is under way."""

    partition: str
    request_id: str
    tally: Tally
    campaign_id: str | None = None
    deliveries: list[str] = field(default_factory=list)
    outcome: Outcome = "nothing"
    reason: str = ""

    def ends(self, session: Session, outcome: Outcome, reason: str) -> None:
        """It came to this; its cost goes to the ledger where it did anything that is told there."""
        self.outcome, self.reason = outcome, reason
        cost = self.tally.sentence()
        if cost and ledger.has_lines_of(session, self.request_id):
            ledger.note(session, ledger.CALLS, f"That took {cost}.", campaign_id=self.campaign_id)


@contextmanager
def run_of(partition: str) -> Iterator[Run]:
    """Everything inside carries one request id: calls, log lines and ledger lines."""
    token = request_id.set(str(uuid7()))
    started = time.perf_counter()
    try:
        with counted() as tally:
            run = Run(partition, request_id.get(), tally)
            yield run
        _tell(run, time.perf_counter() - started)
    finally:
        request_id.reset(token)


def _tell(run: Run, seconds: float) -> None:
    finished.add(run.outcome, seconds)
    level = logging.DEBUG if run.outcome == "nothing" else logging.INFO
    details = {
        "partition": run.partition,
        "campaign": run.campaign_id,
        "outcome": run.outcome,
        "reason": run.reason,
        "calls": sum(run.tally.calls.values()),
        "failed_calls": sum(count for call, count in run.tally.calls.items() if call.failed),
        "seconds": round(seconds, 3),
        "deliveries": run.deliveries,
        "request_id": run.request_id,
    }
    log.log(level, "run of %s: %s", run.partition, run.outcome.replace("_", " "), extra=details)
