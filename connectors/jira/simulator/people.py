"""People at work: what tests and the demo do to the site the way a person would, through the same door as the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.jira.simulator import adf, seed
from connectors.jira.simulator.model import Issue, Json
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import Refusal

REQUESTER, OPS = "rita.requester@example.com", "dana.ops@example.com"
_NAMES = {definition.name.lower(): definition.id for definition in seed.FIELDS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An issue as a person sees it."""

    id: str
    key: str
    url: str
    type: str
    summary: str
    text: str
    status: str
    category: str
    """`new`, `indeterminate` or `done`."""
    assignee: str | None
    """E-mail address."""
    reporter: str | None
    """E-mail address."""
    start: date | None
    due: date | None
    labels: tuple[str, ...]
    parent: str | None
    """Key."""
    blocked_by: tuple[str, ...]
    """Keys."""
    comments: tuple[str, ...]
    properties: Mapping[str, Any]
    fields: Mapping[str, Any]
    """What is stored of the custom fields, by name."""


class People:
    """Acts on `site`. `by` and `reporter` are e-mail addresses, names or account ids; all raise `Refusal`."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def file(self, issue_type: str, summary: str, fields: Mapping[str, Any], reporter: str, project: str) -> str:
        """A new issue; returns its key."""
        with self._site.lock:
            chosen = {"project": {"key": project}, "issuetype": {"name": issue_type}, "summary": summary}
            body = {"fields": {**chosen, **self._fields(fields)}}
            return self._site.create(self._site.person(reporter).id, body, 3).key

    def transition(self, key: str, status: str, by: str) -> None:
        """Click through the workflow until the issue is in `status`, by the shortest way."""
        with self._site.lock:
            issue, actor = self._site.issue(key), self._site.person(by).id
            steps = self._site.path(issue, status)
            if steps is None:
                raise Refusal(400, f"The workflow has no way from {issue.status.name} to {status}.")
            for step in steps:
                self._site.transition(actor, issue, seed.BUTTONS[step][0], {}, 3)

    def edit(self, key: str, fields: Mapping[str, Any], by: str) -> None:
        """Fill in fields; None empties one."""
        with self._site.lock:
            body = {"fields": self._fields(fields)}
            self._site.edit(self._site.person(by).id, self._site.issue(key), body, 3)

    def delete(self, key: str, by: str) -> None:
        """The issue and its sub-tasks."""
        with self._site.lock:
            self._site.delete(self._site.person(by).id, self._site.issue(key), with_subtasks=True)

    def comment(self, key: str, text: str, by: str) -> None:
        """Plain text, a paragraph for each block of lines."""
        with self._site.lock:
            self._site.add_comment(self._site.person(by).id, self._site.issue(key), adf.from_text(text), {}, 3)

    def attach(self, key: str, filename: str, by: str) -> None:
        """A file of this name."""
        with self._site.lock:
            self._site.attach(self._site.person(by).id, self._site.issue(key), filename)

    def _fields(self, fields: Mapping[str, Any]) -> Json:
        return dict(self._field(name, value) for name, value in fields.items())

    def _field(self, name: str, value: Any) -> tuple[str, Any]:
        """By the field's id or name, with people, dates and texts as people give them."""
        field = _NAMES.get(name.lower(), name)
        kind = seed.FIELDS[field].kind if field in seed.FIELDS else "other"
        if isinstance(value, date):
            return field, value.isoformat()
        if kind == "user" and isinstance(value, str):
            return field, {"accountId": self._site.person(value).id}
        if kind == "adf" and isinstance(value, str):
            return field, adf.from_text(value)
        if kind == "option" and isinstance(value, str):
            return field, {"value": value}
        if kind == "priority" and isinstance(value, str):
            return field, {"name": value}
        if field == "parent" and isinstance(value, str):
            return field, {"key": value}
        return field, value

    def view(self, key: str, base: str) -> View:
        """What a person sees at `base`/browse/`key`."""
        with self._site.lock:
            return self._view(self._site.issue(key), base)

    def children(self, key: str, base: str) -> list[View]:
        """Sub-tasks of an issue, issues of an epic, oldest first."""
        with self._site.lock:
            return [self._view(child, base) for child in self._site.issue(key).children.values()]

    def _view(self, issue: Issue, base: str) -> View:
        values = issue.values
        return View(
            id=issue.id,
            key=issue.key,
            url=f"{base}/browse/{issue.key}",
            type=issue.type.name,
            summary=values["summary"],
            text=adf.to_text(values.get("description")),
            status=issue.status.name,
            category=issue.status.category.key,
            assignee=self._email(values.get("assignee")),
            reporter=self._email(values.get("reporter")),
            start=_date(values.get(seed.START_DATE)),
            due=_date(values.get("duedate")),
            labels=tuple(values.get("labels") or ()),
            parent=issue.parent.key if issue.parent else None,
            blocked_by=self._site.blockers(issue),
            comments=tuple(adf.to_text(comment.body) for comment in issue.comments.values()),
            properties=dict(issue.properties),
            fields={definition.name: values.get(definition.id) for definition in seed.CUSTOM_FIELDS},
        )

    def _email(self, account: str | None) -> str | None:
        return self._site.users[account].email if account else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
