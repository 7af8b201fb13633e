"""Asana as a Tracker: which call answers which wish."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from http import HTTPStatus

import asana

from connectors.asana.attachments import Attachments
from connectors.asana.batches import Creation, repeatable, visible
from connectors.asana.changes import Changes
from connectors.asana.client import Action, Calls, Json, beyond_the_plan
from connectors.asana.comments import Comments
from connectors.asana.findings import Inspection
from connectors.asana.hooks import Hooks
from connectors.asana.mapping import day_fields, gid_in, new_task_body, patch_body, task_fields, task_of
from connectors.asana.own_fields import OwnFields
from connectors.asana.people import People, account_of
from connectors.asana.projects import Projects
from connectors.asana.settings import AsanaSettings
from connectors.asana.statuses import Statuses
from connectors.contract import (
    Account,
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
from connectors.errors import AccessDenied, NotFound, Rejected, TrackerError
from connectors.oauth import TokenSource
from connectors.retrying import retrying
from connectors.sharing import Shared

MOST_LINKS = 30
"""Dependents and dependencies of one task together."""

log = logging.getLogger(__name__)


class AsanaTracker:
    """One connection. Each write is repeated only as far as it is safe; see `connectors.contract.Tracker`."""

    one_hook = False

    def __init__(
        self, settings: AsanaSettings, *, shared: Shared | None = None, tokens: TokenSource | None = None
    ) -> None:
        self._settings = settings
        self._free = settings.plan == "free"
        """Then start dates and dependencies are not even tried: each would cost one of the few calls."""
        self._fields = task_fields(settings)
        self._calls = Calls(settings, shared, tokens)
        self._tasks, self._users = asana.TasksApi(self._calls.client), asana.UsersApi(self._calls.client)
        self._people = People(self._calls, settings.workspace)
        self._statuses = Statuses(self._calls, settings)
        self._comments = Comments(self._calls)
        self._projects = Projects(self._calls, settings)
        self._hooks = Hooks(self._calls, settings.workspace)
        self._changes = Changes(self._calls)
        self._own = OwnFields(self._calls)
        self._attachments = Attachments(self._calls)

    def whoami(self) -> Account:
        """See https://developers.asana.com/reference/getuser."""
        opts = {"opt_fields": "name,email"}
        return account_of(retrying()(lambda: self._calls.one("GET", self._users.get_user, "me", dict(opts)))["data"])

    def find_account(self, email: str, project: str | None) -> Account | None:  # noqa: ARG002
        """Anybody in the workspace; whoever is assigned a task may see it, so `project` does not matter."""
        return self._people.by_email(email)

    def find_task(self, label: str) -> Task | None:
        """By gid or web address; a hidden one reads as absent."""
        gid = gid_in(label)
        try:
            return self._read_tasks([self._get(gid)])[0] if gid else None
        except NotFound:
            return None
        except AccessDenied as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return None

    def read(self, ids: Collection[TaskId], within: Container | None = None) -> dict[TaskId, Task]:
        """One list where `within` is given, then ten reads a batch for those that it lacks."""
        wanted = list(dict.fromkeys(ids))
        rows: list[Json] = []
        if within and len(wanted) > 1:
            # A request is no subtask of its own, so it is read meanwhile.
            reads = [partial(self._listed, within), *(partial(self._alone, gid) for gid in wanted if gid == within.id)]
            parts = self._calls.line.spread(lambda read: read(), reads)
            rows = [row for part in parts for row in part if row["gid"] in wanted]
            listed = {row["gid"] for row in rows} | {within.id}
            wanted = [gid for gid in wanted if gid not in listed]
        if len(wanted) == 1:
            rows += self._alone(wanted[0])
        elif wanted:
            gets = [Action("get", f"/tasks/{gid}", fields=self._fields) for gid in wanted]
            rows += [row.data for row in visible(repeatable(self._calls, gets))]
        return {task.id: task for task in self._read_tasks(rows)}

    def children(self, container: Container) -> list[Task]:
        """All pages of the request's subtasks, or of the project's tasks."""
        return self._read_tasks(retrying()(lambda: self._list(container)))

    def open_container(self, request: Task, mark: Mark, title: str, kind: str | None = None) -> Container:
        """The request itself, or a project of the campaign's own."""
        match kind or self._settings.container:
            case "subtasks":
                return Container("subtasks", request.id, request.url)
            case "project":
                return self._projects.open(request, mark, title)
            case other:
                raise Rejected(f"Asana has no container of the kind {other!r}: use subtasks or project")

    def add_task(self, project: str, task: NewTask, *, look_first: bool = False) -> Task:
        """In the project's first section, unless its fields name another."""
        place = Container("project", project, "")
        known = [found for found in self.children(place) if found.mark == task.mark] if look_first else []
        if known:
            return known[0]
        own = self._own.body(project, task.fields)
        created = self._created(place, [task], own)
        if task.mark.key in created.refused:
            raise created.refused[task.mark.key]
        return created.made[task.mark.key]

    def create(self, container: Container, tasks: Sequence[NewTask]) -> Created:
        """Ten tasks a call, each with its mark, dates and owner."""
        created = self._created(container, tasks)
        if container.kind == "project":
            made = created.made
            self._set_apart(container.id, [made[t.mark.key].id for t in tasks if t.milestone and t.mark.key in made])
        return created

    def _created(self, container: Container, tasks: Sequence[NewTask], own: Json | None = None) -> Created:
        project = container.id if container.kind == "project" else None
        path = "/tasks" if project else f"/tasks/{container.id}/subtasks"

        def action(task: NewTask) -> Action:
            task = replace(task, start_on=None) if self._free else task
            body = new_task_body(task, self._settings, project=project, own=own)
            return Action("post", path, body, self._fields)

        def look() -> list[Task]:
            return [self._task(row) for row in self._list(container)]

        created = Creation(self._calls, action=action, read=lambda row: self._task(row.data), look=look).run(tasks)
        marks = {task.mark.key: task.mark for task in tasks}
        return replace(created, made={key: replace(task, mark=marks[key]) for key, task in created.made.items()})

    def delete_task(self, task: TaskId) -> None:
        """To the trash, from where a person can restore it for thirty days."""
        with suppress(NotFound):
            # https://developers.asana.com/reference/deletetask
            retrying()(lambda: self._calls.one("DELETE", self._tasks.delete_task, task))

    def set_dependencies(self, blockers: Mapping[TaskId, Collection[TaskId]]) -> Mapping[TaskId, TrackerError]:
        """All blockers of a task in one action, ten actions a call; a link that is there already is no error.

        None at all on a free plan, which has none.
        """
        if self._free:
            return {}
        wanted = {task: list(dict.fromkeys(waits_for)) for task, waits_for in blockers.items() if waits_for}
        refused: dict[TaskId, TrackerError] = {
            task: Rejected(f"task {task} waits for {len(ids)} tasks; Asana allows {MOST_LINKS} links a task")
            for task, ids in wanted.items()
            if len(ids) > MOST_LINKS
        }
        sent = [task for task in wanted if task not in refused]
        # https://developers.asana.com/reference/adddependenciesfortask
        links = [Action("post", f"/tasks/{task}/addDependencies", {"dependencies": wanted[task]}) for task in sent]
        rows = repeatable(self._calls, links)
        errors = {task: row.error for task, row in zip(sent, rows, strict=True) if row.error}
        for task in [task for task, error in errors.items() if beyond_the_plan(error)]:
            log.warning("nothing shows what task %s waits for: %s", task, errors.pop(task))
        return refused | errors

    def update(self, task: TaskId, patch: Patch) -> None:
        """One PUT; a start without a due date, and a field of the team's own, cost a read first."""
        patch = replace(patch, start_on=None) if self._free else patch
        due_on = patch.due_on
        if patch.start_on and not due_on:
            due_on = self._due_on(task)
            if due_on is None:
                raise Rejected(f"task {task} has no due date, and Asana takes a start only together with one")
        body = patch_body(patch, due_on, oauth=self._settings.oauth)
        if patch.fields:
            # https://developers.asana.com/docs/custom-fields-guide
            body["custom_fields"] = day_fields(self._get(task), patch.fields)
        if body:
            self._write(task, body)

    def set_status(self, task: Task, status: Status) -> Status:
        """Complete or reopen it, with the status field where the task has it."""
        body = self._statuses.body(task, status)
        if not body:
            return task.status
        return task_of(self._put(task.id, body), self._settings, {}).status

    def comment(
        self, task: TaskId, mark: Mark, text: str, previous: CommentId | None = None, *, first: bool = False
    ) -> CommentId:
        """A story with our mark in its last line."""
        return self._comments.write(task, mark, text, previous, first=first)

    def remarks(self, task: TaskId) -> list[Remark]:
        """Comments only, without the stories of the system."""
        return self._comments.read(task)

    def attachments(self, task: TaskId) -> list[tuple[str, str]]:
        """One list."""
        return self._attachments.of(task)

    def link_to(self, task: Task, title: str, url: str) -> None:
        """A comment, as an attachment would need a multipart call for each task."""
        if url not in task.text:
            self._comments.write(task.id, Mark("link", task.id), f"{title}: {url}", None, first=False)

    def changed_since(self, project: str, since: datetime, cursor: str | None = None) -> Moved:
        """Tasks in the project by their time of change, and whatever its events tell of, subtasks too."""
        return self._changes.since(project, since, cursor)

    def hooks(self) -> list[Hook]:
        """With their health."""
        return self._hooks.all()

    def add_hook(self, projects: Sequence[str], target: str, secret: str) -> Hook:  # noqa: ARG002
        """Asana chooses the secret and tells it in the answer."""
        [project] = projects
        return self._hooks.add(project, target)

    def renew_hook(self, hook: HookId) -> None:
        """Its filters anew; Asana's hooks do not expire."""
        self._hooks.renew(hook)

    def remove_hook(self, hook: HookId) -> None:
        """One that is gone is no error."""
        self._hooks.remove(hook)

    def inspect(self) -> Iterator[Finding]:
        """What a person must mend."""
        return Inspection(self._calls, self._settings, self._hooks, self._statuses).findings()

    def _get(self, gid: str) -> Json:
        # https://developers.asana.com/reference/gettask
        opts = {"opt_fields": ",".join(self._fields)}
        data: Json = retrying()(lambda: self._calls.one("GET", self._tasks.get_task, gid, dict(opts)))["data"]
        return data

    def _alone(self, gid: str) -> list[Json]:
        """One task, or none where it is gone."""
        with suppress(NotFound):
            return [self._get(gid)]
        return []

    def _listed(self, container: Container) -> list[Json]:
        """Its tasks, or none where it is gone; of a deleted project Asana may say so with 400 as well as 404."""
        try:
            return retrying()(self._list, container)
        except AccessDenied:
            raise
        except Rejected:
            return []

    def _list(self, container: Container) -> list[Json]:
        opts = {"opt_fields": ",".join(self._fields)}
        if container.kind == "project":
            return self._calls.pages(self._tasks.get_tasks, opts={**opts, "project": container.id})
        # https://developers.asana.com/reference/getsubtasksfortask
        return self._calls.pages(self._tasks.get_subtasks_for_task, container.id, opts=opts)

    def _write(self, task: TaskId, body: Json) -> None:
        """Without the start where the plan has none, or what a person made of the task: a milestone."""
        try:
            self._put(task, body)
        except Rejected as error:
            if "start_on" not in body or not (beyond_the_plan(error) or "start" in str(error).lower()):
                raise
            del body["start_on"]
            self._put(task, body)

    def _put(self, task: TaskId, data: Json) -> Json:
        # https://developers.asana.com/reference/updatetask
        body, opts = {"data": data}, {"opt_fields": ",".join(self._fields)}
        answer = retrying()(lambda: self._calls.one("PUT", self._tasks.update_task, body, task, dict(opts)))
        changed: Json = answer["data"]
        return changed

    def _due_on(self, task: TaskId) -> date | None:
        return task_of(self._get(task), self._settings, {}).due_on

    def _set_apart(self, project: str, milestones: Sequence[TaskId]) -> None:
        """Move them into their section. A nicety: without it they stand among the tasks."""
        if not milestones:
            return
        try:
            # https://developers.asana.com/reference/addtaskforsection
            path = f"/sections/{self._projects.milestones(project)}/addTask"
            rows = repeatable(self._calls, [Action("post", path, {"task": task}) for task in milestones])
            problems = [str(row.error) for row in rows if row.error]
        except TrackerError as error:
            problems = [str(error)]
        for problem in problems:
            log.warning("a milestone stays in the default section: %s", problem)

    def _read_tasks(self, rows: Iterable[Json]) -> list[Task]:
        """With the e-mail addresses of owners and requesters, which Asana tells only of the workspace's users."""
        rows = list(rows)
        people = {str(who["gid"]) for row in rows for who in (row.get("assignee"), row.get("created_by")) if who}
        known = self._people.by_gid(people)
        return [task_of(row, self._settings, known) for row in rows]

    def _task(self, row: Json) -> Task:
        return task_of(row, self._settings, {})
