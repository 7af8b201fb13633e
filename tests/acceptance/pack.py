"""The starter pack as the row tests ask it: a template and a request in, a plan out. T is the rows' day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from service.catalogue import Catalogue
from service.core.calendar import Calendar
from service.core.plan import Facts, Plan, PlannedTask, make_plan, read_inputs

PACK = Catalogue.load(Path(__file__).parents[2] / "templates")
T = date(2026, 11, 23)
PLAIN = Calendar(name="plain")
"""Monday to Friday, without holidays."""


def asked(
    template: str,
    complete: date = T,
    calendar: Calendar | None = None,
    *,
    today: date | None = None,
    done: Mapping[str, date] | None = None,
    pins: Mapping[str, date] | None = None,
    **raw: Any,
) -> Plan:
    """The plan of a request that is complete on that day."""
    recipe = PACK.templates[template]
    facts = Facts(
        inputs=read_inputs(recipe, raw, complete),
        complete_on=complete,
        today=today or complete,
        done=done or {},
        pins=pins or {},
    )
    return make_plan(recipe, calendar or PACK.calendar_of(recipe, complete), facts)


def received(template: str, new_york: str) -> date:
    """The day from which a request counts that was complete at that time in New York (winter)."""
    calendar = PACK.calendar_of(PACK.templates[template], T)
    return calendar.received_on(datetime.fromisoformat(f"{new_york}:00-05:00").astimezone(UTC))


def tasks(plan: Plan) -> dict[str, PlannedTask]:
    """By key."""
    return {task.key: task for task in plan.tasks}


def due(plan: Plan) -> dict[str, str]:
    """Key → ISO date."""
    return {task.key: task.due_on.isoformat() for task in plan.tasks}


def last(plan: Plan) -> str:
    """The day on which everything is done."""
    return max(due(plan).values())


def told(plan: Plan, words: str) -> bool:
    """Whether the plan says so among its problems."""
    return any(words in problem for problem in plan.problems)
