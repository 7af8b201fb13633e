"""The vendor's limits, kept on our side: so many calls in flight, so many in any window, and one pause for all
siblings."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from connectors.errors import RateLimited
from connectors.sharing import LEASE_SECONDS, Shared, purpose

LONG = 10.0
"""Seconds of a rate from which processes share it call by call; of shorter ones each has its part."""
BLOCKS = 50
"""Into so many parts a shared rate is cut."""
SWEEPS = 5
"""Sweeps may have one in so many of the reads in flight."""
LONGEST_TURN = 60.0
"""Seconds for which a sweep lets others go first: it must come to its end some day."""
LONGEST_PAUSE = 60.0
"""Seconds for which a call waits in its thread."""


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

    def reserve(self, at: float, weight: int, peers: int = 1) -> float:
        """The earliest start at or after `at` for `weight` calls, already taken. A weight above the rate
        starts late, once. Each of several `peers` has its part of the rate."""
        calls = max(1, self._rate.calls // peers)
        for _ in range(weight):
            if len(self._starts) >= calls:
                at = max(at, self._starts[-calls] + self._rate.seconds)
            self._starts.append(at)
        return at

    def idle(self, now: float) -> bool:
        return not self._starts or self._starts[-1] + self._rate.seconds < now


class _Leased:
    """A rate that processes share: rights to call are taken in blocks, so that few calls cost a question."""

    def __init__(self, rate: Rate, shared: Shared, clock: Callable[[], float]) -> None:
        self._rate, self._shared, self._clock = rate, shared, clock
        self._own = _Window(rate)
        self._left, self._starts, self._ends = 0, 0.0, 0.0

    def reserve(self, at: float, weight: int) -> float:
        """Like a window's; asks the others where what was taken is used up or too old."""
        if weight > self._left or at > self._ends:
            calls = max(weight, self._rate.calls // BLOCKS)
            wait = self._shared.lease(self._rate, calls)
            if wait is None:
                return self._own.reserve(at, weight)
            self._left, self._starts = calls, self._clock() + wait
            self._ends = self._starts + LEASE_SECONDS
        self._left -= weight
        return max(at, self._starts)


class _Slots:
    """A semaphore with weights, first come first served, so that a batch of ten is not starved by single calls.

    Only whoever is next is woken: hundreds may wait, and waking them all for each free slot costs more than the calls.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._others = 0
        """Of the size, what other processes may use."""
        self._queue: deque[tuple[int, threading.Event]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, weight: int, peers: int = 1) -> Iterator[None]:
        granted = threading.Event()
        with self._lock:
            self._others = self._size - max(1, self._size // peers)
            weight = min(weight, self._size - self._others)
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
        while self._queue and min(self._queue[0][0], self._size - self._others) <= self._free - self._others:
            weight, granted = self._queue.popleft()
            self._free -= weight
            granted.set()


class Limiter:
    """One for each token. Thread-safe; `clock` is monotonic seconds."""

    def __init__(
        self,
        limits: Limits,
        *,
        shared: Shared | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._shared, self._clock, self._sleep = shared, clock, sleep
        self._reads, self._writes = _Slots(limits.reads_in_flight), _Slots(limits.writes_in_flight)
        self._leased = [_Leased(rate, shared, clock) for rate in limits.total if shared and rate.seconds >= LONG]
        self._total = [_Window(rate) for rate in limits.total if not shared or rate.seconds < LONG]
        self._by_method = {m: [_Window(rate) for rate in rates] for m, rates in limits.by_method.items()}
        self._sweeps = _Slots(max(1, limits.reads_in_flight // SWEEPS))
        self._urgent = 0
        self._nobody_waits = threading.Condition()
        self._item_rates = limits.writes_per_item
        self._items: dict[str, list[_Window]] = defaultdict(lambda: [_Window(rate) for rate in self._item_rates])
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def pause(self, seconds: float) -> None:
        """The vendor told one call to wait: every sibling waits too."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
        if self._shared:
            self._shared.pause(seconds)

    @property
    def somebody_waits(self) -> bool:
        """Whether a call that is no sweep's has not started yet."""
        return self._urgent > 0

    @contextmanager
    def slot(self, method: str, *, weight: int = 1, items: Collection[str] = ()) -> Iterator[None]:
        """Hold the right to have `weight` calls in flight; blocks until every limit allows them to start.

        `items` are the tasks written to: waiting for one busy task does not hold up calls on others.
        """
        reading, peers = method in ("GET", "HEAD"), self._shared.peers() if self._shared else 1
        with ExitStack() as held:
            with self._turn(held, weight, reading=reading):
                if not reading and self._item_rates and items:
                    self._wait_for(lambda now: self._reserve_items(now, items))
                held.enter_context((self._reads if reading else self._writes).hold(weight, peers))
                windows = [*self._total, *self._by_method.get(method, ())]
                self._wait_for(lambda now: self._reserve(now, windows, weight, peers))
                self._wait_for(lambda now: max((part.reserve(now, weight) for part in self._leased), default=now))
                self._wait_out_pauses()
            yield

    @contextmanager
    def _turn(self, held: ExitStack, weight: int, *, reading: bool) -> Iterator[None]:
        """While it waits. A sweep's reads let all others go first, and never take more than a small part."""
        if reading and purpose.get() == "sweep":
            with self._nobody_waits:
                self._nobody_waits.wait_for(lambda: not self.somebody_waits, timeout=LONGEST_TURN)
            held.enter_context(self._sweeps.hold(weight))
            yield
            return
        with self._nobody_waits:
            self._urgent += 1
        try:
            yield
        finally:
            with self._nobody_waits:
                self._urgent -= 1
                if not self._urgent:
                    self._nobody_waits.notify_all()

    def _wait_out_pauses(self) -> None:
        """A long one is left to the caller, who comes again later and holds nobody up meanwhile."""
        while (left := max(self._paused_until - self._clock(), self._shared.paused() if self._shared else 0.0)) > 0:
            if left > LONGEST_PAUSE:
                raise RateLimited(f"the vendor told us to wait for {left:.0f} s", retry_after=left)
            self._sleep(left)

    def _reserve(self, now: float, windows: Collection[_Window], weight: int, peers: int = 1) -> float:
        return max((window.reserve(now, weight, peers) for window in windows), default=now)

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
