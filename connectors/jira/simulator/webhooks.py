"""Admin webhooks: their registration, and what they send.

https://developer.atlassian.com/cloud/jira/platform/webhooks/ (the registration resource is not in the OpenAPI file)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from connectors.jira.simulator.answers import Show
from connectors.jira.simulator.jql import parse
from connectors.jira.simulator.model import Event, Json
from connectors.jira.simulator.search import Predicate, predicate
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import Refusal, check_shape
from connectors.signing import sign
from connectors.webhook_sender import WebhookSender

EVENTS = frozenset(
    {"issuelink_created", "issuelink_deleted", "issue_property_set", "issue_property_deleted"}
    | {f"jira:issue_{what}" for what in ("created", "updated", "deleted")}
    | {f"comment_{what}" for what in ("created", "updated", "deleted")}
)
FILTER = "issue-related-events-section"
_SHAPE = {
    "name": str, "description": str, "url": str, "events": list, "filters": dict, "excludeBody": bool,
    "enabled": bool, "secret": str,
}  # fmt: skip
_BRIEF = ("summary", "issuetype", "project", "assignee", "priority", "status")
"""What a comment's webhook tells of its issue."""


@dataclass
class Webhook:
    """One registration."""

    id: int
    name: str
    url: str
    events: list[str]
    jql: str
    secret: str | None
    description: str
    exclude_body: bool
    enabled: bool
    editor: str
    edited: int
    """Milliseconds since 1970."""
    matches: Predicate | None = field(default=None, repr=False)


class Webhooks:
    """All registrations of the site; `told` is its listener."""

    def __init__(self, site: Site, sender: WebhookSender, base: Callable[[], str]) -> None:
        self._site, self._sender, self._base = site, sender, base
        self._hooks: dict[int, Webhook] = {}
        self._ids = count(1)
        self.deliveries: list[tuple[str, int | None]] = []
        """(identifier, status) of every attempt so far; None: nobody answered."""

    # The registration resource.

    def list(self) -> list[Json]:
        """All of them."""
        return [self.show(hook) for hook in self._hooks.values()]

    def get(self, hook_id: str) -> Webhook:
        """Raises `Refusal` (404)."""
        found = self._hooks.get(int(hook_id)) if hook_id.isdecimal() else None
        if found is None:
            raise Refusal(404, f"The webhook with id {hook_id} does not exist.")
        return found

    def create(self, actor: str, body: Json) -> Webhook:
        """Raises `Refusal` (400)."""
        check_shape(body, _SHAPE, required="name url")
        hook = Webhook(next(self._ids), "", "", [], "", None, "", exclude_body=False, enabled=True, editor="", edited=0)
        self._write(hook, actor, body)
        self._hooks[hook.id] = hook
        return hook

    def update(self, actor: str, hook_id: str, body: Json) -> Webhook:
        """Only what the body names; the secret is kept where it is not named."""
        hook = self.get(hook_id)
        check_shape(body, _SHAPE)
        self._write(hook, actor, body)
        return hook

    def delete(self, hook_id: str) -> None:
        """Raises `Refusal` (404)."""
        del self._hooks[self.get(hook_id).id]

    def show(self, hook: Webhook) -> Json:
        """As in the answers: the secret is never told."""
        return {
            "name": hook.name,
            "description": hook.description,
            "url": hook.url,
            "excludeBody": hook.exclude_body,
            "filters": {FILTER: hook.jql},
            "events": hook.events,
            "enabled": hook.enabled,
            "isSigned": hook.secret is not None,
            "self": f"{self._base()}/rest/webhooks/1.0/webhook/{hook.id}",
            "lastUpdatedUser": hook.editor,
            "lastUpdatedDisplayName": self._site.users[hook.editor].name,
            "lastUpdated": hook.edited,
        }

    def _write(self, hook: Webhook, actor: str, body: Json) -> None:
        url = body.get("url", hook.url)
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise Refusal(400, "The webhook's URL is not valid.")
        events = body.get("events", hook.events)
        if unknown := [name for name in events if name not in EVENTS]:
            raise Refusal(400, f"Unknown webhook events: {', '.join(map(str, unknown))}.")
        filters = body.get("filters", {FILTER: hook.jql})
        if set(filters) - {FILTER} or not isinstance(filters.get(FILTER, ""), str):
            raise Refusal(400, f"The only filter is '{FILTER}', a JQL query.")
        jql = filters.get(FILTER, "")
        where = parse(jql).where if jql.strip() else None
        hook.matches = predicate(where, self._site.names(actor)) if where else None
        if body.get("secret") == "":
            raise Refusal(400, "The secret must not be empty.")
        hook.url, hook.events, hook.jql = url, list(dict.fromkeys(events)), jql
        hook.secret = body.get("secret", hook.secret)
        hook.name = body.get("name", hook.name)
        hook.description = body.get("description", hook.description)
        hook.exclude_body = body.get("excludeBody", hook.exclude_body)
        hook.enabled = body.get("enabled", hook.enabled)
        hook.editor, hook.edited = actor, int(self._site.now().timestamp() * 1000)

    # What they send.

    def told(self, event: Event) -> None:
        """Called by the site, under its lock, at once after each act."""
        hooks = [hook for hook in self._hooks.values() if self._wants(hook, event)]
        if not hooks:
            return
        full = json.dumps(self.body(event), separators=(",", ":"), ensure_ascii=False).encode()
        for hook in hooks:
            self._send(hook, b"" if hook.exclude_body else full)

    def _wants(self, hook: Webhook, event: Event) -> bool:
        if not hook.enabled or event.name not in hook.events:
            return False
        return event.issue is None or hook.matches is None or hook.matches(event.issue.facts())

    def _send(self, hook: Webhook, body: bytes) -> None:
        identifier = uuid4().hex
        attempts = count()

        def headers() -> Mapping[str, str]:
            attempt = next(attempts)
            sent = {"X-Atlassian-Webhook-Identifier": identifier, "X-Atlassian-Webhook-Flow": "Primary"}
            if attempt:
                sent["X-Atlassian-Webhook-Retry"] = str(attempt)
            if hook.secret is not None:
                sent["X-Hub-Signature"] = f"sha256={sign(hook.secret, body)}"
            return sent

        self._sender.post(hook.url, body, headers, lambda status: self.deliveries.append((identifier, status)))

    def body(self, event: Event) -> Json:
        """Version 2 shapes, as GET without expand; no e-mail addresses of actors."""
        show = Show(self._site, self._base(), 2, emails=False)
        told: dict[str, Any] = {"timestamp": int(self._site.now().timestamp() * 1000), "webhookEvent": event.name}
        if event.link is not None:
            return {**told, "issueLink": self._link(event)}
        assert event.issue is not None  # noqa: S101  (only links come without an issue)
        if event.comment is not None:
            comment = show.comment(event.comment, event.issue)
            return {**told, "comment": comment, "issue": show.issue(event.issue, _BRIEF) | {"expand": ""}}
        if event.kind:
            told["issue_event_type_name"] = event.kind
        told["user"] = show.user(event.actor)
        deleted = event.name == "jira:issue_deleted"
        told["issue"] = show.issue(event.issue, ("*all",) if deleted else ("*all", "-comment"))
        if event.history is not None:
            told["changelog"] = {"id": event.history.id, "items": show.items(event.history)}
        return told

    def _link(self, event: Event) -> Json:
        link = event.link
        assert link is not None  # noqa: S101
        return {
            "id": int(link.id),
            "sourceIssueId": int(link.inward),
            "destinationIssueId": int(link.outward),
            "issueLinkType": {
                "id": int(link.type.id),
                "name": link.type.name,
                "outwardName": link.type.outward,
                "inwardName": link.type.inward,
                "isSubTaskLinkType": False,
                "isSystemLinkType": False,
            },
            "systemLink": False,
        }
