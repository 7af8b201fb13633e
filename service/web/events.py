"""`POST /api/events`: what happens outside the trackers, signed by its source, on disk before it is answered.

403 while no source is configured; 401 for a signature that is missing, old or wrong; 413 for a body over the limit; 422
with every wrong item, and nothing of the body stored. Else 202, or 200 where everything was here already.
"""

from __future__ import annotations

import logging
from dataclasses import asdict

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import Unverified
from service import filing
from service.core.event import Event
from service.runtime import Runtime
from service.store import events
from service.store.engine import transaction
from service.web.bodies import body_of
from service.web.posted import Unreadable, read
from service.web.signed import source_of
from service.workflows import enqueue

log = logging.getLogger(__name__)
CLOSED = "no source of events is configured; docs/how-to/send-events.md tells how"


def router(runtime: Runtime) -> APIRouter:
    """The endpoint; it is closed while the settings name no source."""
    settings = runtime.settings
    limit = settings.max_body_kb * 1024
    secrets = {name: _split(secret.get_secret_value()) for name, secret in settings.event_sources.items()}
    routes = APIRouter()

    @routes.post("/api/events", status_code=202)
    async def receive(request: Request) -> JSONResponse:
        """One event, or up to 1,000 of them."""
        if not secrets:
            raise HTTPException(403, CLOSED)
        body = await body_of(request, limit)
        try:
            source = source_of(secrets, request.headers, body, runtime.now().timestamp())
            told = read(body, runtime.now())
        except Unverified as error:
            log.info("unverified events: %s", error)
            raise HTTPException(401, str(error)) from error
        except Unreadable as error:
            return JSONResponse({"problems": [asdict(problem) for problem in error.problems]}, status_code=422)
        return await run_in_threadpool(_store, source, told)

    def _store(source: str, told: list[Event]) -> JSONResponse:
        try:
            with transaction(runtime.engine) as session:
                stored = events.add(session, source, told, runtime.now())
                asked = filing.ask(session, runtime, {event.type for event in told}) if stored else set()
                if asked:
                    enqueue(session, asked)
        except SQLAlchemyError as error:
            log.exception("events could not be stored")
            raise HTTPException(503, "the events could not be stored", headers={"Retry-After": "5"}) from error
        known = len(told) - stored
        return JSONResponse({"stored": stored, "already_here": known}, status_code=202 if stored else 200)

    return routes


def _split(secrets: str) -> list[str]:
    return [secret.strip() for secret in secrets.split(",") if secret.strip()]
