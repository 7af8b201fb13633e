"""Published versions of templates and commitments: written once, never changed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.tables import PublishedTemplate
from service.store.upserts import insert_new

_KIND = col(PublishedTemplate.content)["kind"].as_string()
"""Templates of campaigns do not say theirs."""


def get(session: Session, name: str, version: int) -> PublishedTemplate | None:
    """One version of a template or commitment."""
    return session.get(PublishedTemplate, (name, version))


def newest(session: Session) -> dict[str, PublishedTemplate]:
    """The newest version of every template and commitment, by id."""
    return _newest(session)


def newest_templates(session: Session) -> dict[str, PublishedTemplate]:
    """The newest version of every template, by id."""
    return _newest(session, _KIND.is_(None))


def newest_commitments(session: Session) -> dict[str, PublishedTemplate]:
    """The newest version of every commitment, by id."""
    return _newest(session, _KIND.is_not(None))


def _newest(session: Session, *which: sa.ColumnElement[bool]) -> dict[str, PublishedTemplate]:
    ids, number = col(PublishedTemplate.id), col(PublishedTemplate.version)
    latest = sa.select(ids.label("id"), sa.func.max(number).label("version")).group_by(ids).subquery()
    query = select(PublishedTemplate).join(latest, sa.and_(ids == latest.c.id, number == latest.c.version))
    return {row.id: row for row in session.exec(query.where(*which).order_by(ids))}


def versions(session: Session, name: str) -> Sequence[PublishedTemplate]:
    """Every version of one, oldest first."""
    query = select(PublishedTemplate).where(col(PublishedTemplate.id) == name)
    return session.exec(query.order_by(col(PublishedTemplate.version))).all()


def newest_versions(session: Session) -> dict[str, int]:
    """The number of the newest version of every template and commitment."""
    ids, number = col(PublishedTemplate.id), col(PublishedTemplate.version)
    return dict(session.execute(sa.select(ids, sa.func.max(number)).group_by(ids)).all())


def newest_of(session: Session, template: str) -> PublishedTemplate | None:
    """The newest version of one template or commitment."""
    query = select(PublishedTemplate).where(col(PublishedTemplate.id) == template)
    return session.exec(query.order_by(col(PublishedTemplate.version).desc())).first()


def listing(session: Session) -> Sequence[PublishedTemplate]:
    """Every version, by id and number."""
    query = select(PublishedTemplate).order_by(col(PublishedTemplate.id), col(PublishedTemplate.version))
    return session.exec(query).all()


def add(session: Session, row: PublishedTemplate) -> None:
    """Publish a version; one that another process has just published stays as it is."""
    insert = insert_new(session.get_bind().dialect, PublishedTemplate, ["id", "version"])
    session.execute(insert.values(row.model_dump()))
