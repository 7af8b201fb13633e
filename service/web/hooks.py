"""Where trackers call us: verified, on disk, answered; the work comes later.

401 for a signature that is missing or wrong, or a hook without a secret; 404 for an address we never gave out; 413 for
a body over the limit; 503 when it could not be stored, so that the vendor sends it again. All else is 202, or 200 for
one that is here already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from uuid_utils import uuid7

from connectors.contract import Handshake, Receiver
from connectors.errors import Unverified
from service.runtime import Runtime
from service.store import hooks
from service.store.engine import reading
from service.store.mailbox import Mailbox, NotStored, Received
from service.store.secrets import SecretError

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""How long a hook is remembered; `tminus connect` in another process may change it."""
KEPT_HEADERS = ("user-agent", "x-atlassian-webhook-identifier", "x-atlassian-webhook-retry", "x-request-id")


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
        self._lock = threading.Lock()

    def admit(self, hook_id: str, headers: dict[str, str], body: bytes) -> tuple[str, str] | Handshake:
        """The connection and the delivery's key, or the handshake to answer. Raises `HTTPException`."""
        for fresh in (False, True):
            hook = self._hook(hook_id, fresh=fresh)
            if hook is None:
                continue
            try:
                verified = hook.receiver.verify(headers, body, hook.secret)
            except Unverified as error:
                if fresh:
                    log.info("unverified call for hook of %s: %s", hook.connection, error)
                    raise HTTPException(401, str(error)) from error
                continue
            if isinstance(verified, Handshake):
                if hook.pending:
                    return verified
                if fresh:
                    raise HTTPException(401, "this hook has shaken hands already; its secret is not changed by a call")
                continue
            return hook.connection, verified.key
        raise HTTPException(404, "no such hook")

    def _hook(self, hook_id: str, *, fresh: bool) -> _Hook | None:
        known = self._known.get(hook_id)
        if known and not fresh and time.monotonic() - known.read_at < FRESH_SECONDS:
            return known
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
        found = _Hook(row.connection, receiver, secret, row.state == "pending", time.monotonic())
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[hook_id] = found
        return found


def router(runtime: Runtime, mailbox: Mailbox, ring: Callable[[], None]) -> APIRouter:
    """`POST /hooks/{hook_id}`; `ring` is called after a delivery is on disk."""
    doorman = Doorman(runtime)
    limit = runtime.settings.max_body_kb * 1024
    routes = APIRouter()

    async def raw_body(request: Request) -> bytes:
        if int(request.headers.get("content-length") or 0) > limit:
            raise HTTPException(413, f"a body may have {limit} bytes at most")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise HTTPException(413, f"a body may have {limit} bytes at most")
        return bytes(body)

    @routes.post("/hooks/{hook_id}", status_code=202)
    def receive(hook_id: str, request: Request, body: bytes = Depends(raw_body)) -> Response:  # noqa: B008
        """One webhook call."""
        headers = dict(request.headers)
        admitted = doorman.admit(hook_id, headers, body)
        if isinstance(admitted, Handshake):
            return Response(status_code=200, headers=dict(admitted.headers))
        connection, key = admitted
        row = Received(
            connection=connection,
            hook_id=hook_id,
            key=key,
            body=body,
            headers={name: headers[name] for name in KEPT_HEADERS if name in headers},
            request_id=str(uuid7()),
        )
        try:
            outcome = mailbox.accept(row)
        except NotStored as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "5"}) from error
        ring()
        return Response(outcome, status_code=202 if outcome == "stored" else 200, media_type="text/plain")

    return routes
