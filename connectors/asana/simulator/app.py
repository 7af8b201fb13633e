"""The HTTP side: bearer tokens, JSON, and the controls below `/_sim/`."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import anyio
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.asana.simulator import attachments, batch, routes_events, routes_site, routes_tasks, wire
from connectors.asana.simulator.errors import ApiError, error_body
from connectors.asana.simulator.pages import pages
from connectors.asana.simulator.state import Token
from connectors.asana.simulator.webhooks import AsanaKnobs
from connectors.asana.simulator.wire import BASE, Answer, Call

if TYPE_CHECKING:
    from connectors.asana.simulator import AsanaSimulator

ROUTES = (attachments, batch, routes_events, routes_site, routes_tasks)
"""Importing these registers their operations."""

_OBJECT = TypeAdapter(dict[str, Any])
_KNOBS = TypeAdapter(AsanaKnobs)


def build(sim: AsanaSimulator) -> ASGIApp:
    """The API, our controls and our pages."""
    controls = [
        Route("/_sim/knobs", _Knobs(sim), methods=["GET", "PUT"]),
        Route("/_sim/state", _State(sim), methods=["GET"]),
    ]
    sign_in = sim.desk.routes("/-/oauth_authorize", "/-/oauth_token")
    return Starlette(routes=[Mount(BASE, _Api(sim)), *sign_in, *controls, *pages(sim.site)])


class _Api:
    """Everything below `/api/1.0`."""

    def __init__(self, sim: AsanaSimulator) -> None:
        self._sim = sim

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        try:
            call = self._call(scope, body)
        except ApiError as error:
            answer = Answer(error.status, error.body)
        else:
            if self._may_block(call):
                answer = await anyio.to_thread.run_sync(wire.answer, call)
            else:
                answer = wire.answer(call)
        content = json.dumps(answer.body, separators=(",", ":")).encode()
        response = Response(content, answer.status, answer.headers, "application/json; charset=UTF-8")
        await response(scope, receive, send)

    def _call(self, scope: Scope, body: bytes) -> Call:
        token = self._token(scope)
        method = scope["method"]
        return Call(
            site=self._sim.site,
            hooks=self._sim.hooks,
            user=token.user,
            oauth=token.oauth,
            method=method,
            path=scope["raw_path"].decode("latin-1").removeprefix(BASE),
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            data=_data(body) if method in ("POST", "PUT") else None,
        )

    def _token(self, scope: Scope) -> Token:
        header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        scheme, _, secret = header.partition(" ")
        found = self._sim.site.tokens.get(secret.strip()) if scheme.lower() == "bearer" else None
        too_old = self._sim.desk.knows(secret.strip()) and not self._sim.desk.valid(secret.strip())
        if found is None or too_old:
            raise ApiError(401, "Not Authorized")
        return found

    @staticmethod
    def _may_block(call: Call) -> bool:
        """A hand-shake waits for its target; on the loop it would keep the target's own calls waiting."""
        if call.method != "POST":
            return False
        return call.path.strip("/") == "webhooks" or (call.path.strip("/") == "batch" and "webhooks" in str(call.data))


def _data(body: bytes) -> Any:
    """What stands in the envelope `{"data": …}`."""
    if not body:
        return {}
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "Could not parse request data, invalid JSON") from None
    if not isinstance(envelope, dict) or "data" not in envelope:
        raise ApiError(400, "data: Missing input: the request body must be an object with the key 'data'")
    if unknown := envelope.keys() - {"data", "options"}:
        raise ApiError(400, f"{min(unknown)}: Unrecognized input beside 'data'")
    return envelope["data"]


class _Knobs:
    """`GET` and `PUT /_sim/knobs`."""

    def __init__(self, sim: AsanaSimulator) -> None:
        self._sim = sim

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        knobs = self._sim.knobs
        response = JSONResponse(dataclasses.asdict(knobs))
        if request.method == "PUT":
            response = self._turn(knobs, await request.body())
        await response(scope, receive, send)

    @staticmethod
    def _turn(knobs: AsanaKnobs, body: bytes) -> JSONResponse:
        known = dataclasses.asdict(knobs)
        try:
            given = _OBJECT.validate_json(body)
            if unknown := given.keys() - known.keys():
                raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
            turned = dataclasses.asdict(_KNOBS.validate_python(known | given))
        except ValueError as error:
            return JSONResponse(error_body(str(error)), 400)
        for name in given:
            setattr(knobs, name, turned[name])
        return JSONResponse(turned)


class _State:
    """`GET /_sim/state`: what a person or script needs to connect, and how much there is."""

    def __init__(self, sim: AsanaSimulator) -> None:
        self._sim = sim

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse(self._sim.summary())(scope, receive, send)
