"""Moves: what people asked of campaigns, what is being made of it, and what takes it back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.store.tables import Move, MoveKind, MoveState

UNDER_WAY: tuple[MoveState, ...] = ("asked", "begun", "undo_asked")


def under_way(session: Session, campaign_id: str) -> Move | None:
    """What the campaign's next run is to make, go on with, or take back; the oldest comes first."""
    mine = select(Move).where(col(Move.campaign_id) == campaign_id, col(Move.state).in_(UNDER_WAY))
    return session.exec(mine.order_by(col(Move.id))).first()


def latest(session: Session, campaign_id: str) -> Move | None:
    """The newest that stands."""
    mine = select(Move).where(col(Move.campaign_id) == campaign_id, col(Move.state) == "made")
    return session.exec(mine.order_by(col(Move.at).desc(), col(Move.id).desc())).first()


def ask(session: Session, move: Move) -> bool:
    """Let the campaign's run make it; False where something is under way already."""
    if under_way(session, move.campaign_id):
        return False
    session.add(move)
    return True


def ask_back(session: Session, move: Move) -> bool:
    """Let the campaign's run take it back; False where something is under way, or it no longer stands."""
    if under_way(session, move.campaign_id):
        return False
    back = sa.update(Move).where(col(Move.id) == move.id, col(Move.state) == "made")
    return bool(session.execute(back.values(state="undo_asked")).rowcount)  # type: ignore[attr-defined]


def save(session: Session, move: Move) -> None:
    """Store one, new or changed."""
    session.merge(move)


def drop(session: Session, move: Move) -> None:
    """One that was begun and came to nothing."""
    session.execute(sa.delete(Move).where(col(Move.id) == move.id))


def forget(session: Session, campaign_id: str, kind: MoveKind, before: datetime) -> None:
    """Those that nobody can take back any more."""
    old = sa.delete(Move).where(col(Move.campaign_id) == campaign_id, col(Move.kind) == kind, col(Move.at) < before)
    session.execute(old.where(col(Move.state).in_(("made", "undone", "refused"))))
