"""Parked deliveries, and running them again once a person has mended what parked them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.runtime import Runtime
from service.store import changes, comments, inbox, ledger, links
from service.store.engine import reading, transaction
from service.store.portions import portions
from service.store.tables import Campaign, Inbox


def parked(
    runtime: Runtime, limit: int | None = None, *, campaign: Campaign | None = None, since: datetime | None = None
) -> list[Inbox]:
    """What waits for a person, oldest first: all of it, that of one campaign, or what was received since then."""
    partition = changes.partition_of(campaign.connection, campaign.request_task) if campaign else None
    with reading(runtime.engine) as session:
        return inbox.parked(session, limit, partition=partition, since=since)


def replay_all(runtime: Runtime, deliveries: Sequence[str]) -> None:
    """Make them new again: the worker routes and handles them from the start."""
    for some in portions(deliveries):
        with transaction(runtime.engine) as session:
            for partition in changes.forget(session, some):
                links.retry_refused(session, *changes.parts(partition))
                comments.retry_denied(session, *changes.parts(partition))
            for delivery in some:
                inbox.replay(session, delivery)
                ledger.note(session, "replayed", "A person ran a parked delivery again.", inbox_id=delivery)
