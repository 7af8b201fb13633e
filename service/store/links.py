"""Links: which tracker task stands for which planned key, with the values both sides last agreed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from connectors import fencing
from connectors.contract import Task, TaskId
from service.core.merge import Agreed, LinkView
from service.store.campaigns import NOT_OVER, ids_of
from service.store.engine import reading, transaction
from service.store.tables import Campaign, Link, now
from service.store.upserts import insert_new, table_of

_LINK = table_of(Link)
_OF_CAMPAIGN = sa.select(_LINK).where(_LINK.c.campaign_id == sa.bindparam("campaign")).order_by(_LINK.c.id)
_HOME = sa.select(col(Campaign.connection)).where(col(Campaign.id) == sa.bindparam("campaign")).scalar_subquery()
_AT_HOME = _OF_CAMPAIGN.where(_LINK.c.connection == _HOME)
_ELSEWHERE = _OF_CAMPAIGN.where(_LINK.c.connection != _HOME)
_THERE = _OF_CAMPAIGN.where(_LINK.c.connection == sa.bindparam("there"))
_UPDATE = sa.update(_LINK).where(_LINK.c.id == sa.bindparam("link"))


def views(session: Session, campaign_id: str) -> dict[str, LinkView]:
    """The links at home of a campaign by key, each with its task as it was last agreed, until it is read again.

    In the order in which they were intended.
    """
    return {row.key: _view(row) for row in _rows(session, _AT_HOME, campaign=campaign_id)}


def elsewhere(session: Session, campaign_id: str) -> dict[str, dict[str, LinkView]]:
    """The links of a campaign in other trackers than its request's, by connection and key."""
    found: dict[str, dict[str, LinkView]] = {}
    for row in _rows(session, _ELSEWHERE, campaign=campaign_id):
        found.setdefault(row.connection, {})[row.key] = _view(row)
    return found


def _rows(session: Session, query: sa.Select[Any], **asked: str) -> Sequence[sa.Row[Any]]:
    # Plain rows instead of models: every run reads them all, and changes few.
    return session.connection().execute(query, asked).all()


def open_tasks(session: Session, connection: str) -> set[str]:
    """The tasks of campaigns that are not over, as far as we know of none that it is done, dropped or gone."""
    ours = select(Link.task_id).join(Campaign, col(Campaign.id) == col(Link.campaign_id))
    mine = (col(Link.connection) == connection, col(Link.state) == "made", col(Link.done_on).is_(None))
    found = session.exec(ours.where(*mine, col(Link.dropped).is_(False), col(Campaign.state).in_(NOT_OVER)))
    return {task for task in found if task}


def mirrored(session: Session, connection: str) -> set[str]:
    """A task of each campaign that is not over and whose request is in another connection."""
    ours = select(sa.func.min(Link.task_id)).join(Campaign, col(Campaign.id) == col(Link.campaign_id))
    elsewhere = (col(Link.connection) == connection, col(Campaign.connection) != connection)
    found = session.exec(ours.where(*elsewhere, col(Campaign.state).in_(NOT_OVER)).group_by(col(Link.campaign_id)))
    return {task for task in found if task}


def intend(session: Session, campaign_id: str, connection: str, keys: Collection[str]) -> bool:
    """Note which tasks are about to be made, to be committed before the create call; known ones stay as they are.

    Returns whether each of them was new: then nobody can have made any of them yet.
    """
    rows = [{"campaign_id": campaign_id, "connection": connection, "key": key, "agreed": {}} for key in keys]
    if not rows:
        return True
    insert = insert_new(session.get_bind().dialect, Link, ["campaign_id", "connection", "key"])
    return len(session.connection().execute(insert, rows).all()) == len(rows)


def retry_refused(session: Session, connection: str, request_task: str) -> None:
    """Let what the tracker would not make be tried again, after a person has mended why.

    Which dependencies were refused, or lacked a refused task, is not kept: all of them are written again. Dates and
    owners that a task was made without are tried at once.
    """
    mine = col(Link.campaign_id).in_(ids_of(connection, request_task))
    for link in session.exec(select(Link).where(mine)):
        if link.state == "refused":
            link.state, link.reason = "intended", None
        if link.agreed:
            link.agreed = {**link.agreed, "waits_for": [], "tried_on": date.min.isoformat()}
        session.add(link)


def save(session: Session, campaign_id: str, connection: str, known: Iterable[LinkView]) -> None:
    """Bring the stored links up to date; only what changed is written, and nothing once a peer has taken over."""
    store(session, differences(session, campaign_id, connection, known))


def keep(engine: sa.Engine, campaign_id: str, known: Mapping[str, Iterable[LinkView]]) -> None:
    """The same for links by connection, in one transaction of their own, and in none where nothing changed.

    Compared before it begins: whoever stores deliveries waits for its end.
    """
    with reading(engine) as session:
        found = [differences(session, campaign_id, name, there) for name, there in known.items()]
    if any(found):
        with transaction(engine) as session:
            for one in found:
                store(session, one)


@dataclass(frozen=True, slots=True)
class Differences:
    """What is to be stored of a campaign's links in one tracker; false where that is nothing."""

    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed)


def differences(session: Session, campaign_id: str, connection: str, known: Iterable[LinkView]) -> Differences:
    """Between the links as they are known now and as they are stored."""
    stored = {row.key: row for row in _rows(session, _THERE, campaign=campaign_id, there=connection)}
    found = Differences([], [])
    for view in known:
        row = stored.get(view.key)
        values = _values(view, row)
        if row is None:
            found.new.append({"campaign_id": campaign_id, "connection": connection, "key": view.key, **values})
        elif any(row._mapping[name] != value for name, value in values.items()):
            found.changed.append({"link": row.id, **values})
    return found


def store(session: Session, found: Differences) -> None:
    """Write them; nothing once a peer has taken over."""
    fencing.check()
    if found.new:
        session.connection().execute(sa.insert(_LINK), found.new)
    if found.changed:
        session.connection().execute(_UPDATE, found.changed)


def _values(view: LinkView, row: sa.Row[Any] | None) -> dict[str, Any]:
    values = {
        "label": view.label or (row and row.label),
        "state": view.state,
        "reason": view.reason,
        "agreed": view.agreed.as_dict(),
        "pinned_on": view.pinned_on,
        "done_on": view.done_on,
        "dropped": view.dropped,
        # A task that is gone keeps its id, so that its return is noticed.
        "task_id": row and row.task_id,
        "url": row and row.url,
        "made_at": row and row.made_at,
    }
    if view.task:
        values |= {"task_id": view.task.id, "url": view.task.url, "made_at": values["made_at"] or now()}
    return values


def _view(row: sa.Row[Any]) -> LinkView:
    agreed = Agreed.from_dict(row.agreed) if row.agreed else Agreed()
    return LinkView(
        key=row.key,
        state=row.state,
        task=_last_known(row, agreed),
        label=row.label or "",
        agreed=agreed,
        pinned_on=row.pinned_on,
        done_on=row.done_on,
        dropped=row.dropped,
        reason=row.reason,
    )


def _last_known(row: sa.Row[Any], agreed: Agreed) -> Task | None:
    if row.task_id is None:
        return None
    return Task(
        id=TaskId(row.task_id),
        label=row.label or row.task_id,
        url=row.url or "",
        title=agreed.title,
        status=agreed.status,
        status_name=agreed.status.value,
        due_on=agreed.due_on,
        start_on=agreed.start_on,
    )
