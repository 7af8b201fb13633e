"""The simulator itself: the site behind a real loopback server, with people to act on it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.types import ASGIApp

from connectors.jira.simulator.app import wire
from connectors.jira.simulator.dynamic_routes import dynamic_resources
from connectors.jira.simulator.dynamic_webhooks import DynamicWebhooks
from connectors.jira.simulator.gateway import GATEWAY, Gateway
from connectors.jira.simulator.issue_routes import ISSUE_RESOURCES
from connectors.jira.simulator.limits import Limits, Over
from connectors.jira.simulator.model import Event
from connectors.jira.simulator.pages import Pages
from connectors.jira.simulator.people import OPS, REQUESTER, People, View
from connectors.jira.simulator.seed import SERVICE_USER, TOKEN
from connectors.jira.simulator.site_routes import SITE_RESOURCES
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import Refusal
from connectors.jira.simulator.webhooks import Webhooks
from connectors.sign_in_desk import SignInDesk
from connectors.simulating import Simulator

_FAULTS = {429: "Rate limit exceeded.", 503: "The site is temporarily unavailable.", 500: "Internal server error"}
REUSE = timedelta(minutes=10)
"""How long a refresh token that was used may be used again, for replies that were lost."""
_over: ContextVar[Over | None] = ContextVar("over", default=None)
"""What `limit` decided for the call at hand: each call runs in a context of its own."""


@dataclass
class JiraSimulator(Simulator):
    """A small Jira Cloud site. `site` is its state, `hooks` and `dynamic` its webhooks; all are safe from any thread
    under `site.lock`. The methods below act as a person does and send the same webhooks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.site = Site(self.clock.now, lambda: self.knobs.index_lag)
        self.hooks = Webhooks(self.site, self.sender, lambda: self.url)
        self._people = People(self.site)
        self.desk = SignInDesk(
            self.clock.now,
            lambda token: self.site.tokens.update({token: self.site.me.id}),
            rotates=True,
            grace=REUSE,
            pkce=False,
            takes_json=True,
            asked=frozenset({"audience", "scope", "prompt"}),
            refused_with=403,
        )
        self.dynamic = DynamicWebhooks(self.site, self.sender, self.hooks.body, self.desk)
        self.site.publish = self._publish
        self._limits = Limits(self._issue_id)

    # People.

    def file_request(
        self,
        issue_type: str,
        summary: str,
        fields: Mapping[str, Any] | None = None,
        reporter: str = REQUESTER,
        project: str = "MKT",
    ) -> str:
        """A new issue; returns its key. Fields go by id or name: dates, texts and e-mail addresses as they are."""
        return self._people.file(issue_type, summary, fields or {}, reporter, project)

    def transition(self, key: str, status: str, by: str = OPS) -> None:
        """Click through the workflow until the issue is in `status`; `Refusal` where there is no way."""
        self._people.transition(key, status, by)

    def edit(self, key: str, fields: Mapping[str, Any], by: str = OPS) -> None:
        """Fill in fields (see `file_request`); None empties one."""
        self._people.edit(key, fields, by)

    def delete(self, key: str, by: str = OPS) -> None:
        """The issue and its sub-tasks."""
        self._people.delete(key, by)

    def comment(self, key: str, text: str, by: str = OPS) -> None:
        """Plain text."""
        self._people.comment(key, text, by)

    def attach(self, key: str, filename: str, by: str = REQUESTER) -> None:
        """A file of this name."""
        self._people.attach(key, filename, by)

    def issue(self, key: str) -> View:
        """By key or id; `Refusal` (status 404) where it is gone."""
        return self._people.view(key, self.url)

    def children(self, key: str) -> list[View]:
        """Sub-tasks of an issue or issues of an epic, oldest first."""
        return self._people.children(key, self.url)

    # The chassis.

    def build(self) -> ASGIApp:
        pages = Pages(self.site, self._people, self.knobs, lambda: self.url, self.summary)
        routes = [*pages.routes(), *self.desk.routes("/authorize", "/oauth/token")]
        resources = [*SITE_RESOURCES, *ISSUE_RESOURCES, *dynamic_resources(self.dynamic)]
        return Gateway(wire(resources, self.site, self.hooks, lambda: self.url, routes), self.desk, lambda: self.url)

    def signed_in_connection(self) -> dict[str, Any]:
        """The settings of a connection that signs in with OAuth."""
        return {
            "url": self.url,
            "auth": "oauth",
            "auth_url": self.url,
            "api_url": self.url,
            "client_id": self.desk.client_id,
            "client_secret": self.desk.client_secret,
            "projects": ["MKT"],
        }

    def connection(self) -> dict[str, Any]:
        return {"url": self.url, "email": SERVICE_USER, "token": TOKEN, "projects": ["MKT"]}

    def is_api(self, path: str) -> bool:
        return path.startswith(("/rest/", f"{GATEWAY}/", "/oauth/"))

    def limit(self, method: str, path: str, body: bytes) -> float | None:
        over = self._limits.admit(method, path.removeprefix(GATEWAY), body)
        _over.set(over)
        return over.wait if over else None

    def fault_headers(self, status: int, wait: float | None) -> dict[str, str]:
        headers = super().fault_headers(status, wait)
        if status == 429 and wait is not None:
            over = _over.get()
            reset = datetime.fromtimestamp(time.time() + wait, UTC)
            headers |= {
                "ratelimit-reason": over.reason if over else "jira-burst-based",
                "x-ratelimit-limit": str(over.limit if over else 100),
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": f"{reset:%Y-%m-%dT%H:%MZ}",
            }
        return headers

    def error(self, status: int) -> bytes:
        return json.dumps(Refusal(status, _FAULTS.get(status, "The request could not be handled.")).body()).encode()

    def summary(self) -> dict[str, Any]:
        """What `/_sim/state` tells."""
        with self.site.lock:
            issues = self.site.issues.values()
            return {
                "issues": len(issues),
                "requests": sum(1 for issue in issues if issue.parent is None),
                "webhooks": len(self.hooks.list()) + len(self.dynamic.list()),
                "webhooks_sent": self.sender.sent,
                "calls": len(self.log),
                "in_flight": self.in_flight,
                "now": self.clock.now().isoformat(),
            }

    def _publish(self, event: Event) -> None:
        self.hooks.told(event)
        self.dynamic.told(event)

    def _issue_id(self, id_or_key: str) -> str | None:
        found = self.site.named({"key": id_or_key})
        return found.id if found else None
