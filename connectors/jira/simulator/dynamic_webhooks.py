"""Dynamic webhooks: what the OAuth app registered for itself, and what they send.

https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from connectors.jira.simulator.jql import Clause, Group, parse
from connectors.jira.simulator.model import Event, Json
from connectors.jira.simulator.search import Predicate, predicate
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import BAD_PAYLOAD, Refusal, check_shape, strings
from connectors.sign_in_desk import SignInDesk
from connectors.signing import token
from connectors.webhook_sender import WebhookSender

LIFE = timedelta(days=30)
MOST = 5
"""Webhooks of one app and one person on a site."""
TOKEN_SECONDS = 180
"""How long the token of a call is good; Atlassian's documents do not say."""
EVENTS = frozenset(
    {f"jira:issue_{what}" for what in ("created", "updated", "deleted")}
    | {f"comment_{what}" for what in ("created", "updated", "deleted")}
    | {"issue_property_set", "issue_property_deleted"}
    | {f"sprint_{what}" for what in ("created", "updated", "closed", "deleted", "started")}
    | {
        f"jira:version_{what}"
        for what in ("released", "unreleased", "created", "moved", "updated", "merged", "deleted")
    }
)
FIELDS = frozenset({"key", "project", "issuetype", "status", "assignee", "reporter"})
"""What a filter may ask about, and how; of JQL as `jql` understands it."""
OPERATORS = frozenset({"=", "!=", "in", "not in"})
_SHAPE = {"events": list, "jqlFilter": str, "fieldIdsFilter": list, "issuePropertyKeysFilter": list}


@dataclass
class DynamicWebhook:
    """One registration, as the app wrote it."""

    id: int
    url: str
    told: Json
    ends: datetime
    matches: Predicate = field(repr=False)

    def shown(self) -> Json:
        """As in the list."""
        ends = int(self.ends.timestamp() * 1000)
        return {"id": self.id, "url": self.url, "expirationDate": ends, **self.told}

    def wants(self, event: Event) -> bool:
        """Whether its events, its filter of fields and its JQL let this through."""
        if event.name not in self.told["events"] or event.issue is None or not self.matches(event.issue.facts()):
            return False
        only = self.told.get("fieldIdsFilter")
        if event.name != "jira:issue_updated" or only is None or event.history is None:
            return True
        return any(item.field_id in only for item in event.history.items)


class DynamicWebhooks:
    """Those of the only app that the site knows, and of the only person who let it in."""

    def __init__(self, site: Site, sender: WebhookSender, body: Callable[[Event], Json], desk: SignInDesk) -> None:
        self._site, self._sender, self._body, self._desk = site, sender, body, desk
        self._hooks: dict[int, DynamicWebhook] = {}
        self._ids = count(1_000)
        self.deliveries: list[tuple[str, int | None]] = []
        """(identifier, status) of every attempt so far; None: nobody answered."""

    def list(self) -> Sequence[Json]:
        """Those that have not ended."""
        return [hook.shown() for hook in self._living()]

    def register(self, actor: str, body: Json) -> Json:
        """One result for each, in order. Raises `Refusal` (400) where the call itself is wrong."""
        check_shape(body, {"url": str, "webhooks": list}, required="url webhooks")
        url = body["url"]
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise Refusal(400, "The webhook URL is not valid.")
        if any(hook.url != url for hook in self._living()):
            raise Refusal(400, "Only a single URL per app is allowed to be registered.")
        for told in body["webhooks"]:
            _check(told)
        return {"webhookRegistrationResult": [self._register(actor, url, told) for told in body["webhooks"]]}

    def delete(self, body: Json) -> None:
        """Unknown ones are passed over."""
        for known in _ids(body):
            self._hooks.pop(known, None)

    def refresh(self, body: Json) -> Json:
        """They live for thirty days from now; unknown ones are passed over."""
        ends = self._site.now() + LIFE
        wanted = _ids(body)
        for hook in self._living():
            if hook.id in wanted:
                hook.ends = ends
        return {"expirationDate": int(ends.timestamp() * 1000)}

    def told(self, event: Event) -> None:
        """Called by the site, under its lock, at once after each act. One call, however many of them match."""
        matched = [hook for hook in self._living() if hook.wants(event)]
        if not matched:
            return
        body = {**self._body(event), "matchedWebhookIds": [hook.id for hook in matched]}
        raw = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        identifier, attempts = uuid4().hex, count()

        def headers() -> Mapping[str, str]:
            attempt = next(attempts)
            sent = {
                "X-Atlassian-Webhook-Identifier": identifier,
                "X-Atlassian-Webhook-Flow": "Primary",
                "Authorization": f"Bearer {self._token()}",
            }
            return sent | ({"X-Atlassian-Webhook-Retry": str(attempt)} if attempt else {})

        self._sender.post(matched[0].url, raw, headers, lambda status: self.deliveries.append((identifier, status)))

    def _living(self) -> Sequence[DynamicWebhook]:
        return [hook for hook in self._hooks.values() if self._site.now() < hook.ends]

    def _register(self, actor: str, url: str, told: Json) -> Json:
        try:
            where = parse(told["jqlFilter"]).where
            matches = predicate(_allowed(where), self._site.names(actor))
        except Refusal as refusal:
            return {"errors": list(refusal.messages)}
        if len(self._living()) >= MOST:
            return {"errors": [f"The app has {MOST} webhooks for this user, and can have no more."]}
        hook = DynamicWebhook(next(self._ids), url, told, self._site.now() + LIFE, matches)
        self._hooks[hook.id] = hook
        return {"createdWebhookId": hook.id}

    def _token(self) -> str:
        """By the wall clock, like all tokens: the site's own may be set."""
        now = int(time.time())
        return token(self._desk.client_secret, {"iss": self._desk.client_id, "iat": now, "exp": now + TOKEN_SECONDS})


def _check(told: Any) -> None:
    if not isinstance(told, dict):
        raise Refusal(400, BAD_PAYLOAD)
    check_shape(told, _SHAPE, required="events jqlFilter")
    for name in ("events", "fieldIdsFilter", "issuePropertyKeysFilter"):
        strings(told.get(name, []), name)
    if unknown := set(told["events"]) - EVENTS:
        raise Refusal(400, BAD_PAYLOAD, errors={"events": f"not for dynamic webhooks: {', '.join(sorted(unknown))}"})


def _allowed(where: Group | Clause | None) -> Group | Clause:
    """Raises `Refusal` for what JQL knows and these filters do not."""
    if where is None:
        raise Refusal(400, "The JQL filter must not be empty.")
    if isinstance(where, Clause):
        if where.field not in FIELDS:
            raise Refusal(400, f"The clause {where.field} is unsupported")
        if where.operator not in OPERATORS:
            raise Refusal(400, f"Operator {where.operator} is unsupported")
    else:
        for part in where.parts:
            _allowed(part)
    return where


def _ids(body: Json) -> frozenset[int]:
    check_shape(body, {"webhookIds": list}, required="webhookIds")
    if not all(isinstance(known, int) and not isinstance(known, bool) for known in body["webhookIds"]):
        raise Refusal(400, BAD_PAYLOAD, errors={"webhookIds": "must be a list of whole numbers"})
    return frozenset(body["webhookIds"])
