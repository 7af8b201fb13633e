"""One campaign in two trackers: the tasks of some parties stand in another tracker too, and both are kept in step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import date
from functools import cache, partial
from typing import TypeVar

from connectors.contract import Account, AccountId, Container, Remark, Status, Task, TaskId
from connectors.errors import AccessDenied, Rejected, TrackerError
from service import apply, create, people
from service.applied import Applied, comment_key, elsewhere_key
from service.assignment import Owner
from service.core import decide, messages, mirror
from service.core.decide import REQUEST, Action, Say, ShowElsewhere
from service.core.merge import LinkView, News, settle
from service.core.mirror import PARENT, Pair, Sides
from service.core.plan import Plan, PlannedTask
from service.runtime import Runtime
from service.store import changes, comments, links
from service.store.engine import reading
from service.store.tables import Campaign, Comment

T = TypeVar("T")


class Mirrors:
    """What one run knows of its campaign's tasks in other trackers; for most campaigns that is nothing."""

    def __init__(self, runtime: Runtime, campaign: Campaign) -> None:
        self._runtime, self._campaign, self._home = runtime, campaign, campaign.connection
        with reading(runtime.engine) as session:
            found = links.elsewhere(session, campaign.id)
        self._links = {name: known for name, known in found.items() if name in runtime.trackers}
        self._found: dict[str, dict[TaskId, Task]] = {}
        self._unread: dict[str, TrackerError] = {}
        """Trackers that could not be read: home goes on without them, and another run follows."""
        self._sides = {name: self._two_sides(name) for name in self._links}

    def observe(self, read_home: Callable[[], dict[TaskId, Task]]) -> dict[TaskId, Task]:
        """Read all trackers at once; returns what home says."""
        reads: list[Callable[[], dict[TaskId, Task]]] = [read_home]
        found, *elsewhere = _at_once(reads + [partial(self._read, name) for name in self._links])
        self._found = dict(zip(self._links, elsewhere, strict=True))
        return found

    def settle(self, link: LinkView, found: Task | None, today: date) -> tuple[LinkView, list[News]]:
        """What people changed, in whichever tracker, since we last agreed."""
        name = self._where(link.key)
        if name is None:
            return settle(link, found, today)
        if name in self._unread:
            return mirror.settle_alone(link, found, today)
        there = self._links[name][link.key]
        found_there = self._found[name].get(there.task.id) if there.task else None
        pair = Pair(home=link, there=there)
        pair = mirror.settle_both(pair, found, found_there, self._sides[name], today)
        self._links[name][link.key] = pair.there
        return pair.home, list(pair.news)

    def stands(self) -> list[tuple[str, Container | None, Mapping[str, LinkView]]]:
        """Where else its tasks stand: the connection, the task below which they are, and their links."""
        return [(name, self._place(name), mirrored) for name, mirrored in self._links.items()]

    def sides(self, link: LinkView) -> list[tuple[str, LinkView]]:
        """The links of a task, each with its connection, the one at home first."""
        name = self._where(link.key)
        if name is None or name in self._unread:
            return [(self._home, link)]
        return [(self._home, link), (name, self._links[name][link.key])]

    def carry_out(
        self,
        request: Task | None,
        known: Mapping[str, LinkView],
        actions: Sequence[Action],
        owners: Mapping[str, Owner],
    ) -> Applied:
        """Write the actions at home, and to each tracker what it is owed."""
        parties = self._parties(request)
        if not parties and not self._links:
            return apply.carry_out(self._runtime, self._campaign, request, known, actions, owners)
        for name in set(parties.values()) - self._links.keys():
            self._links[name], self._sides[name] = {}, self._two_sides(name)
        applied = self._write(request, known, self._owed(request, known, actions), owners)
        applied.elsewhere = applied.elsewhere or next(iter(self._unread.values()), None)
        if applied.broken is None:
            self._follow_up(applied, request, parties)
        return applied

    def _owed(
        self, request: Task | None, known: Mapping[str, LinkView], actions: Sequence[Action]
    ) -> dict[str, list[Action]]:
        """By connection what is to be written. What was agreed is committed first: then a write that is lost is known
        as ours, and none is forgotten."""
        owed: dict[str, list[Action]] = {self._home: list(actions)}
        for name, mirrored in self._links.items():
            owed[name] = []
            for key, there in mirrored.items():
                home = known.get(key)
                if home:
                    owed[self._home] += mirror.behind(home, self._home, actions)
                if name in self._unread:
                    continue
                if key == PARENT:
                    mirrored[key] = mirror.bring_parent(there, self._campaign.title, _parents_status(request))
                elif home:
                    mirrored[key] = mirror.bring_there(Pair(home=home, there=there), actions, self._sides[name])
                owed[name] += mirror.behind(mirrored[key], name)
        self._save(known)
        return owed

    def _write(
        self,
        request: Task | None,
        known: Mapping[str, LinkView],
        actions: Mapping[str, Sequence[Action]],
        owners: Mapping[str, Owner],
    ) -> Applied:
        """All trackers side by side; what became of it all, with the links at home."""

        def write(name: str) -> Applied:
            here = known if name == self._home else self._links[name]
            return apply.carry_out(self._runtime, self._campaign, request, here, actions[name], owners, name)

        names = [name for name in actions if actions[name] or name == self._home]
        applied = dict(zip(names, _at_once([partial(write, name) for name in names]), strict=True))
        total = applied.pop(self._home)
        for name, there in applied.items():
            self._links[name] = there.links
            total.done += there.done
            total.failures += there.failures
            if there.error and isinstance(there.error, Rejected) and not isinstance(there.error, AccessDenied):
                total.failures += [(action, str(there.error)) for action in actions[name]]
            else:
                total.elsewhere = total.elsewhere or there.error
        return total

    def _follow_up(self, applied: Applied, request: Task | None, parties: Mapping[str, str]) -> None:
        """Tasks that are new there, links across, what was deleted, and comments."""
        steps: list[Callable[[], None]] = [partial(self._tell_all, applied)]
        if request and not request.status.closed and self._campaign.state == "running" and self._campaign.plan:
            plan = Plan.from_dict(self._campaign.plan)
            steps.insert(0, partial(self._make, applied, request, plan, parties))
        for step in steps:
            if applied.broken is None:
                step()
        self._save(applied.links)

    def _make(self, applied: Applied, request: Task, plan: Plan, parties: Mapping[str, str]) -> None:
        for name in sorted(set(parties.values())):
            tasks = [task for task in plan.tasks if parties.get(task.party) == name]
            there = self._plan_there(plan, tasks, applied.links)
            actions = decide.make(there, self._links[name], name)
            if actions:
                owners = {task.key: self._owner_there(name, applied.links[task.key], request) for task in there.tasks}
                done = self._write(request, applied.links, {self._home: [], name: actions}, owners)
                _add(applied, done)

    def _plan_there(self, plan: Plan, tasks: Sequence[PlannedTask], known: Mapping[str, LinkView]) -> Plan:
        """The part of the plan that is mirrored, as it has come to stand at home."""
        open_keys = {task.key for task in tasks if task.key in known and known[task.key].open}
        mirrored = [_as_at_home(task, known[task.key], open_keys) for task in tasks if task.key in open_keys]
        return replace(plan, tasks=tuple(mirrored))

    def _owner_there(self, name: str, home: LinkView, request: Task) -> Owner:
        owner = mirror.owner_of(home)
        if owner and request.requester and request.requester.id == owner.id:
            owner = request.requester  # of a task that was just made the tracker tells no e-mail address
        return Owner(self._sides[name].away(owner), owner.name) if owner else Owner(None, "nobody")

    def _tell_all(self, applied: Applied) -> None:
        """Each tracker is told what is only known in the other; nothing is said twice."""
        says: dict[str, list[Action]] = {self._home: [], **{name: [] for name in self._links}}
        heard: list[_Heard] = []
        for name, mirrored in self._links.items():
            for key, there in mirrored.items():
                home = applied.links.get(key)
                if key == PARENT and there.task:
                    says[self._home].append(ShowElsewhere(key=REQUEST, title=self._title(name), url=there.task.url))
                elif home:
                    says[self._home] += self._news_of(home, there, name)
                    says[name] += self._news_of(there, home, self._home)
                    heard += [_Heard(self._home, home, name), _Heard(name, there, self._home)]
        for note, remarks in self._remarks(heard):
            says[note.other] += [self._copy(note, remark) for remark in remarks if remark.mark is None]
        _add(applied, self._write(applied.request, applied.links, self._unsaid(says), {}))
        if applied.broken is None:
            self._remember_heard(applied, heard)

    def _news_of(self, link: LinkView, other: LinkView, other_name: str) -> list[Action]:
        """What a task's own tracker does not know about the other."""
        if link.state != "made" or link.task is None:
            return []
        if other.state == "gone":
            text = messages.gone_elsewhere(other_name)
            return [Say(key=link.key, name="gone", text=text, title=link.agreed.title)]
        if other.state == "made" and other.task:
            title, of = self._title(other_name), link.agreed.title
            return [ShowElsewhere(key=link.key, title=title, url=other.task.url, of=of)]
        return []

    def _title(self, name: str) -> str:
        return f"In {name}"

    def _unsaid(self, says: Mapping[str, Sequence[Action]]) -> dict[str, list[Action]]:
        left: dict[str, list[Action]] = {}
        today = self._runtime.now().date()
        with reading(self._runtime.engine) as session:
            for name, actions in says.items():
                known = comments.of_campaign(session, self._campaign.id, name) if actions else {}
                left[name] = [action for action in actions if not _said(known, action, today)]
        return left

    def _remarks(self, heard: Sequence[_Heard]) -> list[tuple[_Heard, list[Remark]]]:
        """Comments of the tasks on which there may be a new one."""
        partition = changes.partition_of(self._home, self._campaign.request_task)
        with reading(self._runtime.engine) as session:
            hinted = changes.commented(session, partition)
        asked = [note for note in heard if note.worth_reading(hinted)]
        read = [partial(self._runtime.trackers[note.name].remarks, note.task.id) for note in asked if note.task]
        return list(zip(asked, _at_once(read), strict=True))

    def _copy(self, note: _Heard, remark: Remark) -> Say:
        who = remark.author.name if remark.author else "Somebody"
        text = messages.copied_comment(who, note.name, remark.text)
        return Say(key=note.link.key, name=f"copy.{remark.id}", text=text, title=note.link.agreed.title)

    def _remember_heard(self, applied: Applied, heard: Sequence[_Heard]) -> None:
        for note in heard:
            mine = applied.links if note.name == self._home else self._links[note.name]
            link = mine[note.link.key]
            if note.task and note.task.changed_at:
                mine[link.key] = replace(link, agreed=replace(link.agreed, heard_at=note.task.changed_at))

    def _save(self, known: Mapping[str, LinkView]) -> None:
        """In one transaction: what one side has agreed to must not be known without the other."""
        everywhere = {self._home: known, **self._links}
        links.keep(self._runtime.engine, self._campaign.id, {name: one.values() for name, one in everywhere.items()})

    def _parties(self, request: Task | None) -> dict[str, str]:
        rule = create.rule_of(self._runtime.settings.requests, self._campaign, request)
        return {party: name for party, name in (rule.mirror if rule else {}).items() if name in self._runtime.trackers}

    def _where(self, key: str) -> str | None:
        return next((name for name, mirrored in self._links.items() if key in mirrored), None)

    def _read(self, name: str) -> dict[TaskId, Task]:
        ids = [link.task.id for key, link in self._links[name].items() if link.task and key != PARENT]
        if not ids:
            return {}
        try:
            return self._runtime.trackers[name].read(ids, self._place(name))
        except TrackerError as error:
            self._unread[name] = error
            return {}

    def _place(self, name: str) -> Container | None:
        parent = self._links[name].get(PARENT)
        return Container("subtasks", parent.task.id, parent.task.url) if parent and parent.task else None

    def _two_sides(self, name: str) -> Sides:
        @cache  # for this run: each task asks several times
        def at_home(account: Account) -> AccountId | None:
            return people.counterpart(self._runtime, account, name, self._home)

        @cache
        def away(account: Account) -> AccountId | None:
            return people.counterpart(self._runtime, account, self._home, name)

        return Sides(home=self._home, there=name, at_home=at_home, away=away)


class _Heard:
    """One side of a pair, and where its comments are to be copied to."""

    def __init__(self, name: str, link: LinkView, other: str) -> None:
        self.name, self.link, self.other = name, link, other
        self.task = link.task if link.state == "made" else None

    def worth_reading(self, hinted: set[str]) -> bool:
        if self.task is None:
            return False
        heard_at, changed_at = self.link.agreed.heard_at, self.task.changed_at
        changed = heard_at is not None and changed_at is not None and changed_at > heard_at
        return changed or self.task.id in hinted


def _said(known: Mapping[str, Comment], action: Action, today: date) -> bool:
    match action:
        case Say():
            return comments.says(known.get(comment_key(action)), action.text, today)
        case ShowElsewhere():
            return comments.says(known.get(elsewhere_key(action)), action.url, today)
    return False


def _as_at_home(task: PlannedTask, home: LinkView, mirrored: set[str]) -> PlannedTask:
    url = home.task.url if home.task else ""
    return replace(
        task,
        title=home.agreed.title,
        text=f"{task.text}\n\n{home.label}: {url}".strip(),
        due_on=home.agreed.due_on or task.due_on,
        depends_on=tuple(key for key in task.depends_on if key in mirrored),
    )


def _parents_status(request: Task | None) -> Status:
    if request is None:
        return Status.DROPPED
    return request.status if request.status.closed else Status.TODO


def _add(total: Applied, more: Applied) -> None:
    total.links, total.request = more.links, more.request
    total.done += more.done
    total.failures += more.failures
    total.error, total.elsewhere = total.error or more.error, total.elsewhere or more.elsewhere


def _at_once(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Side by side, in order; the first error is raised when all have ended."""
    if len(jobs) < 2:
        return [job() for job in jobs]
    with ThreadPoolExecutor(max_workers=len(jobs), thread_name_prefix="mirror") as pool:
        futures = [pool.submit(copy_context().run, job) for job in jobs]
    return [future.result() for future in futures]
