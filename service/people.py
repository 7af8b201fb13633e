"""The people of the settings and the accounts that trackers know them by, asked for about once a day."""

from __future__ import annotations

import logging
from datetime import timedelta

from connectors.contract import Account, AccountId
from connectors.errors import AccessDenied, Rejected, TrackerError
from service.runtime import Runtime
from service.store import ledger, people
from service.store.engine import reading, transaction

log = logging.getLogger(__name__)

ASK_AGAIN = timedelta(hours=22)
"""Short of a day, so that whoever left is noticed within one."""


def account_of(runtime: Runtime, connection: str, project: str | None, name: str) -> Account | None:
    """The account of a person of the settings to which tasks can be assigned; None where the tracker has none."""
    person = runtime.settings.people[name]
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
        _remember(runtime, connection, name, account)
        return account
    return Account(AccountId(known.account_id), known.name or person.name) if known.account_id else None


def counterpart(runtime: Runtime, account: Account, connection: str, other: str) -> AccountId | None:
    """The account in another connection of whoever is behind this one; None where nobody there has their e-mail."""
    with reading(runtime.engine) as session:
        email = people.email_of(session, connection, account.id) or account.email
    if email is None:
        return None
    names = [name for name, person in runtime.settings.people.items() if person.email.lower() == email.lower()]
    project = runtime.settings.connections[other].settings.projects[0]
    if names:
        found = account_of(runtime, other, project, names[0])
    else:
        found = runtime.trackers[other].find_account(email, project)
    return found.id if found else None


def not_assignable(runtime: Runtime, connection: str, name: str) -> None:
    """The tracker refused to assign a task to them: until it is asked again, it counts as not knowing them."""
    _remember(runtime, connection, name, None)


def look_up_all(runtime: Runtime, connection: str) -> list[str]:
    """Ask the tracker for everybody in the settings, before a request has to wait for it; names those it lacks."""
    project = runtime.settings.connections[connection].settings.projects[0]
    return [
        f"{person.name} ({person.email})"
        for name, person in runtime.settings.people.items()
        if account_of(runtime, connection, project, name) is None
    ]


def look_after(runtime: Runtime) -> None:
    """Ask again, where a day has passed, whether everybody can still be assigned tasks; `_remember` tells who left."""
    for connection in runtime.settings.connections:
        try:
            look_up_all(runtime, connection)
        except TrackerError as error:
            log.warning("people could not be looked up in %s: %s", connection, error)


def _remember(runtime: Runtime, connection: str, name: str, account: Account | None) -> None:
    """Keep the tracker's answer, and tell when it has lost somebody whom it knew."""
    person = runtime.settings.people[name]
    with transaction(runtime.engine) as session:
        known = people.known(session, connection, [person.email]).get(person.email.lower())
        if known and known.account_id and account is None:
            told = f"{person.name} ({person.email}) can no longer be assigned tasks in {connection}; others stand in."
            ledger.note(session, "people", told)
        people.remember(
            session,
            connection,
            person.email,
            account_id=account.id if account else None,
            name=account.name if account else None,
        )
