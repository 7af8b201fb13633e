"""The client of a vendor's OAuth 2.0 endpoints: the authorization code grant, and refreshing.

https://datatracker.ietf.org/doc/html/rfc6749, with PKCE as in https://datatracker.ietf.org/doc/html/rfc7636
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from connectors.contract import ConnectorSettings
from connectors.errors import AccessDenied, OutcomeUnknown, SignedOut, TrackerError, Unreachable
from connectors.limiting import Limits
from connectors.line import CONNECT_SECONDS, Line, from_status, headers_out
from connectors.oauth import Grant

READ_SECONDS = 10
"""Shorter than elsewhere: others wait for the same token."""
_LIMITS = Limits(reads_in_flight=1, writes_in_flight=1)


class SignInSettings(ConnectorSettings):
    """What a connection that signs in with OAuth needs besides."""

    client_id: str | None = None
    """The OAuth app's, from the vendor's developer console."""
    client_secret: SecretStr | None = None
    redirect_url: str = "http://localhost:8737/callback"
    """As it is entered in the developer console, to the letter; `tminus login` listens there."""


class OAuthApp:
    """One app at one vendor; see `connectors.oauth.SignIn`.

    `asks` are the parameters of the address beyond the standard's own; the token endpoint takes JSON or a form, and
    with `always_redirect` wants to hear the redirect address at a refresh, too.
    """

    def __init__(
        self,
        system: str,
        settings: SignInSettings,
        *,
        authorize_url: str,
        token_url: str,
        asks: Mapping[str, str],
        pkce: bool,
        as_json: bool,
        always_redirect: bool = False,
    ) -> None:
        self.redirect_url = settings.redirect_url
        self._client_id = settings.client_id or ""
        self._client_secret = settings.client_secret or SecretStr("")
        self._authorize_url, self._token_url = authorize_url, token_url
        self._asks, self._pkce, self._as_json = asks, pkce, as_json
        self._always = {"redirect_uri": settings.redirect_url} if always_redirect else {}
        self._line = Line(system, token_url, _LIMITS, _translate)

    def address(self, state: str, verifier: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self.redirect_url,
            "state": state,
            **self._asks,
        }
        if self._pkce:
            asked |= {"code_challenge": _challenge(verifier), "code_challenge_method": "S256"}
        return f"{self._authorize_url}?{urlencode(asked)}"

    def exchange(self, code: str, verifier: str) -> Grant:
        told = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_url}
        return self._ask(told | ({"code_verifier": verifier} if self._pkce else {}))

    def refresh(self, refresh_token: str) -> Grant:
        told = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._ask(told | self._always, refresh_token)

    def _ask(self, told: Mapping[str, str], refresh_token: str = "") -> Grant:
        secret = self._client_secret.get_secret_value()
        body = {**told, "client_id": self._client_id, "client_secret": secret}
        response = self._line.call("POST", lambda: self._post(body))
        answer = _object(response)
        if not response.is_success:
            raise self._refusal(response, answer)
        try:
            # Asana does not repeat a refresh token that stays the same.
            return Grant(answer["access_token"], answer.get("refresh_token") or refresh_token, answer["expires_in"])
        except KeyError as error:
            raise OutcomeUnknown(f"the answer of {self._token_url} has no {error}") from None

    def _post(self, body: Mapping[str, str]) -> httpx.Response:
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        headers = {"Accept": "application/json", **headers_out()}
        with (
            httpx.Client(timeout=timeout, trust_env=False) as http,
            self._line.observe("POST", self._token_url) as seen,
        ):
            if self._as_json:
                response = http.post(self._token_url, json=body, headers=headers)
            else:
                response = http.post(self._token_url, data=body, headers=headers)
            seen.status, seen.headers = response.status_code, response.headers
        return response

    def _refusal(self, response: httpx.Response, answer: Mapping[str, Any]) -> TrackerError:
        """Only the standard's two fields are quoted: whatever else an answer holds might be secret."""
        error = str(answer.get("error") or "no reason given")
        words = f"{error}: {answer['error_description']}"[:300] if answer.get("error_description") else error
        message = f"{self._token_url} answered {response.status_code}: {words}"
        if error == "invalid_grant":
            return SignedOut(message, status=response.status_code)
        if error in ("invalid_client", "unauthorized_client"):
            told = f"{message}. Check `client_id` and `client_secret`"
            return AccessDenied(told, status=response.status_code)
        return from_status(response.status_code, message, after=response.headers.get("Retry-After"))


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        if response.is_success:
            raise OutcomeUnknown(f"the answer of {response.url} is not a JSON object")
        return {}
    return answer


def _translate(error: Exception) -> TrackerError | None:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(f"the sign-in server cannot be reached: {error}")
    if isinstance(error, httpx.TransportError):
        return OutcomeUnknown(f"the connection to the sign-in server broke: {error or type(error).__name__}")
    return None
