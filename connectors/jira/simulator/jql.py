"""A small, honest part of JQL: what it does not understand it refuses as Jira refuses a bad query.

Understood: project, parent, key, id, labels, issuetype, status, statusCategory, assignee, reporter, summary (`~`), due,
created and updated with `= != < <= > >= ~ IN, NOT IN, IS EMPTY, IS NOT EMPTY`, joined by AND, OR, NOT and brackets,
and ORDER BY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.jira.simulator.strict import Refusal

UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."

_TOKEN = re.compile(
    r"""\s*(?: "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>(?:\\.|[^'\\])*)'
    | (?P<sign>!=|>=|<=|!~|[=<>~(),]) | (?P<word>[^\s"'=<>!~(),]+) )""",
    re.VERBOSE,
)
_SIGNS = {"=", "!=", "<", "<=", ">", ">=", "~"}
_EMPTY = {"=": "empty", "!=": "not empty"}

FIELDS = {
    "project": "project",
    "parent": "parent",
    "key": "key",
    "issuekey": "key",
    "issue": "key",
    "id": "key",
    "labels": "labels",
    "issuetype": "issuetype",
    "type": "issuetype",
    "status": "status",
    "statuscategory": "statuscategory",
    "assignee": "assignee",
    "reporter": "reporter",
    "summary": "summary",
    "due": "due",
    "duedate": "due",
    "created": "created",
    "createddate": "created",
    "updated": "updated",
    "updateddate": "updated",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """`field operator values`; `empty` and `not empty` have no values."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`and`, `or`, or `not` over parts."""

    kind: str
    parts: tuple[Group | Clause, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; `order` holds (field, descending)."""

    where: Group | Clause | None
    order: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool

    def is_word(self, *words: str) -> bool:
        return not self.quoted and self.text.lower() in words


def parse(text: str) -> Query:
    """Raises `Refusal` (400) with Jira's kind of message."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Refusal(400, f"Error in the JQL Query: The character '{text[at:].strip()[:1]}' is not understood.")
        at = match.end()
        quoted = match["double"] if match["double"] is not None else match["single"]
        if quoted is not None:
            found.append(_Token(re.sub(r"\\(.)", r"\1", quoted), quoted=True))
        else:
            found.append(_Token(match["sign"] or match["word"], quoted=False))
    return found


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at = tokens, 0

    def query(self) -> Query:
        where = None if self._next_is("order") or not self._tokens else self._or()
        order = self._order() if self._take("order") else ()
        if self._at < len(self._tokens):
            raise self._error()
        return Query(where, order)

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next_is(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.is_word(*words)

    def _take(self, *words: str) -> bool:
        if self._next_is(*words):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._error()

    def _token(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._error()
        self._at += 1
        return token

    def _error(self) -> Refusal:
        token = self._peek()
        near = f"near '{token.text}'" if token else "at its end"
        return Refusal(400, f"Error in the JQL Query: it is not understood {near}.")

    def _or(self) -> Group | Clause:
        parts = [self._and()]
        while self._take("or", "||"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Group("or", tuple(parts))

    def _and(self) -> Group | Clause:
        parts = [self._not()]
        while self._take("and", "&&"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Group("and", tuple(parts))

    def _not(self) -> Group | Clause:
        if self._take("not"):
            return Group("not", (self._not(),))
        if self._take("("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._clause()

    def _clause(self) -> Clause:
        name = self._field()
        if self._take("is"):
            wanted = "not empty" if self._take("not") else "empty"
            if not self._take("empty", "null"):
                raise self._error()
            return Clause(name, wanted, ())
        if self._take("in"):
            return Clause(name, "in", self._list())
        if self._take("not"):
            self._expect("in")
            return Clause(name, "not in", self._list())
        sign = self._token()
        if sign.quoted or sign.text not in _SIGNS:
            self._at -= 1
            raise self._error()
        if sign.text in _EMPTY and self._take("empty", "null"):
            return Clause(name, _EMPTY[sign.text], ())
        return Clause(name, sign.text, (self._value(),))

    def _field(self) -> str:
        name = self._token().text
        if name.lower() not in FIELDS:
            raise Refusal(400, f"Field '{name}' does not exist or you do not have permission to view it.")
        return FIELDS[name.lower()]

    def _list(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> str:
        token = self._token()
        if not token.quoted and token.text in {*_SIGNS, "(", ")", ","}:
            self._at -= 1
            raise self._error()
        if not token.quoted and self._take("("):
            self._expect(")")
            return f"{token.text}()"
        return token.text

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("by")
        order = []
        while True:
            name = self._field()
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            order.append((name, descending))
            if not self._take(","):
                return tuple(order)
