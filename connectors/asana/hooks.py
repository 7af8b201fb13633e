"""Webhooks: one for each project, as only those tell of tasks, subtasks and comments.

See https://developers.asana.com/docs/webhooks-guide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import asana

from connectors.asana.client import Calls, Json
from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, NotFound, Rejected
from connectors.retrying import retrying

FILTERS: list[Json] = [
    {
        "resource_type": "task",
        "action": "changed",
        "fields": [
            "name",
            "notes",
            "completed",
            "assignee",
            "due_on",
            "due_at",
            "start_on",
            "custom_fields",
            "tags",
            "parent",
            "approval_status",
            "dependencies",
        ],
    },
    *({"resource_type": "task", "action": action} for action in ("added", "removed", "deleted", "undeleted")),
    *(
        {"resource_type": kind, "action": action}
        for kind in ("section", "project")
        for action in ("changed", "deleted")
    ),
    {"resource_type": "story", "resource_subtype": "comment_added", "action": "added"},
    {"resource_type": "attachment", "action": "added"},
]
_ASKED = (
    "active,resource,target,filters.action,filters.fields,filters.resource_subtype,last_success_at,last_failure_at,"
    "last_failure_content,delivery_retry_count,failure_deletion_timestamp"
)


class Hooks:
    """Our subscriptions in one workspace: those of this app and the token's user."""

    def __init__(self, calls: Calls, workspace: str) -> None:
        self._calls, self._workspace = calls, workspace
        self._webhooks = asana.WebhooksApi(calls.client)
        self._renewed: set[HookId] = set()
        """Once is enough: how Asana shows filters that it was given is not documented to the letter."""

    def all(self) -> list[Hook]:
        """With their health; see https://developers.asana.com/reference/getwebhooks."""
        opts = {"opt_fields": _ASKED}
        rows = retrying()(lambda: self._calls.pages(self._webhooks.get_webhooks, self._workspace, opts=opts))
        found = [hook_of(row) for row in rows]
        return [replace(hook, outdated=hook.outdated and hook.id not in self._renewed) for hook in found]

    def add(self, project: str, target: str) -> Hook:
        """Subscribe. While this call is open Asana calls `target`, which must answer with the secret it was sent.

        An equal hook that is there already (from a run that broke off) is replaced: its secret is told only once.
        """
        for attempt in retrying():
            with attempt:
                try:
                    return self._create(project, target)
                except AccessDenied as error:
                    if not self._remove_equal(project, target):
                        raise error from error.__cause__
                    return self._create(project, target)
        raise AssertionError("retrying either returns or raises")

    def renew(self, hook: HookId) -> None:
        """Give it the filters of today; see https://developers.asana.com/reference/updatewebhook."""
        body = {"data": {"filters": FILTERS}}
        try:
            retrying()(lambda: self._calls.one("PUT", self._webhooks.update_webhook, body, hook, {}))
        except NotFound:
            return
        self._renewed.add(hook)

    def remove(self, hook: HookId) -> None:
        """See https://developers.asana.com/reference/deletewebhook."""
        try:
            retrying()(lambda: self._calls.one("DELETE", self._webhooks.delete_webhook, hook))
        except NotFound:
            return

    def _create(self, project: str, target: str) -> Hook:
        # https://developers.asana.com/reference/createwebhook
        body = {"data": {"resource": project, "target": target, "filters": FILTERS}}
        answer = self._calls.one("POST", self._webhooks.create_webhook, body, {})
        secret = answer.get("X-Hook-Secret")
        if not secret:
            raise Rejected("Asana made the webhook but told no secret, so its calls could never be verified")
        return Hook(id=HookId(str(answer["data"]["gid"])), target=target, projects=(project,), secret=secret)

    def _remove_equal(self, project: str, target: str) -> bool:
        opts = {"resource": project, "opt_fields": "target"}
        rows = self._calls.pages(self._webhooks.get_webhooks, self._workspace, opts=opts)
        equal = [row for row in rows if row.get("target") == target]
        for row in equal:
            self._calls.one("DELETE", self._webhooks.delete_webhook, row["gid"])
        return bool(equal)


def hook_of(row: Json) -> Hook:
    """A webhook record and what ails it."""
    problem = _problem(row)
    resource = row.get("resource") or {}
    return Hook(
        id=HookId(str(row["gid"])),
        target=row.get("target") or "",
        projects=(str(resource["gid"]),) if resource.get("gid") else (),
        healthy=problem is None,
        problem=problem,
        outdated=bool(row.get("filters") and _parts(FILTERS) - _parts(row["filters"])),
    )


def _parts(filters: Iterable[Json]) -> Counter[tuple[str | None, str | None, frozenset[str]]]:
    """Without the type of resource, for which a list of webhooks cannot be asked."""
    return Counter(
        (one.get("action"), one.get("resource_subtype"), frozenset(one.get("fields") or ())) for one in filters
    )


def _problem(row: Json) -> str | None:
    if row.get("active") is False:
        return "Asana lists it as not active"
    failed, worked = row.get("last_failure_at"), row.get("last_success_at")
    failing = row.get("delivery_retry_count") or row.get("failure_deletion_timestamp")
    if not failing and (not failed or (worked and worked >= failed)):
        return None
    words = row.get("last_failure_content") or "Asana's calls fail"
    deletion = row.get("failure_deletion_timestamp")
    return f"{words} (Asana deletes the webhook at {deletion})" if deletion else words
