"""One task in two trackers: what people changed on either side, made one, and what each side is owed then. Pure.

The link at home holds what plan and people agree on. What a tracker shows instead, because it has not been written
there yet or because it has no word for it, is kept beside it, so that nobody takes it for a person's change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from connectors.contract import NOBODY, Account, AccountId, Patch, Status, Task
from service.core.decide import Action, Bring, MoveDates, SetStatus
from service.core.fingerprints import shown
from service.core.merge import Agreed, LinkView, News, name_of, settle
from service.core.wording import Rewrite

PARENT = ".mirror"
"""The key of the task under which a campaign's tasks stand in the other tracker; no template's key has a point."""
FIELDS = ("title", "status", "due_on", "owner")
Values: TypeAlias = Mapping[str, str | None]
"""Of each field, as text."""

_MOST_CLOSED = (Status.TODO, Status.DOING, Status.WAITING, Status.DROPPED, Status.DONE)
"""Of two statuses that people set at the same time the later in this row holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One key with both its links."""

    home: LinkView
    there: LinkView
    news: tuple[News, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Two trackers of one campaign."""

    home: str
    """The connection of the request."""
    there: str
    at_home: Callable[[Account], AccountId | None]
    """The account of the same person there; None where they have none."""
    away: Callable[[Account], AccountId | None]
    """The inverse."""


def settle_both(pair: Pair, found: Task | None, found_there: Task | None, sides: Sides, today: date) -> Pair:
    """What people changed on either side since we last agreed; the mirrored `settle`."""
    home, there = pair.home, pair.there
    if there.state != "made" or found_there is None or found is None or home.state in ("intended", "refused"):
        settled, news = settle(home, found, today)
        return _one_sided(replace(pair, home=settled, news=tuple(news)), found_there, sides)
    ours, theirs = _moved(home, found), _moved(there, found_there)
    if _carried("owner", found_there, sides) is None:
        theirs.discard("owner")  # nobody whom home knows: theirs to keep
    if home.agreed.has_no("due_on"):
        theirs.discard("due_on")
    seen, conflicts = _seen(home, found, found_there, ours, theirs, sides)
    settled, news = settle(home, seen, today)
    if "owner" in theirs and (brought := _carried("owner", found_there, sides)) and _same_owner(settled, brought):
        # Known from now on: a tracker that hides e-mail addresses could not say who that is there.
        there = replace(there, agreed=_with(there.agreed, {"owner": _of(found_there)["owner"]}))
    return Pair(
        home=_standing(replace(settled, task=found), found, _differing(home.agreed, settled.agreed)),
        there=_standing(replace(there, task=found_there, label=found_there.label), found_there, theirs),
        news=(*conflicts, *news),
    )


def settle_alone(home: LinkView, found: Task | None, today: date) -> tuple[LinkView, list[News]]:
    """The same while the other tracker cannot be read: what home is still owed is not taken for a person's change."""
    if found is None or home.state != "made":
        return settle(home, found, today)
    stale = home.agreed.shows.keys() - _moved(home, found)
    settled, news = settle(home, _task_with(found, home.agreed, stale), today)
    return _standing(replace(settled, task=found), found, _differing(home.agreed, settled.agreed)), news


def bring_there(pair: Pair, actions: Sequence[Action], sides: Sides) -> LinkView:
    """The link in the other tracker, with what was agreed at home as its own, and owing what it does not show yet.

    `actions` are about to be carried out at home.
    """
    home, there = pair.home, pair.there
    if there.state != "made" or there.task is None or home.state != "made":
        return there
    wanted = _wanted(home, actions, sides)
    known = values_agreed(there.agreed)
    changed = {name for name in FIELDS if wanted[name] is not None and wanted[name] != known[name]}
    if there.agreed.has_no("due_on"):
        changed.discard("due_on")
    agreed = _with(there.agreed, {name: wanted[name] for name in changed})
    starts = [action.start_on for action in actions if isinstance(action, MoveDates) and action.key == home.key]
    if starts and agreed.start_on:
        agreed = replace(agreed, start_on=starts[0])
    return _standing(replace(there, agreed=agreed), _shown(there), changed)


def bring_parent(parent: LinkView, title: str, status: Status) -> LinkView:
    """The task under which they stand follows the request; what people do to it changes nothing."""
    if parent.state != "made" or parent.task is None:
        return parent
    before = parent.agreed
    agreed = replace(before, title=title, status=status)
    changed = _differing(before, agreed)
    shown = values_agreed(before)
    agreed = replace(
        agreed,
        shows={**{name: shown[name] for name in changed}, **before.shows},
        owed=tuple(name for name in FIELDS if name in changed or name in before.owed),
    )
    # Its status is not known in the tracker's own words, so that a workflow looks it up.
    return replace(parent, agreed=agreed, task=replace(parent.task, status_name=""))


def behind(link: LinkView, connection: str, actions: Sequence[Action] = ()) -> list[Action]:
    """The write that a link is owed, without what other `actions` on the same task write anyway."""
    written = {
        "status" if isinstance(action, SetStatus) else "due_on"
        for action in actions
        if isinstance(action, SetStatus | MoveDates) and action.key == link.key
    }
    known = values_agreed(link.agreed)
    owed = {name: known[name] for name in link.agreed.owed if name not in written}
    if link.state != "made" or not owed:
        return []
    return [Bring(key=link.key, title=link.agreed.title, connection=connection, values=owed)]


def written(agreed: Agreed, name: str, reads_as: str | None) -> Agreed:
    """A field that was owed has been written; the tracker shows it as `reads_as`."""
    shows = {known: value for known, value in agreed.shows.items() if known != name}
    if reads_as != values_agreed(agreed)[name]:
        shows[name] = reads_as
    start_on = agreed.start_on
    if name == "due_on" and start_on and agreed.due_on:
        start_on = min(start_on, agreed.due_on)
    owed = tuple(owed for owed in agreed.owed if owed != name)
    return replace(agreed, shows=shows, owed=owed, start_on=start_on)


def patch_for(agreed: Agreed, names: Collection[str]) -> Patch:
    """The write of these fields. A start after the due date, which trackers refuse, moves along."""
    due_on = agreed.due_on if "due_on" in names else None
    return Patch(
        title=agreed.title if "title" in names else None,
        due_on=due_on,
        start_on=min(agreed.start_on, due_on) if agreed.start_on and due_on else None,
        owner=(agreed.owner or NOBODY) if "owner" in names else None,
    )


def owner_of(home: LinkView) -> Account | None:
    """Whoever owns it, as far as is known of them."""
    if home.task and home.task.owner and home.task.owner.id == home.agreed.owner:
        return home.task.owner
    return Account(home.agreed.owner, "") if home.agreed.owner else None


def values_agreed(agreed: Agreed) -> Values:
    """The fields that are kept in step, as they were agreed."""
    return _values(agreed.title, agreed.status, agreed.due_on, agreed.owner)


def _one_sided(pair: Pair, found_there: Task | None, sides: Sides) -> Pair:
    """One of the two tasks is not there: what is left stays as it is."""
    there = pair.there
    if there.state == "made" and found_there is None:
        told = f"{name_of(there)} was deleted in {sides.there}; it stays in {sides.home} and is not made again there."
        there = replace(there, state="gone", task=None)
        return replace(pair, there=there, news=(*pair.news, News("deleted", there.key, told)))
    if there.state == "gone" and found_there is not None:
        told = f"{name_of(there)} is back in {sides.there}."
        there = replace(there, state="made", task=found_there)
        there = _standing(there, found_there, FIELDS)
        return replace(pair, there=there, news=(*pair.news, News("restored", there.key, told)))
    return replace(pair, there=replace(there, task=found_there or there.task))


def _moved(link: LinkView, found: Task) -> set[str]:
    """The fields that a person changed: they read neither as agreed nor as they stood, nor as we were writing them."""
    agreed, known, shown = link.agreed, values_agreed(link.agreed), _of(found)
    ours = {name: {known[name], agreed.shows.get(name, known[name])} for name in FIELDS}
    if agreed.asked_due:
        ours["due_on"].add(agreed.asked_due.isoformat())
    return {name for name in FIELDS if shown[name] not in ours[name]}


def _seen(
    home: LinkView, found: Task, found_there: Task, ours: Collection[str], theirs: Collection[str], sides: Sides
) -> tuple[Task, list[News]]:
    """What the task at home is to be taken for: changes from there included, our own unwritten ones left out."""
    seen = _task_with(found, home.agreed, home.agreed.shows.keys() - set(ours))
    conflicts: list[News] = []
    for name in (name for name in FIELDS if name in theirs):
        brought = _carried(name, found_there, sides)
        if brought is None or _of(brought)[name] == _of(seen)[name]:
            continue
        if name in ours:
            holds = _holds(name, found, brought)
            conflicts.append(_conflict(home, name, found, found_there, holds, sides))
            if not holds:
                continue
        seen = _take(seen, name, brought)
    return seen, conflicts


def _carried(name: str, found_there: Task, sides: Sides) -> Task | None:
    """The other task in the words of home; None where its owner is nobody there."""
    if name != "owner" or found_there.owner is None:
        return found_there
    account = sides.at_home(found_there.owner)
    return replace(found_there, owner=Account(account, found_there.owner.name)) if account else None


def _same_owner(home: LinkView, brought: Task) -> bool:
    return values_agreed(home.agreed)["owner"] == _of(brought)["owner"]


def _holds(name: str, found: Task, brought: Task) -> bool:
    """Whether the other tracker's value wins where people changed both: see docs/decisions on mirrors."""
    if name == "status":
        return _MOST_CLOSED.index(brought.status) > _MOST_CLOSED.index(found.status)
    return name != "due_on"


def _conflict(home: LinkView, name: str, found: Task, found_there: Task, theirs_holds: bool, sides: Sides) -> News:
    one, other = (_said(name, task) for task in (found, found_there))
    kept, why = sides.there if theirs_holds else sides.home, _WHY[name]
    words = f"{name_of(home)}: {_WORDS[name]} was set to {one} in {sides.home} and to {other} in {sides.there}"
    return News("conflict", home.key, f"{words}; the one in {kept} is kept, because {why}.")


_WORDS = {"title": "the title", "status": "the status", "due_on": "the due date", "owner": "the owner"}
_WHY = {
    "title": "whoever owes the task works there",
    "status": "of two the more closed one holds",
    "due_on": "the plan of the whole campaign is read there",
    "owner": "whoever owes the task works there",
}


def _said(name: str, task: Task) -> str:
    if name == "owner":
        return task.owner.name if task.owner else "nobody"
    return f"“{_of(task)[name] or 'none'}”"


def _take(seen: Task, name: str, brought: Task) -> Task:
    if name == "status":
        return replace(
            seen,
            status=brought.status,
            status_name=brought.status_name,
            waits_on=brought.waits_on,
            changed_at=brought.changed_at,
        )
    return replace(seen, **{name: getattr(brought, name)})


def _task_with(found: Task, agreed: Agreed, names: Collection[str]) -> Task:
    owner = Account(agreed.owner, "") if agreed.owner else None
    known = {"title": agreed.title, "status": agreed.status, "due_on": agreed.due_on, "owner": owner}
    return replace(found, **{name: known[name] for name in names})  # type: ignore[arg-type]


def _standing(link: LinkView, found: Task, changed: Collection[str]) -> LinkView:
    """What the tracker shows against what is agreed; owed is what has `changed`, and what was owed before."""
    known, shown = values_agreed(link.agreed), _of(found)
    differing = [name for name in FIELDS if known[name] != shown[name]]
    owed = tuple(name for name in differing if name in changed or name in link.agreed.owed)
    writable = tuple(name for name in owed if known[name] is not None)
    return replace(link, agreed=replace(link.agreed, shows={name: shown[name] for name in differing}, owed=writable))


def _wanted(home: LinkView, actions: Sequence[Action], sides: Sides) -> Values:
    """What the other side should show; None where that is not for us to say."""
    title, due_on, status = home.agreed.title, home.agreed.due_on, home.status
    for action in actions:
        match action:
            case MoveDates(key=home.key):
                due_on = action.due_on
            case SetStatus(key=home.key):
                status = action.status
            case Rewrite(key=home.key) if action.new_title:
                title = action.new_title
    values = _values(title, status, due_on, None)
    owner = owner_of(home)
    return {**values, "owner": sides.away(owner) if owner else NOBODY}


def _with(agreed: Agreed, values: Values) -> Agreed:
    due_on, owner, status = values.get("due_on"), values.get("owner"), values.get("status")
    return replace(
        agreed,
        title=values.get("title") or agreed.title,
        status=Status(status) if status else agreed.status,
        due_on=date.fromisoformat(due_on) if due_on else agreed.due_on,
        owner=agreed.owner if owner is None else AccountId(owner) or None,
    )


def _differing(one: Agreed, other: Agreed) -> set[str]:
    before, after = values_agreed(one), values_agreed(other)
    return {name for name in FIELDS if before[name] != after[name]}


def _shown(link: LinkView) -> Task:
    if link.task is None:
        raise ValueError(f"{link.key} has no task")
    return link.task


def _of(task: Task) -> Values:
    return _values(task.title, task.status, task.due_on, task.owner.id if task.owner else None)


def _values(title: str, status: Status, due_on: date | None, owner: AccountId | None) -> Values:
    return {
        "title": shown(title),
        "status": status.value,
        "due_on": due_on.isoformat() if due_on else None,
        "owner": owner or NOBODY,
    }
