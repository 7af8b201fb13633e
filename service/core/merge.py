"""Three-way merge of one task: what we last agreed, what the plan wants, what the tracker says now.

Our own write coming back equals what we agreed, so it merges to nothing: there is no echo guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, Literal

from connectors.contract import AccountId, Status, Task
from service.core.fingerprints import shown, words_of

LinkState = Literal["intended", "made", "gone", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The values that plan and tracker last had in common, field by field."""

    title: str = ""
    status: Status = Status.TODO
    due_on: date | None = None
    start_on: date | None = None
    owner: AccountId | None = None
    waits_for: tuple[str, ...] = ()
    """Keys whose dependency has been written."""
    plan_start: date | None = None
    plan_due: date | None = None
    """The plan's own dates when they were last written; a tracker may keep less than it was given."""
    lacks: tuple[str, ...] = ()
    """Of due_on and owner: what the tracker would not take when it made the task, for want of a field or a right."""
    tried_on: date | None = None
    """The day on which that was last looked at: it is tried again once a day."""
    was_start: date | None = None
    """The start before ours was written, which a tracker that lets nobody change it goes on showing."""
    asked_start: date | None = None
    asked_due: date | None = None
    """Dates being written: should the reply be lost, they are known as ours when they are read."""
    wrote: dict[str, str | None] = field(default_factory=dict)
    """Of title, text, role and owner: what we last wrote, so that a person's change is known (`core.wording`)."""
    asked: dict[str, str | None] = field(default_factory=dict)
    """Of these: what is being written."""
    shows: Mapping[str, str | None] = field(default_factory=dict)
    """Of a task in two trackers: what this one shows where that is not what was agreed."""
    owed: tuple[str, ...] = ()
    """Of these fields: those still to be written. The others are shown as well as the tracker can."""
    waits_since: datetime | None = None
    """When it came to wait for a person's words, by the tracker's clock: for an answer, or for why it was left out."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Of a step that people left out: `why` in their words, and `by` whom these are; empty until somebody has said."""
    heard_at: datetime | None = None
    """Its comments have been read up to then, by the tracker's clock."""

    def has_no(self, name: str) -> bool:
        """The tracker would not take this field, and it is still empty."""
        return name in self.lacks and getattr(self, name) is None

    def as_dict(self) -> dict[str, Any]:
        """JSON; dates as ISO text."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Agreed:
        """The inverse of `as_dict`."""
        return cls(
            title=data["title"],
            status=Status(data["status"]),
            due_on=_date(data["due_on"]),
            start_on=_date(data["start_on"]),
            owner=data["owner"],
            waits_for=tuple(data["waits_for"]),
            plan_start=_date(data["plan_start"]),
            plan_due=_date(data["plan_due"]),
            lacks=tuple(data.get("lacks", ["due_on"] if data.get("undated") else ())),
            tried_on=_date(data.get("tried_on")),
            was_start=_date(data.get("was_start")),
            asked_start=_date(data.get("asked_start")),
            asked_due=_date(data.get("asked_due")),
            wrote=dict(data.get("wrote", {})),
            asked=dict(data.get("asked", {})),
            shows=dict(data.get("shows", {})),
            owed=tuple(data.get("owed", ())),
            waits_since=_moment(data.get("waits_since")),
            left_out=dict(data.get("left_out", {})),
            heard_at=_moment(data.get("heard_at")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A Link as the pure core sees it."""

    key: str
    state: LinkState
    task: Task | None = None
    """As the tracker has it now; None while it is only intended, or gone."""
    label: str = ""
    agreed: Agreed = Agreed()
    pinned_on: date | None = None
    done_on: date | None = None
    dropped: bool = False
    """We dropped it, or were about to: a tracker without such a status reads it as done."""
    reason: str | None = None
    """Why it was refused, in the tracker's own words."""
    again: bool = False
    """What the tracker would not take is to be tried once more in this run."""

    @property
    def status(self) -> Status:
        """What it counts as in the plan."""
        ours = self.dropped and self.agreed.status.closed
        return Status.DROPPED if ours or self.state in ("gone", "refused") else self.agreed.status

    @property
    def cancelled(self) -> bool:
        """A person left the step out, without deleting its task."""
        return self.state == "made" and self.status is Status.DROPPED and not self.dropped

    @property
    def open(self) -> bool:
        """Somebody still owes work on it."""
        return self.state == "made" and not self.status.closed


def linked(
    key: str,
    made: Task,
    plan_start: date | None = None,
    plan_due: date | None = None,
    meant_for: AccountId | None = None,
) -> LinkView:
    """The link of a task that was made or found again; dates and owner are those of the plan, where there is one."""
    agreed = Agreed(
        title=made.title,
        status=made.status,
        due_on=made.due_on,
        start_on=made.start_on,
        owner=made.owner.id if made.owner else None,
        plan_start=plan_start,
        plan_due=plan_due,
        lacks=(*(("due_on",) if made.due_on is None else ()), *(("owner",) if meant_for and not made.owner else ())),
    )
    return LinkView(key=key, state="made", task=made, label=made.label, agreed=agreed)


@dataclass(frozen=True, slots=True)
class News:
    """Something people did in the tracker, told as a sentence for the ledger."""

    kind: str
    """status, pinned, unpinned, moved, deleted, restored, renamed, reassigned, conflict;
    left_out, planned, replanned, undone, kept, answered"""
    key: str
    sentence: str


def settle(link: LinkView, found: Task | None, today: date) -> tuple[LinkView, list[News]]:
    """What people changed since we last agreed, taken over by the ownership of each field.

    Status, title and owner belong to the people in the tracker. A due date that a person moved becomes a pin; one that
    a person cleared hands the date back to the plan.
    """
    if link.state in ("intended", "refused"):
        return link, []
    if found is None:
        if link.state == "gone":
            return link, []
        told = News("deleted", link.key, f"{name_of(link)} was deleted in the tracker; it is not made again.")
        return replace(link, state="gone", task=None), [told]
    news: list[News] = []
    if link.state == "gone":
        news.append(News("restored", link.key, f"{name_of(link)} is back in the tracker."))
    link = _arrived(replace(link, state="made", task=found, label=found.label), found)
    for take_over in (_status, _due, _start, _title, _owner):
        link, told_more = take_over(link, found, today)
        news += told_more
    return _confirmed(link, today), news


def _confirmed(link: LinkView, today: date) -> LinkView:
    """What we were about to write has arrived by now, or never will."""
    kept = {"owner": bool(link.agreed.owner), "due_on": bool(link.agreed.due_on) and link.pinned_on is None}
    lacks = tuple(name for name in link.agreed.lacks if not kept[name])
    again = any(map(link.agreed.has_no, lacks)) and link.agreed.tried_on not in (None, today)
    tried_on = today if lacks else None
    agreed = replace(link.agreed, asked_start=None, asked_due=None, asked={}, lacks=lacks, tried_on=tried_on)
    return replace(link, agreed=agreed, again=again, dropped=link.dropped and agreed.status.closed)


def _arrived(link: LinkView, found: Task) -> LinkView:
    """Words that we were writing when the reply was lost are ours, if they stand there."""
    asked, agreed = link.agreed.asked, link.agreed
    if not asked:
        return link
    if (title := asked.get("title")) and found.title == shown(title):
        agreed = replace(agreed, title=found.title, wrote={**agreed.wrote, "title": title})
    if "text" in asked and words_of(found.text) == asked["text"]:
        agreed = replace(agreed, wrote={**agreed.wrote, "text": asked["text"], "plan_text": asked["plan_text"]})
    if (owner := asked.get("owner")) and found.owner and found.owner.id == owner:
        wrote = {**agreed.wrote, "owner": owner, "role": asked["role"]}
        agreed = replace(agreed, owner=found.owner.id, wrote=wrote)
    return replace(link, agreed=agreed)


def _status(link: LinkView, found: Task, today: date) -> tuple[LinkView, list[News]]:
    base, theirs = link.agreed.status, found.status
    if theirs is base:
        return link, []
    waits_since = found.changed_at if theirs in (Status.WAITING, Status.DROPPED) else None
    agreed = replace(link.agreed, status=theirs, waits_since=waits_since, left_out={})
    if link.dropped and theirs.closed and not base.closed:
        return replace(link, agreed=agreed), []  # our own drop, of which the reply was lost
    done_on = today if theirs is Status.DONE else None
    whom = f", for the {found.waits_on}" if found.waits_on else ""
    told = News("status", link.key, f"{name_of(link)} went from {base} to {theirs}{whom} ({found.status_name}).")
    return replace(link, agreed=agreed, done_on=done_on, dropped=False), [told]


def _due(link: LinkView, found: Task, _: date) -> tuple[LinkView, list[News]]:
    known = link.agreed
    base, theirs = known.due_on, found.due_on
    if theirs == base:
        return link, []
    if theirs and theirs == known.asked_due:
        written = replace(known, due_on=theirs, plan_start=known.asked_start, plan_due=theirs)
        return replace(link, agreed=written), []
    if theirs is None and "due_on" in known.lacks and link.pinned_on is None:
        return replace(link, agreed=replace(known, due_on=None)), []  # it took ours without a word, and kept nothing
    agreed = replace(known, due_on=theirs, plan_due=None if theirs is None else known.plan_due)
    if theirs is None:
        told = News("unpinned", link.key, f"The due date of {name_of(link)} was cleared: the plan dates it again.")
    else:
        told = News("pinned", link.key, f"{name_of(link)} was moved from {base} to {theirs} by a person: pinned there.")
    return replace(link, agreed=agreed, pinned_on=theirs), [told]


def _start(link: LinkView, found: Task, _: date) -> tuple[LinkView, list[News]]:
    if found.start_on == link.agreed.start_on:
        return link, []
    agreed = replace(link.agreed, start_on=found.start_on)
    one_day = found.start_on is None and link.agreed.start_on == found.due_on  # some trackers keep no start then
    ours = (link.agreed.asked_start, link.agreed.was_start)
    if one_day or (found.start_on and found.start_on in ours):
        return replace(link, agreed=agreed), []
    told = News("moved", link.key, f"The start of {name_of(link)} was moved to {found.start_on} by a person.")
    return replace(link, agreed=agreed), [told]


def _title(link: LinkView, found: Task, _: date) -> tuple[LinkView, list[News]]:
    if found.title == link.agreed.title:
        return link, []
    told = News("renamed", link.key, f"{name_of(link)} is now called “{found.title}”.")
    return replace(link, agreed=replace(link.agreed, title=found.title)), [told]


def _owner(link: LinkView, found: Task, _: date) -> tuple[LinkView, list[News]]:
    theirs = found.owner.id if found.owner else None
    if theirs == link.agreed.owner:
        return link, []
    whom = found.owner.name if found.owner else "nobody"
    told = News("reassigned", link.key, f"{name_of(link)} is now owned by {whom}.")
    return replace(link, agreed=replace(link.agreed, owner=theirs)), [told]


def name_of(link: LinkView) -> str:
    """As people know it."""
    return f"“{link.agreed.title}” ({link.label})" if link.label else f"“{link.agreed.title}”"


def _plain(value: object) -> object:
    match value:
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
    return value


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
