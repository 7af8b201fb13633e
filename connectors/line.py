"""The only door to the network: limits, request ids, counting, the host allow-list, and error translation."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from uuid_utils import uuid7

from connectors import fencing, tally, tracing
from connectors.errors import AccessDenied, NotFound, OutcomeUnknown, RateLimited, Rejected, TrackerError
from connectors.limiting import Limiter, Limits
from connectors.sharing import Shared, purpose

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")

CONNECT_SECONDS, READ_SECONDS = 3, 20
"""Whole seconds: the asana SDK silently ignores a float."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Goes out as `X-Request-Id` with every call, and into every log line and ledger entry of the same piece of work."""

log = logging.getLogger(__name__)


class Line:
    """One for each connection. Every SDK or httpx call goes through `call`; `observe` sees every HTTP attempt."""

    def __init__(
        self,
        system: str,
        base: str,
        limits: Limits,
        translate: Callable[[Exception], TrackerError | None],
        shared: Shared | None = None,
    ) -> None:
        self.system = system
        self._shared = shared
        self.limiter = shared.limiter(limits) if shared else Limiter(limits)
        self._name = tally.name_for(system)
        self._translate = translate
        self._host = urlsplit(base).netloc
        self._width = max(limits.reads_in_flight, limits.writes_in_flight)

    def call(
        self, method: str, fn: Callable[[], T], *, weight: int = 1, items: Collection[str] = (), limited: bool = True
    ) -> T:
        """Run `fn` (one HTTP call) inside the limits; raises only `TrackerError`.

        `weight` is what the vendor counts it as (a batch of ten is ten); `items` are the tasks it writes to.
        """
        try:
            if not limited:
                return fn()
            asked = time.perf_counter()
            with self.limiter.slot(method, weight=weight, items=items):
                self._count_wait(time.perf_counter() - asked)
                return fn()
        except TrackerError as error:
            self._slow_down(error)
            raise
        except Exception as error:
            translated = self._translate(error)
            if translated is None:
                raise
            self._slow_down(translated)
            raise translated from error

    def spread(self, fn: Callable[[A], T], over: Iterable[A]) -> list[T]:
        """`fn` over each, side by side, in order; the limiter decides how many really run. The first error is raised at
        the end, after every call has finished: a write is never abandoned half-way."""
        things = list(over)
        if len(things) < 2:
            return [fn(thing) for thing in things]
        with ThreadPoolExecutor(max_workers=min(len(things), self._width), thread_name_prefix=self.system) as pool:
            futures = [pool.submit(copy_context().run, fn, thing) for thing in things]
        return [future.result() for future in futures]

    def guard(self, url: str) -> None:
        """Refuse any host but the configured one: a redirect or a crafted link must not take our token elsewhere."""
        if urlsplit(url).netloc != self._host:
            raise Rejected(
                f"refused to call {urlsplit(url).netloc}: only {self._host} is configured for this connection"
            )

    @contextmanager
    def observe(self, method: str, url: str) -> Iterator[Observation]:
        """Around one HTTP attempt: checks host and right, counts, and logs it without its query, headers or body."""
        self.guard(url)
        fencing.check()
        seen = Observation()
        started = time.perf_counter()
        try:
            with tracing.tracer.call(self._name, method, url, seen):
                yield seen
        finally:
            seconds = time.perf_counter() - started
            call = tally.Call(self._name, method, str(seen.status or tally.NO_ANSWER))
            for counting in tally.now_counting():
                counting.add(call, seconds)
            if self._shared:
                self._shared.count(purpose.get(), seen.status)
            if (wait := seconds_used_up(seen.headers)) and seen.status != 429:
                self.limiter.pause(wait)
            log.debug(
                "%s %s",
                method,
                urlsplit(url).path,
                extra={
                    "system": self.system,
                    "status": seen.status,
                    "ms": round(seconds * 1000, 1),
                    "request_id": request_id.get(),
                },
            )

    def _count_wait(self, seconds: float) -> None:
        for counting in tally.now_counting():
            counting.wait(self._name, seconds)

    def _slow_down(self, error: TrackerError) -> None:
        if isinstance(error, RateLimited) and error.retry_after:
            self.limiter.pause(error.retry_after)


class Observation:
    """What came of one HTTP attempt."""

    status: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    """Of the answer, whatever the case of their names."""


def headers_out() -> dict[str, str]:
    """What every call carries."""
    if not request_id.get():
        request_id.set(str(uuid7()))
    return {"X-Request-Id": request_id.get(), **tracing.tracer.headers()}


def seconds_used_up(headers: Mapping[str, str]) -> float:
    """Until calls are allowed again, where an answer says that it was the last one allowed; 0 otherwise.

    `X-RateLimit-Reset` is an instant, as https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ has it.
    """
    if headers.get("X-RateLimit-Remaining") != "0":
        return 0.0
    try:
        reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        return 0.0
    return max(0.0, reset.timestamp() - time.time()) if reset.tzinfo else 0.0


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header: whole, fractional, or an HTTP date (RFC 9110 §10.2.3)."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def from_status(status: int, message: str, *, after: str | None = None, reason: str | None = None) -> TrackerError:
    """The error class for an HTTP status; `message` holds the vendor's own words."""
    sent = request_id.get() or None
    if status == 429:
        return RateLimited(message, retry_after=retry_after(after), reason=reason, request_id=sent)
    if status in (401, 403):
        return AccessDenied(message, status=status, request_id=sent)
    if status in (404, 410):
        return NotFound(message, status=status, request_id=sent)
    if status == 408 or status >= 500:
        return OutcomeUnknown(message, status=status, request_id=sent)
    return Rejected(message, status=status, request_id=sent)
