"""Submissions of forms: which task each became, so that none becomes two."""

from __future__ import annotations

from sqlmodel import Session, col, select

from service.store.tables import Inbox, Submission, now


def body_of(session: Session, form: str, key: str) -> bytes | None:
    """What was stored when it came."""
    query = select(Inbox.body).where(col(Inbox.hook_id) == hook_of(form), col(Inbox.key) == key)
    return session.exec(query).first()


def hook_of(form: str) -> str:
    """Stands where other deliveries have their hook."""
    return f"form/{form}"


def begin(session: Session, form: str, key: str) -> tuple[Submission, bool]:
    """The row of a submission, and whether it is new: then nobody can have filed it yet. To be committed before."""
    known = session.get(Submission, (form, key))
    if known:
        return known, False
    session.add(new := Submission(form=form, key=key, begun_at=now()))
    return new, True


def filed(session: Session, row: Submission, task_id: str) -> None:
    """It became this task."""
    row.task_id = task_id
    session.add(row)
