"""The site's behaviour: what each act does to issues, what it is refused for, and what is told of it.

Hold `Site.lock` around any sequence of reads and acts; the methods take it for granted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from connectors.jira.simulator import seed, values
from connectors.jira.simulator.administration import Administration
from connectors.jira.simulator.changes import Changes, read_changes, read_comment, read_screen
from connectors.jira.simulator.model import (
    Attachment,
    Comment,
    Event,
    History,
    Issue,
    IssueType,
    Item,
    Json,
    Link,
    LinkType,
    Project,
    Status,
    Transition,
)
from connectors.jira.simulator.search import Index, Names
from connectors.jira.simulator.strict import NO_ISSUE, Refusal


class Site(Administration):
    """One Jira Cloud site. `now` is its clock (aware, UTC), `lag` the seconds until search knows of a change."""

    def __init__(self, now: Callable[[], datetime], lag: Callable[[], float]) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.now = now
        self.publish: Callable[[Event], None] = lambda _: None
        self.index = Index(lag)
        self.issues: dict[str, Issue] = {}
        """By id."""
        self.commented: dict[str, Issue] = {}
        """The issue of a comment, by the comment's id."""
        self._by_key: dict[str, Issue] = {}
        self._ids = count(10_000)
        self._numbers: dict[str, count[int]] = {key: count(1) for key in self.projects}

    # Looking things up.

    def issue(self, id_or_key: str) -> Issue:
        """Raises `Refusal` (404)."""
        found = self.issues.get(id_or_key) or self._by_key.get(id_or_key.upper())
        if found is None:
            raise Refusal(404, NO_ISSUE)
        return found

    def named(self, value: Any) -> Issue | None:
        """The issue that `{"key": …}` or `{"id": …}` names."""
        name = value.get("id", value.get("key")) if isinstance(value, dict) else None
        return (self.issues.get(name) or self._by_key.get(name.upper())) if isinstance(name, str) else None

    def names(self, me: str) -> Names:
        """What a query may name."""
        projects = self.projects.values()
        return Names(
            now=self.now(),
            me=me,
            projects=frozenset(part.lower() for p in projects for part in (p.key, p.id, p.name)),
            types=frozenset(part.lower() for t in seed.TYPES for part in (t.name, t.id)),
            statuses=frozenset(part.lower() for s in self.statuses.values() for part in (s.name, s.id)),
            key_of=self._key_of,
        )

    def _key_of(self, value: str) -> str | None:
        found = self.issues.get(value) or self._by_key.get(value.upper())
        return found.key if found else None

    # Issues.

    def create(self, actor: str, body: Json, version: int) -> Issue:
        """Raises `Refusal` (400) and then nothing is made."""
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Refusal(400, errors={"fields": "is missing"})
        project, issue_type = self._project_of(fields), self._type_of(fields)
        changes = read_changes(self, actor, body, issue_type, version)
        at = self.now()
        key = f"{project.key}-{next(self._numbers[project.key])}"
        status = seed.STATUSES[0]
        issue = Issue(str(next(self._ids)), key, project, issue_type, status, actor, at, at, at, parent=changes.parent)
        issue.values = {"reporter": actor, "priority": seed.DEFAULT_PRIORITY, "labels": [], **changes.fields}
        issue.properties = changes.properties
        self.issues[issue.id] = self._by_key[key] = issue
        if issue.parent:
            issue.parent.children[issue.id] = issue
        items = [values.change(self, seed.FIELDS[name], None, value) for name, value in issue.values.items() if value]
        items.append(Item("Status", "status", False, None, None, status.id, status.name))
        self.index.note(issue.facts())
        created = History(self._id(), at, actor, tuple(items))
        self.publish(Event("jira:issue_created", actor, issue, "issue_created", created))
        self._extras(actor, issue, changes)
        return issue

    def edit(self, actor: str, issue: Issue, body: Json, version: int) -> None:
        """Raises `Refusal` (400) and then nothing is changed."""
        changes = read_changes(self, actor, body, issue.type, version, current=issue)
        items = []
        for name, value in changes.fields.items():
            before = issue.values.get(name)
            if (before or None) != (value or None):
                items.append(values.change(self, seed.FIELDS[name], before, value))
                issue.values[name] = value
        if changes.parent and changes.parent is not issue.parent:
            items.append(self._move_under(issue, changes.parent))
        issue.properties.update(changes.properties)
        if items:
            kind = "issue_assigned" if any(item.field_id == "assignee" for item in items) else "issue_updated"
            self._changed(actor, issue, items, kind)
        self._extras(actor, issue, changes)

    def delete(self, actor: str, issue: Issue, *, with_subtasks: bool) -> None:
        """Raises `Refusal` (400) for an issue with sub-tasks unless they go too."""
        subtasks = [child for child in issue.children.values() if child.type.subtask]
        if subtasks and not with_subtasks:
            raise Refusal(
                400,
                f"The issue '{issue.key}' has subtasks.  You must specify the 'deleteSubtasks' parameter to delete "
                "this issue and all its subtasks.",
            )
        for child in subtasks:
            self.delete(actor, child, with_subtasks=True)
        for child in issue.children.values():
            child.parent = None
        if issue.parent:
            issue.parent.children.pop(issue.id, None)
        for link in issue.links:
            other = self.issues[link.outward if link.inward == issue.id else link.inward]
            other.links.remove(link)
        for comment in issue.comments:
            del self.commented[comment]
        del self.issues[issue.id], self._by_key[issue.key]
        self.index.forget(int(issue.id))
        self.publish(Event("jira:issue_deleted", actor, issue))

    def rename_project(self, key: str, new: str) -> None:
        """Its issues get new keys; the old ones still lead there."""
        renamed = self.projects[new] = replace(self.projects.pop(key), key=new)
        self.former_keys[key], self._numbers[new] = new, self._numbers[key]
        for issue in self.issues.values():
            if issue.project.id == renamed.id:
                issue.project, issue.key = renamed, f"{new}-{issue.key.rpartition('-')[2]}"
                self._by_key[issue.key] = issue
                self.index.note(issue.facts())

    def _project_of(self, fields: Json) -> Project:
        named = fields.get("project")
        wanted = (named.get("id"), named.get("key")) if isinstance(named, dict) else (None, None)
        for project in self.projects.values():
            if project.id == wanted[0] or project.key == wanted[1]:
                return project
        raise Refusal(400, errors={"project": "Specify a valid project ID or key"})

    def _type_of(self, fields: Json) -> IssueType:
        named = fields.get("issuetype")
        wanted = (named.get("id"), named.get("name")) if isinstance(named, dict) else (None, None)
        for issue_type in seed.TYPES:
            if issue_type.id == wanted[0] or issue_type.name == wanted[1]:
                return issue_type
        raise Refusal(400, errors={"issuetype": "Specify a valid issue type"})

    def _extras(self, actor: str, issue: Issue, changes: Changes) -> None:
        for body in changes.comments:
            self._add_comment(actor, issue, body, {})
        for link_type, part, other in changes.links:
            pair = (other, issue) if part == "inward" else (issue, other)
            self.link(actor, link_type, *pair)

    def _move_under(self, issue: Issue, parent: Issue) -> Item:
        before = issue.parent
        if before:
            before.children.pop(issue.id, None)
        issue.parent = parent
        parent.children[issue.id] = issue
        was, was_key = (before.id, before.key) if before else (None, None)
        return Item("IssueParentAssociation", None, False, was, was_key, parent.id, parent.key)

    def _changed(self, actor: str, issue: Issue, items: Iterable[Item], kind: str) -> None:
        at = self.now()
        issue.updated = at
        entry = History(self._id(), at, actor, tuple(items))
        issue.history.append(entry)
        self.index.note(issue.facts())
        self.publish(Event("jira:issue_updated", actor, issue, kind, entry))

    # Workflow.

    def transitions(self, issue: Issue) -> list[Transition]:
        """What the workflow offers now."""
        return [
            Transition(*seed.BUTTONS[name], self.statuses[name]) for name in self.workflow.get(issue.status.name, ())
        ]

    def transition(self, actor: str, issue: Issue, transition_id: str, fields: Json, version: int) -> None:
        """Raises `Refusal` (400) for a transition that is not offered, or without a field that it demands."""
        chosen = next((known for known in self.transitions(issue) if known.id == transition_id), None)
        if chosen is None:
            raise Refusal(400, f"Transition id '{transition_id}' is not valid for this issue.")
        screen = {definition.id: definition for definition in self.asked(chosen)}
        filled = read_screen(self, screen, fields, version)
        items = [values.change(self, screen[name], issue.values.get(name), value) for name, value in filled.items()]
        issue.values.update(filled)
        self._changed(actor, issue, [*items, *self._move_to(issue, chosen.to)], "issue_generic")

    def path(self, issue: Issue, status: str) -> list[str] | None:
        """The fewest statuses to step through from the issue's to `status`; None where the workflow has no way."""
        seen, ways = {issue.status.name}, deque([(issue.status.name, [])])  # type: ignore[var-annotated]
        while ways:
            at, steps = ways.popleft()
            if at == status:
                return steps
            for name in self.workflow.get(at, ()):
                if name not in seen:
                    seen.add(name)
                    ways.append((name, [*steps, name]))
        return None

    def _move_to(self, issue: Issue, status: Status) -> list[Item]:
        before = issue.status
        resolution = status.name if status.name in seed.RESOLUTIONS else None
        items = []
        if resolution != issue.resolution:
            was, now = (seed.RESOLUTIONS.get(name or "", (None, None)) for name in (issue.resolution, resolution))
            items.append(Item("resolution", "resolution", False, was[0], was[1], now[0], now[1]))
        items.append(Item("status", "status", False, before.id, before.name, status.id, status.name))
        at = self.now()
        issue.status, issue.resolution = status, resolution
        issue.resolved = at if resolution else None
        if status.category is not before.category:
            issue.status_changed = at
        return items

    # Comments, links, properties.

    def comment(self, issue: Issue, comment_id: str) -> Comment:
        """Raises `Refusal` (404)."""
        found = issue.comments.get(comment_id)
        if found is None:
            raise Refusal(404, f"Can not find a comment for the id: {comment_id}.")
        return found

    def add_comment(self, actor: str, issue: Issue, body: Any, properties: dict[str, Any], version: int) -> Comment:
        """Raises `Refusal` (400) for a body that is no document."""
        return self._add_comment(actor, issue, read_comment(body, version), properties)

    def _add_comment(self, actor: str, issue: Issue, body: Json, properties: dict[str, Any]) -> Comment:
        at = self.now()
        comment = Comment(self._id(), actor, body, at, at, actor, properties)
        issue.comments[comment.id] = comment
        self.commented[comment.id] = issue
        self._touch(issue)
        self.publish(Event("comment_created", actor, issue, comment=comment))
        return comment

    def attach(self, actor: str, issue: Issue, filename: str) -> None:
        """An empty file; Jira tells of it as of any other change."""
        file = Attachment(self._id(), filename, actor, self.now())
        issue.attachments.append(file)
        item = Item("Attachment", "attachment", False, None, None, file.id, filename)
        self._changed(actor, issue, [item], "issue_updated")

    def edit_comment(
        self, actor: str, issue: Issue, comment: Comment, body: Any, properties: dict[str, Any], version: int
    ) -> None:
        """Raises `Refusal` (400) for a body that is no document."""
        comment.body = read_comment(body, version)
        comment.properties.update(properties)
        comment.editor, comment.updated = actor, self.now()
        self._touch(issue)
        self.publish(Event("comment_updated", actor, issue, comment=comment))

    def delete_comment(self, actor: str, issue: Issue, comment: Comment) -> None:
        """It is gone."""
        del issue.comments[comment.id], self.commented[comment.id]
        self._touch(issue)
        self.publish(Event("comment_deleted", actor, issue, comment=comment))

    def link(self, actor: str, link_type: LinkType, inward: Issue, outward: Issue) -> None:
        """`inward` blocks `outward`. A link that is there already is left alone, silently, as Jira does."""
        if inward is outward:
            raise Refusal(400, "You cannot link an issue to itself.")
        if any(known.type == link_type and known.outward == outward.id for known in inward.links):
            return
        link = Link(self._id(), link_type, inward.id, outward.id)
        for issue, other, words in ((inward, outward, link_type.outward), (outward, inward, link_type.inward)):
            issue.links.append(link)
            item = Item("Link", None, False, None, None, other.key, f"This issue {words} {other.key}")
            issue.history.append(History(self._id(), self.now(), actor, (item,)))
            self._touch(issue)
        self.publish(Event("issuelink_created", actor, link=link))

    def blockers(self, issue: Issue) -> tuple[str, ...]:
        """Keys of the issues that block this one."""
        blocks = seed.LINK_TYPES[0]
        return tuple(
            self.issues[link.inward].key for link in issue.links if link.type == blocks and link.outward == issue.id
        )

    def set_remote_link(self, issue: Issue, link: Json) -> tuple[int, bool]:
        """By `globalId`; returns its id and whether it is new."""
        for number, known in issue.remote_links.items():
            if link.get("globalId") and known.get("globalId") == link["globalId"]:
                issue.remote_links[number] = link
                return number, False
        number = next(self._ids)
        issue.remote_links[number] = link
        return number, True

    def _touch(self, issue: Issue) -> None:
        issue.updated = self.now()
        self.index.note(issue.facts())

    def _id(self) -> str:
        return str(next(self._ids))
