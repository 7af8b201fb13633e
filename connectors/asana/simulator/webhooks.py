"""Webhooks: hand-shake, filters, gathered and signed deliveries, health, and deletion of those that stay unheard
(https://developers.asana.com/docs/webhooks-guide)."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import MISSING, Event, Project, Task, Team, User, Webhook, Workspace
from connectors.asana.simulator.shapes import stamp
from connectors.asana.simulator.state import Site, compact, reference
from connectors.knobs import Knobs
from connectors.webhook_sender import WebhookSender

BATCH = 1_000
"""The most events in one delivery."""


@dataclass
class AsanaKnobs(Knobs):
    """The chassis's knobs and Asana's own."""

    collect: float = 0.05
    """Seconds over which events are gathered into one webhook."""
    requests_per_minute: int = 1_500
    """With `enforce_limits`: 1,500 on paid plans, 150 on free ones."""
    delete_failing_after: float = 86_400.0
    """Seconds of failure after which a webhook is deleted."""


class Hooks:
    """All subscriptions of a site, and what waits to be sent."""

    def __init__(self, site: Site, sender: WebhookSender, knobs: AsanaKnobs) -> None:
        self._site, self._sender, self._knobs = site, sender, knobs
        self.all: dict[str, Webhook] = {}
        self._by_resource: dict[str, dict[str, Webhook]] = {}
        self._timer: threading.Timer | None = None
        site.on_event = self._hear

    def create(self, data: Mapping[str, Any], owner: User) -> Webhook:
        """Subscribe. Calls the target before it returns, so it must not hold the site's lock."""
        with self._site.lock:
            hook = self._new(data, owner)
        answer = self._sender.call_now(hook.target, b"{}", {"X-Hook-Secret": hook.secret})
        if answer is None or answer.status_code not in (200, 204) or answer.headers.get("X-Hook-Secret") != hook.secret:
            raise ApiError(400, "The target did not answer the handshake with 200 or 204 and the same X-Hook-Secret")
        with self._site.lock:
            self._refuse_twin(hook)
            self.all[hook.gid] = self._site.add(hook)
            self._by_resource.setdefault(hook.resource.gid, {})[hook.gid] = hook
            # The heartbeat goes through the same collector as events, so it does not overtake the answer to the create.
            self._flush_soon()
        return hook

    @property
    def busy(self) -> bool:
        """Whether events are being gathered and not yet handed to the sender."""
        return self._timer is not None

    def replace_filters(self, hook: Webhook, filters: list[dict[str, Any]]) -> Webhook:
        """All filters anew."""
        _check_filters(hook.resource, filters)
        hook.filters = filters
        return hook

    def delete(self, hook: Webhook) -> None:
        """Nothing more is sent."""
        self.all.pop(hook.gid, None)
        self._by_resource[hook.resource.gid].pop(hook.gid, None)
        self._site.drop(hook)

    def heartbeat(self) -> None:
        """An empty delivery to every target now; Asana sends one every eight hours."""
        with self._site.lock:
            for hook in self.all.values():
                self._post(hook, [])

    def _new(self, data: Mapping[str, Any], owner: User) -> Webhook:
        resource = self._site.any(data["resource"], "resource")
        if not isinstance(resource, Task | Project | Team | Workspace):
            raise bad("resource", f"Webhooks on a {resource.resource_type} are not supported")
        filters = data.get("filters") or []
        _check_filters(resource, filters)
        hook = Webhook(
            gid=self._site.gid(),
            resource=resource,
            target=data["target"],
            created_at=self._site.now(),
            secret=secrets.token_hex(32),
            owner=owner,
            filters=filters,
        )
        self._refuse_twin(hook)
        return hook

    def _refuse_twin(self, hook: Webhook) -> None:
        for other in self._by_resource.get(hook.resource.gid, {}).values():
            if other.target == hook.target and other.owner is hook.owner:
                raise ApiError(403, "Duplicated webhook: one for this resource and target exists already")

    def _hear(self, event: Event) -> None:
        for gid in event.audience:
            for hook in self._by_resource.get(gid, {}).values():
                if not hook.filters or any(_passes(event, one) for one in hook.filters):
                    hook.pending.append(event)
                    self._flush_soon()

    def _flush_soon(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(self._knobs.collect, self._flush)
            self._timer.daemon = True
            self._timer.start()

    def _flush(self) -> None:
        with self._site.lock:
            self._timer = None
            for hook in self.all.values():
                if not hook.active:
                    hook.active = True
                    self._post(hook, [])
                while hook.pending:
                    self._post(hook, [hook.pending.popleft() for _ in range(min(BATCH, len(hook.pending)))])

    def _post(self, hook: Webhook, events: list[Event]) -> None:
        body = json.dumps({"events": [wire(event) for event in events]}, separators=(",", ":")).encode()
        signature = hmac.digest(hook.secret.encode(), body, "sha256").hex()
        self._sender.post(
            hook.target,
            body,
            lambda: {"X-Hook-Signature": signature},
            done=partial(self._note_health, hook),
            again=lambda status: hook.gid in self.all and not _succeeded(status),
        )

    def _note_health(self, hook: Webhook, status: int | None) -> None:
        with self._site.lock:
            now = self._site.now()
            if _succeeded(status):
                hook.last_success_at = now
                hook.delivery_retry_count = 0
                hook.next_attempt_after = hook.failure_deletion_timestamp = MISSING
                return
            hook.last_failure_at = now
            hook.last_failure_content = f"{status} from the target" if status else "No answer from the target"
            hook.delivery_retry_count += 1
            hook.next_attempt_after = now + timedelta(seconds=self._knobs.hook_retry_seconds)
            if hook.failure_deletion_timestamp is MISSING:
                hook.failure_deletion_timestamp = now + timedelta(seconds=self._knobs.delete_failing_after)
            if now >= hook.failure_deletion_timestamp and hook.gid in self.all:
                self.delete(hook)


def wire(event: Event) -> dict[str, Any]:
    """An event as a webhook carries it: no names, no values but resources; `change` only where something changed."""
    out: dict[str, Any] = {
        "user": event.user and reference(event.user),
        "created_at": stamp(event.at),
        "action": event.action,
        "resource": compact(event.resource),
        "parent": event.parent and reference(event.parent),
    }
    return out | ({"change": event.change} if event.change else {})


def _succeeded(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _check_filters(resource: Any, filters: list[dict[str, Any]]) -> None:
    if isinstance(resource, Task | Project):
        return
    if not filters:
        raise bad("filters", f"Missing input: a webhook on a {resource.resource_type} must have filters")
    if any(one["resource_type"] in ("task", "story") for one in filters):
        raise bad("filters", f"A webhook on a {resource.resource_type} gets no events of tasks and stories")
    if any("fields" in one for one in filters):
        raise bad("filters", f"A webhook on a {resource.resource_type} takes no fields")


def _passes(event: Event, one: Mapping[str, Any]) -> bool:
    resource = event.resource
    return (
        one["resource_type"] == resource.resource_type
        and one.get("resource_subtype") in (None, getattr(resource, "resource_subtype", None))
        and one.get("action") in (None, event.action)
        and ("fields" not in one or (event.change is not None and event.change["field"] in one["fields"]))
    )
