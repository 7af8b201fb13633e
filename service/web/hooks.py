"""Where trackers call us: verified, on disk, answered; the work comes later.

401 for a signature that is missing or wrong, or a hook without a secret; 404 for an address we never gave out; 413 for
a body over the limit; 503 when it could not be stored, so that the vendor sends it again. All else is 202, or 200 for
one that is here already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.routing import Route

from connectors.contract import Handshake, Receiver
from connectors.errors import Unverified
from service.runtime import Runtime
from service.store import hooks
from service.store.engine import reading
from service.store.mailbox import Mailbox, NotStored, Received
from service.store.secrets import SecretError
from service.store.tables import new_id
from service.web.bodies import body_of

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""How long a hook is remembered; `tminus connect` in another process may change it."""


@dataclass(frozen=True, slots=True)
class _Hook:
    connection: str
    receiver: Receiver
    secret: str | None
    pending: bool
    read_at: float


class Doorman:
    """Knows the hooks: checks each call against its hook's secret, without asking the database every time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._known: dict[str, _Hook] = {}

    def recall(self, hook_id: str, headers: Mapping[str, str], body: bytes) -> Received | None:
        """The delivery of a hook that is remembered and whose signature fits; None: `admit` decides."""
        hook = self._known.get(hook_id)
        if hook is None or time.monotonic() - hook.read_at > FRESH_SECONDS:
            return None
        try:
            verified = hook.receiver.verify(headers, body, hook.secret)
        except Unverified:
            return None
        return None if isinstance(verified, Handshake) else _received(hook, hook_id, verified.key, body)

    def admit(self, hook_id: str, headers: Mapping[str, str], body: bytes) -> Received | Handshake:
        """The delivery, or the handshake to answer, by what the database says now. Raises `HTTPException`."""
        hook = self._read(hook_id)
        if hook is None:
            raise HTTPException(404, "no such hook")
        try:
            verified = hook.receiver.verify(headers, body, hook.secret)
        except Unverified as error:
            log.info("unverified call for a hook of %s: %s", hook.connection, error)
            raise HTTPException(401, str(error)) from error
        if isinstance(verified, Handshake):
            if not hook.pending:
                # Anybody can offer a secret: the true one came with the vendor's answer to our own create.
                raise HTTPException(401, "this hook has shaken hands already; a call does not change its secret")
            return verified
        return _received(hook, hook_id, verified.key, body)

    def _read(self, hook_id: str) -> _Hook | None:
        with reading(self._runtime.engine) as session:
            row = hooks.get(session, hook_id)
        receiver = self._runtime.receivers.get(row.connection) if row else None
        if row is None or receiver is None or row.state == "gone":
            self._known.pop(hook_id, None)
            return None
        try:
            secret = hooks.secret_of(row, self._runtime.vault)
        except SecretError as error:
            raise HTTPException(503, "the secret of this hook does not open; see `tminus doctor`") from error
        self._known[hook_id] = _Hook(row.connection, receiver, secret, row.state == "pending", time.monotonic())
        return self._known[hook_id]


def _received(hook: _Hook, hook_id: str, key: str, body: bytes) -> Received:
    return Received(connection=hook.connection, hook_id=hook_id, key=key, body=body, request_id=new_id())


def route(runtime: Runtime, mailbox: Mailbox, ring: Callable[[], None]) -> Route:
    """`POST /hooks/{hook_id}`; `ring` is called after a delivery is on disk.

    On the event loop, because a thread for each delivery would cost more than the commit that they share; and a plain
    route, because what FastAPI does for arguments and models took as long as all else, and there are none.
    """
    doorman = Doorman(runtime)
    limit = runtime.settings.max_body_kb * 1024

    async def receive(request: Request) -> Response:
        """One webhook call."""
        hook_id = request.path_params["hook_id"]
        body = await body_of(request, limit)
        admitted: Received | Handshake | None = doorman.recall(hook_id, request.headers, body)
        if admitted is None:
            admitted = await run_in_threadpool(doorman.admit, hook_id, request.headers, body)
        if isinstance(admitted, Handshake):
            return Response(status_code=200, headers=dict(admitted.headers))
        try:
            outcome = await mailbox.accept_async(admitted)
        except NotStored as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "5"}) from error
        ring()
        return Response(outcome, status_code=202 if outcome == "stored" else 200, media_type="text/plain")

    return Route("/hooks/{hook_id}", receive, methods=["POST"])
