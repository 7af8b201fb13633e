"""The only importer of the durable engine (DBOS): one run at a time for each campaign, campaigns side by side.

Our own tables are the truth. A run says no more than "look at this partition", so an engine row that is lost, doubled
or run again costs a read of the tracker and nothing else. https://docs.dbos.dev/python/tutorials/queue-tutorial
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig
from dbos._queue import queue_worker_thread
from sqlmodel import Session
from uuid_utils import uuid7

from connectors.fencing import TakenOver, working_while
from connectors.sharing import working_for
from service import absences, breaches, filing, intake, keeper, looking, people, sweep
from service.bell import Bell
from service.lease import Lease
from service.run_log import run_of
from service.runtime import Runtime
from service.store import budgets, changes, inbox, ledger, runs, workers
from service.store.engine import is_sqlite, transaction, worker_lock
from service.store.runs import QUEUE

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 32
"""Runs at once in one worker; the connectors' limiters decide how many calls really are in flight."""
ROUTE_AT_LEAST_EVERY, PAUSE_SECONDS = 1.0, 0.005
STORM = 500
"""More deliveries than this between two looks of the router, about a second: then storing them goes before the runs.
Twenty launches at once bring fewer."""
BEAT_SECONDS, SILENT_SECONDS = 2.0, 15.0
CALLING = 2 / 3
"""No call begins in the last part of a worker's silence, so that none is under way when its peers take over."""
KEEP_RUNS, KEEP_DELIVERIES = timedelta(days=3), timedelta(days=30)

_runtime: Runtime | None = None
_lease, _bell = Lease(None), Bell(places=SIDE_BY_SIDE)
_under_way: set[str] = set()
_stumbled = threading.Event()
"""The engine calls workflows by name, so what they work with is kept here by `Worker.start`."""


@DBOS.workflow(name="run_campaign", max_recovery_attempts=20)
def run_campaign(partition: str, attempt: int = 0) -> str:
    """Answer everything that waits for one partition. Repeated it is harmless, as it reads first; so it has no step."""
    name = str(DBOS.workflow_id)
    _under_way.add(name)
    _bell.begins(partition)
    try:
        return _look(partition, attempt)
    finally:
        _under_way.discard(name)
        _bell.ends(partition)


def _look(partition: str, attempt: int) -> str:
    runtime = _at_work()
    _bell.calm.wait(ROUTE_AT_LEAST_EVERY)
    try:
        with run_of(partition) as run, working_while(_lease.right()):
            return looking.look(runtime, run, attempt, enqueue)
    except TakenOver:
        looking.begin_again(runtime, partition, enqueue)
        return "this worker was silent for too long; the work is begun again"
    except Exception:
        _stumbled.set()  # the database does not answer: nothing could be noted, and what waits has no run any more
        raise


@DBOS.workflow(name="sweep")
def run_sweep(scheduled: datetime, _context: Any) -> None:
    """Find what the hooks missed."""
    run_sweep_step(scheduled.isoformat())


@DBOS.step(name="sweep")
def run_sweep_step(_scheduled: str) -> None:
    """Ask for runs wherever something changed."""
    sweep_now(_at_work())


@DBOS.workflow(name="retention")
def run_retention(scheduled: datetime, _context: Any) -> None:
    """Drop what nobody will ask for again."""
    run_retention_step(scheduled.isoformat())


@DBOS.step(name="retention")
def run_retention_step(_scheduled: str) -> None:
    """Delete old engine rows and old handled deliveries, in small transactions."""
    runtime = _at_work()
    before = runtime.now() - KEEP_RUNS
    statuses = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    while old := DBOS.list_workflows(
        status=statuses, completed_before=before.isoformat(), limit=500, load_input=False, load_output=False
    ):
        DBOS.delete_workflows([workflow.workflow_id for workflow in old])
    gone = 1
    while gone:
        with transaction(runtime.engine) as session:
            gone = inbox.discard(session, runtime.now() - KEEP_DELIVERIES)
            budgets.discard(session, runtime.now() - KEEP_DELIVERIES)


@DBOS.workflow(name="people")
def run_people(scheduled: datetime, _context: Any) -> None:
    """Find out who is away and who has left."""
    run_people_step(scheduled.isoformat())


@DBOS.step(name="people")
def run_people_step(_scheduled: str) -> None:
    """Read the calendars of absences and ask the trackers for people, each only when its time has come."""
    runtime = _at_work()
    absences.refresh(runtime)
    people.look_after(runtime)


@DBOS.workflow(name="hooks")
def run_hooks(scheduled: datetime, _context: Any) -> None:
    """See that every hook works."""
    run_hooks_step(scheduled.isoformat())


@DBOS.step(name="hooks")
def run_hooks_step(_scheduled: str) -> None:
    """Renew what ends, and make again what does not work."""
    keep_hooks(_at_work())


def sweep_now(runtime: Runtime, *, full: bool = False) -> int:
    """One sweep over every connection; returns for how many tasks a run was asked."""
    breaches.tell(runtime)
    return sum(_sweep(runtime, connection, full=full) for connection in runtime.settings.connections)


def keep_hooks(runtime: Runtime) -> None:
    """See that every hook works; where one did not, everything it may have missed is looked at."""
    for connection in runtime.settings.connections:
        with working_for("sweep"):
            made_again = keeper.look_after(runtime, connection)
        if made_again:
            _sweep(runtime, connection, full=True)


def _sweep(runtime: Runtime, connection: str, *, full: bool) -> int:
    with working_for("sweep"):
        found = sweep.changed(runtime, connection, full=full)
        found.tasks |= filing.standing_tasks(runtime, connection) | breaches.unsaid(runtime, connection)
    with transaction(runtime.engine) as session:
        for project, error in found.unread.items():
            log.warning("sweep of %s in %s failed: %s", project, connection, error)
            told = f"The sweep of {project} in {connection} failed and is tried again: {error}"
            ledger.note(session, "sweep", told)
        partitions = intake.ask(session, connection, found.tasks)
        sweep.remember(session, found)
        enqueue(session, partitions)
    return len(found.tasks)


def enqueue(session: Session, partitions: Iterable[str], *, delay: float | None = None, attempt: int = 0) -> None:
    """Ask the engine for a run of each, in the caller's transaction; `delay` in seconds.

    A run that has not begun yet answers for what is new too, so that a burst costs one run and not one a delivery.
    Before a worker has made the engine's tables, or brought them up to date, there is nobody to ask: it begins with
    everything that waits.
    """
    if (client := _client(session)) is None:
        return
    wanted = sorted(set(partitions))
    if not delay:
        wanted = sorted(set(wanted) - runs.in_queue(session, wanted, "ENQUEUED"))
        sa.event.listen(session, "after_commit", lambda _: _bell.asked(wanted), once=True)
    for partition in wanted:
        _ask(client, session, partition, attempt, delay)


NAME = "tminus"
VERSION = "1"
"""Kept for ever: with another name or version the engine would leave work in flight behind."""

_clients: dict[int, DBOSClient] = {}


def _client(session: Session) -> DBOSClient | None:
    """None where the engine's tables are not there yet, or are not whole."""
    engine = session.get_bind().engine
    if id(engine) not in _clients:
        if not runs.have_a_table(session):
            return None
        client = DBOSClient(system_database_engine=engine, application_name=NAME)
        if not runs.can_be_asked_for(session, lambda: _ask(client, session, "", 0, None)):
            return None
        _clients[id(engine)] = client
    return _clients[id(engine)]


def _ask(client: DBOSClient, session: Session, partition: str, attempt: int, delay: float | None) -> None:
    options: dict[str, Any] = {
        "workflow_name": "run_campaign",
        "queue_name": QUEUE,
        "queue_partition_key": partition,
        "workflow_id": str(uuid7()),
        "app_version": VERSION,
    }
    if delay:
        options["delay_seconds"] = delay
    client.enqueue_in_transaction(session, options, partition, attempt)  # type: ignore[arg-type]


def _at_work() -> Runtime:
    if _runtime is None:
        raise RuntimeError("no worker has been started in this process")
    return _runtime


class Worker:
    """The engine, the router and the sign of life of one process. Start one; `stop` finishes or hands back."""

    def __init__(self, runtime: Runtime, *, database_url: str) -> None:
        self._runtime, self._url = runtime, database_url
        self._doorbell, self._stopping = threading.Event(), threading.Event()
        self._held = ExitStack()
        self._threads: list[threading.Thread] = []
        self._idle_since: dict[str, float] = {}
        # On SQLite the one worker finds its own unfinished runs again by its name; on PostgreSQL peers take them over.
        alone = is_sqlite(runtime.engine)
        self.executor_id = "local" if alone else f"worker-{uuid7()}"
        self._lease = Lease(None if alone else SILENT_SECONDS * CALLING)
        self._bell = Bell(places=SIDE_BY_SIDE, alone=alone)

    def start(self) -> None:
        """Take the worker's lock, launch the engine, and pick up whatever waits. Raises `StoreError`."""
        global _runtime, _lease, _bell
        self._held.enter_context(worker_lock(self._url))
        _runtime, _lease, _bell = self._runtime, self._lease, self._bell
        self._beat()  # before the first run is taken: a peer can only miss whom it has heard of
        config: DBOSConfig = {
            "name": NAME,
            "system_database_engine": self._runtime.engine,
            "application_version": VERSION,
            "executor_id": self.executor_id,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.05,
        }
        engine = DBOS(config=config)
        _quiet()
        DBOS.listen_queues([])  # the loop of our queue is started below, with a bell
        DBOS.launch()
        queue = DBOS.register_queue(
            QUEUE, partition_concurrency=1, worker_concurrency=SIDE_BY_SIDE, polling_interval_sec=_bell.seconds
        )
        self._schedule()
        self._pick_up()
        self._thread("queue", queue_worker_thread, _bell, engine, queue)
        self._thread("route", self._route_forever)
        self._thread("beat", self._beat_forever)

    def _thread(self, name: str, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def ring(self) -> None:
        """A delivery has just been stored."""
        self._doorbell.set()

    def stop(self, *, seconds: int = 10) -> None:
        """Let running runs end for so long; what is left is found again at the next start, or by a peer."""
        global _runtime  # noqa: PLW0603
        for event in (self._stopping, self._doorbell, self._bell):
            event.set()
        for thread in self._threads:
            thread.join(timeout=5)
        DBOS.destroy(workflow_completion_timeout_sec=seconds)
        self._write_down()
        with transaction(self._runtime.engine) as session:
            client, mine = _client(session), self.executor_id
            held = client and client.list_workflows(status=["PENDING"], executor_id=mine, load_input=False)
            if not held:  # else its sign of life goes out, and a peer takes over what has not ended
                workers.forget(session, self.executor_id)
        _clients.clear()
        _runtime = None
        self._held.close()

    def _schedule(self) -> None:
        every = self._runtime.settings.sweep_seconds
        cron = f"*/{every} * * * * *" if every < 60 else f"*/{every // 60} * * * *"
        when: dict[str, tuple[Callable[..., Any], str]] = {
            "sweep": (run_sweep, cron),
            "retention": (run_retention, "17 3 * * *"),
            "hooks": (run_hooks, "4-54/10 * * * *"),
            "people": (run_people, "7,22,37,52 * * * *"),
        }
        DBOS.apply_schedules(
            [
                {"schedule_name": name, "workflow_fn": run, "schedule": at, "context": None}
                for name, (run, at) in when.items()
            ]
        )

    def _pick_up(self) -> None:
        """Runs for everything that still waits in our own tables, whatever became of the engine's rows."""
        with transaction(self._runtime.engine) as session:
            enqueue(session, changes.partitions(session))

    def _route_forever(self) -> None:
        while not self._stopping.is_set():
            self._doorbell.wait(ROUTE_AT_LEAST_EVERY)
            self._doorbell.clear()
            try:
                count = self._route()
                (_bell.calm.set if count <= STORM else _bell.calm.clear)()
                # The more came at once, the longer the pause.
                self._stopping.wait(min(ROUTE_AT_LEAST_EVERY, count * PAUSE_SECONDS))
            except Exception:
                log.exception("routing failed; it is tried again")
                self._stopping.wait(1)

    def _route(self) -> int:
        """Give out everything that waits; returns how many deliveries that were."""
        count, found = 0, intake.AT_ONCE
        while found == intake.AT_ONCE and not self._stopping.is_set():
            with transaction(self._runtime.engine) as session:
                routed = intake.route(session, self._runtime)
                enqueue(session, routed.partitions)
            found = routed.deliveries
            count += found
        return count

    def _beat_forever(self) -> None:
        while not self._stopping.wait(BEAT_SECONDS):
            try:
                self._beat()
                self._take_over()
                self._mend()
                self._write_down()
            except Exception:
                log.exception("the sign of life failed; it is tried again")

    def _write_down(self) -> None:
        for budget in set(self._runtime.budgets.values()):
            budget.write_down()

    def _beat(self) -> None:
        asked_at = self._lease.now()
        with transaction(self._runtime.engine) as session:
            news = workers.beat(session, self.executor_id)
        self._lease.renewed(asked_at, taken_over=news)

    def _mend(self) -> None:
        """After the database was away: runs of which the engine could not note the end block their campaigns."""
        abandoned = self._abandoned()
        if abandoned:
            DBOS.cancel_workflows(abandoned)
        if abandoned or _stumbled.is_set():
            self._pick_up()
            _stumbled.clear()

    def _abandoned(self) -> list[str]:
        """Runs that the engine counts as ours, and on which nobody here has worked for a while."""
        held = DBOS.list_workflows(
            status=["PENDING"], executor_id=self.executor_id, queue_name=QUEUE, load_input=False, load_output=False
        )
        now = self._lease.now()
        idle = {workflow.workflow_id for workflow in held} - _under_way
        self._idle_since = {name: self._idle_since.get(name, now) for name in idle}
        return [name for name, since in self._idle_since.items() if now - since > SILENT_SECONDS]

    def _take_over(self) -> None:
        """Cancel what a dead peer holds, so that it blocks no campaign, and ask for the same runs again."""
        with transaction(self._runtime.engine) as session:
            for dead in workers.silent(session, SILENT_SECONDS):
                if dead == self.executor_id:
                    continue
                held = DBOS.list_workflows(status=["PENDING"], executor_id=dead, load_input=False, load_output=False)
                DBOS.cancel_workflows([workflow.workflow_id for workflow in held])
                enqueue(session, changes.partitions(session))
                workers.forget(session, dead)
                if held:
                    told = f"Worker {dead} fell silent; its {len(held)} runs were taken over."
                    ledger.note(session, "takeover", told)


def _quiet() -> None:
    """The engine's logger writes to our handlers, in our format."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
