"""The access tokens of connections that sign in with OAuth: kept sealed, and refreshed by one process at a time.

The lock is the token's row (on SQLite the write lock), held for as long as the vendor takes to answer: a rotating
refresh token is good for once, so nobody else may send it meanwhile. Where the reply is lost nothing is stored, and the
next call sends the same token again, which Atlassian takes for ten minutes after its first use
(https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#use-a-refresh-token-to-get-another-access-token-and-refresh-token-pair).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from connectors.errors import OutcomeUnknown, SignedOut, TrackerError, Unreachable
from connectors.oauth import Grant, SignIn
from service.store import credentials
from service.store.credentials import Credential
from service.store.engine import reading, transaction
from service.store.secrets import SecretError, Vault

EARLY = timedelta(minutes=5)
"""Before its end a token is exchanged for the next one."""
AGAIN = timedelta(seconds=30)
"""Between two tries, while the old token is still good."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A token as the database has it, in the clear."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    site: str | None


class StoredTokens:
    """One for each connection in each process; see `connectors.oauth.TokenSource`."""

    def __init__(
        self,
        engine: sa.Engine,
        vault: Vault,
        connection: str,
        sign_in: SignIn,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self._vault, self._connection = engine, vault, connection
        self.sign_in, self._now = sign_in, now
        self._known: _Held | None = None
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def token(self) -> str:
        known = self._known
        return known.access if known and self._good(known, EARLY) else self._next(None)

    def another(self, refused: str) -> str:
        return self._next(refused)

    def site(self) -> str:
        if self._known is None:
            self.token()
        if self._known is None or self._known.site is None:
            raise self._signed_out("the sign-in is older than this version, which has to know the id of the site")
        return self._known.site

    def keep(self, grant: Grant) -> None:
        """What a person's sign-in has brought."""
        with transaction(self._engine) as session:
            credentials.store(session, self._sealed(grant, grant.site))
        self._known = None

    def _next(self, refused: str | None) -> str:
        with self._lock:
            try:
                self._known = self._read()
                if self._known.access == refused or not self._good(self._known, EARLY):
                    self._known = self._refreshed(self._known, refused)
            except sa.exc.SQLAlchemyError as error:
                raise Unreachable(f"the stored tokens cannot be read: {type(error).__name__}") from error
            return self._known.access

    def _read(self) -> _Held:
        with reading(self._engine) as session:
            return self._held(credentials.get(session, self._connection))

    def _refreshed(self, held: _Held, refused: str | None) -> _Held:
        usable = held.access != refused and self._good(held, timedelta())
        if usable and self._now() < self._not_before:
            return held
        try:
            return self._refresh(refused)
        except SignedOut as error:
            self._remember(held, str(error))
            raise self._signed_out(str(error)) from error
        except TrackerError as error:
            if usable:
                self._not_before = self._now() + AGAIN
                return held
            if isinstance(error, OutcomeUnknown):  # of the refresh: the call itself was never sent
                raise Unreachable(f"the access token could not be refreshed: {error}") from error
            raise

    def _refresh(self, refused: str | None) -> _Held:
        with transaction(self._engine) as session:
            held = self._held(credentials.locked(session, self._connection))
            if held.access != refused and self._good(held, EARLY):
                return held  # somebody else was first
            grant = self.sign_in.refresh(held.refresh)
            credentials.store(session, self._sealed(grant, held.site))
        return self._read()

    def _remember(self, held: _Held, words: str) -> None:
        """So that a refresh token which the vendor refused is not sent with every call from now on."""
        with transaction(self._engine) as session:
            row = credentials.locked(session, self._connection)
            if row and self._vault.open(row.sealed_refresh) == held.refresh:
                row.refused = words
                session.add(row)

    def _held(self, row: Credential | None) -> _Held:
        if row is None:
            raise self._signed_out("nobody is signed in yet")
        if row.refused:
            raise self._signed_out(row.refused)
        try:
            access, refresh = self._vault.open(row.sealed_access), self._vault.open(row.sealed_refresh)
        except SecretError as error:
            raise self._signed_out(str(error).rstrip(".")) from None
        return _Held(access, refresh, row.expires_at, row.site)

    def _signed_out(self, why: str) -> SignedOut:
        return SignedOut(f"{why}. Sign in with `tminus login {self._connection}`")

    def _good(self, held: _Held, ahead: timedelta) -> bool:
        return self._now() + ahead < held.expires_at

    def _sealed(self, grant: Grant, site: str | None) -> Credential:
        return Credential(
            connection=self._connection,
            sealed_access=self._vault.seal(grant.access),
            sealed_refresh=self._vault.seal(grant.refresh),
            expires_at=self._now() + timedelta(seconds=grant.seconds),
            site=site,
        )
