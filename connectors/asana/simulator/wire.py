"""From a call to its answer: routes, strict inputs, `opt_fields`, pages. No HTTP here, so a batch uses it as well."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from connectors.asana.simulator import shapes, strict
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import User
from connectors.asana.simulator.state import Site
from connectors.asana.simulator.webhooks import Hooks

PAGE = 100
BASE = "/api/1.0"


@dataclass(frozen=True)
class Call:
    """One API call by somebody: `data` is what stood in the body's envelope."""

    site: Site
    hooks: Hooks
    user: User
    oauth: bool
    method: str
    path: str
    """Below `/api/1.0`, still quoted."""
    query: Mapping[str, str]
    data: Any = None


@dataclass(frozen=True)
class Answer:
    """Status, JSON body and extra headers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[..., Any]
"""Takes the call and the path's gids. Returns the record or list that the route shows, or a whole `Answer`."""


@dataclass(frozen=True)
class Route:
    """One operation: what it takes and what it shows."""

    handle: Handler
    shape: str
    many: bool
    status: int
    query: frozenset[str]
    body: Mapping[str, strict.Check]
    required: tuple[str, ...]
    blocks: bool
    """It calls somebody else and takes the lock by itself."""


ROUTES: dict[tuple[str, str], Route] = {}


def route(
    operation: str,
    *,
    shows: str = "",
    creates: str = "",
    lists: str = "",
    query: str = "",
    body: Mapping[str, strict.Check] | None = None,
    required: str = "",
    blocks: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler for e.g. "GET tasks/*"; `shows`, `creates` or `lists` names the shape of what it
    returns."""

    def register(handle: Handler) -> Handler:
        method, pattern = operation.split()
        ROUTES[method, pattern] = Route(
            handle=handle,
            shape=shows or creates or lists,
            many=bool(lists),
            status=201 if creates else 200,
            query=frozenset(query.split()),
            body=body or {},
            required=tuple(required.split()),
            blocks=blocks,
        )
        return handle

    return register


def find(method: str, path: str) -> tuple[Route, list[str]]:
    """The route of a quoted path and the gids in it, or 404."""
    parts = path.strip("/").split("/")
    pattern = "/".join("*" if at == 1 else part for at, part in enumerate(parts))
    found = ROUTES.get((method, pattern))
    if found is None:
        raise ApiError(404, f"No matching route for request: {method} {path}")
    return found, [unquote(part) for part in parts[1:2]]


def answer(call: Call) -> Answer:
    """Carry out one call; every refusal is an answer."""
    try:
        found, gids = find(call.method, call.path)
        if found.blocks:
            return _carry_out(found, call, gids)
        with call.site.lock:
            return _carry_out(found, call, gids)
    except ApiError as error:
        return Answer(error.status, error.body)


def _carry_out(found: Route, call: Call, gids: list[str]) -> Answer:
    # `limit` and `opt_pretty` are taken everywhere: Asana's own client appends them to calls that do not list them.
    for key in call.query.keys() - found.query - {"opt_fields", "opt_pretty", "limit", "offset"}:
        raise bad(key, "Unrecognized input")
    tree = shapes.parse(call.query.get("opt_fields", ""), found.shape) if found.shape else {}
    if call.method in ("POST", "PUT"):
        strict.check(call.data, found.body, found.required)
    result = found.handle(call, *gids)
    if isinstance(result, Answer):
        return result
    if found.many:
        return Answer(200, _page(call, found.shape, tree, result))
    if result is None:
        return Answer(200, {"data": {}})
    shown = shapes.show(result, tree or shapes.FULL[found.shape], found.shape, oauth=call.oauth)
    location = {"location": f"{BASE}/{_plural(result.resource_type)}/{result.gid}"} if found.status == 201 else {}
    return Answer(found.status, {"data": shown}, location)


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _page(call: Call, shape: str, tree: shapes.Tree, records: list[Any]) -> dict[str, Any]:
    limit, start = _limit(call.query), _start(call.query)
    if limit is None and len(records) > PAGE:
        raise ApiError(400, "The result is too large. You should use pagination (may require specifying a workspace)!")
    end = start + (limit or PAGE)
    tree = tree or shapes.LISTED[shape]
    data = [shapes.show(record, tree, shape, oauth=call.oauth) for record in records[start:end]]
    if limit is None:
        return {"data": data}
    return {"data": data, "next_page": _next_page(call, end) if end < len(records) else None}


def _next_page(call: Call, end: int) -> dict[str, str]:
    offset = base64.urlsafe_b64encode(f"page:{end}".encode()).decode()
    path = f"/{call.path.strip('/')}?{urlencode({**call.query, 'offset': offset})}"
    return {"offset": offset, "path": path, "uri": f"{call.site.home.url}{BASE}{path}"}


def _limit(query: Mapping[str, str]) -> int | None:
    text = query.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= PAGE):
        raise bad("limit", f"Value must be between 1 and {PAGE}: {text}")
    return int(text)


def _start(query: Mapping[str, str]) -> int:
    if "offset" not in query:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(query["offset"]).decode().partition(":")
        if word == "page":
            return int(number)
    except ValueError:
        pass
    raise bad("offset", "Your pagination token is invalid or has expired")
