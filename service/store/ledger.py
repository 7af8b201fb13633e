"""The ledger: what happened and why, in sentences. It only grows; there is no way here to change or delete a line."""

from __future__ import annotations

from sqlmodel import Session, col, select

from service.store.tables import Ledger


def note(
    session: Session,
    kind: str,
    sentence: str,
    *,
    campaign_id: str | None = None,
    inbox_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Append one line."""
    session.add(
        Ledger(
            kind=kind,
            sentence=sentence,
            campaign_id=campaign_id,
            inbox_id=inbox_id,
            request_id=request_id,
        )
    )


def of_campaign(session: Session, campaign_id: str, limit: int = 1000) -> list[Ledger]:
    """What happened to a campaign, oldest first; the newest `limit` lines."""
    query = select(Ledger).where(col(Ledger.campaign_id) == campaign_id).order_by(col(Ledger.id).desc()).limit(limit)
    return list(reversed(session.exec(query).all()))


def of_kind(session: Session, kind: str, campaign_id: str | None = None, limit: int = 100) -> list[Ledger]:
    """The newest lines of one kind, of one campaign or of all, newest first."""
    query = select(Ledger).where(col(Ledger.kind) == kind)
    if campaign_id:
        query = query.where(col(Ledger.campaign_id) == campaign_id)
    return list(session.exec(query.order_by(col(Ledger.id).desc()).limit(limit)))


def latest(session: Session, limit: int = 100) -> list[Ledger]:
    """What happened last, newest first."""
    return list(session.exec(select(Ledger).order_by(col(Ledger.id).desc()).limit(limit)))
