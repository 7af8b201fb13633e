"""Parked deliveries, and running them again once a person has mended what parked them."""

from __future__ import annotations

from collections.abc import Sequence

from service.runtime import Runtime
from service.store import changes, inbox, ledger, links
from service.store.engine import reading, transaction
from service.store.tables import Inbox


def parked(runtime: Runtime, limit: int = 1000) -> list[Inbox]:
    """What waits for a person, oldest first."""
    with reading(runtime.engine) as session:
        return inbox.parked(session, limit)


def replay_all(runtime: Runtime, deliveries: Sequence[str]) -> None:
    """Make them new again: the worker routes and handles them from the start."""
    with transaction(runtime.engine) as session:
        for partition in changes.forget(session, deliveries):
            links.retry_refused(session, *changes.parts(partition))
        for delivery in deliveries:
            inbox.replay(session, delivery)
            ledger.note(session, "replayed", "A person ran a parked delivery again.", inbox_id=delivery)
