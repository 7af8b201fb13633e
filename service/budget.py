"""The limits of one token, kept by all its processes together, and the count of what was called for whom.

On SQLite there is one worker, so nothing is asked of others; calls are counted all the same.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

import sqlalchemy as sa
from pydantic import SecretStr

from connectors.contract import ConnectorSettings
from connectors.limiting import Limiter, Limits, Rate
from connectors.sharing import LEASE_SECONDS, Purpose
from service.store import budgets
from service.store.engine import is_sqlite, reading, transaction, words_of

log = logging.getLogger(__name__)
T = TypeVar("T")

FRESH_SECONDS = 1.0
"""How long what the others told is believed."""
ALIVE_SECONDS = 15.0
"""Older signs of life are no peers'."""
ALONE = budgets.State(peers=1, paused=0.0)


class TokenBudget:
    """One for each token in each process; see `connectors.sharing.Shared`. A database that fails stops no call."""

    def __init__(
        self, engine: sa.Engine, connection: str, token: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine, self._connection, self._token, self._now = engine, connection, token, now
        self._shares = not is_sqlite(engine)
        self._limiter: Limiter | None = None
        self._state, self._read_at = ALONE, float("-inf")
        self._counts: Counter[tuple[datetime, str, bool]] = Counter()
        self._lock = threading.Lock()

    def limiter(self, limits: Limits) -> Limiter:
        with self._lock:
            self._limiter = self._limiter or Limiter(limits, shared=self)
            return self._limiter

    def peers(self) -> int:
        return self._known().peers

    def paused(self) -> float:
        return max(0.0, self._known().paused - (time.monotonic() - self._read_at))

    def pause(self, seconds: float) -> None:
        def write() -> None:
            with transaction(self._engine) as session:
                budgets.pause(session, self._token, seconds)
            self._read_at = float("-inf")

        if self._shares:
            self._try(write, None)

    def lease(self, rate: Rate, calls: int) -> float | None:
        def write() -> float | None:
            with transaction(self._engine) as session:
                # As long as a lease may be kept, the calls of one block may start later than it says.
                return budgets.lease(session, self._token, calls, rate.calls, rate.seconds + LEASE_SECONDS)

        return self._try(write, None) if self._shares else None

    def count(self, whom: Purpose, status: int | None) -> None:
        minute = self._now().replace(second=0, microsecond=0)
        with self._lock:
            self._counts[minute, whom, status == 429] += 1

    def write_down(self) -> None:
        """Store what was counted since the last time."""
        with self._lock:
            counted, self._counts = self._counts, Counter()
        if counted:
            keys = {(minute, whom) for minute, whom, _ in counted}
            rows = {key: (counted[*key, False] + counted[*key, True], counted[*key, True]) for key in keys}
            with transaction(self._engine) as session:
                budgets.count(session, self._connection, rows)

    def _known(self) -> budgets.State:
        """What the others told a moment ago."""
        if self._shares and time.monotonic() - self._read_at > FRESH_SECONDS:
            self._read_at = time.monotonic()  # first: one thread asks, the others go on with what is known
            self._state = self._try(self._read, self._state)
        return self._state

    def _read(self) -> budgets.State:
        with reading(self._engine) as session:
            return budgets.state(session, self._token, ALIVE_SECONDS)

    def _try(self, act: Callable[[], T], otherwise: T) -> T:
        try:
            return act()
        except sa.exc.SQLAlchemyError as error:
            log.warning("the budget of %s cannot be shared for now: %s", self._connection, words_of(error))
            return otherwise


def budgets_of(engine: sa.Engine, connections: Mapping[str, tuple[str, ConnectorSettings]]) -> dict[str, TokenBudget]:
    """One for each connection (its tracker and settings); those with the same token share one."""
    by_token: dict[str, TokenBudget] = {}
    found = {}
    for name, (tracker, settings) in connections.items():
        token = _token_of(tracker, settings)
        found[name] = by_token.setdefault(token, TokenBudget(engine, name, token))
    return found


def _token_of(tracker: str, settings: ConnectorSettings) -> str:
    """A digest of what the vendor tells callers by: where they call, and with which secrets."""
    values = [value for _, value in settings]
    secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    where = [tracker, str(getattr(settings, "url", "")), *secrets]
    return sha256("\n".join(where).encode()).hexdigest()[:32]
