"""api.atlassian.com in front of the site: the only door for OAuth apps, and closed to everybody else.

https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3--make-calls-to-the-api-using-the-access-token
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sign_in_desk import SignInDesk

GATEWAY = "/ex/jira/5c1f0d9e-0000-4000-8000-7a2b6e3d4f51"
"""With the id of the site's cloud."""
_OPEN_TO_APPS = "/rest/api/"


class Gateway:
    """ASGI: takes the prefix off for valid access tokens of OAuth."""

    def __init__(self, app: ASGIApp, desk: SignInDesk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        token = header.removeprefix("Bearer ")
        if path.startswith(f"{GATEWAY}/"):
            path = path.removeprefix(GATEWAY)
            if not self._desk.valid(token):
                await _refuse("Unauthorized")(scope, receive, send)
                return
            if not path.startswith(_OPEN_TO_APPS):
                await _refuse("Unauthorized; scope does not match")(scope, receive, send)
                return
            raw = scope["raw_path"].removeprefix(GATEWAY.encode())
            scope = {**scope, "path": path, "raw_path": raw}
        elif path.startswith("/rest/") and self._desk.knows(token):
            await _refuse("Unauthorized")(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refuse(words: str) -> JSONResponse:
    return JSONResponse({"code": 401, "message": words}, 401)
