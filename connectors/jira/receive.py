"""Jira's webhooks: headers and bytes in, meaning out. Pure.

https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from connectors import signing
from connectors.body import json_object
from connectors.contract import Change, ChangeKind, Delivery, Handshake, TaskId
from connectors.errors import Malformed

SIGNATURE, SECRET, TOKEN = "x-hub-signature", "x-tminus-secret", "authorization"
_SCHEME = "bearer "
_LONGEST_KEY = 200
"""Deliveries are known again by an index, and no database has room there for a header of any length."""
_KINDS: Mapping[str, ChangeKind] = {
    "jira:issue_created": "created",
    "jira:issue_updated": "updated",
    "jira:issue_deleted": "deleted",
    "comment_created": "comment",
    "comment_updated": "comment",
    "comment_deleted": "comment",
}


class JiraReceiver:
    """Calls of webhooks, signed by the body or by a token, and those of Automation rules with their secret; one body
    is one event. `now` is in seconds since 1970, for the end of a token."""

    batched = False
    heartbeat: timedelta | None = None

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str | None) -> Delivery | Handshake:
        """Raises `Unverified`. The identifier is the same for every retry of a delivery, so it is the key;
        Data Center sends none. A rule of Jira's Automation cannot sign: it sends the secret itself.

        An OAuth app's webhooks carry a token instead of a signature: it tells who calls, and nothing of the body.
        https://developer.atlassian.com/cloud/jira/platform/webhooks/#webhooks-authentication-for-oauth-2-0-apps
        """
        if SECRET in headers and SIGNATURE not in headers:
            signing.check_same(secret, headers[SECRET])
            return Delivery(hashlib.sha256(body).hexdigest())
        if SIGNATURE not in headers and (bearer := headers.get(TOKEN, ""))[: len(_SCHEME)].lower() == _SCHEME:
            signing.check_token(secret, bearer[len(_SCHEME) :].strip(), self._now())
        else:
            signing.check(secret, body, headers.get(SIGNATURE), prefix="sha256=")
        identifier = headers.get("x-atlassian-webhook-identifier", "")
        return Delivery(identifier if 0 < len(identifier) <= _LONGEST_KEY else hashlib.sha256(body).hexdigest())

    def parse(self, body: bytes) -> list[Change]:
        """Exactly one change; raises `Malformed`."""
        event = _event(body)
        items = _items(event)
        return [
            Change(
                kind=_kind(event, items),
                item=_item(event),
                task=_task(event),
                parent=_parent(event),
                changed_fields=tuple(dict.fromkeys(name for item in items if (name := _field(item)))),
                actor=_actor(event),
            )
        ]


def _event(body: bytes) -> Mapping[str, Any]:
    event = json_object(body)
    if not isinstance(event.get("webhookEvent"), str) or not event["webhookEvent"]:
        raise Malformed('the body has no "webhookEvent": it tells of no event of a Jira webhook')
    return event


def _kind(event: Mapping[str, Any], items: list[Mapping[str, Any]]) -> ChangeKind:
    kind = _KINDS.get(event["webhookEvent"], "other")
    if kind == "updated" and not items:
        about_comment = str(event.get("issue_event_type_name") or "").startswith("issue_comment")
        return "comment" if about_comment or event.get("comment") else "updated"
    return kind


def _items(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = _object(event, "changelog").get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _field(item: Mapping[str, Any]) -> str | None:
    name = item.get("field") or item.get("fieldId")
    return name if isinstance(name, str) else None


def _item(event: Mapping[str, Any]) -> str | None:
    key = _object(event, "issue").get("key")
    return key if isinstance(key, str) and key else _task(event)


def _task(event: Mapping[str, Any]) -> TaskId | None:
    """The numeric issue id: a key changes when its issue moves. Link and worklog events carry ids only, and a
    comment event of Data Center names its issue only in the comment's own address."""
    found = _text(_object(event, "issue").get("id"))
    found = found or _text(_object(event, "worklog").get("issueId"))
    found = found or _text(_object(event, "issueLink").get("sourceIssueId"))
    if not found and (address := re.search(r"/issue/(\d+)/comment/", str(_object(event, "comment").get("self")))):
        found = address[1]
    return TaskId(found) if found else None


def _parent(event: Mapping[str, Any]) -> TaskId | None:
    parent = _text(_object(_object(_object(event, "issue"), "fields"), "parent").get("id"))
    return TaskId(parent) if parent else None


def _actor(event: Mapping[str, Any]) -> str | None:
    users = [_object(event, "user")]
    if event["webhookEvent"] == "comment_updated":
        users.append(_object(_object(event, "comment"), "updateAuthor"))
    if event["webhookEvent"] in ("comment_created", "comment_updated"):
        users.append(_object(_object(event, "comment"), "author"))
    names = (_text(user.get(name)) for user in users for name in ("accountId", "name", "key"))
    return next(filter(None, names), None)


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Ids come as text or as numbers, depending on the event."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
