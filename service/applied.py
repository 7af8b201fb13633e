"""What became of the actions that were carried out, and the names under which they are remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field

from connectors.contract import Task
from service.core.decide import REQUEST, Action, Bring, Say, SetDependencies, SetStatus, ShowElsewhere
from service.core.merge import LinkView

SIDE_BY_SIDE = 16
"""Writes of one campaign handed to the connector at once; its limiter decides how many really run."""


@dataclass(slots=True)
class Applied:
    """What became of the actions."""

    links: dict[str, LinkView]
    done: list[Action] = field(default_factory=list)
    failures: list[tuple[Action, str]] = field(default_factory=list)
    """Actions that the tracker refused for good, with its own words; each needs a person."""
    request: Task | None = None
    """The request as it reads after our own status write."""
    error: Exception | None = None
    """Why not everything was tried to the end: what can pass, or no access. Another run has to follow."""
    elsewhere: Exception | None = None
    """The same of another tracker than the request's."""

    @property
    def broken(self) -> Exception | None:
        """Whether another run has to follow for any reason."""
        return self.error or self.elsewhere


def side_by_side(jobs: Sequence[Callable[[], None]]) -> list[Exception]:
    """Run them at once; what they raised, in their order."""
    if not jobs:
        return []
    with ThreadPoolExecutor(max_workers=min(SIDE_BY_SIDE, len(jobs)), thread_name_prefix="apply") as pool:
        futures = [pool.submit(copy_context().run, job) for job in jobs]
    errors = [error for future in futures if (error := future.exception())]
    for error in errors:
        if not isinstance(error, Exception):
            raise error
    return [error for error in errors if isinstance(error, Exception)]


def comment_key(say: Say) -> str:
    """The name of a comment within its campaign."""
    return say.name if say.key == REQUEST else f"{say.key}.{say.name}"


def elsewhere_key(action: ShowElsewhere) -> str:
    """Under which it is remembered that the link was shown."""
    return f"{action.key}.elsewhere"


def by_task(actions: Iterable[Action]) -> list[list[Action]]:
    """Actions on one task stay in order, one after the other; comments on the request are independent of each other."""
    groups: dict[str, list[Action]] = {}
    for action in actions:
        name = comment_key(action) if isinstance(action, Say) and action.key == REQUEST else getattr(action, "key", "")
        groups.setdefault(name, []).append(action)
    return list(groups.values())


def waves(actions: Sequence[Action]) -> list[list[Action]]:
    """What people wait for, then the rest: dozens of dates written beside an answer would double the time it takes."""
    return [list(filter(_answers, actions)), [action for action in actions if not _answers(action)]]


def _answers(action: Action) -> bool:
    """What the request says, how a task stands elsewhere, and the last step of a launch."""
    match action:
        case SetDependencies():
            return True
        case SetStatus() | Say():
            return action.key == REQUEST
        case Bring():
            return "status" in action.values
    return False
