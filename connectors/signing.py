"""Constant-time HMAC checks for webhook bodies."""

from __future__ import annotations

import hmac

from connectors.errors import Unverified


def sign(secret: str, body: bytes) -> str:
    """Lower-case hex HMAC-SHA256 of the raw body."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def check_same(secret: str | None, given: str) -> None:
    """Raise `Unverified` unless the caller knows the secret, for senders that cannot sign."""
    if not secret:
        raise Unverified("this hook has no secret yet, so nothing can be verified: run `tminus connect`")
    # Digests of one length: how long it takes tells nothing of the secret.
    if not hmac.compare_digest(sign(secret, b""), sign(given, b"")):
        raise Unverified("the secret in the header is not this hook's")


def check(secret: str | None, body: bytes, signature: str | None, *, prefix: str = "") -> None:
    """Raise `Unverified` unless `signature` is `prefix` + `sign(secret, body)`. An empty secret closes the endpoint."""
    if not secret:
        raise Unverified("this hook has no secret yet, so nothing can be verified: run `tminus connect`")
    if not signature:
        raise Unverified("the signature header is missing")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), (prefix + sign(secret, body)).encode()):
        raise Unverified("the signature does not match the body")
