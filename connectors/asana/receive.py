"""Asana's webhooks: what a call proves and what its events hint at.

See https://developers.asana.com/docs/webhooks-guide.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from uuid_utils import uuid7

from connectors.body import json_object
from connectors.contract import Change, ChangeKind, Delivery, Handshake, TaskId
from connectors.errors import Malformed
from connectors.signing import check

SECRET, SIGNATURE = "x-hook-secret", "x-hook-signature"
_HEARTBEAT = re.compile(rb'\s*\{\s*"events"\s*:\s*\[\s*\]\s*\}\s*')
_TASK_ACTIONS: Mapping[str, ChangeKind] = {
    "added": "created",
    "undeleted": "created",
    "changed": "updated",
    "removed": "updated",  # taken out of a project, section or parent: the task itself is still there
    "deleted": "deleted",
}


class AsanaReceiver:
    """One body holds several events, or none at all: then it is a heartbeat."""

    batched = True
    heartbeat: timedelta | None = timedelta(hours=8)

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str | None) -> Delivery | Handshake:
        """The handshake is unsigned: answer it only for a hook whose create is under way."""
        if SECRET in headers:
            return Handshake({"X-Hook-Secret": headers[SECRET]})
        check(secret, body, headers.get(SIGNATURE))
        # Every heartbeat has the same bytes, and each is a sign of life: none is the last one sent again.
        return Delivery(str(uuid7()) if _HEARTBEAT.fullmatch(body) else hashlib.sha256(body).hexdigest())

    def parse(self, body: bytes) -> list[Change]:
        """One change an event, in the order of the body."""
        events = json_object(body).get("events")
        if not isinstance(events, list):
            raise Malformed("the body has no list of events")
        return [change_of(event, number) for number, event in enumerate(events, start=1)]


def change_of(event: Any, number: int) -> Change:
    """What one event hints at; raises `Malformed`."""
    if not isinstance(event, dict):
        raise Malformed(f"event {number} is not an object")
    gid, of_type, subtype = _resource(event.get("resource"))
    if gid is None:
        raise Malformed(f"event {number} has no resource")
    of_type = of_type or _text(event.get("type")) or "task"
    parent, parent_type, _ = _resource(event.get("parent"))
    actor, _, _ = _resource(event.get("user"))
    if of_type in ("story", "attachment"):
        about, under = (parent if parent_type in (None, "task") else None), None  # else a project's, a goal's…
    else:
        about, under = (gid if of_type == "task" else None), (parent if parent_type == "task" else None)
    return Change(
        kind=_kind(str(event.get("action")), of_type, subtype, parent_type),
        item=about,
        task=TaskId(about) if about else None,
        parent=TaskId(under) if under else None,
        changed_fields=_changed_fields(event.get("change")),
        actor=actor,
    )


def _kind(action: str, of_type: str, subtype: str | None, parent_type: str | None) -> ChangeKind:
    if of_type == "story":
        return "comment" if (subtype or "").startswith("comment") else "other"
    if of_type == "attachment":
        return "updated"
    if of_type != "task":
        return "other"
    if action == "added" and parent_type == "section":
        return "updated"  # moved between sections
    return _TASK_ACTIONS.get(action, "other")


def _resource(value: Any) -> tuple[str | None, str | None, str | None]:
    """Gid, type and subtype of a reference. Before 2020 Asana sent a bare integer."""
    if isinstance(value, dict):
        of_type, subtype = (_text(value.get(key)) for key in ("resource_type", "resource_subtype"))
        return _text(value.get("gid") or value.get("id")), of_type, subtype
    return _text(value), None, None


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) and value != "" else None


def _changed_fields(change: Any) -> tuple[str, ...]:
    field = change.get("field") if isinstance(change, dict) else None
    return (field,) if isinstance(field, str) else ()
