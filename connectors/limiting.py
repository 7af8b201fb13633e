"""The vendor's limits, kept on our side: so many calls in flight, so many in any window, and one pause for all
siblings."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one token may do."""

    reads_in_flight: int
    writes_in_flight: int
    total: tuple[Rate, ...] = ()
    """Over all methods together."""
    by_method: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    writes_per_item: tuple[Rate, ...] = ()


class _Window:
    """A log of start times; the next start is the first moment at which no rate is exceeded."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._starts: deque[float] = deque(maxlen=rate.calls)

    def reserve(self, at: float, weight: int) -> float:
        """The earliest start at or after `at` for `weight` calls, already taken. A weight above the rate
        starts late, once."""
        for _ in range(weight):
            if len(self._starts) == self._rate.calls:
                at = max(at, self._starts[0] + self._rate.seconds)
            self._starts.append(at)
        return at

    def idle(self, now: float) -> bool:
        return not self._starts or self._starts[-1] + self._rate.seconds < now


class _Slots:
    """A semaphore with weights, first come first served, so that a batch of ten is not starved by single calls.

    Only whoever is next is woken: hundreds may wait, and waking them all for each free slot costs more than the calls.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._queue: deque[tuple[int, threading.Event]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, weight: int) -> Iterator[None]:
        weight = min(weight, self._size)
        granted = threading.Event()
        with self._lock:
            self._queue.append((weight, granted))
            self._grant()
        granted.wait()
        try:
            yield
        finally:
            with self._lock:
                self._free += weight
                self._grant()

    def _grant(self) -> None:
        while self._queue and self._queue[0][0] <= self._free:
            weight, granted = self._queue.popleft()
            self._free -= weight
            granted.set()


class Limiter:
    """One for each token. Thread-safe; `clock` is monotonic seconds."""

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._reads, self._writes = _Slots(limits.reads_in_flight), _Slots(limits.writes_in_flight)
        self._total = [_Window(rate) for rate in limits.total]
        self._by_method = {m: [_Window(rate) for rate in rates] for m, rates in limits.by_method.items()}
        self._item_rates = limits.writes_per_item
        self._items: dict[str, list[_Window]] = defaultdict(lambda: [_Window(rate) for rate in self._item_rates])
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def pause(self, seconds: float) -> None:
        """The vendor told one call to wait: every sibling waits too."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    @contextmanager
    def slot(self, method: str, *, weight: int = 1, items: Collection[str] = ()) -> Iterator[None]:
        """Hold the right to have `weight` calls in flight; blocks until every limit allows them to start.

        `items` are the tasks written to: waiting for one busy task does not hold up calls on others.
        """
        reading = method in ("GET", "HEAD")
        if not reading and self._item_rates and items:
            self._wait_for(lambda now: self._reserve_items(now, items))
        with (self._reads if reading else self._writes).hold(weight):
            self._wait_for(lambda now: self._reserve(now, [*self._total, *self._by_method.get(method, ())], weight))
            self._wait_for(lambda _: self._paused_until)
            yield

    def _reserve(self, now: float, windows: Collection[_Window], weight: int) -> float:
        return max((window.reserve(now, weight) for window in windows), default=now)

    def _reserve_items(self, now: float, items: Collection[str]) -> float:
        if len(self._items) > 1_000:
            for item in [i for i, windows in self._items.items() if all(w.idle(now) for w in windows)]:
                del self._items[item]
        return max(self._reserve(now, self._items[item], 1) for item in sorted(set(items)))

    def _wait_for(self, start: Callable[[float], float]) -> None:
        with self._lock:
            at = start(self._clock())
        while (left := at - self._clock()) > 0:
            self._sleep(left)
