"""`Tracker` for Jira Cloud: which part answers what, and what is repeated after a failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

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
from connectors.errors import NotFound, OutcomeUnknown, Rejected, TrackerError
from connectors.jira import mapping
from connectors.jira.client import JiraApi
from connectors.jira.comments import Comments
from connectors.jira.creating import Creator
from connectors.jira.doctor import Doctor
from connectors.jira.dynamic_hooks import DynamicHooks
from connectors.jira.hooks import Hooks
from connectors.jira.issues import Issues
from connectors.jira.remember import Memory
from connectors.jira.settings import JiraSettings
from connectors.jira.site import Site
from connectors.jira.workflow import Workflow
from connectors.oauth import TokenSource
from connectors.retrying import PASSING, retrying
from connectors.sharing import Shared


class _Conflict(Exception):
    """Somebody edited the issue at the same moment. What we write does not depend on what was there: write again."""

    def __init__(self, refusal: Rejected) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class JiraTracker:
    """One Jira site under one account; see `connectors.contract.Tracker`.

    `sleep` takes seconds and is only used while a search index catches up after a lost reply.
    """

    def __init__(
        self,
        settings: JiraSettings,
        *,
        shared: Shared | None = None,
        tokens: TokenSource | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._api = JiraApi(settings, shared, tokens)
        self.line = self._api.line
        self._site = Site(self._api, settings)
        self._issues = Issues(self._api, self._site, sleep)
        self._creator = Creator(self._api, self._site, self._issues, settings)
        self._workflow = Workflow(self._api, self._site, self._issues, settings.transition_fields)
        self._comments = Comments(self._api)
        self.one_hook = settings.auth == "oauth"
        self._hooks = DynamicHooks(self._api, settings) if self.one_hook else Hooks(self._api)
        self._accounts: Memory[tuple[str, str], Account] = Memory()

    def whoami(self) -> Account:
        me = mapping.account(retrying()(self._api.myself))
        if me is None:
            raise OutcomeUnknown("Jira does not say whose credentials these are")
        return me

    def find_account(self, email: str, project: str | None) -> Account | None:
        if not email.strip():
            return None  # Jira refuses an empty search
        place = project or self._settings.projects[0]
        try:
            return self._accounts.get((email.casefold(), place), lambda: self._search_account(email, place))
        except LookupError:
            return None  # not remembered: the person may be added at any minute

    def find_task(self, label: str) -> Task | None:
        host = urlsplit(label.strip()).netloc
        if host and host not in (urlsplit(self._settings.site).netloc, urlsplit(self._settings.url).netloc):
            return None
        return retrying()(self._issues.find, label)

    def read(self, ids: Collection[TaskId], within: Container | None = None) -> dict[TaskId, Task]:  # noqa: ARG002
        return {task.id: task for task in retrying()(self._issues.fetch, ids)}

    def children(self, container: Container) -> list[Task]:
        return retrying()(self._issues.children, container)

    def open_container(self, request: Task, mark: Mark, title: str, kind: str | None = None) -> Container:
        return self._creator.open_container(request, mark, title, kind)

    def add_task(self, project: str, task: NewTask, *, look_first: bool = False) -> Task:
        return self._creator.add(project, task, look_first=look_first)

    def create(self, container: Container, tasks: Sequence[NewTask]) -> Created:
        return self._creator.create(container, tasks)

    def delete_task(self, task: TaskId) -> None:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-delete"""
        with suppress(NotFound):
            retrying()(self._api.send, "DELETE", f"issue/{task}", items=[task])

    def set_dependencies(self, blockers: Mapping[TaskId, Collection[TaskId]]) -> Mapping[TaskId, TrackerError]:
        """Jira answers a link that is there already as if it had just been made.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-links/
        """
        pairs = [(blocked, blocker) for blocked, waits_for in blockers.items() for blocker in waits_for]
        refused = self._api.line.spread(lambda pair: self._link(*pair), pairs)
        return {blocked: error for (blocked, _), error in zip(pairs, refused, strict=True) if error}

    def update(self, task: TaskId, patch: Patch) -> None:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/"""
        start = retrying()(self._start_of, task) if patch.start_on else None
        fields = mapping.changed_fields(patch, start) | self._days(task, patch.fields)
        try:
            self._edit(task, fields)
        except Rejected as error:
            # Taken off the screen since we looked. The other fields must not fail with it.
            if start is None or start not in str(error):
                raise
            self._site.forget_editable(self._issues.project_of(task), self._issues.type_of(task))
            self._edit(task, {field: value for field, value in fields.items() if field != start})

    def set_status(self, task: Task, status: Status) -> Status:
        return self._workflow.move(task, status)

    def comment(
        self, task: TaskId, mark: Mark, text: str, previous: CommentId | None = None, *, first: bool = False
    ) -> CommentId:
        return self._comments.write(task, mark, text, previous, first=first)

    def remarks(self, task: TaskId) -> list[Remark]:
        return self._comments.read(task)

    def attachments(self, task: TaskId) -> list[tuple[str, str]]:
        fields = retrying()(self._api.issue, task, fields="attachment")["fields"]
        return mapping.files(fields.get("attachment") or ())

    def link_to(self, task: Task, title: str, url: str) -> None:
        """A second link of the same `globalId` takes the first one's place.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-remote-links/
        """
        link = {"globalId": f"tminus:{url}"[:255], "object": {"url": url, "title": title}}
        retrying()(self._api.send, "POST", f"issue/{task.id}/remotelink", link, items=[task.id])

    def changed_since(self, project: str, since: datetime, cursor: str | None = None) -> Moved:  # noqa: ARG002
        return retrying()(self._issues.changed_since, project, since)

    def hooks(self) -> list[Hook]:
        return self._hooks.ours()

    def add_hook(self, projects: Sequence[str], target: str, secret: str) -> Hook:
        return self._hooks.add(projects, target, secret)

    def renew_hook(self, hook: HookId) -> None:
        self._hooks.renew(hook)

    def remove_hook(self, hook: HookId) -> None:
        self._hooks.remove(hook)

    def inspect(self) -> Iterator[Finding]:
        return Doctor(self._api, self._site, self._hooks, self._settings).inspect()

    def _search_account(self, email: str, project: str) -> Account:
        """Jira searches names and e-mails by prefix and hides e-mails by each person's privacy: an equal visible
        e-mail counts, else the only hit whose e-mail is hidden. Raises `LookupError` where nobody matches."""
        users = retrying()(self._api.assignable, project, email)
        found = [account for user in users if user.get("active", True) and (account := mapping.account(user))]
        equal = [account for account in found if (account.email or "").casefold() == email.casefold()]
        hidden = [account for account in found if account.email is None] if len(found) == 1 else []
        for account in (*equal, *hidden):
            return account
        raise LookupError(email)

    def _link(self, blocked: TaskId, blocker: TaskId) -> Rejected | None:
        link = {
            "type": {"name": self._settings.link_type},
            "inwardIssue": {"id": blocker},  # the one that blocks
            "outwardIssue": {"id": blocked},
        }
        try:
            retrying()(self._api.send, "POST", "issueLink", link, items=[blocked, blocker])
        except Rejected as error:
            return error
        return None

    def _start_of(self, task: TaskId) -> str | None:
        """The start date field, where it can be edited: a nicety that many edit screens lack."""
        field = self._site.start_field()
        if field is None:
            return None
        kind = self._issues.project_of(task), self._issues.type_of(task)
        return field if self._site.can_edit(field, *kind, example=task) else None

    def _days(self, task: TaskId, wanted: Mapping[str, date | None]) -> dict[str, str | None]:
        found = {name: retrying()(self._site.day_field, name) for name in wanted}
        timed = any(kind == "datetime" for _, kind in found.values())
        before = retrying()(self._issues.again, task).fields if timed else {}
        return {field: mapping.day_in(kind, wanted[name], before.get(field)) for name, (field, kind) in found.items()}

    def _edit(self, task: TaskId, fields: Mapping[str, object]) -> None:
        if fields:
            try:
                retrying(attempts=4, on=(*PASSING, _Conflict))(self._put, task, fields)
            except _Conflict as conflict:
                raise conflict.refusal from None

    def _put(self, task: TaskId, fields: Mapping[str, object]) -> None:
        try:
            self._api.send("PUT", f"issue/{task}", {"fields": dict(fields)}, items=[task])
        except Rejected as error:
            if error.status == HTTPStatus.CONFLICT:
                raise _Conflict(error) from error
            raise
