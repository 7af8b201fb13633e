"""What `doctor` tells about an Asana connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import asana

from connectors.asana.client import Calls, Json
from connectors.asana.hooks import Hooks
from connectors.asana.settings import AsanaSettings
from connectors.asana.statuses import Statuses
from connectors.contract import Finding
from connectors.errors import AccessDenied, NotFound, Rejected, SignedOut, TrackerError
from connectors.retrying import retrying


class Inspection:
    """Looks at everything that a launch will need."""

    def __init__(self, calls: Calls, settings: AsanaSettings, hooks: Hooks, statuses: Statuses) -> None:
        self._calls, self._settings, self._hooks, self._statuses = calls, settings, hooks, statuses

    def findings(self) -> Iterator[Finding]:
        """Credentials and workspace first: without them nothing else can be looked at."""
        try:
            if lost := self._lost():
                yield lost
                return
            yield from self._team()
            yield from self._projects()
            yield from self._status_field()
            yield from self._webhooks()
        except SignedOut:
            raise
        except AccessDenied as error:
            yield Finding(
                f"Asana refuses our token: {error}.",
                "Make a new token (an OAuth app's needs full permissions) and put it into the environment.",
            )
        except TrackerError as error:
            yield Finding(
                f"Asana at {self._settings.url} gives no useful answer: {error}.",
                "Check the address and the network, then run this again.",
            )

    def _lost(self) -> Finding | None:
        users, wanted = asana.UsersApi(self._calls.client), self._settings.workspace
        # https://developers.asana.com/reference/getuser
        me = self._get(users.get_user, "me", "name,workspaces.name")
        seen = {str(row["gid"]): row.get("name") or row["gid"] for row in me.get("workspaces") or ()}
        if wanted in seen:
            return None
        names = ", ".join(f"{name} ({gid})" for gid, name in seen.items()) or "none"
        return Finding(
            f"The token's user {me.get('name')} is not in workspace {wanted}.",
            f"Invite them there, or set `workspace` to one that they are in: {names}.",
        )

    def _team(self) -> Iterator[Finding]:
        if self._settings.container != "project" or self._settings.team:
            return
        # https://developers.asana.com/reference/getworkspace
        workspaces, gid = asana.WorkspacesApi(self._calls.client), self._settings.workspace
        if self._get(workspaces.get_workspace, gid, "is_organization").get("is_organization"):
            yield Finding(
                f"Workspace {gid} is an organisation, where every new project needs a team, and no team is set.",
                "Set `team` to the gid of the team that shall see the projects.",
            )

    def _projects(self) -> Iterator[Finding]:
        projects = asana.ProjectsApi(self._calls.client)
        for gid in self._settings.projects:
            try:
                # https://developers.asana.com/reference/getproject
                row = self._get(projects.get_project, gid, "name,archived")
            except (NotFound, AccessDenied) as error:
                yield Finding(
                    f"Project {gid} cannot be seen with this token: {error}.",
                    "Add the token's user to the project as an editor, or take the project out of `projects`.",
                )
                continue
            if row.get("archived"):
                yield Finding(
                    f"Project {row.get('name') or gid} is archived, so nobody will file requests in it.",
                    "Bring it back in Asana, or take it out of `projects`.",
                )

    def _status_field(self) -> Iterator[Finding]:
        field = self._settings.status_field
        if not field:
            return
        try:
            options = self._statuses.options
        except SignedOut:
            raise
        except Rejected as error:
            yield Finding(
                f"Custom field {field} (`status_field`) cannot be read: {error}.",
                "Give the gid of an enum field that the token's user may see, or leave `status_field` out.",
            )
            return
        if not options:
            yield Finding(
                f"Custom field {field} (`status_field`) has no enum options.",
                "Give the gid of an enum field, or leave `status_field` and `statuses` out.",
            )
        if unmapped := [name for name in options if name not in self._settings.statuses]:
            yield Finding(
                f"Nothing says what these options of the status field mean: {', '.join(unmapped)}.",
                "Add them to `statuses`; until then such a task counts by whether it is completed.",
            )
        if missing := [name for name in self._settings.statuses if options and name not in options]:
            yield Finding(
                f"`statuses` names options that the status field does not have: {', '.join(missing)}.",
                "Spell them as in Asana, or take them out.",
            )

    def _webhooks(self) -> Iterator[Finding]:
        for hook in self._hooks.all():
            if not hook.healthy:
                yield Finding(
                    f"The webhook of project {', '.join(hook.projects)} to {hook.target} fails: {hook.problem}.",
                    "Make that address answer within 10 seconds, then run `tminus connect` again.",
                )

    def _get(self, fn: Callable[..., Any], gid: str, fields: str) -> Json:
        data: Json = retrying()(lambda: self._calls.one("GET", fn, gid, {"opt_fields": fields}))["data"]
        return data
