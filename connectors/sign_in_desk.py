"""A vendor's OAuth 2.0 endpoints in a simulator: strict, with one app and one person who always agrees."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

LIFETIME = timedelta(hours=1)
"""Of an access token."""
_FIELDS = {
    "authorization_code": {"grant_type", "client_id", "client_secret", "code", "redirect_uri"},
    "refresh_token": {"grant_type", "client_id", "client_secret", "refresh_token"},
}


class _No(Exception):
    """RFC 6749's error, and a sentence."""


@dataclass
class SignInDesk:
    """`GET` the authorization address, `POST` the token address; access tokens are told to `issued`."""

    now: Callable[[], datetime]
    issued: Callable[[str], None]
    rotates: bool
    """Each refresh token is good for once, and for `grace` after that."""
    grace: timedelta
    pkce: bool
    takes_json: bool
    asked: frozenset[str]
    """Parameters that the authorization address wants besides the standard's own."""
    refused_with: int
    """The status of `invalid_grant`."""
    always_redirect: bool = False
    """A refresh has to name the redirect address, too."""
    client_id: str = "sim-client"
    client_secret: str = "sim-client-secret"  # noqa: S105  opens a toy site on loopback
    redirect_urls: set[str] = field(default_factory=lambda: {"http://localhost:8737/callback"})
    refreshes: int = 0
    """How many times tokens were given for a refresh token."""

    def __post_init__(self) -> None:
        self._codes: dict[str, tuple[str, str, str]] = {}
        """Redirect address, challenge and scope."""
        self._refresh: dict[str, datetime | None] = {}
        self._access: dict[str, datetime] = {}
        self._scope: dict[str, str] = {}
        """Of every token."""

    def knows(self, token: str) -> bool:
        """Whether it was given out here, valid or not."""
        return token in self._access

    def valid(self, token: str) -> bool:
        """Whether this access token opens the site."""
        ends = self._access.get(token)
        return ends is not None and self.now() < ends

    def scopes(self, token: str) -> frozenset[str]:
        """What its person agreed to."""
        return frozenset(self._scope[token].split())

    def expire(self) -> None:
        """Every access token is too old at once."""
        self._access = dict.fromkeys(self._access, self.now())

    def revoke(self) -> None:
        """The person takes our right away."""
        self.expire()
        self._refresh.clear()

    def routes(self, authorize: str, token: str) -> list[BaseRoute]:
        """Both endpoints."""

        async def consent(request: Request) -> Response:
            return self._consent(dict(request.query_params))

        async def give(request: Request) -> Response:
            return self._give(request.headers.get("content-type", ""), await request.body())

        return [Route(authorize, consent, methods=["GET"]), Route(token, give, methods=["POST"])]

    def _consent(self, told: Mapping[str, str]) -> Response:
        wanted = {"response_type", "client_id", "redirect_uri", "state"} | self.asked
        wanted |= {"code_challenge", "code_challenge_method"} if self.pkce else set()
        known = told.get("client_id") == self.client_id and told.get("redirect_uri") in self.redirect_urls
        if not known or told.keys() != wanted or told["response_type"] != "code" or not all(told.values()):
            return JSONResponse({"error": "invalid_request", "error_description": "Check the parameters."}, 400)
        if self.pkce and told["code_challenge_method"] != "S256":
            return JSONResponse({"error": "invalid_request", "error_description": "Only S256."}, 400)
        code = secrets.token_urlsafe(16)
        self._codes[code] = told["redirect_uri"], told.get("code_challenge", ""), told.get("scope", "")
        return RedirectResponse(f"{told['redirect_uri']}?{urlencode({'state': told['state'], 'code': code})}", 302)

    def _give(self, content_type: str, raw: bytes) -> Response:
        try:
            told = self._read(content_type, raw)
            return JSONResponse(self._exchanged(told) if "code" in told else self._refreshed(told))
        except _No as no:
            error, words = no.args
            status = {"invalid_grant": self.refused_with, "invalid_client": 401}.get(error, 400)
            return JSONResponse({"error": error, "error_description": words}, status)

    def _read(self, content_type: str, raw: bytes) -> dict[str, str]:
        if self.takes_json != content_type.startswith("application/json"):
            raise _No("invalid_request", "The body has the wrong content type.")
        told = json.loads(raw) if self.takes_json else dict(parse_qsl(raw.decode()))
        wanted = _FIELDS.get(str(told.get("grant_type")))
        if wanted is None:
            raise _No("unsupported_grant_type", "Use authorization_code or refresh_token.")
        if self.pkce and "code" in wanted:
            wanted = wanted | {"code_verifier"}
        if self.always_redirect:
            wanted = wanted | {"redirect_uri"}
        if told.keys() != wanted:
            raise _No("invalid_request", "A field is missing or not known.")
        if (told["client_id"], told["client_secret"]) != (self.client_id, self.client_secret):
            raise _No("invalid_client", "Unknown client.")
        return dict(told)

    def _exchanged(self, told: Mapping[str, str]) -> dict[str, Any]:
        redirect, challenge, scope = self._codes.pop(told["code"], ("", "", ""))
        if redirect != told["redirect_uri"]:
            raise _No("invalid_grant", "The code is not known, was used, or belongs to another address.")
        digest = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        if self.pkce and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            raise _No("invalid_grant", "The verifier does not fit the challenge.")
        return self._tokens(self._new_refresh(scope), scope)

    def _refreshed(self, told: Mapping[str, str]) -> dict[str, Any]:
        given = told["refresh_token"]
        if given not in self._refresh:
            raise _No("invalid_grant", "Unknown or invalid refresh token.")
        used = self._refresh[given]
        if used is not None and self.now() - used > self.grace:
            raise _No("invalid_grant", "Unknown or invalid refresh token.")
        if self.always_redirect and told["redirect_uri"] not in self.redirect_urls:
            raise _No("invalid_grant", "The redirect address is not that of the app.")
        self.refreshes += 1
        scope = self._scope[given]
        if not self.rotates:
            return self._tokens(None, scope)
        self._refresh[given] = used or self.now()
        return self._tokens(self._new_refresh(scope), scope)

    def _new_refresh(self, scope: str) -> str:
        token = f"refresh-{secrets.token_urlsafe(16)}"
        self._refresh[token], self._scope[token] = None, scope
        return token

    def _tokens(self, refresh: str | None, scope: str) -> dict[str, Any]:
        access = f"access-{secrets.token_urlsafe(16)}"
        self._scope[access] = scope
        self._access[access] = self.now() + LIFETIME
        self.issued(access)
        told = {"access_token": access, "token_type": "bearer", "expires_in": int(LIFETIME.total_seconds())}
        told |= {"scope": scope}
        return told | ({"refresh_token": refresh} if refresh else {})
