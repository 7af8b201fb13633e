"""The search index, which lags behind the issues, and the evaluation of JQL over it."""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.jira.simulator.jql import UNBOUNDED, Clause, Group, Query
from connectors.jira.simulator.model import Facts
from connectors.jira.simulator.strict import Refusal

Predicate = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Names:
    """What the values of a query may name; asked when the query is checked."""

    now: datetime
    me: str
    """The account id behind `currentUser()`."""
    projects: frozenset[str]
    types: frozenset[str]
    statuses: frozenset[str]
    key_of: Callable[[str], str | None]
    """The key of an issue named by id or key; None where there is none."""


class Index:
    """Facts of issues as search knows them. `lag` is seconds until a change is known."""

    def __init__(self, lag: Callable[[], float]) -> None:
        self._lag = lag
        self._facts: dict[int, Facts] = {}
        self._pending: deque[tuple[float, Facts]] = deque()
        self._by_label: dict[str, set[int]] = defaultdict(set)
        self._by_parent: dict[str, set[int]] = defaultdict(set)

    def note(self, facts: Facts) -> None:
        """An issue was made or changed."""
        self._pending.append((time.monotonic() + self._lag(), facts))

    def forget(self, issue: int) -> None:
        """An issue was deleted; search drops it at once."""
        self._pending = deque(entry for entry in self._pending if entry[1].id != issue)
        self._remove(issue)

    def reconcile(self, facts: Iterable[Facts]) -> None:
        """These issues are to be found as they are now."""
        for known in facts:
            self._put(known)

    def find(self, query: Query, names: Names) -> list[Facts]:
        """Every match, in the order asked for (newest first where none is). Raises `Refusal` for an unbounded query."""
        if query.where is None:
            raise Refusal(400, UNBOUNDED)
        self._catch_up()
        matches = predicate(query.where, names)
        candidates = self._narrow(query.where, names)
        facts = self._facts.values() if candidates is None else [self._facts[i] for i in candidates if i in self._facts]
        found = [known for known in facts if matches(known)]
        found.sort(key=lambda known: known.id, reverse=True)
        for name, descending in reversed(query.order):
            found.sort(key=lambda known: _sortable(known, name), reverse=descending)
        return found

    def _catch_up(self) -> None:
        now = time.monotonic()
        while self._pending and self._pending[0][0] <= now:
            self._put(self._pending.popleft()[1])

    def _put(self, facts: Facts) -> None:
        known = self._facts.get(facts.id)
        if known is not None and known.updated > facts.updated:
            return
        self._remove(facts.id)
        self._facts[facts.id] = facts
        for label in facts.labels:
            self._by_label[label].add(facts.id)
        if facts.parent:
            self._by_parent[facts.parent].add(facts.id)

    def _remove(self, issue: int) -> None:
        known = self._facts.pop(issue, None)
        if known is None:
            return
        for label in known.labels:
            self._by_label[label].discard(issue)
        if known.parent:
            self._by_parent[known.parent].discard(issue)

    def _narrow(self, node: Group | Clause, names: Names) -> set[int] | None:
        """The only issues that can match, where an index tells; None: all of them."""
        if isinstance(node, Clause):
            if node.operator not in ("=", "in") or node.field not in ("labels", "parent"):
                return None
            if node.field == "labels":
                return set().union(*(self._by_label.get(value, set()) for value in node.values))
            return set().union(*(self._by_parent.get(names.key_of(value) or "", set()) for value in node.values))
        if node.kind != "and":
            return None
        known = [ids for part in node.parts if (ids := self._narrow(part, names)) is not None]
        return min(known, key=len, default=None)


def predicate(node: Group | Clause, names: Names) -> Predicate:
    """The query as a function; raises `Refusal` (400) for a value that does not exist."""
    if isinstance(node, Clause):
        return _clause(node, names)
    parts = [predicate(part, names) for part in node.parts]
    if node.kind == "and":
        return lambda facts: all(part(facts) for part in parts)
    if node.kind == "or":
        return lambda facts: any(part(facts) for part in parts)
    return lambda facts: not parts[0](facts)


def _clause(clause: Clause, names: Names) -> Predicate:
    read, operator = _READ[clause.field], clause.operator
    if operator in ("empty", "not empty"):
        return lambda facts: (not read(facts)) == (operator == "empty")
    if clause.field in ("created", "updated", "due"):
        return _dated(clause, read, names)
    if operator == "~":
        if clause.field != "summary":
            raise Refusal(400, f"The operator '~' is not supported by the '{clause.field}' field.")
        needle = clause.values[0].strip("*").lower()
        return lambda facts: needle in facts.summary.lower()
    if operator not in ("=", "!=", "in", "not in") or clause.field == "summary":
        raise Refusal(400, f"The operator '{operator}' is not supported by the '{clause.field}' field.")
    wanted = {_value(clause.field, value, names) for value in clause.values}
    if operator in ("=", "in"):
        return lambda facts: not wanted.isdisjoint(read(facts))
    # In Jira, != and NOT IN pass over issues whose field is empty.
    return lambda facts: bool(values := read(facts)) and wanted.isdisjoint(values)


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


_READ: dict[str, Callable[[Facts], Any]] = {
    "project": lambda f: (f.project.key.lower(), f.project.id, f.project.name.lower()),
    "parent": lambda f: _one(f.parent),
    "key": lambda f: (f.key,),
    "labels": lambda f: f.labels,
    "issuetype": lambda f: (f.type.name.lower(), f.type.id),
    "status": lambda f: (f.status.name.lower(), f.status.id),
    "statuscategory": lambda f: (f.status.category.name.lower(), f.status.category.key, str(f.status.category.id)),
    "assignee": lambda f: _one(f.assignee),
    "reporter": lambda f: _one(f.reporter),
    "summary": lambda f: f.summary,
    "due": lambda f: f.due and datetime.fromisoformat(f.due).replace(tzinfo=UTC),
    "created": lambda f: f.created,
    "updated": lambda f: f.updated,
}


def _value(field: str, value: str, names: Names) -> str:
    if field in ("assignee", "reporter"):
        return names.me if value.lower() == "currentuser()" else value
    if field in ("key", "parent"):
        key = names.key_of(value)
        if key is None:
            raise Refusal(400, f"An issue with key '{value}' does not exist for field '{field}'.")
        return key
    known = {"project": names.projects, "issuetype": names.types, "status": names.statuses}.get(field)
    if known is None:
        return value.lower() if field == "statuscategory" else value
    if value.lower() not in known:
        raise Refusal(400, f"The value '{value}' does not exist for the field '{field}'.")
    return value.lower()


_RELATIVE = re.compile(r"([+-]?\d+)([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _dated(clause: Clause, read: Callable[[Facts], Any], names: Names) -> Predicate:
    if clause.operator not in _COMPARE:
        raise Refusal(400, f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
    compare, bound = _COMPARE[clause.operator], _instant(clause, names.now)
    return lambda facts: (value := read(facts)) is not None and compare(value, bound)


_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _instant(clause: Clause, now: datetime) -> datetime:
    """Relative (`-5m`) or absolute (`2026-11-23 10:00`, in the user's time zone, which is UTC here), by the minute."""
    text = clause.values[0]
    if text.lower() == "now()":
        return now
    if relative := _RELATIVE.match(text):
        return now + timedelta(**{_UNITS[relative[2]]: int(relative[1])})
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Refusal(
        400,
        f"Date value '{text}' for field '{clause.field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
    )


def _sortable(facts: Facts, name: str) -> Any:
    if name == "key":
        return facts.project.key, int(facts.key.rpartition("-")[2])
    value = _READ[name](facts)
    if isinstance(value, tuple | frozenset):
        return sorted(value)
    return "" if value is None else str(value)
