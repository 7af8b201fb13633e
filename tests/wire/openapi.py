"""Holds a simulator's request log against a vendor's published OpenAPI 3.0 file, in both directions.

Beyond what the file's schemas demand, every key of a body must stand in them: vendors leave objects open, so a misspelt
key would pass a plain validation and be ignored by the vendor in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from connectors.simulating import Seen

SHARED = Path(__file__).parents[2].parent / "shared"
METHODS = ("get", "put", "post", "delete", "patch")
_DATES = FormatChecker(["date"])  # Jira's date-times are not RFC 3339, so only dates are checked


@dataclass(frozen=True)
class _Operation:
    pointer: tuple[str, ...]
    pattern: re.Pattern[str]
    literal: int
    """How many characters of the path are fixed: `/users/me` goes before `/users/{gid}`."""


class Spec:
    """One OpenAPI document. `check` says what in a logged call is not as the document has it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = _as_json_schema(document)
        self._base = urlsplit(document["servers"][0]["url"]).path.rstrip("/")
        resource = Resource.from_contents(self._document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource("urn:spec", resource)

    @classmethod
    def load(cls, path: Path) -> Spec:
        """Read the document once; a test module keeps it for all its tests."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def check(self, seen: Seen) -> list[str]:
        """Problems of the request and of its answer, each one line that names the call; an empty list is a pass."""
        operation = self._find(seen)
        if operation is None:
            return [f"{seen.method} {seen.path}: the vendor has no such operation"]
        problems = [*self._query(operation, seen), *self._request(operation, seen), *self._answer(operation, seen)]
        return [f"{seen.method} {seen.path}: {problem}" for problem in problems]

    @cached_property
    def _operations(self) -> list[_Operation]:
        found = []
        for path, item in self._document["paths"].items():
            pattern = re.compile("/".join("[^/]+" if "{" in part else re.escape(part) for part in path.split("/")))
            literal = len(re.sub(r"\{.*?\}", "", path))
            found += [_Operation(("paths", path, method), pattern, literal) for method in METHODS if method in item]
        return sorted(found, key=lambda operation: -operation.literal)

    def _find(self, seen: Seen) -> _Operation | None:
        if not seen.path.startswith(self._base + "/"):
            return None
        path = seen.path[len(self._base) :]
        return next(
            (o for o in self._operations if o.pointer[2] == seen.method.lower() and o.pattern.fullmatch(path)), None
        )

    def _query(self, operation: _Operation, seen: Seen) -> Iterator[str]:
        pointers = [
            self._resolve((*operation.pointer[:end], "parameters", str(at)))
            for end in (2, 3)
            for at in range(len(self._at(operation.pointer[:end]).get("parameters", ())))
        ]
        known = {self._at(p)["name"]: p for p in pointers if self._at(p)["in"] == "query"}
        sent = parse_qsl(seen.query, keep_blank_values=True)
        for name, text in sent:
            if name not in known:
                yield f"unknown query parameter {name!r}"
                continue
            schema = self._resolve((*known[name], "schema"))
            if self._at(schema).get("type") == "array":
                exploded = self._at(known[name]).get("explode", True)
                schema = self._resolve((*schema, "items"))
                parts = [text] if exploded and "enum" not in self._at(schema) else text.split(",")
            else:
                parts = [text]
            for part in parts:
                yield from self._errors(schema, _typed(part, self._at(schema)), f"query {name}")
        for name, pointer in known.items():
            if self._at(pointer).get("required") and name not in dict(sent):
                yield f"query parameter {name!r} is required"

    def _request(self, operation: _Operation, seen: Seen) -> Iterator[str]:
        pointer = (*operation.pointer, "requestBody")
        if "requestBody" not in self._at(operation.pointer):
            if seen.body:
                yield "this operation takes no body"
            return
        pointer = self._resolve(pointer)
        if not seen.body:
            if self._at(pointer).get("required"):
                yield "a body is required"
            return
        schema = self._json_schema(pointer)
        if schema is None:
            return
        try:
            body = json.loads(seen.body)
        except ValueError:
            yield "the request body is not JSON"
            return
        yield from self._errors(schema, body, "request")
        yield from self._unknown_keys(schema, body, "request", hidden="readOnly")

    def _answer(self, operation: _Operation, seen: Seen) -> Iterator[str]:
        if not seen.status:
            return
        responses = self._at((*operation.pointer, "responses"))
        key = next((k for k in (str(seen.status), f"{seen.status // 100}XX", "default") if k in responses), None)
        if key is None:
            if seen.status < 300:
                yield f"status {seen.status} is not documented"
            return
        schema = self._json_schema(self._resolve((*operation.pointer, "responses", key)))
        if schema is None or (self._at(schema) == {} and not seen.answer):
            return
        try:
            body = json.loads(seen.answer)
        except ValueError:
            yield f"the {seen.status} answer is not JSON"
            return
        yield from self._errors(schema, body, f"answer {seen.status}")
        yield from self._unknown_keys(schema, body, f"answer {seen.status}", hidden="writeOnly")

    def _json_schema(self, pointer: tuple[str, ...]) -> tuple[str, ...] | None:
        for kind, content in self._at(pointer).get("content", {}).items():
            if "json" in kind or kind == "*/*":
                return (*pointer, "content", kind, "schema") if "schema" in content else None
        return None

    def _at(self, pointer: tuple[str, ...]) -> Any:
        node = self._document
        for part in pointer:
            node = node[int(part)] if isinstance(node, list) else node[part]
        return node

    def _resolve(self, pointer: tuple[str, ...]) -> tuple[str, ...]:
        while isinstance(node := self._at(pointer), dict) and "$ref" in node:
            parts = node["$ref"].removeprefix("#/").split("/")
            pointer = tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in parts)
        return pointer

    def _errors(self, pointer: tuple[str, ...], value: Any, where: str) -> Iterator[str]:
        escaped = (quote(part.replace("~", "~0").replace("/", "~1")) for part in pointer)
        schema = {"$ref": "urn:spec#/" + "/".join(escaped)}
        validator = Draft202012Validator(schema, registry=self._registry, format_checker=_DATES)
        for error in validator.iter_errors(value):
            yield f"{where}{error.json_path[1:]}: {error.message[:300]}"

    def _unknown_keys(self, pointer: tuple[str, ...], value: Any, where: str, hidden: str) -> Iterator[str]:
        """Keys of `value` that no branch of the schema names; a free map (no named properties) takes any key."""
        branches = list(self._branches(pointer))
        if isinstance(value, list):
            items = next(((*branch, "items") for branch in branches if "items" in self._at(branch)), None)
            for at, thing in enumerate(value if items else ()):
                yield from self._unknown_keys(items or (), thing, f"{where}[{at}]", hidden)
        if not isinstance(value, dict):
            return
        named = {name: (*b, "properties", name) for b in branches for name in self._at(b).get("properties", {})}
        maps = [
            (*b, "additionalProperties") for b in branches if isinstance(self._at(b).get("additionalProperties"), dict)
        ]
        for key, inner in value.items():
            if named.get(key) and self._at(named[key]).get(hidden):
                yield f"{where}.{key} is {hidden} in the vendor's schema"
            if key in named or maps:
                yield from self._unknown_keys(named.get(key) or maps[0], inner, f"{where}.{key}", hidden)
            elif named and not (hidden == "writeOnly" and self._declared_open(branches)):
                yield f"{where}.{key} is not in the vendor's schema"

    def _declared_open(self, branches: list[tuple[str, ...]]) -> bool:
        """Jira says of some answers that they hold more than is documented."""
        return any(self._at(branch).get("additionalProperties") is True for branch in branches)

    def _branches(self, pointer: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        pointer = self._resolve(pointer)
        yield pointer
        schema = self._at(pointer)
        if isinstance(schema, dict):
            for word in ("allOf", "anyOf"):
                for at in range(len(schema.get(word, ()))):
                    yield from self._branches((*pointer, word, str(at)))


def _typed(text: str, schema: dict[str, Any]) -> Any:
    """A query value as the JSON type that its schema asks for, or the text itself where it does not fit."""
    try:
        if schema.get("type") in ("integer", "number"):
            return json.loads(text)
        if schema.get("type") == "boolean":
            return {"true": True, "false": False}.get(text, text)
    except ValueError:
        pass
    return text


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's dialect in the words of JSON Schema 2020-12.

    `oneOf` becomes `anyOf`: the vendors' alternatives overlap, as nearly all their objects are open.
    """
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {("anyOf" if key == "oneOf" else key): _as_json_schema(value) for key, value in node.items()}
    if "$ref" in out and isinstance(out["$ref"], str):
        return {"$ref": out["$ref"]}
    if any(isinstance(part, dict) and part.get("nullable") for part in (node, *node.get("allOf", ()))):
        return _nullable({key: value for key, value in out.items() if key != "nullable"})
    return out


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Asana marks `null` as allowed beside or inside an `allOf`; both mean the whole."""
    if isinstance(schema.get("type"), str) and "allOf" not in schema:
        enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
        return schema | enum | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
