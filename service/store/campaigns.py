"""Campaigns: one for each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connectors.contract import Container
from service.store.changes import partition_of
from service.store.portions import portions
from service.store.tables import Campaign, CampaignState, Link, now

ASTRAY = "astray"
"""Where a campaign keeps that its request stands in no project of which hooks and sweeps tell."""
NOT_OVER: tuple[CampaignState, ...] = ("waiting_for_input", "refused", "running", "standing")


def get(session: Session, campaign_id: str) -> Campaign | None:
    """One campaign by its id."""
    return session.get(Campaign, campaign_id)


def of_request(session: Session, connection: str, task_id: str) -> Campaign | None:
    """The campaign that this task asked for."""
    query = select(Campaign).where(col(Campaign.connection) == connection, col(Campaign.request_task) == task_id)
    return session.exec(query).first()


def standing(session: Session, connection: str, commitment: str) -> Campaign | None:
    """The row of a commitment that is filed in this connection."""
    query = select(Campaign).where(col(Campaign.connection) == connection, col(Campaign.state) == "standing")
    return session.exec(query.where(col(Campaign.template) == commitment)).first()


def container_of(campaign: Campaign) -> Container | None:
    """Where its tasks live; None until that is open."""
    if campaign.container_id is None:
        return None
    kind = cast("Literal['subtasks', 'epic', 'project']", campaign.container_kind)
    return Container(kind, campaign.container_id, campaign.container_url)


def opened(session: Session, campaign: Campaign, container: Container) -> None:
    """Its tasks live there from now on. Nothing else of the campaign is stored: its run is not over."""
    values = {"container_kind": container.kind, "container_id": container.id, "container_url": container.url}
    session.execute(sa.update(Campaign).where(col(Campaign.id) == campaign.id).values(values))
    for name, value in values.items():
        setattr(campaign, name, value)


def own_projects(session: Session, connection: str) -> list[str]:
    """Projects that campaigns made for themselves, and that are not over."""
    query = select(Campaign.container_id).where(col(Campaign.connection) == connection)
    query = query.where(col(Campaign.container_kind) == "project", col(Campaign.state).in_(NOT_OVER))
    return [project for project in session.exec(query) if project]


def astray(session: Session, connection: str) -> list[str]:
    """Requests of campaigns that are not over, of which neither hooks nor lists of changes tell."""
    query = select(Campaign.request_task).where(col(Campaign.connection) == connection)
    mine = col(Campaign.state).in_(NOT_OVER), col(Campaign.agreed)[ASTRAY].as_boolean()
    return list(session.exec(query.where(*mine)))


def ids_of(connection: str, request_task: str) -> SelectOfScalar[str]:
    """Of this request's campaigns, for use in another query."""
    mine = select(Campaign.id).where(col(Campaign.connection) == connection)
    return mine.where(col(Campaign.request_task) == request_task)


def named(session: Session, name: str) -> Campaign | None:
    """By what people type: the request's label or task id, or the campaign's own id."""
    names = (col(Campaign.request_label), col(Campaign.request_task), col(Campaign.id))
    return session.exec(select(Campaign).where(sa.or_(*(column == name for column in names)))).first()


def partitions_of(session: Session, connection: str, names: Sequence[str]) -> dict[str, str]:
    """For each of these task ids, labels and containers the partition of its campaign; others are absent.

    A task of a mirrored campaign leads to its request, which is in another connection.
    """
    found: dict[str, str] = {}
    for some in portions(names):
        rows = session.connection().execute(_HOMES, {"connection": connection, "names": some})
        found |= {name: partition_of(home, request) for home, request, name in rows}
    return found


def _homes() -> sa.CompoundSelect[Any]:
    connection: sa.BindParameter[str] = sa.bindparam("connection")
    names: sa.BindParameter[str] = sa.bindparam("names", expanding=True)
    request = sa.select(col(Campaign.connection), col(Campaign.request_task))
    own = request.where(col(Campaign.connection) == connection)
    linked = request.join(Link, col(Link.campaign_id) == col(Campaign.id)).where(col(Link.connection) == connection)
    labels, ids = col(Campaign.request_label), col(Campaign.request_task)
    inside = (own, col(Campaign.container_id))
    searches = [inside, (linked, col(Link.label)), (linked, col(Link.task_id)), (own, labels), (own, ids)]
    # Ids come last, so that they win over a label that reads the same; a union, so that each search has its index.
    return sa.union_all(*(query.add_columns(name.label("name")).where(name.in_(names)) for query, name in searches))


_HOMES = _homes()


def unfinished_requests(session: Session, connection: str) -> list[str]:
    """The request tasks of every campaign that is not over."""
    query = select(Campaign.request_task).where(col(Campaign.state).in_(NOT_OVER))
    return list(session.exec(query.where(col(Campaign.connection) == connection)))


def under_way(session: Session, connection: str, wanted: Callable[[Mapping[str, Any]], bool]) -> list[Campaign]:
    """The campaigns of a connection that run by a template of which this holds; no other is read whole.

    One of each version answers for all of them, as versions never change.
    """
    mine = (col(Campaign.connection) == connection, col(Campaign.state) == "running")
    version = (col(Campaign.template), col(Campaign.template_version))
    firsts = sa.select(sa.func.min(col(Campaign.id))).where(*mine).group_by(*version)
    found = session.exec(select(Campaign).where(col(Campaign.id).in_(firsts)))
    chosen = [(one.template, one.template_version) for one in found if wanted(one.template_snapshot or {})]
    if not chosen:
        return []
    return list(session.exec(select(Campaign).where(*mine, sa.tuple_(*version).in_(chosen))))


def running(session: Session, template: str) -> list[Campaign]:
    """Those that run by a template, in the order in which they began."""
    query = select(Campaign).where(col(Campaign.template) == template, col(Campaign.state) == "running")
    return list(session.exec(query.order_by(col(Campaign.created_at), col(Campaign.id))))


def changed(campaign: Campaign) -> bool:
    """Whether it is new, or says anything else than when it was read."""
    state = sa.inspect(campaign)
    return state.transient or any(attribute.history.has_changes() for attribute in state.attrs)


def save(session: Session, campaign: Campaign) -> None:
    """Store a campaign, new or changed, wherever it was read; `updated_at` moves only when something changed."""
    stored = session.merge(campaign)
    if session.is_modified(stored):
        stored.updated_at = campaign.updated_at = now()
    session.flush()  # what refers to it may follow in the same transaction


def listing(
    session: Session, state: CampaignState | None = None, *, limit: int = 50, offset: int = 0
) -> list[Campaign]:
    """Newest first; of one state, or of all."""
    query = select(Campaign).order_by(col(Campaign.created_at).desc(), col(Campaign.id)).limit(limit).offset(offset)
    return list(session.exec(query if state is None else query.where(col(Campaign.state) == state)))


def counts(session: Session) -> dict[str, int]:
    """How many are in each state."""
    rows = session.execute(sa.select(col(Campaign.state), sa.func.count()).group_by(col(Campaign.state)))
    return dict(rows.all())
