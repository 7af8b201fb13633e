"""Signing in with OAuth 2.0, as connectors and the service speak of it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Grant:
    """What a vendor gives who signs in; never shown where it is printed."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: float
    """How long the access token is valid."""
    site: str | None = None
    """The vendor's id of the site that was opened to us, where calls need it; told at the sign-in alone."""


class TokenSource(Protocol):
    """Where a connector has its access token from. Safe to call from several threads. Raises only `TrackerError`s:
    `SignedOut` where a person must sign in, `Unreachable` or `RateLimited` where it passes."""

    def token(self) -> str:
        """One that is valid, as far as anybody knows."""
        ...

    def another(self, refused: str) -> str:
        """The one after `refused`, which the vendor answered with 401."""
        ...

    def site(self) -> str:
        """`Grant.site` of the sign-in."""
        ...


class SignIn(Protocol):
    """How a connection's app signs in at its vendor. The calls raise only `TrackerError`s and repeat nothing."""

    redirect_url: str
    """Where the vendor sends the browser afterwards."""

    def address(self, state: str, verifier: str) -> str:
        """What a person opens to let us in; `state` comes back with the answer."""
        ...

    def exchange(self, code: str, verifier: str) -> Grant:
        """The tokens for a code; a code is good for once. `Rejected` where they open another site than is meant."""
        ...

    def refresh(self, refresh_token: str) -> Grant:
        """The next tokens. `SignedOut` where the vendor does not take this one any more."""
        ...
