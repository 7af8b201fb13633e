"""What a person must mend before a Jira connection works as it should."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.contract import Finding
from connectors.errors import AccessDenied, NotFound, Rejected, SignedOut
from connectors.jira import comments
from connectors.jira.client import JiraApi
from connectors.jira.dynamic_hooks import DynamicHooks
from connectors.jira.hooks import Hooks
from connectors.jira.settings import JiraSettings
from connectors.jira.sign_in import SCOPES
from connectors.jira.site import Screen, Site
from connectors.retrying import retrying

PERMISSIONS = {
    "BROWSE_PROJECTS": "Browse Projects",
    "CREATE_ISSUES": "Create Issues",
    "EDIT_ISSUES": "Edit Issues",
    "SCHEDULE_ISSUES": "Schedule Issues",
    "ASSIGN_ISSUES": "Assign Issues",
    "TRANSITION_ISSUES": "Transition Issues",
    "LINK_ISSUES": "Link Issues",
    **comments.RIGHTS,
}
_USEFUL = {"description": "Description", "duedate": "Due date", "assignee": "Assignee", "labels": "Labels"}


class Doctor:
    """Reads only; also fills the memories that the first launch would otherwise fill."""

    def __init__(self, api: JiraApi, site: Site, hooks: Hooks | DynamicHooks, settings: JiraSettings) -> None:
        self._api, self._site, self._hooks, self._settings = api, site, hooks, settings
        self._statuses: dict[str, set[str]] = {}
        """Names by project, of those that can be seen."""

    def inspect(self) -> Iterator[Finding]:
        """See `Tracker.inspect`."""
        try:
            retrying()(self._api.myself)
        except SignedOut:
            raise
        except AccessDenied as error:
            yield Finding(f"Jira does not accept the credentials: {str(error).rstrip('.')}.", self._another_token())
            return
        yield from self._links()
        for project in self._settings.projects:
            yield from self._project(project)
        yield from self._status_map()
        yield from self._subscriptions()

    def _another_token(self) -> str:
        if self._settings.auth == "oauth":
            return f"Give the OAuth app the scopes {SCOPES}, then sign in again with `tminus login`."
        return "Create a new API token for the service user and set it as this connection's token."

    def _links(self) -> Iterator[Finding]:
        try:
            there = retrying()(self._api.link_types)
        except NotFound:
            there = []  # Jira's way to say that linking is turned off
        if self._settings.link_type not in there:
            yield Finding(
                f"The site has no issue link type {self._settings.link_type!r}, so dependencies cannot be shown.",
                f"Set `link_type` to one of {', '.join(there) or 'none'}, or ask an administrator to turn on linking.",
            )

    def _project(self, project: str) -> Iterator[Finding]:
        try:
            found = retrying()(self._api.project, project)
        except (NotFound, AccessDenied):
            yield Finding(
                f"Project {project} does not exist or our account may not see it.",
                f"Correct the key in `projects`, or grant the account Browse Projects in {project}.",
            )
            return
        if (key := found.get("key", project)) != project:
            # Jira goes on answering to the old key, and no rule fits the new one.
            yield Finding(
                f"Project {project} is called {key} now, so requests in it are not recognised.",
                f"Write {key} wherever the settings say {project}, then run `tminus connect`.",
            )
        lacking = [PERMISSIONS[key] for key in retrying()(self._api.lacking, PERMISSIONS, projectKey=project)]
        if lacking:
            yield Finding(
                f"In project {project} our account lacks: {', '.join(lacking)}.",
                f"Add the account to a role of {project} that has these permissions.",
            )
        self._statuses[project] = self._status_names(project)
        if "Create Issues" not in lacking:
            yield from self._types(project)

    def _status_names(self, project: str) -> set[str]:
        types = retrying()(self._api.statuses, project)
        return {str(status.get("name")).casefold() for kind in types for status in kind.get("statuses") or ()}

    def _status_map(self) -> Iterator[Finding]:
        """Names that the settings give a meaning to, and that no workflow has where they are looked for."""
        anywhere = set().union(*self._statuses.values())
        common = [*self._settings.statuses, *self._settings.waiting_on]
        wanted = [(list(self._statuses), common, anywhere)] if self._statuses else []
        wanted += [
            ([project], list(self._settings.project_statuses.get(project, {})), there)
            for project, there in self._statuses.items()
        ]
        for projects, named, there in wanted:
            if astray := [name for name in named if name.casefold() not in there]:
                yield Finding(
                    f"No workflow of {', '.join(projects)} has these statuses of the settings: {', '.join(astray)}.",
                    "Spell them as in Jira, or take them out of `statuses`, `project_statuses` and `waiting_on`.",
                )

    def _types(self, project: str) -> Iterator[Finding]:
        if self._settings.container == "subtasks":
            wanted = [(self._settings.subtask_type, True)]
        else:
            wanted = [(self._settings.epic_type, False), (self._settings.task_type, False)]
        for name, subtask in wanted:
            try:
                screen = retrying()(lambda name=name, sub=subtask: self._site.screen(project, name, subtask=sub))
            except Rejected as error:
                yield Finding(
                    f"Issues cannot be created as planned: {error}.",
                    f"Add the issue type to the issue type scheme of {project}, or name another one in the settings.",
                )
            else:
                yield from self._screen(project, screen, filled=name != self._settings.epic_type)

    def _screen(self, project: str, screen: Screen, *, filled: bool) -> Iterator[Finding]:
        """An epic that holds a campaign is not `filled`: it has neither owner nor dates."""
        where = f"{screen.type_name} in {project}"
        if screen.demanded:
            yield Finding(
                f"The create screen of {where} demands: {', '.join(screen.demanded)}.",
                "Make these fields optional for that issue type, or give them a default value.",
            )
        useful = dict(_USEFUL)
        if start_field := retrying()(self._site.start_field):
            useful[start_field] = "Start date"
        missing = [name for field, name in useful.items() if field not in screen.fields]
        if filled and missing:
            yield Finding(
                f"The create screen of {where} lacks: {', '.join(missing)}.",
                "Add them to the screen; until then dates are written into the description and the rest is left out.",
            )

    def _subscriptions(self) -> Iterator[Finding]:
        try:
            hooks = self._hooks.ours()
        except (AccessDenied, NotFound) as error:
            if self._settings.auth == "oauth":
                told = f"Our app may not have webhooks: {str(error).rstrip('.')}."
                yield Finding(told, "Then run `tminus connect`; until then only the sweep finds what changed.")
            return  # an administrator's business; whether they work is seen from what comes in
        for hook in hooks:
            if not hook.healthy:
                yield Finding(
                    f"The webhook of project {', '.join(hook.projects)} to {hook.target} is disabled.",
                    "Enable it under System → WebHooks; the sweep catches up with what it missed.",
                )
