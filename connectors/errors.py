"""One class per remedy. Each keeps the vendor's own words; the original stays as `__cause__`."""

from __future__ import annotations


class TrackerError(Exception):
    """Something between us and a tracker failed."""

    def __init__(self, message: str, *, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        """Ours (`X-Request-Id`) or the vendor's (`atl-traceid`), for a support ticket."""


class Unreachable(TrackerError):
    """The request never left: refused, no such host, connect time-out. Repeat at will."""


class RateLimited(TrackerError):
    """429: not processed. Wait at least `retry_after` seconds (None where the vendor does not say), then repeat."""

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        reason: str | None = None,
        status: int | None = 429,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status=status, request_id=request_id)
        self.retry_after = retry_after
        self.reason = reason


class OutcomeUnknown(TrackerError):
    """Sent, but no trustworthy answer: 5xx, reset, read time-out, garbage. Look before you repeat a create."""


class Rejected(TrackerError):
    """The vendor understood and refused (400, 409, 422…). A person must change something; never repeat as is."""


class NotFound(Rejected):
    """404 or 410: gone, or not visible to our account."""


class ByHand(Rejected):
    """The vendor lets only a person do this; the message says what to enter where."""


class AccessDenied(Rejected):
    """401 or 403: renew the credentials, or grant the permission that the vendor names."""


class SignedOut(AccessDenied):
    """Nobody is signed in with OAuth, or the vendor ended it: a person must sign in again."""


class Unverified(Exception):
    """A webhook call without a valid signature, or for a hook that has no secret. Answer 401 and keep nothing."""


class Malformed(ValueError):
    """A webhook body that is not what the vendor documents; the message says why."""
