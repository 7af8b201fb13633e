"""Parked deliveries, and running them again once a person has mended what parked them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from connectors.errors import TrackerError
from service.runtime import Runtime
from service.store import campaigns, changes, comments, inbox, ledger, links
from service.store.engine import reading, transaction
from service.store.portions import portions
from service.store.tables import ChangeRow, Inbox


def parked(
    runtime: Runtime, limit: int | None = None, *, partition: str | None = None, since: datetime | None = None
) -> list[Inbox]:
    """What waits for a person, oldest first: all of it, that of one request, or what was received since then."""
    with reading(runtime.engine) as session:
        return inbox.parked(session, limit, partition=partition, since=since)


def partition_named(runtime: Runtime, name: str) -> str | None:
    """Of a request, by what people type, also where its campaign never began; None where nobody knows it."""
    with reading(runtime.engine) as session:
        if campaign := campaigns.named(session, name):
            return changes.partition_of(campaign.connection, campaign.request_task)
    for connection, tracker in runtime.trackers.items():
        try:
            task = tracker.find_task(name)
        except TrackerError:
            continue  # it may stand in the next one
        if task:
            return changes.partition_of(connection, task.id)
    return None


def subjects(runtime: Runtime, deliveries: Sequence[Inbox]) -> dict[str, str]:
    """What each delivery is about: the label of its request, or what else is known of it."""
    ids = [delivery.id for delivery in deliveries]
    found: dict[str, str] = {}
    with reading(runtime.engine) as session:
        query = select(ChangeRow.inbox_id, ChangeRow.partition).where(col(ChangeRow.inbox_id).in_(ids))
        for inbox_id, partition in session.exec(query):
            connection, task = changes.parts(partition)
            campaign = campaigns.of_request(session, connection, task)
            found[inbox_id or ""] = campaign.request_label if campaign else task
    return found


def dismiss(runtime: Runtime, deliveries: Sequence[str], by: str) -> None:
    """Nobody waits for them any more: what they tell of is left as it is."""
    told = f"{by} dismissed a parked delivery."
    for some in portions(deliveries):
        with transaction(runtime.engine) as session:
            changes.forget(session, some)
            inbox.mark(session, some, "ignored", f"dismissed by {by}")
            for delivery in some:
                ledger.note(session, "dismissed", told, inbox_id=delivery)


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
