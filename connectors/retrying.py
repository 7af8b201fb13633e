"""The one retry policy: tenacity, by outcome.

A read or an idempotent write may repeat after any of the three passing errors. A create may not: its adapter looks at
the
container before each repeat (`connectors.contract.Tracker.create`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from connectors.errors import OutcomeUnknown, RateLimited, Unreachable

PASSING = (RateLimited, Unreachable, OutcomeUnknown)
_backoff = wait_random_exponential(multiplier=0.2, max=8)


def _pause(state: RetryCallState) -> float:
    """Never less than the vendor asked for: jitter is only added."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return _backoff(state) if asked is None else asked + random.uniform(0, 0.1 * asked + 0.05)  # noqa: S311


def retrying(
    *,
    deadline: float = 90,
    attempts: int = 8,
    on: tuple[type[Exception], ...] = PASSING,
    sleep: Callable[[float], None] = time.sleep,
) -> Retrying:
    """Use as `for attempt in retrying(): with attempt: …`.

    Gives up *before* a pause that would pass `deadline` (seconds), and raises the last error as it was: the
    durable engine
    then tries the whole run later. Never nest two of these.
    """
    return Retrying(
        retry=retry_if_exception_type(on),
        wait=_pause,
        stop=stop_after_attempt(attempts) | stop_before_delay(deadline),
        sleep=sleep,
        reraise=True,
    )
