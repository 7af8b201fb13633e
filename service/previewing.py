"""What a request would get: the plan of a template for these inputs, told in the same words by command and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from service.catalogue import Catalogue
from service.core.explain import long_day
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.core.template import Template

VERDICTS = {
    "planned": "it can be done.",
    "compressed": "it can be done if some work is compressed.",
    "flagged": "it cannot be kept as it stands; somebody must agree to these dates.",
    "shift_proposed": "it cannot be done; these are the dates on the earliest possible day.",
    "rejected": "it cannot be done.",
    "excluded": "the agreement does not cover it; a person decides, and no clock starts.",
}


def preview(template: Template, catalogue: Catalogue, given: Mapping[str, Any], asked_on: date) -> Plan:
    """The plan of a request that is complete on that day, before the calendar's cut-off if it has one.

    Raises `InputProblems`, and `OverflowError` for a day that no calendar reaches.
    """
    inputs = read_inputs(template, given, asked_on)
    calendar = catalogue.calendar_of(template, around=asked_on)
    received = calendar.received_on(datetime.combine(asked_on, time.min, tzinfo=ZoneInfo(calendar.time_zone)))
    return make_plan(template, calendar, Facts(inputs=inputs, complete_on=received, today=asked_on))


def summary(template: Template, plan: Plan) -> str:
    """Whether it can be done, in one sentence."""
    return f"{template.title}, asked for on {long_day(plan.planned_on)}: {VERDICTS[plan.verdict]}"


def earliest(template: Template, plan: Plan) -> str | None:
    """The first date that can be had, where the one asked for cannot."""
    if plan.earliest_anchor is None:
        return None
    name, day = plan.earliest_anchor
    return f"The earliest possible {template.label(name)} is {long_day(day)}."


def answer(template: Template, plan: Plan) -> dict[str, Any]:
    """The plan as JSON, for programs, with what people read about it."""
    late = (plan.complete_on - plan.request_by).days if plan.request_by else 0
    return {
        "summary": summary(template, plan),
        "notice_short": max(0, late),
        "earliest": earliest(template, plan),
        **plan.as_dict(),
    }
