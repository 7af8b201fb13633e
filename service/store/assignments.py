"""Assignments: whom chains and pools gave for which task, whose turn it is, and how much everybody has open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa
from sqlmodel import Session, col, select

from connectors.contract import Status
from service.store.campaigns import NOT_OVER
from service.store.engine import is_sqlite
from service.store.tables import Assignment, Campaign, Link, Person, Turn
from service.store.upserts import put


def one_at_a_time(session: Session) -> None:
    """Until the transaction ends nobody else chooses: two workers would give the same turn twice."""
    if not is_sqlite(session.connection()):  # where the transaction itself is the only writer
        session.connection().exec_driver_sql("LOCK TABLE turn IN EXCLUSIVE MODE")


def of_campaign(session: Session, campaign_id: str) -> dict[str, Assignment]:
    """What was chosen before, by key."""
    query = select(Assignment).where(col(Assignment.campaign_id) == campaign_id)
    return {row.key: row for row in session.exec(query)}


def remember(session: Session, campaign_id: str, key: str, person: str, note: str | None) -> None:
    """Keep a choice."""
    put(session, Assignment(campaign_id=campaign_id, key=key, person=person, note=note))


def turns(session: Session) -> dict[str, str]:
    """Who took the latest turn, by pool."""
    return {row.pool: row.last for row in session.exec(select(Turn))}


def take_turn(session: Session, pool: str, person: str) -> None:
    """The next turn is counted from this person."""
    put(session, Turn(pool=pool, last=person))


def busy(session: Session, emails: Mapping[str, str]) -> Counter[str]:
    """Subtasks that each owns and that are open or about to be made, on every connection; `emails` by person.

    One that is mirrored counts once, where its request is.
    """
    names = {email.lower(): name for name, email in emails.items()}
    owner, status = col(Link.agreed)["owner"].as_string(), col(Link.agreed)["status"].as_string()
    owned = (
        sa.select(col(Person.email), sa.func.count())
        .join(Link, sa.and_(col(Link.connection) == col(Person.connection), owner == col(Person.account_id)))
        .join(Campaign, col(Campaign.id) == col(Link.campaign_id))
        .where(
            col(Person.email).in_(names), col(Link.state) == "made", col(Campaign.connection) == col(Link.connection)
        )
        .where(status.not_in([Status.DONE.value, Status.DROPPED.value]))
        .group_by(col(Person.email))
    )
    found: Counter[str] = Counter()
    for email, number in session.execute(owned):
        found[names[email]] += number
    for person, number in session.execute(_about_to_be_made()):
        found[person] += number
    return found


def _about_to_be_made() -> sa.Select[str, int]:
    """Chosen for campaigns that run, and not in a tracker yet."""
    made = sa.exists().where(
        col(Link.campaign_id) == col(Assignment.campaign_id),
        col(Link.key) == col(Assignment.key),
        col(Link.state) != "intended",
    )
    query = sa.select(col(Assignment.person), sa.func.count()).join(
        Campaign, col(Campaign.id) == col(Assignment.campaign_id)
    )
    return query.where(col(Campaign.state).in_(NOT_OVER), ~made).group_by(col(Assignment.person))
