"""What an administrator decides: people and their tokens, projects, screens and the workflow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Literal

from connectors.jira.simulator import seed
from connectors.jira.simulator.model import FieldDef, IssueType, LinkType, Project, Transition, User
from connectors.jira.simulator.strict import Refusal


class Administration:
    """The set-up of a site; it starts as in `seed`."""

    def __init__(self) -> None:
        self.statuses = {status.name: status for status in seed.STATUSES}
        self.restore()

    def restore(self) -> None:
        """As it was at the start; issues are left alone."""
        self.users = {user.id: user for user in seed.users()}
        self.me = next(iter(self.users.values()))
        """The service user that owns the first token."""
        self.tokens = {seed.TOKEN: self.me.id}
        """API token → account id."""
        self.projects = {project.key: project for project in seed.projects(self.person("lee.lead@example.com").id)}
        self.former_keys: dict[str, str] = {}
        """Of projects that were renamed: the old key → the new one."""
        self.workflow = {status: list(targets) for status, targets in seed.WORKFLOW.items()}
        """Where the transitions of a status lead, by name."""
        self.required: set[str] = set()
        self._off_screen: set[tuple[str, str, str | None]] = set()
        self._asked: dict[str, list[str]] = defaultdict(list)

    def remove_from_screen(
        self, field: str, issue_type: str | None = None, screen: Literal["create", "edit"] | None = None
    ) -> None:
        """The field (an id) can no longer be set, for one issue type or for all, on one screen or on both."""
        self._off_screen |= {(name, field, issue_type) for name in ([screen] if screen else ("create", "edit"))}

    def put_on_screen(self, field: str, issue_type: str | None = None) -> None:
        """What `remove_from_screen` did, undone."""
        self._off_screen -= {(name, field, issue_type) for name in ("create", "edit")}

    def require(self, field: str) -> None:
        """The create screens that have this field (an id) demand it."""
        self.required.add(field)

    def remove_status(self, name: str) -> None:
        """No transition leads to this status any more."""
        for targets in self.workflow.values():
            if name in targets:
                targets.remove(name)

    def ask_on_transition(self, status: str, field: str) -> None:
        """The transition to this status demands this field (an id)."""
        self._asked[status].append(field)

    def unassignable(self, who: str) -> None:
        """Nothing can be assigned to this person any more."""
        self.person(who).assignable = False

    def add_user(self, name: str, email: str, *, token: str | None = None) -> User:
        """A new person without admin rights; `token` is theirs."""
        user = seed.user(name, email)
        self.users[user.id] = user
        if token:
            self.tokens[token] = user.id
        return user

    def person(self, who: str) -> User:
        """By account id, e-mail address or name."""
        if who in self.users:
            return self.users[who]
        for user in self.users.values():
            if who in (user.email, user.name):
                return user
        raise LookupError(f"nobody here is called {who!r}")

    def project(self, id_or_key: str) -> Project:
        """By its former key too; raises `Refusal` (404)."""
        for project in self.projects.values():
            if self.former_keys.get(id_or_key, id_or_key) in (project.id, project.key):
                return project
        raise Refusal(404, f"No project could be found with key '{id_or_key}'.")

    def link_type(self, value: Any) -> LinkType | None:
        """The link type that `{"name": …}` or `{"id": …}` names."""
        wanted = (value.get("id"), value.get("name")) if isinstance(value, dict) else (None, None)
        return next((known for known in seed.LINK_TYPES if known.id == wanted[0] or known.name == wanted[1]), None)

    def screen(
        self, issue_type: IssueType, screen: Literal["create", "edit"], denied: Collection[str] = ()
    ) -> dict[str, FieldDef]:
        """The fields that whoever lacks the rights in `denied` can fill in, by id."""
        parts = {"project", "issuetype", *(field for right, field in seed.RIGHTS_OF_FIELDS.items() if right in denied)}
        if issue_type.level == 1:
            parts.add("parent")
        if issue_type.subtask:
            parts |= {definition.id for definition in seed.CUSTOM_FIELDS} - {seed.START_DATE}
        return {
            name: definition
            for name, definition in seed.FIELDS.items()
            if name not in parts and not {(screen, name, None), (screen, name, issue_type.name)} & self._off_screen
        }

    def asked(self, transition: Transition) -> list[FieldDef]:
        """The fields that the transition's screen demands."""
        return [seed.FIELDS[name] for name in self._asked.get(transition.to.name, ())]
