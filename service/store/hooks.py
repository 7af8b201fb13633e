"""Hooks: our webhook subscriptions and their sealed secrets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.secrets import SecretError, Vault
from service.store.tables import HookRow

UNOPENED = "its secret does not open with TMINUS_SECRET_KEY, so that every call is refused"


def get(session: Session, hook_id: str) -> HookRow | None:
    """The hook of this target address."""
    return session.get(HookRow, hook_id)


def of_connection(session: Session, connection: str) -> list[HookRow]:
    """Every hook of a connection that is not gone, oldest first."""
    query = select(HookRow).where(col(HookRow.connection) == connection, col(HookRow.state) != "gone")
    return list(session.exec(query.order_by(col(HookRow.created_at))))


def named(projects: Sequence[str]) -> str:
    """As `HookRow.project` holds the projects that one hook tells of, and as people read them."""
    return ", ".join(projects)


def projects_of(hook: HookRow) -> tuple[str, ...]:
    """Of which it tells."""
    return tuple((hook.project or "").split(", "))


def intend(session: Session, hook: HookRow, vault: Vault, secret: str | None) -> HookRow:
    """Store a hook before the vendor is asked for it, because the vendor calls back before it answers."""
    hook.sealed_secret = None if secret is None else vault.seal(secret)
    session.add(hook)
    return hook


def activate(
    session: Session, hook: HookRow, vault: Vault, *, vendor_id: str | None, secret: str | None = None
) -> None:
    """The vendor has made it, or a person will (no `vendor_id`); `secret` where the vendor chose one itself."""
    hook.vendor_id, hook.state = vendor_id, "active"
    if secret is not None:
        hook.sealed_secret = vault.seal(secret)
    session.add(hook)


def secret_of(hook: HookRow, vault: Vault) -> str | None:
    """Its secret in the clear; None closes its endpoint."""
    return None if hook.sealed_secret is None else vault.open(hook.sealed_secret)


def opens(hook: HookRow, vault: Vault) -> bool:
    """Whether its secret can be read, without which every call through it is refused."""
    try:
        secret_of(hook, vault)
    except SecretError:
        return False
    return True


def ailment(hook: HookRow, vault: Vault) -> str | None:
    """What is wrong with one: its secret, or what the keeper found and could not mend yet."""
    return hook.problem if opens(hook, vault) else UNOPENED


def problems(session: Session, connection: str, vault: Vault) -> list[str]:
    """What is wrong with the active hooks of the connection."""
    rows = [row for row in of_connection(session, connection) if row.state == "active"]
    told = [(row.project, ailment(row, vault)) for row in rows]
    return [f"{connection}: the hook for {project}: {words}" for project, words in told if words]


def delivered(session: Session, hook_ids: Collection[str], at: datetime) -> None:
    """These hooks work: a verified delivery came in."""
    session.execute(sa.update(HookRow).where(col(HookRow.id).in_(hook_ids)).values(last_delivery_at=at))
