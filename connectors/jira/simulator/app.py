"""The wire: who is calling, which resource is meant, and Jira's error shape for everything that goes wrong."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.jira.simulator.answers import Show
from connectors.jira.simulator.model import Issue, Json, User
from connectors.jira.simulator.state import Site
from connectors.jira.simulator.strict import Refusal, check_query, parse_object
from connectors.jira.simulator.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call."""

    site: Site
    hooks: Webhooks
    show: Show
    actor: User
    params: Mapping[str, Any]
    query: Mapping[str, str]
    """A parameter given several times is joined by commas."""
    raw: bytes
    app: bool
    """An OAuth app calls, for the actor."""

    @property
    def version(self) -> int:
        return self.show.version

    @property
    def issue(self) -> Issue:
        """The issue that the path names."""
        return self.site.issue(self.params["issue"])

    def body(self) -> Json:
        """The JSON object that was sent."""
        return parse_object(self.raw)


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` None: no content."""

    body: Any = None
    status: int = 200


NOTHING = Answer(status=204)
Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Resource:
    """One method of one path. `{version}` in the path is 2 or 3."""

    method: str
    path: str
    handler: Handler
    query: frozenset[str] = field(default_factory=frozenset)
    permission: str | None = None
    public: bool = False
    """Whether it answers a caller without credentials."""


def resource(
    method: str, path: str, handler: Handler, query: str = "", *, permission: str | None = None, public: bool = False
) -> Resource:
    """`query` names the parameters it takes, separated by spaces; `path` begins after `/rest/api/3/`."""
    return Resource(method, f"/rest/api/{{version}}/{path}", handler, frozenset(query.split()), permission, public)


def wire(
    resources: Iterable[Resource], site: Site, hooks: Webhooks, base: Callable[[], str], pages: list[BaseRoute]
) -> Starlette:
    """The ASGI app."""
    routes = [_route(each, site, hooks, base) for each in resources]
    return Starlette(routes=[*pages, *routes], exception_handlers={HTTPException: _no_such_path, Refusal: _refused})


def _route(resource: Resource, site: Site, hooks: Webhooks, base: Callable[[], str]) -> Route:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        version = request.path_params.get("version", "3")
        if version not in ("2", "3"):
            raise HTTPException(404)
        with site.lock:
            actor = site.me if resource.public else _actor(site, request.headers.get("authorization"))
            if resource.permission in actor.denied:
                raise Refusal(403, "You do not have permission to do this.")
            query = _query(request)
            check_query(query, resource.query)
            show = Show(site, base(), int(version))
            app = "oauth" in request.scope
            answer = resource.handler(Call(site, hooks, show, actor, request.path_params, query, raw, app))
        return _respond(answer)

    return Route(resource.path, endpoint, methods=[resource.method])


def _query(request: Request) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _actor(site: Site, header: str | None) -> User:
    """Basic e-mail:token, or Bearer token."""
    scheme, _, credentials = (header or "").partition(" ")
    email, token = None, credentials
    if scheme.lower() == "basic":
        try:
            email, _, token = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            token = ""
    user = site.users.get(site.tokens.get(token, "")) if scheme.lower() in ("basic", "bearer") else None
    if user is None or (email is not None and email.lower() != user.email) or not user.active:
        raise Refusal(401, "Client must be authenticated to access this resource.")
    return user


def _respond(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status)
    return _json(answer.body, answer.status)


def _json(body: Any, status: int) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, media_type="application/json")


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  (registered for nothing else)
    return _json(refusal.body(), refusal.status)


async def _no_such_path(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _json(Refusal(status, f"There is no resource {request.method} {request.url.path}.").body(), status)
