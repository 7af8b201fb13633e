"""The chassis of every simulator: a real loopback server with a clock, latency, faults, a request log and a webhook
sender.

A simulator is one process's toy site: stateful, strict, and small. Its vendor's behaviour stands in
`connectors/<tracker>/simulator/`; nothing here knows a vendor.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.knobs import Knobs
from connectors.webhook_sender import WebhookSender


@dataclass(frozen=True, slots=True)
class Seen:
    """One API call, as it arrived and as it was answered."""

    at: float
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer: bytes
    """The answer's body; empty where the connection was cut."""

    @property
    def json(self) -> Any:
        """The request's body."""
        return json.loads(self.body) if self.body else None


class SimClock:
    """Wall time plus an offset that tests and the demo may move."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC) + self.offset


@dataclass
class Simulator:
    """Base of the vendors' simulators: serves `self.app` (an ASGI app) on loopback in a thread of its own.

    A subclass builds its ASGI app in `build`; the chassis wraps it in `Faulty`. Paths below `/_sim/`
    and its HTML pages (`/`, `/browse/…`) are ours, not the vendor's: no latency, faults or log for them.
    """

    knobs: Knobs = field(default_factory=Knobs)
    port: int = 0

    def __post_init__(self) -> None:
        self.clock = SimClock()
        self.log: list[Seen] = []
        self.in_flight = 0
        """API calls now being answered."""
        self.sender = WebhookSender(self.knobs)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def build(self) -> ASGIApp:
        """The vendor's API and the small HTML pages."""
        raise NotImplementedError

    def connection(self) -> dict[str, Any]:
        """The settings of a connection to this site; a secret as it is, where people name a variable."""
        raise NotImplementedError

    def is_api(self, path: str) -> bool:
        """Whether this path is the vendor's (logged, delayed, faulty) and not one of our own pages."""
        raise NotImplementedError

    def limit(self, method: str, path: str, body: bytes) -> float | None:
        """With `enforce_limits`: seconds to wait where this call is over the vendor's limits, else None.

        Called when the call arrives, in arrival order; calls still in flight are in `self.in_flight`.
        """
        raise NotImplementedError

    def finished(self, method: str, path: str, body: bytes) -> None:
        """The call of this `limit` has been answered."""

    def error(self, status: int) -> bytes:
        """The vendor's error body for a fault of this status."""
        raise NotImplementedError

    def fault_headers(self, status: int, wait: float | None) -> dict[str, str]:
        """What such a fault carries besides its body; `wait` is the seconds of a 429, None where it does not say."""
        return {"retry-after": f"{wait:g}"} if status == 429 and wait is not None else {}

    @property
    def url(self) -> str:
        """The base address while it runs, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Serve; returns once it answers. `port` 0 takes a free one."""
        app = Faulty(self, self.build())
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_level="warning",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=60,  # as patient as the vendors' gateways
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True, name=type(self).__name__)
        self._thread.start()
        self.sender.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise OSError(f"port {self.port} cannot be served")
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self

    def stop(self) -> None:
        """Stop serving and sending."""
        self.sender.stop()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Faulty:
    """ASGI middleware: the latency, faults, limits and log of a simulator, around its API paths only."""

    def __init__(self, simulator: Simulator, app: ASGIApp) -> None:
        self._sim, self._app = simulator, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if not self._sim.is_api(path):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        await _Attempt(self._sim, self._app, scope, method, path, body).run(send)


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _abort(send: Send) -> None:
    # uvicorn hands out its cycle's bound method, the only way to its socket.
    send.__self__.transport.abort()  # type: ignore[attr-defined]


class _Attempt:
    """One API call on its way through latency and faults."""

    def __init__(self, sim: Simulator, app: ASGIApp, scope: Scope, method: str, path: str, body: bytes) -> None:
        self._sim, self._app, self._scope = sim, app, scope
        self._method, self._path, self._body = method, path, body
        self._status, self._headers, self._answer = 0, [(b"content-type", b"application/json")], b""

    async def run(self, send: Send) -> None:
        knobs = self._sim.knobs
        self._sim.in_flight += 1
        wait = self._sim.limit(self._method, self._path, self._body) if knobs.enforce_limits else None
        writes = self._method not in ("GET", "HEAD")
        cut = False
        if knobs.latency:
            await anyio.sleep(knobs.latency)
        try:
            if wait is not None:
                self._fail(429, wait)
            elif self._strikes(knobs.rate_limited):
                self._fail(429, knobs.retry_after)
            elif self._strikes(knobs.error_before):
                self._fail(knobs.error_status)
            elif self._strikes(knobs.cut_before):
                cut = True
            elif writes and self._strikes(knobs.work_late):
                cut = True
                _abort(send)
                await anyio.sleep(knobs.late_seconds)
                await self._work()
            else:
                await self._work()
                if writes and self._strikes(knobs.error_after):
                    self._fail(knobs.error_status)
                elif writes and self._strikes(knobs.cut_after):
                    cut = True
                elif self._strikes(knobs.garbage):
                    self._status, self._answer = 200, b"<html>upstream</html>"
        finally:
            self._sim.in_flight -= 1
            self._sim.finished(self._method, self._path, self._body)
        self._note(cut)
        if cut:
            _abort(send)
            await anyio.sleep(0.001)
            return
        headers = [(k, v) for k, v in self._headers if k != b"content-length"]
        headers.append((b"content-length", str(len(self._answer)).encode()))
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._answer})

    def _strikes(self, share: float) -> bool:
        knobs = self._sim.knobs
        if not share or knobs.strikes == 0 or knobs.only not in f"{self._method} {self._path} ":
            return False
        if random.random() >= share:
            return False
        if knobs.strikes is not None:
            knobs.strikes -= 1
        return True

    def _fail(self, status: int, wait: float | None = None) -> None:
        self._status, self._answer = status, self._sim.error(status)
        self._headers = [(b"content-type", b"application/json")]
        self._headers += [(k.encode(), v.encode()) for k, v in self._sim.fault_headers(status, wait).items()]

    async def _work(self) -> None:
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status, self._headers = message["status"], list(message["headers"])
            else:
                self._answer += message.get("body", b"")

        await self._app(self._scope, replay, catch)

    def _note(self, cut: bool) -> None:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in self._scope["headers"]}
        self._sim.log.append(
            Seen(
                at=time.monotonic(),
                method=self._method,
                path=self._path,
                query=self._scope["query_string"].decode("latin-1"),
                headers={k: v for k, v in headers.items() if k != "authorization"},
                body=self._body,
                status=0 if cut else self._status,
                answer=b"" if cut else self._answer,
            )
        )
