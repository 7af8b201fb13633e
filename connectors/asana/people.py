"""Who is who in the workspace, kept for a while: one list answers for every owner and requester."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus

import asana

from connectors.asana.client import Calls, Json
from connectors.contract import Account, AccountId
from connectors.errors import Rejected
from connectors.retrying import retrying

SECONDS = 600
MOST = 2_000
"""Beyond these a person is asked for by e-mail, one call each."""


class People:
    """Thread-safe; the first caller loads the list, the others wait for it."""

    def __init__(self, calls: Calls, workspace: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls, self._workspace, self._clock = calls, workspace, clock
        self._users = asana.UsersApi(calls.client)
        self._lock = threading.Lock()
        self._by_gid: dict[str, Account] = {}
        self._loaded_at: float | None = None

    def by_email(self, email: str) -> Account | None:
        """Who has exactly this address, in any case of letters."""
        known = self._list()
        found = next((a for a in known.values() if (a.email or "").lower() == email.lower()), None)
        return found or (self._ask(email) if len(known) >= MOST else None)

    def by_gid(self, gids: Collection[str]) -> Mapping[str, Account]:
        """Those of them that we know; a token that may not list people knows none."""
        if all(gid in self._by_gid for gid in gids):
            return self._by_gid
        try:
            return self._list()
        except Rejected:
            return {}

    def _list(self) -> Mapping[str, Account]:
        with self._lock:
            if self._loaded_at is None or self._clock() - self._loaded_at > SECONDS:
                # https://developers.asana.com/reference/getusers
                opts = {"workspace": self._workspace, "opt_fields": "name,email"}
                rows = retrying()(lambda: self._calls.pages(self._users.get_users, opts=opts, most=MOST))
                self._by_gid = {str(row["gid"]): account_of(row) for row in rows}
                self._loaded_at = self._clock()
            return self._by_gid

    def _ask(self, email: str) -> Account | None:
        # https://developers.asana.com/reference/getuser takes an e-mail for a gid.
        opts = {"workspace": self._workspace, "opt_fields": "name,email"}
        try:
            answer = retrying()(lambda: self._calls.one("GET", self._users.get_user, email, dict(opts)))
        except Rejected as error:
            # Which of the three it says of a stranger is not documented.
            if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
                return None
            raise
        return account_of(answer["data"])


def account_of(row: Json) -> Account:
    """A user record."""
    return Account(AccountId(str(row["gid"])), row.get("name") or str(row["gid"]), row.get("email"))
