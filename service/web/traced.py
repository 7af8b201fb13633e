"""Deliveries as the beginnings of traces; only in the way where traces are sent."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service import tracing
from service.store.mailbox import Mailbox, Outcome, Received

_sender: ContextVar[Headers] = ContextVar("_sender", default=Headers())  # noqa: B039  (they do not change)


class SenderKept:
    """The headers of the call at hand are known to the mailbox below."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _sender.set(Headers(scope=scope))  # each call is a task of its own
        await self._app(scope, receive, send)


class TracedMailbox(Mailbox):
    """Each delivery that it takes begins a trace."""

    async def accept_async(self, row: Received) -> Outcome:
        """As ever."""
        with tracing.delivery(row, _sender.get()):
            return await super().accept_async(row)
