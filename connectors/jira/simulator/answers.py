"""How the API shows things. `Show` knows the base address and the version that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.jira.simulator import adf, seed
from connectors.jira.simulator.model import (
    Attachment,
    Comment,
    FieldDef,
    History,
    Issue,
    IssueType,
    Json,
    Link,
    LinkType,
    Priority,
    Project,
    Status,
    Transition,
    User,
)
from connectors.jira.simulator.state import Site

ISSUE_EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
CUSTOM_TYPE = "com.atlassian.jira.plugin.system.customfieldtypes:"


def instant(at: datetime | None) -> str | None:
    """Jira's date-times: milliseconds and an offset without a colon."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000" if at else None


@dataclass(frozen=True, slots=True)
class Show:
    """`base` has no slash at its end; `version` is 2 or 3."""

    site: Site
    base: str
    version: int
    emails: bool = True
    """Webhooks never tell an address, and the API only where the person's profile allows it."""

    def link(self, path: str) -> str:
        """A `self` address."""
        return f"{self.base}/rest/api/{self.version}/{path}"

    def user(self, account: str | None) -> Json | None:
        return self.account(self.site.users[account]) if account else None

    def account(self, user: User) -> Json:
        shown = {
            "self": self.link(f"user?accountId={quote(user.id)}"),
            "accountId": user.id,
            "emailAddress": user.email,
            "avatarUrls": {f"{n}x{n}": f"{self.base}/_sim/avatar.svg?size={n}" for n in (16, 24, 32, 48)},
            "displayName": user.name,
            "active": user.active,
            "timeZone": "Etc/UTC",
            "accountType": "atlassian",
        }
        if user.email_hidden or not self.emails:
            del shown["emailAddress"]
        return shown

    def status(self, status: Status) -> Json:
        category = status.category
        return {
            "self": self.link(f"status/{status.id}"),
            "description": "",
            "iconUrl": f"{self.base}/_sim/avatar.svg",
            "name": status.name,
            "id": status.id,
            "statusCategory": {
                "self": self.link(f"statuscategory/{category.id}"),
                "id": category.id,
                "key": category.key,
                "colorName": category.color,
                "name": category.name,
            },
        }

    def issue_type(self, issue_type: IssueType) -> Json:
        return {
            "self": self.link(f"issuetype/{issue_type.id}"),
            "id": issue_type.id,
            "description": issue_type.description,
            "iconUrl": f"{self.base}/_sim/avatar.svg",
            "name": issue_type.name,
            "subtask": issue_type.subtask,
            "avatarId": 10300 + int(issue_type.id) % 100,
            "hierarchyLevel": issue_type.level,
        }

    def project(self, project: Project) -> Json:
        return {
            "self": self.link(f"project/{project.id}"),
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "business",
            "simplified": False,
            "avatarUrls": {f"{n}x{n}": f"{self.base}/_sim/avatar.svg?size={n}" for n in (16, 24, 32, 48)},
        }

    def priority(self, priority_id: str | None) -> Json | None:
        found = next((known for known in seed.PRIORITIES if known.id == priority_id), None)
        return self.one_priority(found) if found else None

    def one_priority(self, priority: Priority) -> Json:
        return {
            "self": self.link(f"priority/{priority.id}"),
            "iconUrl": f"{self.base}/_sim/avatar.svg",
            "name": priority.name,
            "id": priority.id,
        }

    def text(self, document: Json | None) -> Any:
        """ADF for v3, wiki text for v2."""
        return document if self.version == 3 or document is None else adf.to_text(document)

    def brief(self, issue: Issue) -> Json:
        """An issue inside another one."""
        return {
            "id": issue.id,
            "key": issue.key,
            "self": self.link(f"issue/{issue.id}"),
            "fields": {
                "summary": issue.values["summary"],
                "status": self.status(issue.status),
                "priority": self.priority(issue.values.get("priority")),
                "issuetype": self.issue_type(issue.type),
            },
        }

    def issue(
        self, issue: Issue, fields: Iterable[str] = ("*all",), properties: Collection[str] = (), expand: str = ""
    ) -> Json:
        """The whole answer."""
        shown: Json = {
            "expand": ISSUE_EXPAND,
            "id": issue.id,
            "self": self.link(f"issue/{issue.id}"),
            "key": issue.key,
            "fields": self.fields(issue, fields),
        }
        if properties:
            every = "*all" in properties
            shown["properties"] = {k: v for k, v in issue.properties.items() if every or k in properties}
        if "changelog" in expand:
            entries = [self.history(entry) for entry in reversed(issue.history)]
            shown["changelog"] = {
                "startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries
            }  # fmt: skip
        if "transitions" in expand:
            shown["transitions"] = [self.transition(t, with_fields=False) for t in self.site.transitions(issue)]
        return shown

    def fields(self, issue: Issue, wanted: Iterable[str]) -> Json:
        """Names as in the query: ids, `*all`, `*navigable`, and `-id` to leave one out. Unknown ones are ignored."""
        asked = list(wanted)
        minus = {name[1:] for name in asked if name.startswith("-")}
        plus = [name for name in asked if not name.startswith("-")]
        if not plus or "*all" in plus or "*navigable" in plus:
            plus = list(_FIELDS)
            if "*all" not in asked and "*navigable" in asked:
                minus |= {"comment", "worklog", "attachment"}
        present = (name for name in plus if name in _FIELDS and name not in minus)
        return {name: value for name in present if (value := _FIELDS[name](self, issue)) is not _ABSENT}

    def history(self, entry: History) -> Json:
        return {
            "id": entry.id,
            "author": self.user(entry.author),
            "created": instant(entry.at),
            "items": self.items(entry),
        }

    def items(self, entry: History) -> list[Json]:
        """The changelog's rows, as in histories and webhooks."""
        return [
            {
                "field": item.field,
                "fieldtype": "custom" if item.custom else "jira",
                **({"fieldId": item.field_id} if item.field_id else {}),
                "from": item.before,
                "fromString": item.before_text,
                "to": item.after,
                "toString": item.after_text,
            }
            for item in entry.items
        ]

    def comment(self, comment: Comment, issue: Issue, *, properties: bool = False) -> Json:
        shown = {
            "self": self.link(f"issue/{issue.id}/comment/{comment.id}"),
            "id": comment.id,
            "author": self.user(comment.author),
            "body": self.text(comment.body),
            "updateAuthor": self.user(comment.editor),
            "created": instant(comment.created),
            "updated": instant(comment.updated),
            "jsdPublic": True,
        }
        if properties:
            shown["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
        return shown

    def attachment(self, file: Attachment) -> Json:
        return {
            "self": self.link(f"attachment/{file.id}"),
            "id": file.id,
            "filename": file.filename,
            "author": self.user(file.author),
            "created": instant(file.created),
            "size": 0,
            "mimeType": "application/octet-stream",
            "content": self.link(f"attachment/content/{file.id}"),
        }

    def link_type(self, link_type: LinkType) -> Json:
        return {
            "id": link_type.id,
            "name": link_type.name,
            "inward": link_type.inward,
            "outward": link_type.outward,
            "self": self.link(f"issueLinkType/{link_type.id}"),
        }

    def issue_link(self, link: Link, seen_from: Issue) -> Json:
        """From the blocked issue the blocker is the inwardIssue."""
        part, other = ("outwardIssue", link.outward) if link.inward == seen_from.id else ("inwardIssue", link.inward)
        return {
            "id": link.id,
            "self": self.link(f"issueLink/{link.id}"),
            "type": self.link_type(link.type),
            part: self.brief(self.site.issues[other]),
        }

    def transition(self, transition: Transition, *, with_fields: bool) -> Json:
        asked = self.site.asked(transition)
        shown = {
            "id": transition.id,
            "name": transition.name,
            "to": self.status(transition.to),
            "hasScreen": bool(asked),
            "isGlobal": False,
            "isInitial": False,
            "isAvailable": True,
            "isConditional": False,
            "looped": False,
        }
        if with_fields:
            shown["fields"] = {f.id: {**self.meta(f, required=True), "key": f.id} for f in asked}
        return shown

    def meta(self, definition: FieldDef, *, required: bool) -> Json:
        """A field on a screen."""
        shown: Json = {
            "required": required,
            "schema": schema(definition),
            "name": definition.name,
            "key": definition.id,
            "hasDefaultValue": definition.kind == "priority",
            "operations": {"labels": ["add", "set", "remove"], "links": ["add"]}.get(definition.kind, ["set"]),
        }
        if definition.kind == "priority":
            shown["allowedValues"] = [self.one_priority(known) for known in seed.PRIORITIES]
        if definition.options:
            shown["allowedValues"] = [{"id": str(10100 + n), "value": v} for n, v in enumerate(definition.options)]
        return shown


def schema(definition: FieldDef) -> Json:
    """`schema` of a field."""
    shown: Json = {"type": definition.type}
    if definition.items:
        shown["items"] = definition.items
    if definition.custom:
        shown |= {
            "custom": f"{CUSTOM_TYPE}{definition.custom}",
            "customId": int(definition.id.rpartition("_")[2]),
        }
    else:
        shown["system"] = definition.id
    return shown


_ABSENT = object()
Getter = Callable[[Show, Issue], Any]


def _constant(value: Any) -> Getter:
    return lambda *_: value


def _stored(definition: FieldDef) -> Getter:
    name = definition.id
    by_kind: dict[str, Getter] = {
        "adf": lambda show, issue: show.text(issue.values.get(name)),
        "user": lambda show, issue: show.user(issue.values.get(name)),
        "priority": lambda show, issue: show.priority(issue.values.get(name)),
        "labels": lambda _, issue: list(issue.values.get(name) or ()),
        "option": lambda show, issue: _option(show, definition, issue.values.get(name)),
    }
    return by_kind.get(definition.kind, lambda _, issue: issue.values.get(name))


def _option(show: Show, definition: FieldDef, value: str | None) -> Json | None:
    if value is None:
        return None
    number = str(10100 + definition.options.index(value))
    return {"self": show.link(f"customFieldOption/{number}"), "value": value, "id": number}


def _comments(show: Show, issue: Issue) -> Json:
    rows = [show.comment(comment, issue) for comment in issue.comments.values()]
    return {
        "comments": rows,
        "self": show.link(f"issue/{issue.id}/comment"),
        "maxResults": len(rows),
        "total": len(rows),
        "startAt": 0,
    }


def _resolution(show: Show, issue: Issue) -> Json | None:
    if issue.resolution is None:
        return None
    number, name = seed.RESOLUTIONS[issue.resolution]
    return {"self": show.link(f"resolution/{number}"), "id": number, "description": "", "name": name}


def _count(name: str, shown: Json) -> Getter:
    return lambda show, issue: {"self": show.link(f"issue/{issue.key}/{name}"), **shown}


_FIELDS: dict[str, Getter] = {
    "statuscategorychangedate": lambda _, issue: instant(issue.status_changed),
    "issuetype": lambda show, issue: show.issue_type(issue.type),
    "parent": lambda show, issue: show.brief(issue.parent) if issue.parent else _ABSENT,
    "project": lambda show, issue: show.project(issue.project),
    "status": lambda show, issue: show.status(issue.status),
    "statusCategory": lambda show, issue: show.status(issue.status)["statusCategory"],
    "resolution": _resolution,
    "resolutiondate": lambda _, issue: instant(issue.resolved),
    "created": lambda _, issue: instant(issue.created),
    "updated": lambda _, issue: instant(issue.updated),
    "creator": lambda show, issue: show.user(issue.creator),
    "subtasks": lambda show, issue: [show.brief(c) for c in issue.children.values() if c.type.subtask],
    "issuelinks": lambda show, issue: [show.issue_link(link, issue) for link in issue.links],
    "comment": _comments,
    "attachment": lambda show, issue: [show.attachment(file) for file in issue.attachments],
    **{
        name: _stored(definition)
        for name, definition in seed.FIELDS.items()
        if definition.kind not in ("other", "links")
    },
    "watches": _count("watchers", {"watchCount": 0, "isWatching": False}),
    "votes": _count("votes", {"votes": 0, "hasVoted": False}),
    "workratio": _constant(-1),
    **{name: _constant(None) for name in ("lastViewed", "security", "environment", "timespent", "timeestimate")},
    **{name: _constant([]) for name in ("fixVersions", "versions", "components")},
    "timetracking": _constant({}),
    "progress": _constant({"progress": 0, "total": 0}),
    "aggregateprogress": _constant({"progress": 0, "total": 0}),
}
