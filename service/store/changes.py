"""Changes waiting for the run that will look: what deliveries hint at, and what sweeps and people ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from connectors.contract import TaskId
from service.store.engine import is_sqlite
from service.store.portions import portions
from service.store.tables import ChangeRow, Inbox, InboxState, new_id, now
from service.store.upserts import table_of


def partition_of(connection: str, request_task: str) -> str:
    """What is handled one at a time: one request task of one connection."""
    return f"{connection}:{request_task}"


def parts(partition: str) -> tuple[str, TaskId]:
    """The inverse of `partition_of`."""
    connection, _, task = partition.partition(":")
    return connection, TaskId(task)


@dataclass(frozen=True, kw_only=True)
class Hint:
    """One change of a delivery, for the run of `partition`."""

    partition: str
    kind: str
    inbox_id: str | None = None
    """None: nobody told us, a sweep or a person asked."""
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that a run is about to answer."""

    id: str
    inbox_id: str | None


_CHANGE, _INBOX = table_of(ChangeRow), table_of(Inbox)
_THOSE: sa.BindParameter[str] = sa.bindparam("those", expanding=True)
# Built once: every run asks these, and building a statement costs more than its answer.
_ADD = sa.insert(_CHANGE)
_WAITING = (
    sa.select(_CHANGE.c.id, _CHANGE.c.inbox_id)
    .where(_CHANGE.c.partition == sa.bindparam("mine"), _CHANGE.c.state == "received")
    .order_by(_CHANGE.c.id)
)
_HOLD = sa.select(_INBOX.c.id).where(_INBOX.c.id.in_(_THOSE)).order_by(_INBOX.c.id).with_for_update()
_OUTCOME: dict[str, sa.BindParameter[str]] = {"state": sa.bindparam("outcome"), "reason": sa.bindparam("why")}
_FINISH = sa.update(_CHANGE).where(_CHANGE.c.id.in_(_THOSE)).values(_OUTCOME)
_FORGET_ASKED = sa.delete(_CHANGE).where(_CHANGE.c.id.in_(_THOSE), _CHANGE.c.inbox_id.is_(None))
_STATES = sa.select(_CHANGE.c.inbox_id, _CHANGE.c.state).where(_CHANGE.c.inbox_id.in_(_THOSE)).distinct()
_FINISH_DELIVERIES = (
    sa.update(_INBOX).where(_INBOX.c.id.in_(_THOSE)).values({**_OUTCOME, "handled_at": sa.bindparam("at")})
)


def add(session: Session, hints: Sequence[Hint]) -> None:
    """Let the runs of their partitions look."""
    if hints:
        rows = [{"id": new_id(), "state": "received", "at": now(), **vars(hint)} for hint in hints]
        session.connection().execute(_ADD, rows)


def waiting(session: Session, partition: str) -> list[Waiting]:
    """What the next run of this partition answers, oldest first."""
    return [Waiting(*row) for row in session.connection().execute(_WAITING, {"mine": partition})]


def commented(session: Session, partition: str) -> set[str]:
    """Tasks on which somebody may have commented, as far as the waiting changes of this partition tell."""
    query = select(ChangeRow.task).where(col(ChangeRow.partition) == partition, col(ChangeRow.state) == "received")
    return {task for task in session.exec(query.where(col(ChangeRow.kind) == "comment")) if task}


def partitions(session: Session) -> list[str]:
    """Partitions that have something waiting."""
    query = select(ChangeRow.partition).where(col(ChangeRow.state) == "received").distinct()
    return list(session.exec(query))


def again(session: Session, connection: str) -> set[str]:
    """What waits without a delivery; what was parked without one waits again, because nobody could replay it."""
    mine = (col(ChangeRow.inbox_id).is_(None), col(ChangeRow.partition).startswith(f"{connection}:", autoescape=True))
    parked = sa.update(ChangeRow).where(*mine, col(ChangeRow.state) == "parked")
    session.execute(parked.values(state="received", reason=None))
    return set(session.exec(select(ChangeRow.partition).where(*mine, col(ChangeRow.state) == "received")))


def finish(session: Session, rows: Iterable[Waiting], state: InboxState, reason: str) -> None:
    """Record what came of them; a delivery is finished with its last change, and parked if any of them is."""
    rows, connection = list(rows), session.connection()
    deliveries = sorted({row.inbox_id for row in rows if row.inbox_id})
    if not is_sqlite(connection):
        for some in portions(deliveries):
            # Held first: of two runs that end side by side, each would take the other's change for one that waits.
            connection.execute(_HOLD, {"those": some})
    for part in portions(rows):
        ids = {"those": [row.id for row in part]}
        connection.execute(_FINISH, {**ids, "outcome": state, "why": reason})
        if state != "parked" and not all(row.inbox_id for row in part):  # nobody will ask what became of a sweep's
            connection.execute(_FORGET_ASKED, ids)
    for some in portions(deliveries):
        _finish_deliveries(connection, some, reason)


def _finish_deliveries(connection: sa.Connection, deliveries: Sequence[str], reason: str) -> None:
    """Bring them up to date with their changes."""
    found: dict[str, set[str]] = defaultdict(set)
    for delivery, state in connection.execute(_STATES, {"those": deliveries}):
        found[delivery].add(state)
    ended = {name: _outcome(states) for name, states in found.items() if "received" not in states}
    for outcome in sorted(set(ended.values())):
        names = [name for name, its in ended.items() if its == outcome]
        connection.execute(_FINISH_DELIVERIES, {"those": names, "outcome": outcome, "why": reason, "at": now()})


def _outcome(states: Collection[str]) -> str:
    return next((state for state in ("parked", "handled") if state in states), "ignored")


def move(session: Session, rows: Sequence[Waiting], partition: str) -> None:
    """Hand them to the run of another partition."""
    for part in portions(rows):
        ids = [row.id for row in part]
        session.execute(sa.update(ChangeRow).where(col(ChangeRow.id).in_(ids)).values(partition=partition))


def forget(session: Session, inbox_ids: Collection[str]) -> list[str]:
    """Drop the changes of deliveries that are routed anew; returns the partitions that they were for."""
    dropped = sa.delete(ChangeRow).where(col(ChangeRow.inbox_id).in_(inbox_ids)).returning(col(ChangeRow.partition))
    return sorted(set(session.execute(dropped).scalars()))
