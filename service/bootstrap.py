"""The composition root: settings in, a running service out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa
from fastapi import FastAPI
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter
from sqlmodel import Session

from connectors.contract import Tracker
from connectors.line import request_id
from connectors.registry import installed
from connectors.tally import opening
from service import publishing, tracing
from service.budget import budgets_of
from service.catalogue import Catalogue
from service.core.form import SUBMITTED
from service.forms import FormReceiver
from service.runtime import Runtime
from service.settings import Settings, check_against
from service.store import hooks
from service.store.engine import check, make_engine
from service.store.mailbox import Mailbox, Received
from service.store.migrating import pending, upgrade
from service.store.secrets import Vault
from service.tokens import StoredTokens
from service.web.app import make_app
from service.web.traced import TracedMailbox
from service.workflows import Worker

log = logging.getLogger(__name__)


def make_runtime(
    settings: Settings,
    *,
    migrate: bool = True,
    publish: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Runtime:
    """Everything a use case needs. Raises `ConfigError` or `StoreError`; nothing is left half open.

    `migrate` false leaves the database as it is found, for `doctor`; `publish` false leaves the templates in use, for
    everything but the service itself.
    """
    engine = make_engine(settings.database.get_secret_value())
    try:
        return _runtime_on(engine, settings, migrate=migrate, publish=publish, now=now)
    except BaseException:
        engine.dispose()
        raise


def _runtime_on(
    engine: sa.Engine, settings: Settings, *, migrate: bool, publish: bool, now: Callable[[], datetime]
) -> Runtime:
    catalogue = replace(Catalogue.load(settings.templates), published=partial(publishing.calendar, engine))
    check(engine)
    if migrate:
        upgrade(engine)
    unpublished = _publish(engine, catalogue) if publish else ()
    ready = migrate or not pending(engine)
    in_use = publishing.all_in_use(engine) if ready else {}
    check_against(settings, replace(catalogue, templates=in_use if publish else catalogue.templates | in_use))
    connectors = installed()
    budgets = budgets_of(engine, {name: (one.tracker, one.settings) for name, one in settings.connections.items()})
    vault = Vault([key.get_secret_value() for key in settings.secret_keys])
    trackers: dict[str, Tracker] = {}
    tokens: dict[str, StoredTokens] = {}
    for name, connection in settings.connections.items():
        connector = connectors[connection.tracker]
        with opening(name):
            if sign_in := connector.sign_in(connection.settings):
                tokens[name] = StoredTokens(engine, vault, name, sign_in, now)
            shared = budgets[name] if ready else None
            trackers[name] = connector.open(connection.settings, shared=shared, tokens=tokens.get(name))
    return Runtime(
        settings=settings,
        engine=engine,
        catalogue=catalogue,
        trackers=trackers,
        budgets=budgets,
        receivers={
            SUBMITTED: FormReceiver(),
            **{name: connectors[connection.tracker].receiver for name, connection in settings.connections.items()},
        },
        vault=vault,
        tokens=tokens,
        now=now,
        began=now(),
        unpublished=unpublished,
    )


def _publish(engine: sa.Engine, catalogue: Catalogue) -> tuple[publishing.Step, ...]:
    """Publish the folder; what cannot be published is told, and the version in use stays."""
    refused = tuple(step for step in publishing.apply(engine, catalogue, by="the service") if step.refusal)
    for reason in (*catalogue.problems, *(step.refusal for step in refused)):
        log.warning("not published: %s", reason)
    return refused


@contextmanager
def working(runtime: Runtime) -> Iterator[Worker]:
    """A worker of this process, for as long as the block lasts."""
    worker = Worker(runtime, database_url=runtime.settings.database.get_secret_value())
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


@contextmanager
def serving(runtime: Runtime, ring: Callable[[], None]) -> Iterator[FastAPI]:
    """The web app with its mailbox; `ring` tells a worker in this process that a delivery is on disk."""
    mailbox = (TracedMailbox if tracing.on() else Mailbox)(runtime.engine, _Heard().note)
    try:
        yield make_app(runtime, mailbox, ring, mailbox.close)
    finally:
        mailbox.close()


class _Heard:
    """Notes in the database that hooks work, each at most every few seconds: in a burst every commit counts."""

    EVERY = timedelta(seconds=5)

    def __init__(self) -> None:
        self._noted: dict[str, datetime] = {}

    def note(self, session: Session, rows: Sequence[Received]) -> None:
        at = rows[-1].received_at
        due = {row.hook_id for row in rows if at - self._noted.get(row.hook_id, at - self.EVERY) >= self.EVERY}
        if due:
            hooks.delivered(session, due, at)
            self._noted |= dict.fromkeys(due, at)


def log_to_stderr(level: str) -> None:
    """One JSON object a line; every line of one piece of work carries the same request id."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            timestamp="at",  # in UTC, as in the ledger
            rename_fields={"levelname": "level"},
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # uvicorn's message again, for terminals
        )
    )
    handler.addFilter(_with_request_id)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address with its query
    logging.getLogger("alembic.runtime.migration").addFilter(_is_an_upgrade)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it would list its own parts


def _is_an_upgrade(record: logging.LogRecord) -> bool:
    """Alembic also tells, at every health check, that it has looked."""
    return record.levelno > logging.INFO or record.getMessage().startswith("Running")


def _with_request_id(record: logging.LogRecord) -> bool:
    if request_id.get() and not hasattr(record, "request_id"):
        record.request_id = request_id.get()
    return True
