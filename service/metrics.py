"""What operators watch: figures of the whole installation from the database, and of this process's own calls and runs.

Every query is answered from an index over what is not over yet. Finished deliveries, of which there may be millions,
are counted once in a while.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from connectors.tally import SINCE_START
from service.exposition import Metric, Sample
from service.run_log import finished
from service.runtime import Runtime
from service.store import campaigns, hooks, inbox, published, runs, sweeps, workers
from service.store.engine import reading
from service.store.secrets import Vault
from service.store.tables import HookRow

COUNT_FINISHED_EVERY = 300.0
"""Seconds."""
ALIVE_SECONDS = 15.0
"""A worker of which nothing was heard for longer is not counted."""


@dataclass(slots=True)
class Metrics:
    """The figures of one installation, as this process sees them."""

    runtime: Runtime
    _finished: Mapping[str, int] = field(default_factory=dict)
    _counted_at: float | None = None

    def collect(self) -> list[Metric]:
        """All of them; while the database does not answer, those of this process."""
        try:
            with reading(self.runtime.engine) as session:
                stored = list(self._stored(session))
        except SQLAlchemyError:
            stored = []
        up = _gauge("tminus_database_up", "1 while the database answers.", Sample(float(bool(stored))))
        return [up, *stored, *of_this_process()]

    def _stored(self, session: Session) -> Iterator[Metric]:
        now = self.runtime.now()
        yield _by("tminus_deliveries", "Deliveries kept, by state.", "state", self._deliveries(session))
        waits = _age(inbox.oldest_unrouted(session), now)
        yield _gauge("tminus_delivery_lag_seconds", "How long the oldest stored delivery waits for a run.", waits)
        yield _by("tminus_runs", "Runs that are not over, by state.", "state", runs.counts(session))
        yield _by("tminus_campaigns", "Campaigns and filed commitments, by state.", "state", campaigns.counts(session))
        rows = [row for name in self.runtime.settings.connections for row in hooks.of_connection(session, name)]
        yield from _of_hooks(rows, self.runtime.vault, now)
        yield self._of_sweeps(session, now)
        alive = float(workers.alive(session, ALIVE_SECONDS))
        yield _gauge("tminus_workers", f"Workers heard of in the last {ALIVE_SECONDS:.0f} seconds.", Sample(alive))
        newest = published.newest_versions(session)
        yield _by("tminus_template_version", "The published version in use.", "template", newest)

    def _deliveries(self, session: Session) -> Mapping[str, int]:
        if self._counted_at is None or time.monotonic() - self._counted_at > COUNT_FINISHED_EVERY:
            self._finished, self._counted_at = inbox.counts(session, inbox.OVER), time.monotonic()
        none = dict.fromkeys((*inbox.NOT_OVER, *inbox.OVER), 0)
        return none | inbox.counts(session, inbox.NOT_OVER) | dict(self._finished)

    def _of_sweeps(self, session: Session, now: datetime) -> Metric:
        samples = []
        for name, connection in self.runtime.settings.connections.items():
            for project in connection.settings.projects:
                if sweep := sweeps.of_project(session, name, project):
                    labels = {"connection": name, "project": project}
                    samples.append(Sample(_seconds(sweep.until, now), labels))
        return _gauge("tminus_sweep_age_seconds", "Since the project was last swept without a failure.", *samples)


def _of_hooks(rows: Sequence[HookRow], vault: Vault, now: datetime) -> Iterator[Metric]:
    states = Counter((row.connection, "troubled" if hooks.ailment(row, vault) else row.state) for row in rows)
    counted = [Sample(count, {"connection": name, "state": state}) for (name, state), count in sorted(states.items())]
    yield _gauge("tminus_hooks", "Hooks by state; troubled ones are active but do not work as they should.", *counted)
    heard = [
        Sample(_seconds(row.last_delivery_at, now), {"connection": row.connection, "project": row.project or ""})
        for row in rows
        if row.state == "active" and row.last_delivery_at
    ]
    yield _gauge("tminus_hook_quiet_seconds", "Since the hook's latest delivery; absent before its first.", *heard)


def of_this_process() -> Iterator[Metric]:
    """Its calls and runs since it started."""
    tally = SINCE_START.copy()
    calls = [(call, {"connection": call.connection, "method": call.method}) for call in sorted(tally.calls)]
    told = [Sample(tally.calls[call], {**labels, "status": call.outcome}) for call, labels in calls]
    yield _counter("tminus_calls_total", "HTTP calls to trackers; status none: nobody answered.", *told)
    took = [Sample(tally.seconds[call], {**labels, "status": call.outcome}) for call, labels in calls]
    yield _counter("tminus_call_seconds_total", "Seconds that these calls took.", *took)
    waited = [Sample(tally.waited[name], {"connection": name}) for name in sorted(tally.waited)]
    yield _counter("tminus_limit_wait_seconds_total", "Seconds that calls waited for the tracker's limits.", *waited)
    runs_over = sorted(finished.by_outcome().items())
    counts = [Sample(count, {"outcome": outcome}) for outcome, (count, _) in runs_over]
    yield _counter("tminus_runs_finished_total", "Runs that are over, by outcome.", *counts)
    seconds = [Sample(spent, {"outcome": outcome}) for outcome, (_, spent) in runs_over]
    yield _counter("tminus_run_seconds_total", "Seconds that these runs took.", *seconds)


def _gauge(name: str, text: str, *samples: Sample) -> Metric:
    return Metric(name, "gauge", text, samples)


def _counter(name: str, text: str, *samples: Sample) -> Metric:
    return Metric(name, "counter", text, samples)


def _by(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    return _gauge(name, text, *(Sample(count, {label: value}) for value, count in sorted(counts.items())))


def _age(since: datetime | None, now: datetime) -> Sample:
    return Sample(_seconds(since, now) if since else 0.0)


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
