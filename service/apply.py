"""The only module that writes to a tracker: one action, one call, one Link brought up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from connectors.contract import (
    AccountId,
    CommentId,
    Container,
    Created,
    Hook,
    HookId,
    Mark,
    NewTask,
    Patch,
    Status,
    Task,
    TaskId,
    Tracker,
)
from connectors.errors import AccessDenied, Rejected, TrackerError
from service import assignment
from service.applied import (
    Applied,
    begun,
    by_task,
    comment_key,
    elsewhere_key,
    intended,
    lacks_it_still,
    leave_unsaid,
    new_task,
    side_by_side,
    waves,
)
from service.core import messages, mirror
from service.core.decide import (
    REQUEST,
    Action,
    Bring,
    CreateTask,
    MoveDates,
    Say,
    SetDays,
    SetDependencies,
    SetStatus,
    ShowElsewhere,
)
from service.core.merge import Agreed, LinkView, linked
from service.core.plan import PlannedTask
from service.core.wording import HandOver, Rewrite, first_written
from service.runtime import Runtime
from service.store import campaigns, comments, doubts, links
from service.store.engine import transaction
from service.store.tables import Campaign


def carry_out(
    runtime: Runtime,
    campaign: Campaign,
    request: Task | None,
    known: Mapping[str, LinkView],
    actions: Sequence[Action],
    owners: Mapping[str, assignment.Owner],
    connection: str | None = None,
) -> Applied:
    """Write them: creates first, then what people wait for, then the rest. Every write that was agreed is committed.

    A refused action stops nothing. After an error everything else is tried all the same, unless it was the creates'.
    `connection`: the tracker to write to, with the links there, where that is not the request's.
    """
    return _Writer(runtime, campaign, request, known, owners, connection or campaign.connection).write(actions)


class _Writer:
    def __init__(
        self,
        runtime: Runtime,
        campaign: Campaign,
        request: Task | None,
        known: Mapping[str, LinkView],
        owners: Mapping[str, assignment.Owner],
        connection: str,
    ) -> None:
        self._runtime, self._campaign, self._owners, self._connection = runtime, campaign, owners, connection
        self._tracker: Tracker = runtime.trackers[connection]
        self._applied = Applied(links=dict(known), request=request)
        self._new = runtime.knows_all_of(request)
        self._lock = threading.Lock()

    def write(self, actions: Sequence[Action]) -> Applied:
        if not actions:
            return self._applied
        creates = [action for action in actions if isinstance(action, CreateTask)]
        rest = [action for action in actions if not isinstance(action, CreateTask)]
        try:
            if creates:
                rest += self._create(creates)
        except TrackerError as error:
            self._applied.error = error
            return self._applied
        errors = [error for wave in waves(rest) for error in self._side_by_side(wave)]
        self._save_links()
        self._applied.error = next(iter(errors), None)
        return self._applied

    def _intend(self, actions: Sequence[Action]) -> None:
        """Committed before the calls: a write whose reply is lost must not be taken for a person's when it is read."""
        before = dict(self._applied.links)
        for action in actions:
            if isinstance(action, MoveDates | Rewrite | SetStatus) and action.key in before:
                owner = self._owner_of(action) if isinstance(action, Rewrite) else None
                self._applied.links[action.key] = intended(self._applied.links[action.key], action, owner)
        if self._applied.links != before:
            self._save_links()

    def _save_links(self) -> None:
        links.keep(self._runtime.engine, self._campaign.id, {self._connection: self._applied.links.values()})

    def _create(self, actions: list[CreateTask]) -> list[Say]:
        """Make the tasks that are not there yet; returns what is to be said on those that nobody owns now."""
        with transaction(self._runtime.engine) as session:
            keys = [action.planned.key for action in actions]
            first = links.intend(session, self._campaign.id, self._connection, keys)
            if not first:
                doubts.begin(session, self._campaign.id, self._runtime.now())
        container = self._container()
        found = {} if first and self._new else self._made_before(container)
        wanted = [action for action in actions if action.planned.key not in found]
        created = Created({}, {})
        if wanted:
            created = self._tracker.create(container, [self._new_task(action.planned) for action in wanted])
        if created.unsure:
            with transaction(self._runtime.engine) as session:
                doubts.begin(session, self._campaign.id, self._runtime.now())
        for action in actions:
            self._note_created(action, found | dict(created.made), created)
        self._save_links()
        return [self._hand_over(action.planned) for action in wanted if self._lost_owner(action.planned)]

    def _made_before(self, container: Container) -> dict[str, Task]:
        """What a call whose reply was lost has made, by key."""
        children = self._tracker.children(container)
        return {task.mark.key: task for task in children if task.mark and task.mark.campaign == self._campaign.id}

    def _lost_owner(self, planned: PlannedTask) -> bool:
        """The tracker made the task, and refused to assign it."""
        link = self._applied.links.get(planned.key)
        return self._connection == self._campaign.connection and link is not None and link.agreed.has_no("owner")

    def _hand_over(self, planned: PlannedTask) -> Say:
        """Whoever is next owns it; where the tracker refuses them too, a person has to assign it."""
        refused = self._owners[planned.key]
        stands_in = self._next_owner(planned, refused)
        what = f"{stands_in} stands in" if stands_in else "Please assign this"
        text = f"**{what}**: it is meant for {refused.name}, to whom the tracker does not let us assign tasks."
        return Say(key=planned.key, name="owner", text=text)

    def _next_owner(self, planned: PlannedTask, refused: assignment.Owner) -> str | None:
        if self._applied.request is None:
            return None
        try:
            owner = assignment.instead(self._runtime, self._campaign, self._applied.request, planned, refused)
            if owner.account is None:
                return None
            self._tracker.update(self._id(planned.key), Patch(owner=owner.account))
        except TrackerError:
            return None
        # Only now: where nobody at all can be assigned, it is not this person whom the tracker lacks.
        assignment.lost(self._runtime, self._campaign, refused)
        wrote = self._applied.links[planned.key].agreed.wrote | {"owner": owner.account}
        self._agree(planned.key, owner=owner.account, wrote=wrote)
        self._save_links()
        return owner.name

    def _note_created(self, action: CreateTask, made: Mapping[str, Task], created: Created) -> None:
        key, planned = action.planned.key, action.planned
        if key in made:
            owner = self._owners[key].account
            self._applied.links[key] = linked(key, made[key], planned.start_on, planned.due_on, owner)
            self._agree(key, wrote=first_written(planned, self._new_task(planned).text, made[key].owner))
            self._applied.done.append(action)
        elif key in created.refused:
            words = str(created.refused[key])
            agreed = Agreed(title=planned.title)
            self._applied.links[key] = LinkView(key=key, state="refused", agreed=agreed, reason=words)
            self._applied.failures.append((action, words))

    def _container(self) -> Container:
        campaign, request = self._campaign, self._applied.request
        if self._connection != campaign.connection:
            return self._parent_there(request)
        if opened := campaigns.container_of(campaign):
            return opened
        if request is None:
            raise Rejected("the request is gone, so there is nowhere to put its tasks")
        mark = self._mark("container")
        container = self._tracker.open_container(request, mark, campaign.title, campaign.container_kind)
        with transaction(self._runtime.engine) as session:
            campaigns.opened(session, campaign, container)
        return container

    def _parent_there(self, request: Task | None) -> Container:
        """The task in another tracker below which a campaign's tasks stand; made if it is not there yet."""
        known = self._applied.links.get(mirror.PARENT)
        if known is None or known.task is None:
            if request is None:
                raise Rejected("the request is gone, so its tasks are not mirrored")
            with transaction(self._runtime.engine) as session:
                first = links.intend(session, self._campaign.id, self._connection, [mirror.PARENT])
            project = self._runtime.settings.connections[self._connection].settings.projects[0]
            text = f"{request.label}: {request.url}"
            new = NewTask(mark=self._mark(mirror.PARENT), title=self._campaign.title, text=text)
            known = linked(mirror.PARENT, self._tracker.add_task(project, new, look_first=not (first and self._new)))
            self._applied.links[mirror.PARENT] = known
            self._save_links()
        return Container("subtasks", self._id(mirror.PARENT), known.task.url if known.task else "")

    def _new_task(self, planned: PlannedTask) -> NewTask:
        return new_task(planned, self._mark(planned.key), self._owners[planned.key])

    def _side_by_side(self, actions: Sequence[Action]) -> list[Exception]:
        self._intend(actions)
        dependencies = [action for action in actions if isinstance(action, SetDependencies)]
        jobs: list[Callable[[], None]] = [partial(self._connect, dependencies)] if dependencies else []
        others = [action for action in actions if not isinstance(action, SetDependencies)]
        jobs += [partial(self._each, group) for group in by_task(others)]
        return side_by_side(jobs)

    def _each(self, actions: Sequence[Action]) -> None:
        for action in actions:
            try:
                self._one(action)
            except AccessDenied as error:
                if not isinstance(action, Say) or error.status != 403:
                    raise
                with self._lock:
                    leave_unsaid(self._runtime, self._campaign.id, self._connection, action, str(error))
            except Rejected as error:
                if lacks_it_still(action, self._applied.links):
                    continue
                self._applied.failures.append((action, str(error)))
                if isinstance(action, HandOver):
                    assignment.lost(self._runtime, self._campaign, self._owners[action.key])
            else:
                self._applied.done.append(action)

    def _one(self, action: Action) -> None:
        match action:
            case MoveDates():
                self._move(action)
            case SetStatus(key=key) if key == REQUEST:
                self._set_request_status(action)
            case SetStatus():
                self._set_status(action)
            case Rewrite():
                self._rewrite(action)
            case SetDays():
                self._tracker.update(TaskId(self._campaign.request_task), action.patch())
            case Bring():
                self._bring(action)
            case ShowElsewhere():
                self._show_elsewhere(action)
            case Say():
                self._say(action)

    def _connect(self, actions: Sequence[SetDependencies]) -> None:
        ids = {key: link.task.id for key, link in self._applied.links.items() if link.task}
        there = [action for action in actions if action.key in ids]
        wanted = {ids[action.key]: [ids[key] for key in action.waits_for if key in ids] for action in there}
        refused = self._tracker.set_dependencies(wanted)
        for action in there:
            if error := refused.get(ids[action.key]):
                self._applied.failures.append((action, str(error)))
            else:
                self._applied.done.append(action)
            # Refused ones count as written too: asking again changes nothing, and a person has been told. A task that
            # is not there does not: its dependency is written once it is.
            self._agree(action.key, waits_for=tuple(key for key in action.waits_for if key in ids))

    def _move(self, action: MoveDates) -> None:
        self._tracker.update(self._id(action.key), Patch(start_on=action.start_on, due_on=action.due_on))
        self._agree(action.key, **action.agreed(self._applied.links[action.key].agreed.start_on))

    def _rewrite(self, action: Rewrite) -> None:
        owner, agreed = self._owner_of(action), self._applied.links[action.key].agreed
        self._tracker.update(self._id(action.key), action.patch(self._mark(action.key), owner))
        self._agree(action.key, **action.agreed(agreed.wrote, owner))
        if isinstance(action, HandOver):
            self._each([Say(key=action.key, name=action.name, text=action.said)])
        elif owner and agreed.has_no("owner"):
            self._each([Say(key=action.key, name="owner", text=messages.MENDED)])

    def _owner_of(self, action: Rewrite) -> AccountId | None:
        return self._owners[action.key].account if action.role and action.key in self._owners else None

    def _set_status(self, action: SetStatus) -> None:
        if task := self._applied.links[action.key].task:
            reads_as = self._tracker.set_status(task, action.status)
            self._agree(action.key, dropped=action.status is Status.DROPPED, status=reads_as)

    def _bring(self, action: Bring) -> None:
        link = self._applied.links[action.key]
        if names := [name for name in action.values if name != "status"]:
            self._patch(link, names)
        if "status" in action.values and link.task:
            reads_as = self._tracker.set_status(link.task, link.agreed.status)
            self._note_written(action.key, "status", reads_as.value)

    def _patch(self, link: LinkView, names: Sequence[str]) -> None:
        try:
            self._tracker.update(self._id(link.key), mirror.patch_for(link.agreed, names))
        except AccessDenied:
            raise
        except Rejected:
            if "owner" not in names:
                raise
            # Somebody to whom nothing can be assigned there must not hold up the other fields.
            self._note_written(link.key, "owner", link.agreed.shows.get("owner"))
            if rest := [name for name in names if name != "owner"]:
                self._patch(link, rest)
            return
        for name in names:
            self._note_written(link.key, name, mirror.values_agreed(link.agreed)[name])

    def _note_written(self, key: str, name: str, reads_as: str | None) -> None:
        with self._lock:
            link = self._applied.links[key]
            self._applied.links[key] = replace(link, agreed=mirror.written(link.agreed, name, reads_as))

    def _show_elsewhere(self, action: ShowElsewhere) -> None:
        task = self._applied.request if action.key == REQUEST else self._applied.links[action.key].task
        if task:
            self._tracker.link_to(task, action.title, action.url)
            with transaction(self._runtime.engine) as session:
                key = elsewhere_key(action)
                comments.remember(session, self._campaign.id, self._connection, key, comment_id=key, text=action.url)

    def _set_request_status(self, action: SetStatus) -> None:
        if request := self._applied.request:
            self._applied.request = replace(request, status=self._tracker.set_status(request, action.status))

    def _say(self, say: Say) -> None:
        key, connection = comment_key(say), self._connection
        comment = begun(self._runtime, self._campaign.id, connection, key)
        previous = CommentId(comment.comment_id) if comment and comment.comment_id else None
        first = comment is None and self._new
        task = TaskId(self._campaign.request_task) if say.key == REQUEST else self._id(say.key)
        written = self._tracker.comment(task, self._mark(key), say.text, previous, first=first)
        with transaction(self._runtime.engine) as session:
            comments.remember(session, self._campaign.id, connection, key, comment_id=written, text=say.text)

    def _agree(self, key: str, *, dropped: bool | None = None, **values: object) -> None:
        with self._lock:  # dates and dependencies of one task are written side by side
            link = self._applied.links[key]
            agreed = replace(link.agreed, **values)  # type: ignore[arg-type]
            for name in values.keys() & set(mirror.FIELDS):
                agreed = mirror.written(agreed, name, mirror.values_agreed(agreed)[name])
            dropped = link.dropped if dropped is None else dropped
            self._applied.links[key] = replace(link, agreed=agreed, dropped=dropped)

    def _id(self, key: str) -> TaskId:
        if task := self._applied.links[key].task:
            return task.id
        raise Rejected(f"the task “{key}” is not in the tracker")

    def _mark(self, key: str) -> Mark:
        return Mark(self._campaign.id, key)


def delete(runtime: Runtime, connection: str, task: TaskId) -> None:
    """Delete a task that stands twice."""
    runtime.trackers[connection].delete_task(task)


def add_request(runtime: Runtime, connection: str, project: str, task: NewTask, *, look_first: bool) -> Task:
    """File a request that somebody made outside the tracker."""
    return runtime.trackers[connection].add_task(project, task, look_first=look_first)


def subscribe(runtime: Runtime, connection: str, projects: Sequence[str], target: str, secret: str) -> Hook:
    """Ask the tracker to call `target` for changes in these projects."""
    return runtime.trackers[connection].add_hook(projects, target, secret)


def renew(runtime: Runtime, connection: str, hook: HookId) -> None:
    """Put off the end of one subscription."""
    runtime.trackers[connection].renew_hook(hook)


def unsubscribe(runtime: Runtime, connection: str, hook: HookId) -> None:
    """End one subscription."""
    runtime.trackers[connection].remove_hook(hook)
