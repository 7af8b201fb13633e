"""Our comments in the trackers, so that each is rewritten only when its text changes."""

from __future__ import annotations

import hashlib
from datetime import date

from sqlmodel import Session, col, select

from service.store.campaigns import ids_of
from service.store.tables import Comment
from service.store.upserts import insert_missing, put

_DENIED, _BEGUN = "denied ", ""


def get(session: Session, campaign_id: str, connection: str, key: str) -> Comment | None:
    """Our comment of this key, if it was written or begun."""
    return session.get(Comment, (campaign_id, connection, key))


def of_campaign(session: Session, campaign_id: str, connection: str) -> dict[str, Comment]:
    """Every comment of a campaign, by key; none that was only begun."""
    query = select(Comment).where(col(Comment.campaign_id) == campaign_id, col(Comment.connection) == connection)
    return {comment.key: comment for comment in session.exec(query.where(col(Comment.digest) != _BEGUN))}


def begin(session: Session, campaign_id: str, connection: str, key: str) -> None:
    """It is about to be written: to be committed before the call, so that one without an answer is looked for."""
    row = Comment(campaign_id=campaign_id, connection=connection, key=key, comment_id="", digest=_BEGUN)
    insert_missing(session, row)


def says(comment: Comment | None, text: str, today: date) -> bool:
    """Whether the comment has this text already, or was not allowed to have it today."""
    return comment is not None and comment.digest in (_digest(text), _denied(text, today))


def remember(session: Session, campaign_id: str, connection: str, key: str, *, comment_id: str, text: str) -> None:
    """The tracker's comment of this key now has this text."""
    put(
        session,
        Comment(campaign_id=campaign_id, connection=connection, key=key, comment_id=comment_id, digest=_digest(text)),
    )


def denied(session: Session, campaign_id: str, connection: str, key: str, text: str, today: date) -> None:
    """The tracker does not let us write this; another day it may."""
    known = get(session, campaign_id, connection, key)
    kept, digest = known.comment_id if known else "", _denied(text, today)
    put(session, Comment(campaign_id=campaign_id, connection=connection, key=key, comment_id=kept, digest=digest))


def retry_denied(session: Session, connection: str, request_task: str) -> None:
    """Let the campaign's comments be tried again at once, after a person has mended why."""
    mine = col(Comment.campaign_id).in_(ids_of(connection, request_task))
    for comment in session.exec(select(Comment).where(mine, col(Comment.digest).startswith(_DENIED))):
        comment.digest = _BEGUN
        session.add(comment)


def _denied(text: str, today: date) -> str:
    return f"{_DENIED}{today} {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
