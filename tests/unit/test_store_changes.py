"""What waits for runs: many of it at once, and runs that end at the same moment."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from service.store import campaigns, changes, inbox
from service.store.engine import reading, transaction
from service.store.tables import Inbox
from tests.unit.test_store_campaigns import campaign


def test_a_delivery_whose_last_two_changes_end_together_is_finished(store_engine: sa.Engine) -> None:
    """Two runs side by side each see the other's change as waiting, unless one lets the other go first."""
    with transaction(store_engine) as session:
        delivery = Inbox(connection="asana", hook_id="h", key="k", body=b"{}", routed=True)
        session.add(delivery)
        session.flush()
        partitions = ["asana:1", "asana:2"]
        changes.add(session, [changes.Hint(partition=p, kind="updated", inbox_id=delivery.id) for p in partitions])

    def finish(session: sa.orm.Session, partition: str) -> None:
        changes.finish(session, changes.waiting(session, partition), "handled", "done")  # type: ignore[arg-type]

    def other() -> None:
        with transaction(store_engine) as session:
            finish(session, "asana:2")

    beside = threading.Thread(target=other)
    with transaction(store_engine) as session:
        finish(session, "asana:1")
        beside.start()
        beside.join(0.5)
    beside.join()
    with reading(store_engine) as session:
        assert inbox.counts(session) == {"handled": 1}


def test_thousands_of_tasks_are_looked_up_at_once(store_engine: sa.Engine) -> None:
    """A sweep after a long pause names more of them than a database takes in one statement."""
    with transaction(store_engine) as session:
        campaigns.save(session, campaign("39999"))
    with reading(store_engine) as session:
        names = [str(number) for number in range(40_000)]
        assert campaigns.partitions_of(session, "jira", names) == {"39999": "jira:39999"}
