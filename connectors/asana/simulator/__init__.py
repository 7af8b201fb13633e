"""A local Asana: the part of its API that Tminus uses, with people who act (see README.md beside this file)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from starlette.types import ASGIApp

from connectors.asana.simulator import attachments, shapes, stories, strict, tasks
from connectors.asana.simulator.app import build
from connectors.asana.simulator.errors import error_body
from connectors.asana.simulator.limits import Limits
from connectors.asana.simulator.records import Project, Task, User
from connectors.asana.simulator.seed import PROJECT, seed
from connectors.asana.simulator.state import Site, Token
from connectors.asana.simulator.webhooks import AsanaKnobs, Hooks
from connectors.asana.simulator.wire import BASE
from connectors.sign_in_desk import SignInDesk
from connectors.simulating import Simulator
from connectors.webhook_sender import WebhookSender

SIGN_IN = "/-"
"""What the addresses of OAuth begin with."""
__all__ = ["AsanaKnobs", "AsanaSimulator"]

REQUESTER, OPS = "rita.requester@example.com", "dana.ops@example.com"
_ERRORS = {
    401: "Not Authorized",
    403: "Forbidden",
    404: "Not Found",
    429: "You have made too many requests recently. Please, be chill.",
    500: "Server Error",
    503: "Service Unavailable",
}
_EXTRA = "html_notes,created_by,dependencies,dependents,num_subtasks"


@dataclass
class AsanaSimulator(Simulator):
    """Asana on loopback: `with AsanaSimulator() as sim`, API at `sim.api`, token `sim.token` (or `sim.oauth_token`).

    The methods named like things that people do (`complete`, `edit`, …) act as the person `by` (an e-mail) and set off
    the same events and stories as in Asana.
    """

    knobs: AsanaKnobs = field(default_factory=AsanaKnobs)
    token = "sim-token"  # noqa: S105  opens a toy site on loopback
    oauth_token = "sim-oauth"  # noqa: S105

    def __post_init__(self) -> None:
        super().__post_init__()
        # Asana tries for a day: each hook's own `again` ends it.
        self.sender = WebhookSender(self.knobs, attempts=1_000_000)
        self.site = Site(self.clock)
        self.hooks = Hooks(self.site, self.sender, self.knobs)
        self._limits = Limits()
        seed(self.site)
        me = self.site.tokens[self.token].user
        self.desk = SignInDesk(
            self.clock.now,
            lambda token: self.site.tokens.update({token: Token(me, oauth=True)}),
            rotates=False,
            grace=timedelta(),
            pkce=True,
            takes_json=False,
            asked=frozenset({"scope"}),
            refused_with=400,
            always_redirect=True,
        )

    def build(self) -> ASGIApp:
        return build(self)

    def start(self) -> AsanaSimulator:
        super().start()
        self.site.home.url = self.url
        return self

    def __enter__(self) -> AsanaSimulator:
        return self.start()

    def is_api(self, path: str) -> bool:
        return path.startswith((f"{BASE}/", SIGN_IN))

    def limit(self, method: str, path: str, body: bytes) -> float | None:
        return self._limits.start(method, path, body, self.knobs.requests_per_minute)

    def finished(self, method: str, path: str, body: bytes) -> None:
        self._limits.end(method, path, body)

    def error(self, status: int) -> bytes:
        return json.dumps(error_body(_ERRORS.get(status, "Error"))).encode()

    @property
    def api(self) -> str:
        """The API's base address, as a client is configured with it."""
        return self.url + BASE

    def connection(self) -> dict[str, Any]:
        return {"url": self.api, "token": self.token, "workspace": self.workspace, "projects": [self.project]}

    def signed_in_connection(self) -> dict[str, Any]:
        """The settings of a connection that signs in with OAuth."""
        told = {name: value for name, value in self.connection().items() if name != "token"}
        app = {"client_id": self.desk.client_id, "client_secret": self.desk.client_secret}
        return told | app | {"oauth": True, "auth_url": self.url + SIGN_IN}

    @property
    def workspace(self) -> str:
        """The workspace's gid."""
        return self.site.workspace.gid

    @property
    def project(self) -> str:
        """The gid of "Marketing requests"."""
        return self._project(PROJECT).gid

    @property
    def sections(self) -> dict[str, str]:
        """Name → gid, of "Marketing requests"."""
        return {section.name: section.gid for section in self._project(PROJECT).sections.values()}

    @property
    def users(self) -> dict[str, str]:
        """E-mail → gid."""
        return {user.email: user.gid for user in self.site.users.values()}

    @property
    def fields(self) -> dict[str, str]:
        """Custom field name → gid."""
        return {custom.name: gid for gid, custom in self.site.fields.items()}

    def options(self, field_name: str) -> dict[str, str]:
        """Option name → gid, of an enum field."""
        return {option.name: option.gid for option in self.site.fields[self.fields[field_name]].enum_options}

    def file_request(
        self,
        name: str,
        *,
        section: str = "Webinars",
        custom_fields: Mapping[str, Any] | None = None,
        due_on: date | str | None = None,
        notes: str = "",
        by: str = REQUESTER,
    ) -> str:
        """A new task in a section of "Marketing requests"; custom fields by name, options by name. Returns its gid."""
        data: dict[str, Any] = {
            "name": name,
            "notes": notes,
            "memberships": [{"project": self.project, "section": self.sections[section]}],
            "custom_fields": custom_fields or {},
        }
        if due_on:
            data["due_on"] = due_on
        with self.site.lock:
            return tasks.create(self.site, self._checked(data, strict.NEW_TASK), self._person(by)).gid

    def complete(self, gid: str, *, by: str = OPS) -> None:
        """Tick it."""
        self.edit(gid, {"completed": True}, by=by)

    def reopen(self, gid: str, *, by: str = OPS) -> None:
        """Untick it."""
        self.edit(gid, {"completed": False}, by=by)

    def edit(self, gid: str, changes: Mapping[str, Any], *, by: str = OPS) -> None:
        """What `PUT /tasks/{gid}` takes, with custom fields and their options by name too, and dates as dates."""
        with self.site.lock:
            task = self.site.find(Task, gid)
            tasks.update(self.site, task, self._checked(changes, strict.EDIT_TASK), self._person(by))

    def delete(self, gid: str, *, by: str = OPS) -> None:
        """To the trash, with its subtasks."""
        with self.site.lock:
            tasks.delete(self.site, self.site.find(Task, gid), self._person(by))

    def restore(self, gid: str, *, by: str = OPS) -> None:
        """Out of the trash."""
        with self.site.lock:
            tasks.restore(self.site, gid, self._person(by))

    def comment(self, gid: str, text: str, *, by: str = OPS) -> str:
        """Returns the story's gid."""
        with self.site.lock:
            return stories.comment(self.site, self.site.find(Task, gid), {"text": text}, self._person(by)).gid

    def attach(self, gid: str, name: str, *, by: str = REQUESTER) -> None:
        """A file of this name."""
        with self.site.lock:
            attachments.attach(self.site, self.site.find(Task, gid), name, self._person(by))

    def task(self, gid: str) -> dict[str, Any]:
        """The task as the API shows it, opt-in fields included; `ApiError` 404 where it is gone."""
        with self.site.lock:
            return self._shown(self.site.find(Task, gid))

    def subtasks(self, gid: str) -> list[dict[str, Any]]:
        """Its subtasks, in order, each as `task` shows it."""
        with self.site.lock:
            return [self._shown(one) for one in self.site.find(Task, gid).subtasks.values()]

    def comments(self, gid: str) -> list[str]:
        """The texts of the comments, oldest first."""
        with self.site.lock:
            found = self.site.find(Task, gid).stories.values()
            return [story.text for story in found if story.type == "comment"]

    def heartbeat(self) -> None:
        """Send an empty delivery to every webhook now; Asana does so every eight hours."""
        self.hooks.heartbeat()

    def forget_events(self) -> None:
        """Every sync token that was given out is too old from now on."""
        with self.site.lock:
            self.site.token_age += 1

    def summary(self) -> dict[str, Any]:
        """What one needs to connect, and how much there is."""
        with self.site.lock:
            return {
                "workspace": self.workspace,
                "projects": {p.name: {"gid": p.gid, "tasks": len(p.tasks)} for p in self.site.projects.values()},
                "users": self.users,
                "custom_fields": self.fields,
                "webhooks": [
                    {"gid": hook.gid, "resource": hook.resource.gid, "target": hook.target}
                    for hook in self.hooks.all.values()
                ],
                "events": len(self.site.events),
            }

    def _shown(self, task: Task) -> dict[str, Any]:
        tree = shapes.FULL["task"] | shapes.parse(_EXTRA, "task")
        return shapes.show(task, tree, "task", oauth=True)

    def _project(self, name: str) -> Project:
        return next(project for project in self.site.projects.values() if project.name == name)

    def _person(self, email: str) -> User:
        return self.site.user(email, self.site.tokens[self.token].user, "by")

    def _checked(self, changes: Mapping[str, Any], known: Mapping[str, strict.Check]) -> dict[str, Any]:
        data: dict[str, Any] = {
            key: value.isoformat() if isinstance(value, date) else value for key, value in changes.items()
        }
        if "custom_fields" in data:
            pairs = (self._field_value(name, value) for name, value in data["custom_fields"].items())
            data["custom_fields"] = dict(pairs)
        strict.check(data, known)
        return data

    def _field_value(self, name: str, value: Any) -> tuple[str, Any]:
        custom = self.site.fields[self.fields.get(name, name)]
        if custom.resource_subtype == "enum" and value is not None:
            value = self.options(custom.name).get(value, value)
        elif custom.resource_subtype == "date" and isinstance(value, date | str):
            value = {"date": value if isinstance(value, str) else value.isoformat()}
        return custom.gid, value
