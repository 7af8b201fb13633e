"""Who is signed in with OAuth: the sealed tokens of each connection."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from service.store.secrets import Vault
from service.store.tables import HookRow, UTCDateTime
from service.store.upserts import put


class Credential(SQLModel, table=True):
    """The tokens of one connection. Its row is held while somebody refreshes them."""

    __tablename__ = "credential"

    connection: str = Field(primary_key=True)
    sealed_access: str
    """Encrypted by the `Vault`."""
    sealed_refresh: str
    expires_at: datetime = Field(sa_type=UTCDateTime)
    """When the access token ends."""
    refused: str | None = None
    """The vendor's words, where it does not take the refresh token any more."""
    site: str | None = None
    """The vendor's id of the site, where calls need it."""


def get(session: Session, connection: str) -> Credential | None:
    """As it is now."""
    return session.get(Credential, connection)


def locked(session: Session, connection: str) -> Credential | None:
    """The same, held until the transaction ends: whoever else wants to refresh waits, in whatever process.

    On SQLite the transaction itself has the only write lock.
    """
    return session.exec(select(Credential).where(col(Credential.connection) == connection).with_for_update()).first()


def store(session: Session, credential: Credential) -> None:
    """In the place of what was there."""
    put(session, credential)


def seal_again(session: Session, vault: Vault) -> int:
    """Bring every stored secret under the first key; how many there are. Raises `SecretError`, and changes nothing
    where the transaction is rolled back then."""
    hooks = session.exec(select(HookRow).where(sa.not_(col(HookRow.sealed_secret).is_(None))).with_for_update()).all()
    for hook in hooks:
        hook.sealed_secret = vault.seal_again(hook.sealed_secret or "")
        session.add(hook)
    signed_in = session.exec(select(Credential).with_for_update()).all()
    for row in signed_in:
        row.sealed_access, row.sealed_refresh = (
            vault.seal_again(row.sealed_access),
            vault.seal_again(row.sealed_refresh),
        )
        session.add(row)
    return len(hooks) + 2 * len(signed_in)
