"""The HTTP side of the service: hooks, the API, and health; nothing else is served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service import tracing
from service.metrics import Metrics, of_this_process
from service.runtime import Runtime
from service.store.mailbox import Mailbox
from service.web import api, campaigns, commitments, events, forms, health, hooks, metrics
from service.web.traced import SenderKept


def make_app(runtime: Runtime, mailbox: Mailbox, ring: Callable[[], None], close: Callable[[], None]) -> FastAPI:
    """The app; `close` is called after the last request has been answered."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        close()

    # No interactive docs: their page loads scripts from elsewhere.
    app = FastAPI(title="Tminus", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", lifespan=lifespan)
    if tracing.on():
        app.add_middleware(SenderKept)
    app.router.routes.append(hooks.route(runtime, mailbox, ring))
    app.include_router(forms.router(runtime, mailbox, ring), include_in_schema=False)
    app.include_router(api.router(runtime))
    app.include_router(campaigns.router(runtime, ring))
    app.include_router(events.router(runtime))
    app.include_router(commitments.router(runtime))
    app.include_router(health.router(runtime))
    app.include_router(metrics.router(runtime.settings.api_tokens, Metrics(runtime).collect))
    return app


def make_worker_app(runtime: Runtime) -> FastAPI:
    """What a process answers that takes no webhooks: its health, and its own calls and runs."""
    app = FastAPI(title="Tminus", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health.router(runtime))
    app.include_router(metrics.router(runtime.settings.api_tokens, of_this_process))
    return app
