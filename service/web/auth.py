"""Who may ask: programs with a token of ours. Closed until one is configured."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

CLOSED = "the API is closed; set TMINUS_API_TOKENS in the service's environment"
WANTED = "send one of the tokens of TMINUS_API_TOKENS: Authorization: Bearer <token>"
Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def bearer(tokens: Sequence[SecretStr]) -> Callable[[Sent], None]:
    """A dependency that lets nobody through without one of the tokens: 403 where there are none, else 401."""
    known = [_digest(token.get_secret_value()) for token in tokens]

    def check(sent: Sent) -> None:
        if not known:
            raise HTTPException(403, CLOSED)
        given = _digest(sent.credentials if sent else "")
        # Digests of one length, each compared to its end: how long it takes tells nothing.
        if True not in [hmac.compare_digest(given, digest) for digest in known]:
            raise HTTPException(401, WANTED, headers={"WWW-Authenticate": "Bearer"})

    return check


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
