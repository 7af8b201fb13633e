"""Admin webhooks: one for each project, signed with a secret that we choose and Jira never shows again.

https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied, ByHand, NotFound, OutcomeUnknown
from connectors.jira.client import JiraApi
from connectors.retrying import retrying

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)
_ROOT = "rest/webhooks/1.0"
_FILTER = "issue-related-events-section"
_NAME = "Tminus"


class Hooks:
    """Needs the global permission Administer Jira; without it people enter it by hand."""

    def __init__(self, api: JiraApi) -> None:
        self._api = api

    def ours(self) -> list[Hook]:
        """Those that carry our name; a site's other webhooks are none of our business."""
        return retrying()(self._list)

    def _list(self) -> list[Hook]:
        listed = self._api.send("GET", "webhook", root=_ROOT)
        if not isinstance(listed, list):
            raise OutcomeUnknown("Jira's list of webhooks is not a list")
        return [_hook(raw) for raw in listed if str(raw.get("name", "")).startswith(_NAME)]

    def add(self, projects: Sequence[str], target: str, secret: str) -> Hook:
        """Replaces one with the same target, since nobody can tell which secret that one has.

        Posting is repeated after a lost reply: the look for the target finds what the lost one made.
        """
        [project] = projects
        body = {
            "name": f"{_NAME} {project}",
            "url": target,
            "events": list(EVENTS),
            "filters": {_FILTER: _jql(project)},
            "excludeBody": False,
            "secret": secret,
        }
        try:
            for attempt in retrying():
                with attempt:
                    before = [hook.id for hook in self._list() if hook.target == target]
                    made = _hook(self._api.send("POST", "webhook", body, root=_ROOT))
        except (AccessDenied, NotFound) as error:
            if error.status == 401:
                raise
            raise ByHand(
                f"{str(error).rstrip('.')}. Our account may not add webhooks. Ask a Jira administrator to open "
                f"System → WebHooks and enter: URL {target}; events {', '.join(EVENTS)}; JQL {_jql(project)}; "
                "exclude body: no; secret: this hook's secret, which is kept out of messages and logs. Or let a rule "
                "of the project's Automation call us: docs/how-to/jira-automation.md",
                status=error.status,
                request_id=error.request_id,
            ) from error
        for hook in before:
            self.remove(hook)
        return made

    def renew(self, hook: HookId) -> None:
        """They do not end."""

    def remove(self, hook: HookId) -> None:
        """One that is gone already is no error."""
        with suppress(NotFound):
            retrying()(self._api.send, "DELETE", f"webhook/{hook}", root=_ROOT)


def _jql(project: str) -> str:
    return f"project = {project}"


def _hook(raw: Mapping[str, Any]) -> Hook:
    jql = str((raw.get("filters") or {}).get(_FILTER, ""))
    project = re.search(r'project\s*=\s*"?([A-Za-z][A-Za-z0-9_]*)', jql)
    enabled = raw.get("enabled", True) is not False
    return Hook(
        # The list has no id of its own; only the address of each hook ends with it.
        id=HookId(str(raw.get("self", "")).rstrip("/").rsplit("/", 1)[-1]),
        target=str(raw.get("url", "")),
        projects=(project[1],) if project else (),
        healthy=enabled,
        problem=None if enabled else "Jira has it disabled",
    )
