"""Constant-time HMAC checks of webhook calls: over the body, or of a JSON Web Token."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

from connectors.errors import Unverified

LEEWAY_SECONDS = 60
"""How far the sender's clock and ours may be apart."""
_CLOSED = "this hook has no secret yet, so nothing can be verified: run `tminus connect`"


def sign(secret: str, body: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of the raw body."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def check_same(secret: str | None, given: str) -> None:
    """Raise `Unverified` unless the caller knows the secret, for senders that cannot sign."""
    if not secret:
        raise Unverified(_CLOSED)
    # Digests of one length: how long it takes tells nothing of the secret.
    if not hmac.compare_digest(sign(secret, b""), sign(given, b"")):
        raise Unverified("the secret in the header is not this hook's")


def check(secret: str | None, body: bytes, signature: str | None, *, prefix: str = "") -> None:
    """Raise `Unverified` unless `signature` is `prefix` + `sign(secret, body)`. An empty secret closes the endpoint."""
    if not secret:
        raise Unverified(_CLOSED)
    if not signature:
        raise Unverified("the signature header is missing")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), (prefix + sign(secret, body)).encode()):
        raise Unverified("the signature does not match the body")


def token(secret: str, claims: Mapping[str, Any]) -> str:
    """A JSON Web Token signed with HS256; see https://datatracker.ietf.org/doc/html/rfc7519."""
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    signed = ".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_signature(secret, signed)}"


def check_token(secret: str | None, given: str, now: float) -> None:
    """Raise `Unverified` unless `given` is a JSON Web Token signed with the secret by HS256, by no other algorithm
    whatever its header says, and not over; `now` in seconds since 1970. An empty secret closes the endpoint.

    A token without `exp` never ends: only who knows the secret can have left it out.
    """
    if not secret:
        raise Unverified(_CLOSED)
    signed, _, signature = given.rpartition(".")
    # Nothing of it is read before it is known to be genuine.
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(secret, signed).encode()):
        raise Unverified("the token is not signed with this hook's secret")
    try:
        header, claims = (json.loads(_unbase64(part)) for part in signed.split("."))
        algorithm, ends = header["alg"], claims.get("exp", now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unverified("the token is not a JSON Web Token") from error
    if algorithm != "HS256":
        raise Unverified("the token is not signed by HS256")
    if isinstance(ends, bool) or not isinstance(ends, int | float) or ends + LEEWAY_SECONDS < now:
        raise Unverified("the token is over")


def _signature(secret: str, signed: str) -> str:
    return _base64(hmac.digest(secret.encode(), signed.encode("utf-8", "replace"), "sha256"))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    """Raises `ValueError`."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
