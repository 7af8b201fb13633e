"""Dynamic webhooks: what an OAuth app subscribes to without an administrator.

Jira calls one address for each app and site, so one webhook tells of all projects. Its calls carry a token that is
signed with the app's client secret. It ends after thirty days unless it is renewed.
https://developer.atlassian.com/cloud/jira/platform/webhooks/#registering-a-webhook-using-the-jira-rest-api--other-integrations-
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, OutcomeUnknown, Rejected
from connectors.jira.client import JiraApi
from connectors.jira.failures import unscoped
from connectors.jira.hooks import EVENTS
from connectors.jira.settings import JiraSettings
from connectors.retrying import retrying

SCOPE = "manage:jira-webhook"
_PAGE = 100
_PROJECTS = re.compile(r"project\s+in\s*\((.*?)\)", re.IGNORECASE)


class DynamicHooks:
    """Those of our app and of who is signed in. Jira refuses them to every other kind of caller.

    https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-webhooks/
    """

    def __init__(self, api: JiraApi, settings: JiraSettings) -> None:
        self._api = api
        self._secret = settings.client_secret.get_secret_value() if settings.client_secret else None

    def ours(self) -> list[Hook]:
        """Every one of the app: it has no others."""
        with _in_plain_words():
            return retrying()(self._list)

    def add(self, projects: Sequence[str], target: str, secret: str) -> Hook:  # noqa: ARG002
        """One that is there already is taken as it is, also after a lost reply; another one with this target goes, once
        the new one works."""
        with _in_plain_words():
            for attempt in retrying():
                with attempt:
                    listed = self._list()
                    before = [hook for hook in listed if hook.target == target]
                    equal = (hook for hook in before if sorted(hook.projects) == sorted(projects))
                    made = next(equal, None) or self._register(projects, target, listed)
        for hook in before:
            if hook.id != made.id:
                self.remove(hook.id)
        return made

    def renew(self, hook: HookId) -> None:
        """For thirty days from now; Jira passes over one that it does not know."""
        with _in_plain_words():
            retrying()(self._api.send, "PUT", "webhook/refresh", {"webhookIds": [int(hook)]})

    def remove(self, hook: HookId) -> None:
        """Jira passes over one that it does not know."""
        with _in_plain_words():
            retrying()(self._api.send, "DELETE", "webhook", {"webhookIds": [int(hook)]})

    def _list(self) -> list[Hook]:
        found: list[Hook] = []
        while True:
            page = self._api.send("GET", "webhook", params={"startAt": len(found), "maxResults": _PAGE})
            rows = page.get("values") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                raise OutcomeUnknown("Jira's list of webhooks is not what it documents")
            found += map(self._hook, rows)
            if not rows or page.get("isLast", True):
                return found

    def _register(self, projects: Sequence[str], target: str, listed: Sequence[Hook]) -> Hook:
        webhook = {"events": list(EVENTS), "jqlFilter": _jql(projects)}
        try:
            answer = self._api.send("POST", "webhook", {"url": target, "webhooks": [webhook]})
            return self._hook({**webhook, "url": target, "id": _made(answer)})
        except Rejected as error:
            elsewhere = sorted({hook.target for hook in listed if hook.target != target})
            if isinstance(error, AccessDenied) or not elsewhere:
                raise
            told = f"{str(error).rstrip('.')}. Jira calls one address for each OAuth app and site, and for this app"
            remedy = f"that is {elsewhere[0]}: give each installation an app of its own, or disconnect the other one"
            raise Rejected(f"{told} {remedy}", status=error.status, request_id=error.request_id) from error

    def _hook(self, raw: Mapping[str, Any]) -> Hook:
        named = _PROJECTS.search(str(raw.get("jqlFilter")))
        return Hook(
            id=HookId(str(raw.get("id"))),
            target=str(raw.get("url")),
            projects=tuple(name.strip(' "') for name in named[1].split(",")) if named else (),
            secret=self._secret,
            expires_at=_instant(raw.get("expirationDate")),
        )


def _jql(projects: Sequence[str]) -> str:
    """Only a part of JQL is allowed here: fields such as `project`, with `=`, `!=`, `IN` and `NOT IN`."""
    keys = ", ".join(f'"{key}"' for key in projects)
    return f"project in ({keys})"


def _made(answer: Any) -> int:
    """The id of the new webhook. Jira says 200 to one that it does not register, too."""
    results = answer.get("webhookRegistrationResult") if isinstance(answer, dict) else None
    result = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else {}
    if errors := result.get("errors"):
        raise Rejected(f"Jira does not register the webhook: {'; '.join(map(str, errors))}")
    if not isinstance(made := result.get("createdWebhookId"), int):
        raise OutcomeUnknown("Jira does not say whether it registered the webhook")
    return made


def _instant(value: Any) -> datetime | None:
    """Milliseconds by the document's schema, text by its examples."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC)
    with suppress(ValueError):
        return datetime.fromisoformat(str(value))
    return None


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """What to do where the app may not have webhooks."""
    try:
        yield
    except AccessDenied as error:
        if error.status != HTTPStatus.FORBIDDEN and not unscoped(str(error)):
            raise
        told = f"{str(error).rstrip('.')}. Give the OAuth app the scope {SCOPE} in Atlassian's developer console"
        words = f"{told}, then sign in again with `tminus login`"
        raise AccessDenied(words, status=error.status, request_id=error.request_id) from error
