"""Who posted a body: a source that signed it with its secret, a moment ago. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from connectors.errors import Unverified
from connectors.signing import sign

SOURCE, TIMESTAMP, SIGNATURE = "tminus-source", "tminus-timestamp", "tminus-signature"
PREFIX = "sha256="
WINDOW_SECONDS = 300
"""How far the sender's clock and ours may be apart; an older body may be one that somebody kept and sends again."""
_NOBODY = ("",)


def source_of(secrets: Mapping[str, Sequence[str]], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The source whose signature fits; `now` in seconds since 1970. Raises `Unverified`.

    The same words for an unknown source as for a wrong signature, so that nobody learns which names exist.
    """
    timestamp = headers.get(TIMESTAMP, "")
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp[:12])) > WINDOW_SECONDS:
        raise Unverified(f"Tminus-Timestamp must be the seconds since 1970, at most {WINDOW_SECONDS} from now")
    source, given = headers.get(SOURCE, ""), headers.get(SIGNATURE, "").encode("utf-8", "replace")
    signed = f"{timestamp}.".encode() + body
    fits = [
        hmac.compare_digest(given, f"{PREFIX}{sign(secret, signed)}".encode())
        for secret in secrets.get(source, _NOBODY)
    ]
    if source not in secrets or not any(fits):
        raise Unverified("no secret of a source with this name signs this body")
    return source
