"""A person wants something of campaigns: their runs are asked for, as after a webhook."""

from __future__ import annotations

from collections.abc import Iterable

from service import intake
from service.runtime import Runtime
from service.store.engine import transaction
from service.store.tables import Campaign
from service.workflows import enqueue


def look_at(runtime: Runtime, chosen: Iterable[Campaign]) -> None:
    """Let the worker look at these within a second or so."""
    with transaction(runtime.engine) as session:
        for campaign in chosen:
            enqueue(session, intake.ask(session, campaign.connection, [campaign.request_task]))
