"""Keeps hooks alive: renews what ends or tells too little, and makes again what is deleted, off, failing or silent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import Hook
from connectors.errors import AccessDenied, NotFound, TrackerError
from service import apply, connect
from service.runtime import Runtime
from service.store import hooks, ledger, sweeps
from service.store.engine import reading, transaction
from service.store.tables import HookRow

log = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(days=7)
UNHEARD = timedelta(hours=1)
"""A hook is silent that told nothing of what sweeps have been finding for so long: vendors repeat within half of it."""
CLOCKS_DIFFER = timedelta(minutes=5)
BEATS_MISSED = 1.25
"""Times the vendor's own interval between two calls of which nothing is told."""


@dataclass(frozen=True, slots=True)
class _Ill:
    """What is wrong with a hook."""

    words: str
    for_good: bool
    """It does not mend by itself; what the vendor calls failing may, so that is looked at a second time."""


def look_after(runtime: Runtime, connection: str) -> bool:
    """Whether a hook had to be made again, so that things may have been missed; all of it is told in the ledger."""
    try:
        with connect.alone(runtime, connection):
            return _look_after(runtime, connection)
    except TrackerError as error:
        log.warning("the hooks of %s cannot be looked at: %s", connection, error)
        return False


def _look_after(runtime: Runtime, connection: str) -> bool:
    try:
        listed = {hook.target: hook for hook in runtime.trackers[connection].hooks()}
    except (AccessDenied, NotFound):
        listed = None  # our account may not list them: only silence tells
    with reading(runtime.engine) as session:
        rows = [row for row in hooks.of_connection(session, connection) if row.state == "active"]
        gone = sweeps.gone(session, connection)
    for row in [row for row in rows if row.project in gone]:
        there = (listed or {}).get(row.target)
        connect.end(runtime, row, there.id if there else None)
    watched = set(connect.watched(runtime, connection))
    made_again = [_keep(runtime, row, listed) for row in rows if watched.intersection(hooks.projects_of(row))]
    return any(made_again)


def _keep(runtime: Runtime, row: HookRow, listed: Mapping[str, Hook] | None) -> bool:
    there = listed.get(row.target) if listed is not None else None
    if there:
        connect.take_secret(runtime, row, there)
    if there and there.expires_at and there.expires_at < runtime.now() + RENEW_BEFORE:
        _renew(runtime, row, there, f"which ends on {there.expires_at:%Y-%m-%d}")
    elif there and there.outdated:
        _renew(runtime, row, there, "which did not tell of everything that is listened to now")
    ill = _what_ails(runtime, row, listed is not None, there)
    if ill is None:
        _note(runtime, row, None, f"The hook for {row.project} in {row.connection} works again.")
        return False
    if not ill.for_good and row.problem is None:
        _note(runtime, row, ill.words, f"The hook for {row.project} in {row.connection} is in trouble: {ill.words}.")
        return False
    return _mend(runtime, row, there, ill)


def _what_ails(runtime: Runtime, row: HookRow, listable: bool, there: Hook | None) -> _Ill | None:
    if listable and row.vendor_id and there is None:
        return _Ill("it is gone on the tracker's side", for_good=True)
    if there and not there.healthy:
        return _Ill(there.problem or "the tracker says that it fails", for_good=False)
    return _silence(runtime, row)


def _silence(runtime: Runtime, row: HookRow) -> _Ill | None:
    now, heard = runtime.now(), row.last_delivery_at or row.created_at
    beat = runtime.receivers[row.connection].heartbeat
    if beat:
        silent = now - heard > BEATS_MISSED * beat
        return _Ill(f"nothing has come since {heard:%Y-%m-%d %H:%M} UTC", for_good=True) if silent else None
    with transaction(runtime.engine) as session:
        found = [sweeps.of_project(session, row.connection, project) for project in hooks.projects_of(row)]
        untold = any(sweep and sweep.moved_at and sweep.moved_at > heard + CLOCKS_DIFFER for sweep in found)
        row.unheard_since = (row.unheard_since or now) if untold else None
        session.add(row)
    if row.unheard_since is None or now - row.unheard_since < UNHEARD:
        return None
    return _Ill(f"nothing has come since {heard:%Y-%m-%d %H:%M} UTC, though sweeps found changes", for_good=True)


def _renew(runtime: Runtime, row: HookRow, there: Hook, why: str) -> None:
    what = f"the hook for {row.project} in {row.connection}, {why}"
    try:
        apply.renew(runtime, row.connection, there.id)
        told = f"Renewed {what}."
    except TrackerError as error:
        told = f"Could not renew {what}, and will try again: {error}"
    with transaction(runtime.engine) as session:
        ledger.note(session, "hook", told)


def _mend(runtime: Runtime, row: HookRow, there: Hook | None, ill: _Ill) -> bool:
    if row.vendor_id is None:
        _note(
            runtime, row, ill.words, f"The hook for {row.project} in {row.connection} was entered by hand: {ill.words}."
        )
        return False
    since = _last_known_good(row)
    try:
        made = connect.make_again(runtime, row, there.id if there else None)
    except TrackerError as error:
        made = connect.Connected(row.connection, row.project or "", str(error), ok=False)
    what = f"The hook for {row.project} in {row.connection}: {ill.words}"
    if not made.ok:
        _note(runtime, row, f"{ill.words}; {made.sentence}", f"{what}. It could not be made again: {made.sentence}")
        return False
    with transaction(runtime.engine) as session:
        for project in hooks.projects_of(row):
            sweeps.rewind(session, row.connection, project, since)
        told = f"{what}. It was made again, and everything since {since:%Y-%m-%d %H:%M} UTC is looked at."
        ledger.note(session, "hook", told)
    return True


def _last_known_good(row: HookRow) -> datetime:
    return row.last_delivery_at or row.created_at


def _note(runtime: Runtime, row: HookRow, problem: str | None, told: str) -> None:
    """Only what is new is told."""
    if row.problem == problem:
        return
    with transaction(runtime.engine) as session:
        row.problem = problem
        session.add(row)
        ledger.note(session, "hook", told)
