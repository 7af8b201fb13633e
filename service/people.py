"""Who owns a task: role → person → the tracker's account, with a fallback, so that nobody unknown blocks a campaign."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from connectors.contract import AccountId, Task
from connectors.errors import AccessDenied, Rejected
from service.runtime import Runtime
from service.store import people
from service.store.engine import reading, transaction

log = logging.getLogger(__name__)

ASK_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who will own a task, and what to note on it when that is not who was meant."""

    account: AccountId | None
    name: str
    note: str | None = None


def owner_of(runtime: Runtime, connection: str, request: Task, owner: str) -> Owner:
    """The owner for `owner`, a role of the template or `requester`.

    Falls back to the fallback role, then to nobody, and says so in `note`.
    """
    meant = _who(runtime, owner)
    if meant == "requester" and request.requester:
        return Owner(request.requester.id, request.requester.name)
    found = _account(runtime, connection, request.project, meant)
    if found:
        return found
    note = f"Meant for {_describe(runtime, owner, meant)}, whom this tracker does not know"
    fallback = _account(runtime, connection, request.project, _who(runtime, runtime.settings.fallback_role))
    if fallback:
        return Owner(fallback.account, fallback.name, f"{note}; {fallback.name} stands in.")
    return Owner(None, "nobody yet", f"{note}: please assign it.")


def owners_of(runtime: Runtime, connection: str, request: Task, owners: Iterable[str]) -> dict[str, Owner]:
    """The owner for each of these, asked once."""
    return {owner: owner_of(runtime, connection, request, owner) for owner in sorted(set(owners))}


def look_up_all(runtime: Runtime, connection: str) -> list[str]:
    """Ask the tracker for everybody in the settings, before a request has to wait for it; names those it lacks."""
    project = runtime.settings.connections[connection].settings.projects[0]
    return [
        f"{person.name} ({person.email})"
        for name, person in runtime.settings.people.items()
        if _account(runtime, connection, project, name) is None
    ]


def _who(runtime: Runtime, owner: str) -> str | None:
    """The person's name in the settings, `requester`, or None for a role that nobody holds."""
    if owner == "requester":
        return owner
    return runtime.settings.roles.get(owner.removeprefix("role:"))


def _describe(runtime: Runtime, owner: str, meant: str | None) -> str:
    if meant == "requester":
        return "the requester"
    if meant is None:
        return f"the role “{owner.removeprefix('role:')}”, which nobody holds"
    person = runtime.settings.people[meant]
    return f"{person.name} ({person.email})"


def _account(runtime: Runtime, connection: str, project: str | None, meant: str | None) -> Owner | None:
    person = runtime.settings.people.get(meant or "")
    if person is None:
        return None
    with reading(runtime.engine) as session:
        known = people.known(session, connection, [person.email]).get(person.email.lower())
    if known is None or runtime.now() - known.checked_at > ASK_AGAIN:
        try:
            account = runtime.trackers[connection].find_account(person.email, project)
        except AccessDenied:
            raise
        except Rejected as error:
            log.warning("%s could not be looked up in %s: %s", person.name, connection, error)
            return None  # not remembered: asked again for the next plan
        with transaction(runtime.engine) as session:
            people.remember(
                session,
                connection,
                person.email,
                account_id=account.id if account else None,
                name=account.name if account else None,
            )
        return Owner(account.id, account.name) if account else None
    return Owner(AccountId(known.account_id), known.name or person.name) if known.account_id else None
