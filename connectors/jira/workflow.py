"""Moving an issue through its workflow: only transitions change a status, and each status offers its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from connectors.contract import Status, Task
from connectors.errors import AccessDenied, OutcomeUnknown, Rejected
from connectors.jira import adf
from connectors.jira.client import JiraApi
from connectors.jira.issues import Issues
from connectors.jira.mapping import StatusMap, means_dropped
from connectors.jira.remember import Memory
from connectors.jira.site import Site
from connectors.retrying import retrying

MOST_STEPS = 3
NOTHING: Mapping[str, str] = {}
_STAGE = {Status.TODO: 0, Status.DOING: 1, Status.WAITING: 1, Status.DONE: 2, Status.DROPPED: 2}


@dataclass(frozen=True, slots=True)
class Transition:
    """One way out of a status, as far as it concerns us."""

    id: str
    name: str
    to_name: str
    lands: Status
    fields: Mapping[str, Any]
    """What its screen must be given."""
    asks: bool
    """Its screen demands more than we know how to give."""


class Workflow:
    """The moves of one site."""

    def __init__(self, api: JiraApi, site: Site, issues: Issues, given: Mapping[str, str]) -> None:
        """`given`: what to fill demanded fields with, by id or name."""
        self._api, self._site, self._issues, self._given = api, site, issues, given
        self._offers: Memory[tuple[str | None, str | None, str], list[dict[str, Any]]] = Memory()
        self._statuses: Memory[str, list[dict[str, Any]]] = Memory()

    def move(self, task: Task, wanted: Status) -> Status:
        """See `Tracker.set_status`. Where a workflow cannot say `dropped`, the issue is closed as done."""
        here = task if task.status_name else self._again(task)
        seen: set[str] = set()
        refused = False
        while here.status is not wanted and not (wanted is Status.DROPPED and here.status is Status.DONE and seen):
            key = (here.project, str(here.fields.get("issue_type")), here.status_name)
            offered = self._offers.get(key, partial(self._ask, here))
            seen.add(here.status_name)
            step = self._choose(here, offered, wanted, seen)
            if step is None or len(seen) > MOST_STEPS:
                raise Rejected(_no_way(here, wanted, offered))
            try:
                here = self._take(here, step)
            except AccessDenied:
                raise
            except Rejected:
                # Somebody was quicker (409), or the remembered transitions are out of date: look, then try once more.
                self._offers.forget(key)
                if refused:
                    raise
                refused, here = True, self._again(here)
                seen.discard(here.status_name)
        return here.status

    def _ask(self, task: Task) -> list[dict[str, Any]]:
        return retrying()(self._api.transitions, task.id)

    def _again(self, task: Task) -> Task:
        return retrying()(self._issues.again, task.id)

    def _choose(
        self, here: Task, offered: Sequence[Mapping[str, Any]], wanted: Status, seen: set[str]
    ) -> Transition | None:
        """The way that lands there, else the one that leads nearest; a second choice for dropped is done."""
        statuses = self._site.statuses.within(here.project)
        ways = [as_transition(raw, statuses, wanted, self._given) for raw in offered]
        for aim in (wanted, Status.DONE) if wanted is Status.DROPPED else (wanted,):
            if direct := [way for way in ways if way.lands is aim]:
                return min(direct, key=lambda way: way.asks)
            near = [way for way in ways if way.to_name not in seen and not way.lands.closed]
            if near and aim in self._there(here):
                return min(near, key=lambda way: (abs(_STAGE[way.lands] - _STAGE[wanted]), way.asks))
        return None

    def _there(self, here: Task) -> set[Status]:
        """All that the workflow knows, so that no issue is moved about for nothing."""
        project = str(here.project)
        types = self._statuses.get(project, lambda: retrying()(self._api.statuses, project))
        mine = [kind for kind in types if kind.get("name") == here.fields.get("issue_type")]
        statuses = self._site.statuses.within(here.project)
        return {statuses.of(status) for kind in mine or types for status in kind.get("statuses") or ()}

    def _take(self, here: Task, step: Transition) -> Task:
        """After an unknown outcome the issue is read before the transition is repeated."""
        body: dict[str, Any] = {"transition": {"id": step.id}}
        if step.fields:
            body["fields"] = dict(step.fields)
        unsure = False
        for attempt in retrying():
            with attempt:
                if unsure and (now := self._issues.again(here.id)).status_name != here.status_name:
                    return now
                try:
                    self._api.send("POST", f"issue/{here.id}/transitions", body, items=[here.id])
                except OutcomeUnknown:
                    unsure = True
                    raise
        return replace(here, status=step.lands, status_name=step.to_name)


def as_transition(
    raw: Mapping[str, Any], statuses: StatusMap, wanted: Status, given: Mapping[str, str] = NOTHING
) -> Transition:
    """A resolution is given where the screen demands one, and where it is what tells dropped from done; of `given`
    whatever else it demands."""
    screen = raw.get("fields") or {}
    demanded = {name for name, field in screen.items() if field.get("required") and not field.get("hasDefaultValue")}
    resolution = _resolution((screen.get("resolution") or {}).get("allowedValues") or (), wanted)
    texts = {name.casefold(): text for name, text in given.items()}
    fields: dict[str, Any] = {}
    for name in demanded - {"resolution"}:
        text = texts.get(name.casefold()) or texts.get(str(screen[name].get("name")).casefold())
        if text is not None:
            fields[name] = _as_asked(screen[name], text)
    if resolution and ("resolution" in demanded or (wanted is Status.DROPPED and means_dropped(resolution["name"]))):
        fields["resolution"] = {"name": resolution["name"]}
    return Transition(
        id=str(raw["id"]),
        name=raw.get("name", ""),
        to_name=raw["to"]["name"],
        lands=statuses.of(raw["to"], fields.get("resolution")),
        fields=fields,
        asks=bool(demanded - fields.keys()),
    )


def _as_asked(field: Mapping[str, Any], text: str) -> Any:
    """A text in the form that a field takes; the one of its options, where it has any."""
    kind = (field.get("schema") or {}).get("type")
    for option in field.get("allowedValues") or ():
        said_by = "value" if "value" in option else "name"
        if text.casefold() == str(option.get(said_by)).casefold():
            chosen = {said_by: option[said_by]}
            return [chosen] if kind == "array" else chosen
    if kind == "number":
        return float(text)
    custom = str((field.get("schema") or {}).get("custom") or "")
    return adf.from_markdown(text) if custom.endswith(":textarea") else text


def _resolution(allowed: Sequence[Mapping[str, Any]], wanted: Status) -> Mapping[str, Any] | None:
    """The first that says what we mean, else the first."""
    fitting = [value for value in allowed if means_dropped(value.get("name")) is (wanted is Status.DROPPED)]
    return next(iter([*fitting, *allowed]), None)


def _no_way(here: Task, wanted: Status, offered: Sequence[Mapping[str, Any]]) -> str:
    names = ", ".join(f"{raw.get('name')} → {raw['to']['name']}" for raw in offered) or "none"
    return f"no way from {here.status_name!r} to {wanted} in the workflow of {here.label}; transitions offered: {names}"
