"""Links: which tracker task stands for which planned key, with the values both sides last agreed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlmodel import Session, col, select

from connectors import fencing
from connectors.contract import Task, TaskId
from service.core.merge import Agreed, LinkView
from service.store.campaigns import NOT_OVER
from service.store.tables import Campaign, Link, now
from service.store.upserts import insert_new


def of_campaign(session: Session, campaign_id: str) -> list[Link]:
    """Every link of a campaign, in the order in which they were intended."""
    return list(session.exec(select(Link).where(col(Link.campaign_id) == campaign_id).order_by(col(Link.id))))


def views(session: Session, campaign_id: str) -> dict[str, LinkView]:
    """The links at home of a campaign by key, each with its task as it was last agreed, until it is read again."""
    campaign = session.get(Campaign, campaign_id)
    mine = of_campaign(session, campaign_id)
    return {link.key: _view(link) for link in mine if campaign and link.connection == campaign.connection}


def elsewhere(session: Session, campaign_id: str) -> dict[str, dict[str, LinkView]]:
    """The links of a campaign in other trackers than its request's, by connection and key."""
    campaign = session.get(Campaign, campaign_id)
    found: dict[str, dict[str, LinkView]] = {}
    for link in of_campaign(session, campaign_id):
        if campaign and link.connection != campaign.connection:
            found.setdefault(link.connection, {})[link.key] = _view(link)
    return found


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

    Which dependencies were refused, or lacked a refused task, is not kept: all of them are written again.
    """
    campaign = select(Campaign.id).where(col(Campaign.connection) == connection)
    mine = col(Link.campaign_id).in_(campaign.where(col(Campaign.request_task) == request_task))
    for link in session.exec(select(Link).where(mine)):
        if link.state == "refused":
            link.state, link.reason = "intended", None
        if link.agreed:
            link.agreed = {**link.agreed, "waits_for": []}
        session.add(link)


def save(session: Session, campaign_id: str, connection: str, known: Iterable[LinkView]) -> None:
    """Bring the stored links up to date; only what changed is written, and nothing once a peer has taken over."""
    fencing.check()
    stored = {link.key: link for link in of_campaign(session, campaign_id) if link.connection == connection}
    for view in known:
        link = stored.get(view.key) or Link(campaign_id=campaign_id, connection=connection, key=view.key)
        _update(link, view)
        session.add(link)


def _update(link: Link, view: LinkView) -> None:
    if view.task:  # a task that is gone keeps its id, so that its return is noticed
        link.task_id, link.url = view.task.id, view.task.url
        link.made_at = link.made_at or now()
    link.label = view.label or link.label
    link.state, link.reason = view.state, view.reason
    link.agreed = view.agreed.as_dict()
    link.pinned_on, link.done_on, link.dropped = view.pinned_on, view.done_on, view.dropped


def _view(link: Link) -> LinkView:
    agreed = Agreed.from_dict(link.agreed) if link.agreed else Agreed()
    return LinkView(
        key=link.key,
        state=link.state,
        task=_last_known(link, agreed),
        label=link.label or "",
        agreed=agreed,
        pinned_on=link.pinned_on,
        done_on=link.done_on,
        dropped=link.dropped,
        reason=link.reason,
    )


def _last_known(link: Link, agreed: Agreed) -> Task | None:
    if link.task_id is None:
        return None
    return Task(
        id=TaskId(link.task_id),
        label=link.label or link.task_id,
        url=link.url or "",
        title=agreed.title,
        status=agreed.status,
        status_name=agreed.status.value,
        due_on=agreed.due_on,
        start_on=agreed.start_on,
    )
