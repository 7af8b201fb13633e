"""What became of the actions that were carried out, and the names under which they are remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace

from connectors.contract import AccountId, Mark, NewTask, Status, Task
from service.assignment import Owner
from service.core.decide import REQUEST, Action, Bring, MoveDates, Say, SetDependencies, SetStatus, ShowElsewhere
from service.core.merge import LinkView
from service.core.plan import PlannedTask
from service.core.wording import HandOver, Rewrite
from service.runtime import Runtime
from service.store import comments, ledger
from service.store.engine import reading, transaction
from service.store.tables import Comment

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


def new_task(planned: PlannedTask, mark: Mark, owner: Owner) -> NewTask:
    """As it goes to the tracker; why somebody stands in is said in its text."""
    note = f"\n\n**{owner.note}**" if owner.note else ""
    return NewTask(
        mark=mark,
        title=planned.title,
        text=f"{planned.text}{note}".strip(),
        owner=owner.account,
        start_on=planned.start_on,
        due_on=planned.due_on,
        milestone=planned.milestone,
    )


def comment_key(say: Say) -> str:
    """The name of a comment within its campaign."""
    return say.name if say.key == REQUEST else f"{say.key}.{say.name}"


def elsewhere_key(action: ShowElsewhere) -> str:
    """Under which it is remembered that the link was shown."""
    return f"{action.key}.elsewhere"


def intended(link: LinkView, action: MoveDates | Rewrite | SetStatus, owner: AccountId | None) -> LinkView:
    """The link while the action is being carried out; `owner` is whom a task is handed over to."""
    match action:
        case MoveDates():
            agreed = replace(link.agreed, asked_start=action.start_on, asked_due=action.due_on)
            return replace(link, agreed=agreed)
        case Rewrite():
            return replace(link, agreed=replace(link.agreed, asked=link.agreed.asked | action.writes(owner)))
        case SetStatus(status=Status.DROPPED):
            return replace(link, dropped=True)
    return link


def lacks_it_still(action: Action, links: Mapping[str, LinkView]) -> bool:
    """The tracker refuses again what it did not take when it made the task: people know of that."""
    match action:
        case MoveDates(key=key):
            return links[key].agreed.has_no("due_on")
        case Rewrite(key=key, role=str()) if not isinstance(action, HandOver):
            return links[key].agreed.has_no("owner")
    return False


def begun(runtime: Runtime, campaign_id: str, connection: str, key: str) -> Comment | None:
    """The comment of this name; where there is none, it is noted that one is about to be written."""
    with reading(runtime.engine) as session:
        known = comments.get(session, campaign_id, connection, key)
    if known is None:
        with transaction(runtime.engine) as session:
            comments.begin(session, campaign_id, connection, key)
    return known


def leave_unsaid(runtime: Runtime, campaign_id: str, connection: str, say: Say, words: str) -> None:
    """A comment that we may not write holds up nothing else: the ledger tells it once, and another day it is tried."""
    told, today = f"Comments cannot be written: {words}", runtime.now().date()
    with transaction(runtime.engine) as session:
        comments.denied(session, campaign_id, connection, comment_key(say), say.text, today)
        if told not in {line.sentence for line in ledger.of_kind(session, "refused", campaign_id)}:
            ledger.note(session, "refused", told, campaign_id=campaign_id)


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
