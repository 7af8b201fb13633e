"""What a new plan changes for a campaign that runs, for people, programs and the request's comment. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.core.explain import long_day, plain
from service.core.merge import LinkView
from service.core.plan import Plan, PlannedTask
from service.core.wording import compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One open task that gets other dates."""

    key: str
    title: str
    was: date
    now: date
    why: str
    """What gives it the new date."""
    slack_was: int | None
    slack: int | None
    """Working days."""

    def __str__(self) -> str:
        slack = ""
        if self.slack is not None and self.slack != self.slack_was:
            before = "" if self.slack_was is None else f"{self.slack_was} → "
            slack = f" (slack {before}{self.slack})"
        return f"{self.title}: {long_day(self.was)} → {long_day(self.now)}{slack}. {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One plan against the one before it, as far as work is still open."""

    cause: str
    moved: tuple[Moved, ...] = ()
    added: tuple[str, ...] = ()
    """Tasks that are to be made, each with its day."""
    reopened: tuple[str, ...] = ()
    """Tasks that we had dropped, each with its day."""
    left: tuple[str, ...] = ()
    """Titles of those that are dropped."""
    rewritten: tuple[str, ...] = ()
    """What gets another title, other instructions or another owner, each as a sentence."""
    pinned: tuple[str, ...] = ()
    """Open tasks whose date a person fixed: it is kept."""
    kept: tuple[str, ...] = ()
    """Words and owners that people changed, and that stay theirs."""
    done: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """No task is any different."""
        return not (self.moved or self.added or self.reopened or self.left or self.rewritten)

    @property
    def sentence(self) -> str:
        """For the ledger: `The request changed: … 2 open tasks are dated anew.`"""
        count = len(self.moved)
        told = [f"{self.cause} {count or 'No'} open {'task is' if count == 1 else 'tasks are'} dated anew."]
        others = {"new": self.added, "open again": self.reopened, "dropped": self.left, "rewritten": self.rewritten}
        for what, titles in others.items():
            if titles:
                told.append(f"{len(titles)} {'is' if len(titles) == 1 else 'are'} {what}.")
        return " ".join(told)

    def lines(self, said: Callable[[str], str] = str) -> Iterator[str]:
        """What changes, task by task, and what is kept; `said` makes words fit for where the lines are shown."""
        yield from (f"- {said(str(row))}" for row in self.moved)
        yield from (f"- New: {said(title)}" for title in self.added)
        yield from (f"- Open again: {said(title)}" for title in self.reopened)
        yield from (f"- Dropped: {said(title)}" for title in self.left)
        yield from (f"- {said(sentence)}" for sentence in self.rewritten)
        if self.pinned:
            yield f"\nKept where a person put it: {said(', '.join(self.pinned))}."
        if self.kept:
            yield f"\nKept as a person wrote it: {said(', '.join(self.kept))}."
        if self.problems:
            yield "\n**At risk**\n"
            yield from (f"- {said(problem)}" for problem in self.problems)

    def comment(self) -> str:
        """One message for the whole of it, in Markdown."""
        lines = list(self.lines(plain))
        gap = [""] if lines and not lines[0].startswith("\n") else []
        rest = self.sentence.removeprefix(self.cause).strip()
        return "\n".join([f"**{plain(self.cause)}** {rest}", *gap, *lines])

    def as_dict(self) -> dict[str, Any]:
        """JSON, for programs."""
        return {
            "summary": self.sentence,
            "moved": [
                {
                    "key": row.key,
                    "title": row.title,
                    "was": row.was.isoformat(),
                    "now": row.now.isoformat(),
                    "slack_was": row.slack_was,
                    "slack": row.slack,
                    "why": row.why,
                }
                for row in self.moved
            ],
            **{
                name: list(getattr(self, name))
                for name in ("added", "reopened", "left", "rewritten", "pinned", "kept", "done")
            },
            "problems": list(self.problems),
        }


def revise(
    was: Plan | None, plan: Plan, links: Mapping[str, LinkView], pins: Mapping[str, date], cause: str
) -> Revision:
    """Compare two plans of a campaign whose tasks stand as `links` say; `pins` are the dates that people fixed."""
    before = {task.key: task for task in was.tasks} if was else {}
    planned = {task.key for task in plan.tasks}
    open_keys = {key for key, link in links.items() if link.open}
    dropped = {key for key, link in links.items() if link.dropped and link.state == "made"}
    return Revision(
        cause=cause,
        moved=tuple(
            _moved(task, before[task.key])
            for task in plan.tasks
            if task.key in before and task.key in open_keys - pins.keys() and task.due_on != before[task.key].due_on
        ),
        added=tuple(_dated(task) for task in plan.tasks if task.key not in before and task.key not in links),
        reopened=tuple(_dated(task) for task in plan.tasks if task.key in dropped),
        left=tuple(links[key].agreed.title for key in links if key in open_keys and key not in planned),
        rewritten=tuple(_rewritten(plan, links)),
        pinned=tuple(links[key].agreed.title for key in sorted(pins.keys() & open_keys)),
        kept=tuple(_kept(plan, links)),
        done=tuple(link.agreed.title for link in links.values() if link.done_on and link.status.closed),
        problems=plan.problems,
    )


def _dated(task: PlannedTask) -> str:
    return f"{task.title}, due {long_day(task.due_on)}. {task.why}"


def _moved(task: PlannedTask, before: PlannedTask) -> Moved:
    return Moved(
        key=task.key,
        title=task.title,
        was=before.due_on,
        now=task.due_on,
        why=task.why,
        slack_was=before.slack,
        slack=task.slack,
    )


def _rewritten(plan: Plan, links: Mapping[str, LinkView]) -> Iterator[str]:
    for task in plan.tasks:
        if task.key in links and (fresh := compare(task, links[task.key]).fresh):
            title = links[task.key].agreed.title
            told = {
                "title": f"is called “{task.title}” now",
                "text": "has other instructions",
                "role": f"goes to {task.owner.removeprefix('role:').replace('_', ' ')}",
            }
            yield f"“{title}” {', '.join(told[name] for name in fresh)}."


def _kept(plan: Plan, links: Mapping[str, LinkView]) -> Iterator[str]:
    for task in plan.tasks:
        if task.key in links and (kept := compare(task, links[task.key]).kept):
            yield f"{' and '.join(kept)} of “{links[task.key].agreed.title}”"
