"""Title, instructions and owner of a task that stands in the tracker, when the plan has other ones by now. Pure.

They belong to the last human: what a person has changed since we wrote it is kept, and said to be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Account, AccountId, Mark, Patch
from service.core.fingerprints import digest, shown, words_of
from service.core.merge import LinkView
from service.core.plan import Plan, PlannedTask

NAMES = {"title": "title", "text": "instructions", "role": "owner"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Write a task's title and instructions, or hand it over to another role, as the plan has it now."""

    key: str
    title: str
    """As people know it until now."""
    new_title: str | None = None
    text: str | None = None
    """Markdown."""
    role: str | None = None

    def __str__(self) -> str:
        told = []
        if self.new_title is not None:
            told.append(f"call it “{self.new_title}”")
        if self.text is not None:
            told.append("renew its instructions")
        if self.role is not None:
            told.append(f"hand it over to {self.role.removeprefix('role:').replace('_', ' ')}")
        return f"“{self.title}”: {', '.join(told)}."

    def patch(self, mark: Mark, owner: AccountId | None) -> Patch:
        """What to write; `owner` is who the role is."""
        return Patch(title=self.new_title, text=self.text, mark=mark, owner=owner if self.role else None)

    def agreed(self, wrote: Mapping[str, str | None], owner: AccountId | None) -> dict[str, Any]:
        """What both sides have in common once it is written, by the field's name in `Agreed`."""
        found: dict[str, Any] = {"wrote": {**wrote, **self.writes(owner)}}
        if self.new_title is not None:
            found["title"] = shown(self.new_title)
        if self.role is not None and owner:
            found["owner"] = owner
        return found

    def writes(self, owner: AccountId | None) -> dict[str, str | None]:
        """The same as it is remembered on the link."""
        found: dict[str, str | None] = {}
        if self.new_title is not None:
            found["title"] = self.new_title
        if self.text is not None:
            found |= {"text": words_of(self.text), "plan_text": digest(self.text)}
        if self.role is not None:
            found |= {"role": self.role} | ({"owner": owner} if owner else {})
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Rewrite):
    """Give a late task to somebody else, and say so in a comment."""

    name: str
    """The comment's."""
    said: str

    def __str__(self) -> str:
        return f"“{self.title}”: {self.said.replace('**', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the plan says otherwise than the tracker."""

    fresh: Mapping[str, str] = field(default_factory=dict)
    """title, text, role: ours to write."""
    kept: tuple[str, ...] = ()
    """Those that a person has changed."""


def first_written(task: PlannedTask, text: str, owner: Account | None) -> dict[str, str | None]:
    """What a create has written, as it is remembered on the link; `text` came with a note on the owner."""
    return {
        "title": task.title,
        "text": words_of(text),
        "plan_text": digest(task.text),
        "role": task.owner,
        "owner": owner.id if owner else None,
    }


def compare(task: PlannedTask, link: LinkView) -> Wording:
    """What of a task has other words or another owner in the plan."""
    wrote, agreed = link.agreed.wrote, link.agreed
    if not wrote or not link.open or link.task is None:
        return Wording()
    wanted = {
        "title": task.title if task.title != wrote["title"] and shown(task.title) != agreed.title else None,
        "text": task.text if digest(task.text) != wrote["plan_text"] else None,
        "role": task.owner if (link.again if agreed.has_no("owner") else task.owner != wrote["role"]) else None,
    }
    moved = {name: value for name, value in wanted.items() if value is not None}
    return Wording(
        fresh={name: value for name, value in moved.items() if _ours(name, link)},
        kept=tuple(NAMES[name] for name in moved if not _ours(name, link)),
    )


def _ours(name: str, link: LinkView) -> bool:
    """Nobody has changed it since we wrote it."""
    wrote, agreed = link.agreed.wrote, link.agreed
    if name == "title":
        return agreed.title == shown(wrote["title"] or "")
    if name == "role":
        return agreed.owner == wrote["owner"]
    return link.task is not None and words_of(link.task.text) == wrote["text"]


def rewrites(plan: Plan, links: Mapping[str, LinkView]) -> list[Rewrite]:
    """The writes that are still missing; an owner apart, because trackers refuse owners more often than words."""
    found = []
    for task in plan.tasks:
        link = links.get(task.key)
        fresh = compare(task, link).fresh if link else {}
        title = link.agreed.title if link else task.title
        if fresh.keys() & {"title", "text"}:
            found.append(Rewrite(key=task.key, title=title, new_title=fresh.get("title"), text=fresh.get("text")))
        if "role" in fresh:
            found.append(Rewrite(key=task.key, title=title, role=fresh["role"]))
    return found


def handed_over(plan: Plan, links: Mapping[str, LinkView]) -> list[PlannedTask]:
    """Tasks that go to another role, and so to another person."""
    return [task for task in plan.tasks if task.key in links and "role" in compare(task, links[task.key]).fresh]
