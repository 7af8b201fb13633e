"""A small loopback server that takes webhooks, for tests of those who send them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """One call that arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HookTarget:
    """Keeps every call and answers `status`; Asana's handshake header is sent back while `echoes`."""

    status: int = 200
    echoes: bool = True
    before_answer: Callable[[Delivery], None] = lambda _: None
    got: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                delivery = Delivery(self.path, dict(self.headers), body)
                target.before_answer(delivery)
                target._keep(delivery)
                self.send_response(target.status)
                if target.echoes and "X-Hook-Secret" in self.headers:
                    self.send_header("X-Hook-Secret", self.headers["X-Hook-Secret"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self._server.server_port}/hooks/1?x=1"

    def wait_for(self, enough: Callable[[list[Delivery]], bool], seconds: float = 10) -> list[Delivery]:
        """All calls so far, as soon as they are enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.got), seconds), f"{len(self.got)} deliveries"
            return list(self.got)

    def _keep(self, delivery: Delivery) -> None:
        with self._changed:
            self.got.append(delivery)
            self._changed.notify_all()

    def __enter__(self) -> HookTarget:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
