"""People: which account a tracker knows for an e-mail address, so that it is asked only once in a while."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, select

from service.store.tables import Person, now
from service.store.upserts import put


def known(session: Session, connection: str, emails: Collection[str]) -> dict[str, Person]:
    """What the tracker answered before, by e-mail address in lower case; absent where it was never asked."""
    wanted = {email.lower() for email in emails}
    query = select(Person).where(col(Person.connection) == connection, col(Person.email).in_(wanted))
    return {person.email: person for person in session.exec(query)}


def remember(session: Session, connection: str, email: str, *, account_id: str | None, name: str | None = None) -> None:
    """Keep the tracker's answer; `account_id` is None where nobody matches."""
    put(session, Person(connection=connection, email=email.lower(), account_id=account_id, name=name, checked_at=now()))


def email_of(session: Session, connection: str, account_id: str) -> str | None:
    """The address under which this account was once looked up."""
    query = select(Person.email).where(col(Person.connection) == connection, col(Person.account_id) == account_id)
    return session.exec(query.order_by(col(Person.email))).first()


def names(session: Session, connection: str) -> dict[str, str]:
    """Who is behind each account that was ever looked up, as the tracker calls them."""
    query = select(Person).where(col(Person.connection) == connection)
    return {person.account_id: person.name for person in session.exec(query) if person.account_id and person.name}
