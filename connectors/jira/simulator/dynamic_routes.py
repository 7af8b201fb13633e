"""Dynamic webhooks over the wire, for apps alone.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-webhooks/
"""

from __future__ import annotations

from connectors.jira.simulator.app import Answer, Call, Handler, Resource, resource
from connectors.jira.simulator.dynamic_webhooks import DynamicWebhooks
from connectors.jira.simulator.issue_routes import page
from connectors.jira.simulator.strict import Refusal


def dynamic_resources(hooks: DynamicWebhooks) -> list[Resource]:
    """What stands below `webhook`."""

    def listed(call: Call) -> Answer:
        return Answer(page(call, list(hooks.list()), "values", 100))

    def register(call: Call) -> Answer:
        return Answer(hooks.register(call.actor.id, call.body()))

    def delete(call: Call) -> Answer:
        hooks.delete(call.body())
        return Answer(status=202)

    def refresh(call: Call) -> Answer:
        return Answer(hooks.refresh(call.body()))

    def failed(_: Call) -> Answer:
        raise Refusal(403, "Only Connect apps can use this operation.")

    return [
        resource("GET", "webhook", _for_apps(listed), "startAt maxResults"),
        resource("POST", "webhook", _for_apps(register)),
        resource("DELETE", "webhook", _for_apps(delete)),
        resource("PUT", "webhook/refresh", _for_apps(refresh)),
        resource("GET", "webhook/failed", failed, "maxResults after"),
    ]


def _for_apps(handler: Handler) -> Handler:
    def checked(call: Call) -> Answer:
        if not call.app:
            raise Refusal(403, "Only Connect and OAuth 2.0 apps can use this operation.")
        return handler(call)

    return checked
