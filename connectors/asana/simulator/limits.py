"""Asana's rate and concurrency limits (https://developers.asana.com/docs/rate-limits).

The simulator counts all calls together, as if they came with one token.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter, deque

READS_IN_FLIGHT = 50
WRITES_IN_FLIGHT = 15
WINDOW = 60.0

_Key = tuple[str, str, bytes]


class Limits:
    """What has started and not ended, and what started in the last minute."""

    def __init__(self) -> None:
        self._open: Counter[_Key] = Counter()
        self._reads = self._writes = 0
        self._starts: deque[tuple[float, int]] = deque()
        self._started = 0

    def start(self, method: str, path: str, body: bytes, per_minute: int) -> float | None:
        """None and the call is in flight, or the whole seconds to wait. A refused call counts towards the rate too."""
        now = time.monotonic()
        while self._starts and self._starts[0][0] <= now - WINDOW:
            self._started -= self._starts.popleft()[1]
        reads, writes = weigh(method, path, body)
        self._starts.append((now, reads + writes))
        self._started += reads + writes
        if self._started > per_minute:
            return self._wait(now, per_minute)
        if self._reads + reads > READS_IN_FLIGHT or self._writes + writes > WRITES_IN_FLIGHT:
            return 1.0
        self._open[method, path, body] += 1
        self._reads, self._writes = self._reads + reads, self._writes + writes
        return None

    def end(self, method: str, path: str, body: bytes) -> None:
        """The call has been answered; calls that were refused or never counted change nothing."""
        key = method, path, body
        if not self._open[key]:
            del self._open[key]
            return
        self._open[key] -= 1
        reads, writes = weigh(method, path, body)
        self._reads, self._writes = self._reads - reads, self._writes - writes

    def _wait(self, now: float, per_minute: int) -> float:
        excess = self._started - per_minute
        for at, weight in self._starts:
            excess -= weight
            if excess <= 0:
                return float(max(1, math.ceil(at + WINDOW - now)))
        return WINDOW


def weigh(method: str, path: str, body: bytes) -> tuple[int, int]:
    """Reads and writes of a call: each action of a batch counts."""
    if not path.endswith("/batch"):
        return (1, 0) if method in ("GET", "HEAD") else (0, 1)
    try:
        actions = json.loads(body)["data"]["actions"]
        reads = sum(str(action["method"]).lower() in ("get", "head") for action in actions)
        return reads, len(actions) - reads
    except (ValueError, KeyError, TypeError):
        return 0, 1
