"""`POST /batch`: up to ten calls in one (https://developers.asana.com/docs/batch-requests)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.asana.simulator import strict, wire
from connectors.asana.simulator.errors import bad, error_body
from connectors.asana.simulator.wire import Answer, Call, route

MOST = 10
_METHODS = ("get", "post", "put", "delete", "patch", "head")


def _limit(value: Any, key: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad(key, f"Value is not an integer: {value!r}")


_OPTIONS: dict[str, strict.Check] = {"limit": _limit, "offset": strict.text, "fields": strict.each(strict.text)}
_ACTION: dict[str, strict.Check] = {
    "relative_path": strict.text,
    "method": lambda value, key: strict.one_of(*_METHODS)(value.lower() if isinstance(value, str) else value, key),
    "data": strict.mapping,
    "options": lambda value, key: strict.check(value, _OPTIONS, where=f"{key}."),
}


def _action(value: Any, key: str) -> None:
    strict.check(value, _ACTION, required=("relative_path", "method"), where=f"{key}.")


@route("POST batch", body={"actions": strict.each(_action)}, required="actions", blocks=True)
def run_batch(call: Call) -> Answer:
    """200 with one result an action, in order, even where all of them fail. Asana promises no order of execution."""
    actions = call.data["actions"]
    if len(actions) > MOST:
        raise bad("actions", f"at most {MOST} actions are allowed")
    return Answer(200, {"data": [_result(call, action) for action in actions]})


def _result(call: Call, action: dict[str, Any]) -> dict[str, Any]:
    path = action["relative_path"]
    if "?" in path:
        found = Answer(400, error_body("relative_path: query parameters belong into data and options"))
    elif path.strip("/") == "batch":
        found = Answer(400, error_body("relative_path: a batch cannot hold a batch"))
    else:
        found = wire.answer(_inner(call, action))
    return {"status_code": found.status, "headers": found.headers, "body": found.body}


def _inner(call: Call, action: dict[str, Any]) -> Call:
    method, data, options = action["method"].upper(), action.get("data", {}), action.get("options", {})
    query = {key: str(options[key]) for key in ("limit", "offset") if key in options}
    if options.get("fields"):
        query["opt_fields"] = ",".join(options["fields"])
    if method in ("GET", "DELETE"):
        query |= {key: str(value) for key, value in data.items()}
    return replace(call, method=method, path=action["relative_path"], query=query, data=data)
