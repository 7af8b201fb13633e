"""api.atlassian.com in front of the site: the only door for OAuth apps, and closed to everybody else.

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3--make-calls-to-the-api-using-the-access-token
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sign_in_desk import SignInDesk

CLOUD = "5c1f0d9e-0000-4000-8000-7a2b6e3d4f51"
GATEWAY = f"/ex/jira/{CLOUD}"
SITES = "/oauth/token/accessible-resources"
_OPEN_TO_APPS = re.compile(r"/rest/api/[23]/(.*)")
_READ, _WRITE = frozenset({"read:jira-work"}), frozenset({"write:jira-work"})
_OTHER = {
    "webhook": frozenset({"read:jira-work", "manage:jira-webhook"}),
    "myself": frozenset({"read:jira-user"}),
    "user": frozenset({"read:jira-user"}),
    "serverInfo": frozenset(),
}
"""By the first part of the path."""
_READING = {"issue/bulkfetch", "search", "search/jql", "comment/list"}
"""Though they are posted."""


def scopes(method: str, path: str) -> frozenset[str] | None:
    """The classic scopes that a call of an app needs; None where no app may make it."""
    open_to_apps = _OPEN_TO_APPS.fullmatch(path)
    if open_to_apps is None:
        return None
    below = open_to_apps[1]
    reads = method == "GET" or below in _READING
    return _OTHER.get(below.split("/")[0], _READ if reads else _WRITE)


class Gateway:
    """ASGI: takes the prefix off for valid access tokens of OAuth, and tells them their sites."""

    def __init__(self, app: ASGIApp, desk: SignInDesk, site: Callable[[], str]) -> None:
        self._app, self._desk, self._site = app, desk, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        token = header.removeprefix("Bearer ")
        if path == SITES:
            await self._sites(token)(scope, receive, send)
            return
        if path.startswith(f"{GATEWAY}/"):
            path = path.removeprefix(GATEWAY)
            if refusal := self._refusal(scope["method"], path, token):
                await refusal(scope, receive, send)
                return
            raw = scope["raw_path"].removeprefix(GATEWAY.encode())
            scope = {**scope, "path": path, "raw_path": raw, "oauth": True}
        elif path.startswith("/rest/") and self._desk.knows(token):
            await _refuse("Unauthorized")(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, path: str, token: str) -> JSONResponse | None:
        if not self._desk.valid(token):
            return _refuse("Unauthorized")
        needed = scopes(method, path)
        if needed is None or not needed <= self._desk.scopes(token):
            return _refuse("Unauthorized; scope does not match")
        return None

    def _sites(self, token: str) -> JSONResponse:
        """https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3-1-get-the-cloudid-for-your-site"""
        if not self._desk.valid(token):
            return _refuse("Unauthorized")
        granted = sorted(self._desk.scopes(token) - {"offline_access"})
        picture = f"{self._site()}/avatar.png"
        return JSONResponse(
            [{"id": CLOUD, "url": self._site(), "name": "Simulated", "scopes": granted, "avatarUrl": picture}]
        )


def _refuse(words: str) -> JSONResponse:
    return JSONResponse({"code": 401, "message": words}, 401)
