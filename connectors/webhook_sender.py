"""The webhooks of every simulator on their way: late, lost, doubled, out of order and repeated as the knobs say."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from connectors.knobs import Knobs


@dataclass(slots=True)
class _Call:
    url: str
    body: bytes
    headers: Callable[[], Mapping[str, str]]
    done: Callable[[int | None], None]
    again: Callable[[int | None], bool]
    not_before: float
    attempt: int = 0


def _worth_repeating(status: int | None) -> bool:
    return status is None or status in (408, 425, 429) or status >= 500


def _strikes(share: float) -> bool:
    return random.random() < share  # noqa: S311  (mischief, not a secret)


class WebhookSender(threading.Thread):
    """Posts webhooks in the background, in order unless a knob says otherwise, and retries as vendors do."""

    def __init__(self, knobs: Knobs, *, attempts: int = 6, timeout: float = 10.0) -> None:
        super().__init__(daemon=True, name="webhooks")
        self._knobs, self._attempts = knobs, attempts
        self._client = httpx.Client(timeout=timeout, trust_env=False)
        self._calls: queue.Queue[_Call | None] = queue.Queue()
        self._held: _Call | None = None
        self._later: list[_Call] = []
        self._unsent = 0
        self._count = threading.Lock()
        self.sent = 0

    @property
    def busy(self) -> bool:
        """Whether a webhook waits for its first or its next attempt; one held back to be reordered does not count."""
        return self._unsent > 0

    def post(
        self,
        url: str,
        body: bytes,
        headers: Callable[[], Mapping[str, str]],
        done: Callable[[int | None], None] = lambda _: None,
        again: Callable[[int | None], bool] | None = None,
    ) -> None:
        """Queue one webhook; `done` hears the status of each attempt (None: no answer), then `again` says whether there
        is another one (by default after no answer, 408, 425, 429 and 5xx)."""
        again = again or _worth_repeating
        if _strikes(self._knobs.hook_lost):
            return
        call = _Call(url, body, headers, done, again, time.monotonic() + self._knobs.hook_delay)
        if self._held is None and _strikes(self._knobs.hook_reordered):
            self._held = call
            return
        self._put(call)
        if _strikes(self._knobs.hook_doubled):
            self._put(_Call(url, body, headers, done, again, call.not_before))
        if self._held is not None:
            self._put(self._held)
            self._held = None

    def _put(self, call: _Call) -> None:
        with self._count:
            self._unsent += 1
        self._calls.put(call)

    def call_now(self, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response | None:
        """One synchronous call (Asana's handshake); None where nobody answered."""
        try:
            return self._client.post(url, content=body, headers={"Content-Type": "application/json", **headers})
        except httpx.HTTPError:
            return None

    def run(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=0.05)
                if call is None:
                    return
                self._later.append(call)
            except queue.Empty:
                pass
            now = time.monotonic()
            due = [c for c in self._later if c.not_before <= now]
            self._later = [c for c in self._later if c.not_before > now]
            for call in due:
                self._send(call)

    def _send(self, call: _Call) -> None:
        response = self.call_now(call.url, call.body, call.headers())
        self.sent += 1
        status = response.status_code if response is not None else None
        call.done(status)
        if call.again(status) and call.attempt + 1 < self._attempts:
            call.attempt += 1
            call.not_before = time.monotonic() + self._knobs.hook_retry_seconds
            self._later.append(call)
            return
        with self._count:
            self._unsent -= 1

    def stop(self) -> None:
        """Send nothing more."""
        self._calls.put(None)
        self.join(timeout=12)
        self._client.close()
