"""The ledger: what happened and why, in sentences. It only grows; there is no way here to change or delete a line."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, select

from connectors import line
from service.store.tables import Ledger

CALLS = "calls"
"""The line that says what a run cost."""


def note(
    session: Session,
    kind: str,
    sentence: str,
    *,
    campaign_id: str | None = None,
    inbox_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Append one line; `request_id` is that of the work at hand, unless another is named."""
    session.add(
        Ledger(
            kind=kind,
            sentence=sentence,
            campaign_id=campaign_id,
            inbox_id=inbox_id,
            request_id=request_id or line.request_id.get() or None,
        )
    )


def of_campaign(
    session: Session, campaign_id: str, limit: int = 1000, *, without: Collection[str] = ()
) -> list[Ledger]:
    """What happened to a campaign, oldest first; the newest `limit` lines, `without` those of some kinds."""
    query = select(Ledger).where(col(Ledger.campaign_id) == campaign_id, col(Ledger.kind).not_in(without))
    return list(reversed(session.exec(query.order_by(col(Ledger.id).desc()).limit(limit)).all()))


def has_lines_of(session: Session, request_id: str) -> bool:
    """Whether a piece of work has written any line. Its id was made when it began, so that older ones are passed by."""
    mine = select(Ledger.id).where(col(Ledger.id) > request_id, col(Ledger.request_id) == request_id)
    return session.exec(mine.limit(1)).first() is not None


def of_kind(session: Session, kind: str, campaign_id: str | None = None, limit: int = 100) -> list[Ledger]:
    """The newest lines of one kind, of one campaign or of all, newest first."""
    query = select(Ledger).where(col(Ledger.kind) == kind)
    if campaign_id:
        query = query.where(col(Ledger.campaign_id) == campaign_id)
    return list(session.exec(query.order_by(col(Ledger.id).desc()).limit(limit)))


def latest(session: Session, limit: int = 100) -> list[Ledger]:
    """What happened last, newest first."""
    return list(session.exec(select(Ledger).order_by(col(Ledger.id).desc()).limit(limit)))
