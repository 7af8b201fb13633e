"""Creating issues: in bulk, each at most once, and with nothing lost that a screen does not take."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.contract import Container, Created, Mark, NewTask, Task, TaskId
from connectors.errors import AccessDenied, OutcomeUnknown, Rejected, TrackerError
from connectors.jira import failures, mapping, own_fields
from connectors.jira.client import MOST_CREATED, JiraApi
from connectors.jira.issues import Issues
from connectors.jira.settings import JiraSettings
from connectors.jira.site import Site
from connectors.line import from_status
from connectors.retrying import PASSING, retrying

log = logging.getLogger(__name__)

Look = Callable[[Collection[Mark]], list[Task]]


@dataclass
class _Batch:
    """What has become of up to 50 new issues so far."""

    tasks: Sequence[NewTask]
    made: dict[Mark, Task] = field(default_factory=dict)
    refused: dict[Mark, TrackerError] = field(default_factory=dict)
    without: dict[Mark, frozenset[str]] = field(default_factory=dict)
    """Optional fields that Jira refused for a row; it is sent once more without them."""
    unsure: bool = False
    """A call had no answer."""

    def left(self) -> list[NewTask]:
        return [task for task in self.tasks if task.mark not in self.made and task.mark not in self.refused]


class Creator:
    """The creates of one site."""

    def __init__(self, api: JiraApi, site: Site, issues: Issues, settings: JiraSettings) -> None:
        self._api, self._site, self._issues, self._settings = api, site, issues, settings

    def create(self, container: Container, tasks: Sequence[NewTask]) -> Created:
        """See `Tracker.create`."""
        parent = TaskId(container.id)
        made: dict[str, Task] = {}
        refused: dict[str, TrackerError] = {}
        unsure = False
        for at in range(0, len(tasks), MOST_CREATED):
            batch = _Batch(tasks[at : at + MOST_CREATED])
            self._carry_out(
                batch,
                lambda: self._place(parent, container),
                lambda marks: self._issues.children_after_lost_reply(container, marks),
            )
            made |= {mark.key: task for mark, task in batch.made.items()}
            refused |= {mark.key: error for mark, error in batch.refused.items()}
            unsure = unsure or batch.unsure
        return Created(made, refused, unsure)

    def open_container(self, request: Task, mark: Mark, title: str, kind: str | None) -> Container:
        """See `Tracker.open_container`."""
        kind = kind or self._settings.container
        if kind == "subtasks":
            return Container("subtasks", request.id, request.url)
        if kind != "epic":
            raise Rejected(f"Jira has no container {kind!r}: choose subtasks or epic")
        for attempt in retrying():
            with attempt:
                epic = self._find_epic(request, mark, settle=False)
        epic = epic or self._new_epic(request, mark, title)
        return Container("epic", epic.id, epic.url)

    def add(self, project: str, task: NewTask, *, look_first: bool) -> Task:
        """See `Tracker.add_task`."""

        def look(marks: Collection[Mark]) -> list[Task]:
            jql = f'project = "{project}" AND labels = "{mapping.label_of(task.mark.campaign)}"'
            found = self._issues.marked(jql, task.mark, settle=bool(marks))
            return [found] if found else []

        for attempt in retrying():
            with attempt:
                known = look([task.mark]) if look_first else []
        if known:
            return known[0]
        batch = _Batch([task])
        self._carry_out(batch, lambda: self._own_place(project, task), look)
        if task.mark in batch.refused:
            raise batch.refused[task.mark]
        return batch.made[task.mark]

    def _find_epic(self, request: Task, mark: Mark, *, settle: bool) -> Task | None:
        """Among the issues linked to the request (read from the store), else by label (from the index)."""
        links = self._api.issue(request.id, fields="issuelinks")["fields"].get("issuelinks") or []
        ends = [link.get("outwardIssue") or link.get("inwardIssue") or {} for link in links]
        linked = self._issues.fetch([end["id"] for end in ends if "id" in end])
        if epic := next((task for task in linked if task.mark == mark), None):
            return epic
        jql = f'project = "{request.project}" AND labels = "{mapping.label_of(mark.campaign)}"'
        return self._issues.marked(jql, mark, settle=settle)

    def _new_epic(self, request: Task, mark: Mark, title: str) -> Task:
        project = request.project or self._issues.project_of(request.id)
        batch = _Batch([NewTask(mark=mark, title=title)])

        def look(_: Collection[Mark]) -> list[Task]:
            epic = self._find_epic(request, mark, settle=True)
            return [epic] if epic else []

        self._carry_out(batch, lambda: self._place_in(project, self._settings.epic_type), look)
        if mark in batch.refused:
            raise batch.refused[mark]
        epic = batch.made[mark]
        link = {"type": {"name": "Relates"}, "inwardIssue": {"id": request.id}, "outwardIssue": {"id": epic.id}}
        try:
            retrying()(self._api.send, "POST", "issueLink", link, items=[request.id, epic.id])
        except Rejected as error:
            log.warning("the epic %s stands without a link to its request %s: %s", epic.label, request.label, error)
        return epic

    def _own_place(self, project: str, task: NewTask) -> mapping.Place:
        fields = dict(task.fields)
        place = self._place_in(project, str(fields.pop(own_fields.ISSUE_TYPE, self._settings.task_type)))
        if not fields:
            return place
        return replace(place, own=own_fields.values(fields, self._site.fields(), frozenset(place.fields)))

    def _place(self, parent: TaskId, container: Container) -> mapping.Place:
        project = self._issues.project_of(parent)
        if container.kind == "subtasks":
            return self._place_in(project, self._settings.subtask_type, parent, subtask=True)
        return self._place_in(project, self._settings.task_type, parent)

    def _place_in(
        self, project: str, type_name: str, parent: TaskId | None = None, *, subtask: bool = False
    ) -> mapping.Place:
        screen = self._site.screen(project, type_name, subtask=subtask)
        return mapping.Place(
            project=project,
            type_id=screen.type_id,
            parent=parent,
            fields=screen.fields,
            start_field=screen.start_field,
        )

    def _carry_out(self, batch: _Batch, place: Callable[[], mapping.Place], look: Look) -> None:
        """Until every row is made or refused. After an unknown outcome it looks before it repeats."""
        try:
            self._repeat(batch, place, look)
        finally:
            self._issues.remember_created(batch.made.values())

    def _repeat(self, batch: _Batch, place: Callable[[], mapping.Place], look: Look) -> None:
        for attempt in retrying():
            with attempt:
                where = place()
                if batch.unsure:
                    marks = [task.mark for task in batch.left()]
                    batch.made |= {task.mark: task for task in look(marks) if task.mark in marks}
                while batch.left():
                    try:
                        self._send(batch, where)
                    except OutcomeUnknown:
                        batch.unsure = True
                        raise

    def _send(self, batch: _Batch, place: mapping.Place) -> None:
        """One bulk create. Raises what may pass by itself, after noting the rows that were settled."""
        tasks = batch.left()
        rows = [mapping.new_issue(task, place, batch.without.get(task.mark, ())) for task in tasks]
        try:
            answer = self._api.bulk_create(rows, [place.parent] if place.parent else [])
        except AccessDenied:
            raise
        except Rejected as whole:
            batch.refused |= dict.fromkeys((task.mark for task in tasks), whole)
            return
        passing: list[TrackerError] = []
        for task, row, outcome in zip(tasks, rows, _by_position(answer, len(tasks)), strict=True):
            if "id" in outcome:
                batch.made[task.mark] = mapping.made(task, place, outcome, self._settings.site, row)
                continue
            error = _row_error(outcome)
            if isinstance(error, PASSING):
                passing.append(error)
            elif again := self._without(batch, task, row, outcome, place.own):
                batch.without[task.mark] = again
            else:
                batch.refused[task.mark] = error
        if passing:
            raise next((error for error in passing if isinstance(error, OutcomeUnknown)), passing[0])

    @staticmethod
    def _without(
        batch: _Batch, task: NewTask, row: Mapping[str, Any], outcome: Mapping[str, Any], own: Mapping[str, Any]
    ) -> frozenset[str]:
        """The optional fields to leave out on a second try (an owner who left, a field taken off the screen); empty
        where something else was refused, or on the second try."""
        refused = frozenset((outcome.get("elementErrors") or {}).get("errors") or {})
        optional = row["fields"].keys() - {"project", "issuetype", "summary", "parent", "description"} - own.keys()
        return refused if refused <= optional and task.mark not in batch.without else frozenset()


def _by_position(answer: Mapping[str, Any], count: int) -> list[Mapping[str, Any]]:
    """The outcome of each row: Jira's `issues` hold the made ones only, `errors` say which rows failed."""
    failed = {error["failedElementNumber"]: error for error in answer.get("errors") or ()}
    issues = iter(answer.get("issues") or ())
    outcomes = [failed[at] if at in failed else next(issues, None) for at in range(count)]
    if None in outcomes or next(issues, None) is not None:
        raise OutcomeUnknown("Jira's answer to a bulk create does not say what became of each row")
    return [outcome for outcome in outcomes if outcome]


def _row_error(outcome: Mapping[str, Any]) -> TrackerError:
    words = failures.told(outcome.get("elementErrors")) or "no reason given"
    return from_status(int(outcome.get("status") or 400), f"Jira refused it: {words}")
