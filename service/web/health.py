"""Whether the service lives (`/healthz`) and whether it can do its job (`/readyz`)."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from service import publishing
from service.runtime import Runtime
from service.store import hooks, inbox, migrating
from service.store.engine import StoreError, reading


def router(runtime: Runtime) -> APIRouter:
    """Both endpoints; they tell counts and states, never contents."""
    routes = APIRouter()

    @routes.get("/healthz")
    def alive() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}

    @routes.get("/readyz")
    def ready(response: Response) -> dict[str, object]:
        """The database answers with all migrations.

        Tells what waits, what is parked, which hooks are not active and which templates could not be published.
        """
        try:
            pending = migrating.pending(runtime.engine)
            with reading(runtime.engine) as session:
                counts = inbox.counts(session)
                refused = publishing.still_refused(session, runtime.unpublished)
                quiet = [
                    f"{name}: no active hook"
                    for name in runtime.settings.connections
                    if not any(hook.state == "active" for hook in hooks.of_connection(session, name))
                ]
                quiet += [told for name in runtime.settings.connections for told in hooks.problems(session, name)]
        except (SQLAlchemyError, StoreError):
            response.status_code = 503
            return {"status": "the database does not answer"}
        if pending:
            response.status_code = 503
        return {
            "status": "migrations are pending" if pending else "ok",
            "waiting": counts.get("received", 0),
            "parked": counts.get("parked", 0),
            "hooks": quiet or "all active",
            "templates": refused or "all published",
        }

    return routes
