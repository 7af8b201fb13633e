"""A tracker in memory that answers at once, forgets what it is told to forget, and fails when it is told to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from connectors.contract import (
    NOBODY,
    Account,
    AccountId,
    CommentId,
    Container,
    Created,
    Finding,
    Hook,
    HookId,
    Mark,
    Moved,
    NewTask,
    Patch,
    Remark,
    Status,
    Task,
    TaskId,
)
from connectors.errors import NotFound, Rejected, TrackerError

_SECONDS = count(1)
"""All trackers have the same time."""
DANA = Account(AccountId("1"), "Dana Ops", "dana.ops@example.com")


class Killed(BaseException):
    """The process ends here."""


@dataclass
class MemoryTracker:
    """The whole site of one vendor. `lossy` names what it does not keep: start, due, doing, dropped."""

    lossy: frozenset[str] = frozenset()
    refuses: Callable[[str, str], bool] = lambda _what, _task: False
    """Asked before each write with its name and the task's id."""
    fails: Callable[[str, str], BaseException | None] = lambda _moment, _what: None
    """Asked `before` and `after` each write, and before a read, with its name; what it returns is raised."""
    gone: set[str] = field(default_factory=set)
    """Projects that were deleted."""
    one_hook: bool = False
    app_secret: str | None = None
    """Signs the hooks' calls, whatever secret we choose."""
    unchanged: bool = False
    """Nothing changed since anybody asked."""
    tasks: dict[TaskId, Task] = field(default_factory=dict)
    said: dict[CommentId, tuple[TaskId, Mark, str]] = field(default_factory=dict)
    heard: list[tuple[TaskId, Remark]] = field(default_factory=list)
    """What people said."""
    people: tuple[Account, ...] = (DANA,)
    files: dict[TaskId, list[str]] = field(default_factory=dict)
    """Attached, by name."""
    elsewhere: set[tuple[TaskId, str]] = field(default_factory=set)
    reads: list[str] = field(default_factory=list)
    links: set[tuple[TaskId, TaskId]] = field(default_factory=set)
    subscribed: dict[HookId, Hook] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # What people do there.

    def file(self, title: str, **values: Any) -> TaskId:
        """A request."""
        name = TaskId(str(next(self._ids)))
        self.tasks[name] = Task(
            id=name,
            label=f"T-{name}",
            url=f"http://memory/{name}",
            title=title,
            status=Status.TODO,
            status_name="todo",
            requester=DANA,
            project="P",
            **values,
        )
        return name

    def act(self, name: TaskId, **values: Any) -> None:
        """Somebody edits a task."""
        if "status" in values:
            values["status_name"] = str(values["status"])
        self.tasks[name] = replace(self.tasks[name], **values, changed_at=self._moment())

    def say(self, name: TaskId, text: str, who: Account = DANA) -> None:
        """Somebody comments."""
        remark = Remark(id=CommentId(str(next(self._ids))), author=who, text=text, written_at=self._moment())
        self.heard.append((name, remark))
        self.act(name)

    def delete(self, name: TaskId) -> None:
        """Somebody deletes it, and what stands under it."""
        for gone in [name, *(task.id for task in self.tasks.values() if task.parent == name)]:
            self.tasks.pop(gone, None)

    def under(self, request: TaskId) -> dict[str, Task]:
        """The request's tasks by their planned key."""
        return {task.mark.key: task for task in self.tasks.values() if task.mark and task.parent == request}

    def comments(self, name: TaskId) -> list[str]:
        """What stands on a task."""
        return [text for task, _, text in self.said.values() if task == name]

    # What a tracker answers.

    def whoami(self) -> Account:
        return DANA

    def find_account(self, email: str, project: str | None) -> Account | None:  # noqa: ARG002
        return next((account for account in self.people if account.email == email), None)

    def find_task(self, label: str) -> Task | None:
        return next((task for task in self.tasks.values() if task.label == label), None)

    def read(self, ids: Collection[TaskId], within: Container | None = None) -> dict[TaskId, Task]:  # noqa: ARG002
        if wrong := self.fails("before", "read"):
            raise wrong
        self.reads.append(f"read {len(ids)}")
        return {name: self.tasks[name] for name in ids if name in self.tasks}

    def children(self, container: Container) -> list[Task]:
        return [task for task in self.tasks.values() if task.parent == container.id]

    def open_container(self, request: Task, mark: Mark, title: str, kind: str | None = None) -> Container:  # noqa: ARG002
        return Container("subtasks", request.id, request.url)

    def add_task(self, project: str, task: NewTask, *, look_first: bool = False) -> Task:
        if found := next((known for known in self.tasks.values() if known.mark == task.mark), None):
            assert look_first, f"{task.mark} is made twice"
            return found
        with self._writing("add", project):
            name = self.file(task.title, mark=task.mark, text=task.text)
        return self.tasks[name]

    def remarks(self, task: TaskId) -> list[Remark]:
        self.reads.append(f"remarks {task}")
        ours = [
            Remark(id=name, author=DANA, text=text, written_at=self._moment(), mark=mark)
            for name, (where, mark, text) in self.said.items()
            if where == task
        ]
        return [*ours, *(remark for where, remark in self.heard if where == task)]

    def attachments(self, task: TaskId) -> list[tuple[str, str]]:
        self.reads.append(f"attachments {task}")
        return [(name, f"http://memory/files/{name}") for name in self.files.get(task, ())]

    def link_to(self, task: Task, title: str, url: str) -> None:  # noqa: ARG002
        with self._writing("link", task.id):
            self.elsewhere.add((task.id, url))

    def create(self, container: Container, tasks: Sequence[NewTask]) -> Created:
        made: dict[str, Task] = {}
        refused: dict[str, TrackerError] = {}
        there = {task.mark for task in self.children(container)}
        for new in tasks:
            assert new.mark not in there, f"{new.mark} is made twice"
            if self.refuses("create", new.mark.key):
                refused[new.mark.key] = Rejected(f"no {new.mark.key} here")
                continue
            with self._writing("create", container.id):
                name = self.file(new.title)
                self.act(
                    name,
                    mark=new.mark,
                    parent=TaskId(container.id),
                    text=new.text,
                    owner=self._who(new.owner),
                    due_on=self._kept("due", new.due_on),
                    start_on=self._kept("start", new.start_on),
                )
                made[new.mark.key] = self.tasks[name]
        return Created(made, refused)

    def delete_task(self, task: TaskId) -> None:
        with self._writing("delete", task):
            self.delete(task)

    def set_dependencies(self, blockers: Mapping[TaskId, Collection[TaskId]]) -> Mapping[TaskId, TrackerError]:
        with self._writing("connect", ""):
            self.links |= {(blocked, blocker) for blocked, waits in blockers.items() for blocker in waits}
        return {}

    def update(self, task: TaskId, patch: Patch) -> None:
        with self._writing("update", task):
            if patch.due_on and "due" not in self.lossy:
                self.act(task, due_on=patch.due_on)
            if patch.start_on and "start" not in self.lossy:
                self.act(task, start_on=patch.start_on)
            if patch.title is not None:
                self.act(task, title=patch.title)
            if patch.owner is not None:
                self.act(task, owner=self._who(patch.owner))
            if patch.text is not None:
                self.act(task, text=patch.text)
            days = {name: day.isoformat() if day else None for name, day in patch.fields.items()}
            if days:
                self.act(task, fields={**self.tasks[task].fields, **days})

    def set_status(self, task: Task, status: Status) -> Status:
        if "dropped" in self.lossy and status is Status.DROPPED:
            status = Status.DONE
        if "doing" in self.lossy and status is Status.DOING:
            status = Status.TODO
        with self._writing("status", task.id):
            self.act(task.id, status=status)
        return status

    def comment(
        self, task: TaskId, mark: Mark, text: str, previous: CommentId | None = None, *, first: bool = False
    ) -> CommentId:
        with self._writing("comment", task):
            mine = next((name for name, (where, whose, _) in self.said.items() if (where, whose) == (task, mark)), None)
            assert not (first and mine), f"{mark} has been said before"
            name = previous or mine or CommentId(str(next(self._ids)))
            self.said[name] = (task, mark, text)
        return name

    def changed_since(self, project: str, since: datetime, cursor: str | None = None) -> Moved:  # noqa: ARG002
        if project in self.gone:
            raise NotFound(f"there is no project {project}")
        return Moved(tasks={} if self.unchanged else dict.fromkeys(self.tasks, datetime.now(UTC)))

    def hooks(self) -> list[Hook]:
        return list(self.subscribed.values())

    def add_hook(self, projects: Sequence[str], target: str, secret: str) -> Hook:
        if self.refuses("add_hook", ", ".join(projects)):
            raise Rejected("the target does not answer")
        if self.one_hook and any(hook.target != target for hook in self.subscribed.values()):
            raise Rejected("another address is called already")
        made = HookId(f"{next(self._ids)} {target}" if self.one_hook else target)
        self.subscribed = {name: hook for name, hook in self.subscribed.items() if hook.target != target}
        self.subscribed[made] = Hook(id=made, target=target, projects=tuple(projects), secret=self.app_secret)
        return replace(self.subscribed[made], secret=self.app_secret or secret)

    def renew_hook(self, hook: HookId) -> None:
        self.subscribed[hook] = replace(self.subscribed[hook], expires_at=None, outdated=False)

    def remove_hook(self, hook: HookId) -> None:
        self.subscribed.pop(hook, None)

    def inspect(self) -> Iterator[Finding]:
        return iter(())

    def _who(self, account: AccountId | None) -> Account | None:
        if account in (None, NOBODY):
            return None
        return next(known for known in self.people if known.id == account)

    def _moment(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=next(_SECONDS))

    def _kept(self, what: str, day: date | None) -> date | None:
        return None if what in self.lossy else day

    def _writing(self, what: str, task: str) -> _Write:
        return _Write(self, what, task)


@dataclass
class _Write:
    tracker: MemoryTracker
    what: str
    task: str

    def __enter__(self) -> None:
        self.tracker._lock.acquire()
        try:
            self._fail("before")
            if self.tracker.refuses(self.what, self.task):
                raise Rejected(f"no {self.what} here")
        except BaseException:
            self.tracker._lock.release()
            raise
        self.tracker.writes.append(f"{self.what} {self.task}")

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._fail("after")
        finally:
            self.tracker._lock.release()

    def _fail(self, moment: str) -> None:
        if wrong := self.tracker.fails(moment, self.what):
            raise wrong
