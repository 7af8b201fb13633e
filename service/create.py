"""Request → campaign → plan: which template a task asks for, what it was given, and what the plan of it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from connectors.contract import Status, Task
from service.core.calendar import Calendar
from service.core.effective import effective
from service.core.inputs import typed
from service.core.merge import LinkView
from service.core.network import CREATED
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.core.template import Template
from service.core.wiring import overtaken
from service.runtime import Runtime
from service.settings import RequestRule
from service.store.tables import Campaign, campaign_id

OWN_FIELDS = {"due_on": "due date", "start_on": "start date", "title": "title", "text": "description"}
"""What every task has, by its name in a template's rules, in a person's words."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from; a new plan is made only when this changes."""

    inputs: Mapping[str, Any]
    pins: Mapping[str, date]
    done: Mapping[str, date]
    """Tasks done before or after their planned date, and when; what goes as planned changes no plan."""
    ahead: Mapping[str, Sequence[str]]
    """Tasks done while others that they should have waited for are open, and these."""
    out: tuple[str, ...]
    """Tasks that were deleted, cancelled by a person, or refused."""

    def as_dict(self) -> dict[str, Any]:
        """JSON; dates as ISO text."""
        return {
            "inputs": {name: _plain(value) for name, value in self.inputs.items()},
            "pins": {key: day.isoformat() for key, day in self.pins.items()},
            "done": {key: day.isoformat() for key, day in self.done.items()},
            "ahead": {key: list(still_open) for key, still_open in self.ahead.items()},
            "out": list(self.out),
        }


def rule_for(rules: Sequence[RequestRule], connection: str, task: Task) -> RequestRule | None:
    """The first rule that this task matches: every key of `when` is a field of it, compared as text without case."""
    for rule in rules:
        if rule.connection == connection and all(_has(task, name, wanted) for name, wanted in rule.when.items()):
            return rule
    return None


def rule_of(rules: Sequence[RequestRule], campaign: Campaign, request: Task | None) -> RequestRule | None:
    """The rule that started it, or the one that names its template now."""
    mine = [rule for rule in rules if (rule.connection, rule.template) == (campaign.connection, campaign.template)]
    return (rule_for(mine, campaign.connection, request) if request else None) or next(iter(mine), None)


def rule_mismatch(rules: Sequence[RequestRule], connection: str, task: Task) -> str:
    """Why no rule took it, in one sentence for the ledger."""
    names = sorted({name for rule in rules if rule.connection == connection for name in rule.when})
    has = ", ".join(f"{name} {' and '.join(_values(task, name)) or 'nothing'}" for name in names)
    return f"{task.label} starts no campaign: no request rule matches it ({has or 'no rules for this connection'})"


def begin(runtime: Runtime, connection: str, rule: RequestRule, task: Task) -> Campaign:
    """A campaign for this request, with template and calendar frozen into it; not stored yet."""
    template = runtime.template(rule.template)
    calendar = runtime.catalogue.calendar_of(template, around=runtime.now().date())
    return Campaign(
        id=campaign_id(connection, task.id),
        connection=connection,
        request_task=task.id,
        request_label=task.label,
        request_url=task.url,
        title=task.title,
        template=template.id,
        template_version=str(template.version),
        template_snapshot=template.model_dump(mode="json", exclude_defaults=True),
        calendar_snapshot=calendar.as_dict(),
        container_kind=rule.container,
        agreed={CREATED: calendar.received_on(task.created_at).isoformat()} if task.created_at else {},
    )


def raw_inputs(rule: RequestRule | None, template: Template, task: Task) -> dict[str, Any]:
    """What the request says for each input: from the field its rule names, else from the field of the same name."""
    mapped = rule.inputs if rule else {}
    return {
        name: _field(task, mapped[name]) if name in mapped else _named(task, name, asked.label)
        for name, asked in template.inputs.items()
    }


def lost(campaign: Campaign, rule: RequestRule | None, template: Template, task: Task) -> dict[str, Any]:
    """Inputs for which the request has no field any more since the last plan, each with what it said then.

    Somebody renamed or deleted the field, or took the request to a project without it; emptied, it would be there.
    """
    mapped = rule.inputs if rule else {}
    found: dict[str, Any] = {}
    for name, asked in template.inputs.items():
        said = campaign.inputs.get(name) if campaign.plan else None
        default = None if asked.default is None else _plain(typed(asked, asked.default))
        if said in (None, "", default) or asked.type == "file":
            continue
        places = [mapped[name]] if name in mapped else [name, asked.label or "", name.replace("_", " ")]
        if not any(_is_there(task, place) for place in places):
            found[name] = said
    return found


def field_of(rule: RequestRule | None, template: Template, task: Task, name: str) -> str:
    """The request's field that an input is read from: where none is filled, the one of its label."""
    if rule and name in rule.inputs:
        return rule.inputs[name]
    label = template.label(name)
    candidates = (name, label, name.replace("_", " "))
    return next((one for one in candidates if _field(task, one) not in (None, "", [])), label)


def saying(task: Task, days: Mapping[str, date | None]) -> Task:
    """The request as it reads when these days stand in its fields."""
    own = {name: day for name, day in days.items() if name in ("due_on", "start_on")}
    others = {name: day.isoformat() if day else None for name, day in days.items() if name not in own}
    return replace(task, **own, fields={**task.fields, **others})  # type: ignore[arg-type]


def complete_on(calendar: Calendar, task: Task, waited: bool, now: datetime) -> date:
    """The day on which the SLA starts: the first on which every required input was valid.

    A request that was complete when it was filed counts from its filing, however late we hear of it.
    """
    return calendar.received_on(now if waited or task.created_at is None else task.created_at)


def typed_inputs(campaign: Campaign, template: Template, raw: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Raises `InputProblems`. On a running campaign a date may lie in the past: the launch comes and goes."""
    return read_inputs(template, raw, campaign.complete_on or today)


def basis(
    template: Template,
    inputs: Mapping[str, Any],
    plan: Plan | None,
    before: Mapping[str, Any],
    links: Mapping[str, LinkView],
) -> Basis:
    """What the plan should be made from now; `before` is the stored basis of the current plan."""
    planned = {task.key: task.due_on for task in plan.tasks} if plan else {}
    known = before.get("done", {})
    done = {key: link.done_on for key, link in links.items() if link.done_on}
    out = tuple(sorted(key for key, link in links.items() if link.state in ("gone", "refused") or link.cancelled))
    return Basis(
        inputs=inputs,
        # A pin outlives its task, so that closing a pinned task is no change of the plan.
        pins={key: link.pinned_on for key, link in links.items() if link.pinned_on and link.state == "made"},
        done={key: on for key, on in done.items() if key in known or on != planned.get(key, on)},
        ahead=overtaken(effective(template, inputs), done, out) if done else {},
        out=out,
    )


def plan_of(campaign: Campaign, made_from: Basis, links: Mapping[str, LinkView], today: date) -> Plan:
    """The plan of a campaign with its frozen template and calendar.

    Done tasks stay where they were done, and what has begun keeps its start.
    """
    template = Template.model_validate(campaign.template_snapshot)
    calendar = Calendar.from_dict(campaign.calendar_snapshot)
    running = (campaign.plan or {}) if links else {}
    facts = Facts(
        inputs=dict(made_from.inputs),
        complete_on=campaign.complete_on or today,
        created_on=date.fromisoformat(created) if (created := campaign.agreed.get(CREATED)) else None,
        today=max(today, campaign.complete_on or today),
        begun=_begun(links, today),
        pins=dict(made_from.pins),
        was={task["key"]: date.fromisoformat(task["due_on"]) for task in running.get("tasks", ())},
        done={key: link.done_on for key, link in links.items() if link.done_on},
        dropped=frozenset(made_from.out),
    )
    return make_plan(template, calendar, facts, replan=bool(links))


def _begun(links: Mapping[str, LinkView], today: date) -> dict[str, date]:
    """The tasks that somebody is at, and since when: their start, or today where that is still to come."""
    at_it = {key: link.agreed for key, link in links.items() if link.open and link.status is not Status.TODO}
    starts = {key: agreed.start_on or agreed.plan_start for key, agreed in at_it.items()}
    return {key: min(start, today) for key, start in starts.items() if start}


def _named(task: Task, name: str, label: str | None) -> Any:
    for candidate in (name, label or "", name.replace("_", " ")):
        value = _field(task, candidate)
        if value not in (None, "", []):
            return value
    return None


def _has(task: Task, name: str, wanted: str) -> bool:
    return any(value.strip().casefold() == wanted.strip().casefold() for value in _values(task, name))


def _values(task: Task, name: str) -> list[str]:
    found = _field(task, name)
    return [str(value) for value in (found if isinstance(found, list | tuple) else [found]) if value is not None]


def _field(task: Task, name: str) -> Any:
    """A field by id or name, without regard to case; `OWN_FIELDS` are fields too."""
    if name in OWN_FIELDS:
        value = getattr(task, name)
        if value is not None:
            return value
    if name in task.fields:
        return task.fields[name]
    folded = name.casefold()
    return next((value for field, value in task.fields.items() if field.casefold() == folded), None)


def _is_there(task: Task, name: str) -> bool:
    return name in OWN_FIELDS or name.casefold() in map(str.casefold, task.fields)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
