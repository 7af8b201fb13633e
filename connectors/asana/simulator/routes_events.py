"""The operations on webhooks and the events stream."""

from __future__ import annotations

import re
from typing import Any

from connectors.asana.simulator import shapes, strict
from connectors.asana.simulator.errors import bad
from connectors.asana.simulator.records import Event, Webhook, Workspace
from connectors.asana.simulator.state import reference
from connectors.asana.simulator.webhooks import wire
from connectors.asana.simulator.wire import Answer, Call, route

_FILTERS = strict.each(strict.webhook_filter)
_STREAM_PAGE = 100


@route("GET webhooks", lists="webhook", query="workspace resource")
def list_webhooks(call: Call) -> list[Webhook]:
    """Those of the caller, in a workspace, perhaps on one resource."""
    if "workspace" not in call.query:
        raise bad("workspace", "Missing input")
    call.site.ref(Workspace, call.query["workspace"], "workspace")
    resource = call.query.get("resource")
    mine = (hook for hook in call.hooks.all.values() if hook.owner is call.user)
    return [hook for hook in mine if resource in (None, hook.resource.gid)]


@route("POST webhooks", shows="webhook", blocks=True, required="resource target",
       body={"resource": strict.gid, "target": strict.url, "filters": _FILTERS})  # fmt: skip
def create_webhook(call: Call) -> Answer:
    """Answers after the target has: the secret stands beside `data`."""
    hook = call.hooks.create(call.data, call.user)
    tree = shapes.parse(call.query.get("opt_fields", ""), "webhook") or shapes.FULL["webhook"]
    with call.site.lock:
        shown = shapes.show(hook, tree, "webhook")
    return Answer(201, {"data": shown, "X-Hook-Secret": hook.secret}, {"location": f"/api/1.0/webhooks/{hook.gid}"})


@route("GET webhooks/*", shows="webhook")
def get_webhook(call: Call, gid: str) -> Webhook:
    """One webhook and its health."""
    return call.site.find(Webhook, gid)


@route("PUT webhooks/*", shows="webhook", body={"filters": _FILTERS}, required="filters")
def update_webhook(call: Call, gid: str) -> Webhook:
    """All its filters anew."""
    return call.hooks.replace_filters(call.site.find(Webhook, gid), call.data["filters"])


@route("DELETE webhooks/*")
def delete_webhook(call: Call, gid: str) -> None:
    """No more deliveries."""
    call.hooks.delete(call.site.find(Webhook, gid))


@route("GET events", query="resource sync")
def get_events(call: Call) -> Answer:
    """At most 100 since a sync token; 412 with a new token where there is none or a bad one."""
    if "resource" not in call.query:
        raise bad("resource", "Missing input")
    resource = call.site.any(call.query["resource"], "resource")
    log = call.site.events
    start = _position(call.query.get("sync", ""), resource.gid, call.site.token_age)
    if start is None or start > len(log):
        message = (
            "Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch the full "
            "dataset for this query now and use the new sync token for the next sync."
        )
        return Answer(
            412, {"errors": [{"message": message}], "sync": _token(resource.gid, len(log), call.site.token_age)}
        )
    found: list[Event] = []
    end = start
    while end < len(log) and len(found) < _STREAM_PAGE:
        if resource.gid in log[end].audience:
            found.append(log[end])
        end += 1
    more = any(resource.gid in event.audience for event in log[end:])
    tree = shapes.parse(call.query.get("opt_fields", ""), "event")
    data = [shapes.prune(_named(event), tree) for event in found]
    return Answer(200, {"data": data, "sync": _token(resource.gid, end, call.site.token_age), "has_more": more})


def _named(event: Event) -> dict[str, Any]:
    """An event as the stream shows it: with names, and the type once more, but no subtype."""
    out = wire(event) | {"type": event.resource.resource_type}
    for key, record in (("user", event.user), ("resource", event.resource), ("parent", event.parent)):
        if record is not None:
            out[key] = reference(record) | ({"name": record.name} if hasattr(record, "name") else {})
    return out


def _token(gid: str, position: int, age: int) -> str:
    return f"{int(gid):016x}{age:04x}{position:012x}"


def _position(token: str, gid: str, age: int) -> int | None:
    """Where in the log a token of this resource stands; None for one of another resource or of an earlier age."""
    if not re.fullmatch(r"[0-9a-f]{32}", token) or token[:20] != _token(gid, 0, age)[:20]:
        return None
    return int(token[20:], 16)
