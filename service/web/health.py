"""Whether the service lives (`/healthz`) and whether it can do its job (`/readyz`)."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service import publishing
from service.metrics import ALIVE_SECONDS
from service.runtime import Runtime
from service.store import hooks, inbox, migrating, workers
from service.store.engine import StoreError, is_full, is_sqlite, reading, transaction


class NotReady(Exception):
    """The service cannot do its job now; the message says why, in a few words."""


def router(runtime: Runtime) -> APIRouter:
    """Both endpoints; they tell counts and states, never contents."""
    routes, opened = APIRouter(), _file(runtime)

    @routes.get("/healthz")
    def alive() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}

    @routes.get("/readyz")
    def ready(response: Response) -> dict[str, object]:
        """The database answers with all migrations, and can store a delivery; else 503 with the reason.

        Tells what waits and for how long, what is parked, how many workers there are, which hooks do not work and which
        templates could not be published.
        """
        try:
            _prove(runtime, opened)
            with reading(runtime.engine) as session:
                return {"status": "ok", **_state(session, runtime)}
        except NotReady as error:
            response.status_code = 503
            return {"status": str(error)}
        except (SQLAlchemyError, StoreError):
            response.status_code = 503
            return {"status": "the database does not answer"}

    return routes


def _file(runtime: Runtime) -> int | None:
    """Which file SQLite's name leads to now; None on PostgreSQL, 0 where it leads nowhere."""
    if not is_sqlite(runtime.engine):
        return None
    try:
        return Path(runtime.engine.url.database or "").stat().st_ino
    except OSError:
        return 0


def _prove(runtime: Runtime, opened: int | None) -> None:
    if _file(runtime) != opened:
        # Open connections go on with the old file, of which nothing will be left.
        raise NotReady("the file of the database was moved or replaced: stop the service, put it back, start again")
    if migrating.pending(runtime.engine):
        raise NotReady("migrations are pending")
    try:
        with transaction(runtime.engine) as session:
            inbox.prove_room(session)
    except SQLAlchemyError as error:
        if is_full(error):
            raise NotReady("the disk of the database is full: deliveries are refused, to be sent again") from error
        raise


def _state(session: Session, runtime: Runtime) -> dict[str, object]:
    counts = inbox.counts(session, inbox.NOT_OVER)
    oldest = inbox.oldest_unrouted(session)
    connections = runtime.settings.connections
    quiet = [
        f"{name}: no active hook"
        for name in connections
        if not any(hook.state == "active" for hook in hooks.of_connection(session, name))
    ]
    quiet += [told for name in connections for told in hooks.problems(session, name, runtime.vault)]
    return {
        "waiting": counts.get("received", 0),
        "lag_seconds": round((runtime.now() - oldest).total_seconds(), 1) if oldest else 0,
        "parked": counts.get("parked", 0),
        "workers": workers.alive(session, ALIVE_SECONDS),
        "hooks": quiet or "all active",
        "templates": publishing.still_refused(session, runtime.unpublished) or "all published",
    }
