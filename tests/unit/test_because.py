"""Every date of the shipped templates can be counted again from the data of its sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Catalogue
from service.core.because import Because, sentence
from service.core.calendar import Calendar
from service.core.explain import long_day
from service.core.plan import Facts, InputProblems, Plan, make_plan, read_inputs
from service.core.template import Input, Template
from tests.unit.recounting import recounted

PACK = Catalogue.load(Path(__file__).parents[2] / "templates")
DAYS_AHEAD = (12, 45, 59, 100)
COMPLETE = [date(2026, 11, 23) + timedelta(11 * step) for step in range(9)]


def answers(entry: Input, complete: date) -> list[Any]:
    """Several things that a request may say for one input."""
    match entry.type:
        case "date":
            return [(complete + timedelta(days)).isoformat() for days in DAYS_AHEAD]
        case "bool":
            return [True, False]
        case "enum":
            return list(entry.values)
        case "int":
            return sorted({entry.min or 1, entry.max or 3})
        case _:
            return ["https://example.com/file"]


def plans(template: Template) -> Iterator[tuple[Plan, Calendar]]:
    """Plans of many requests, each asked for on many days."""
    for complete in COMPLETE:
        calendar = PACK.calendar_of(template, complete)
        asked = [answers(entry, complete) for entry in template.inputs.values()]
        # Every answer comes at least once, and the first ones of all inputs together.
        for turn in range(max(map(len, asked), default=1)):
            raw = {name: given[turn % len(given)] for name, given in zip(template.inputs, asked, strict=True)}
            try:
                inputs = read_inputs(template, raw, complete)
            except InputProblems:
                continue
            for today, replan in product((complete, complete + timedelta(9)), (False, True)):
                yield (
                    make_plan(
                        template, calendar, Facts(inputs=inputs, complete_on=complete, today=today), replan=replan
                    ),
                    calendar,
                )


@pytest.mark.parametrize("template", PACK.templates.values(), ids=lambda template: template.id)
def test_every_date_of_a_shipped_template_is_counted_again_from_its_sentence(template: Template) -> None:
    """All of them, feasible or late, on first plans and later ones; the data say all that the sentence does."""
    seen = 0
    for plan, calendar in plans(template):
        calendars = {calendar.name: calendar}
        for task in plan.tasks:
            assert task.because is not None
            because = Because.from_dict(json.loads(json.dumps(task.because)))
            assert recounted(because, calendars) == task.due_on, task.why
            assert sentence(because) == task.why
            assert long_day(because.base_on) in task.why or because.rule == "late"
            seen += 1
    assert seen > 200


def test_a_blackout_is_told() -> None:
    """No invitations on a Thursday: three weeks before a Thursday is Wednesday, and the sentence says why."""
    template = Template.model_validate(
        {
            "id": "party",
            "version": 2,
            "title": "Party",
            "calendar": "office",
            "inputs": {"day": {"type": "date", "label": "The day", "required": True}},
            "tasks": {
                "invite": {
                    "title": "Invite",
                    "party": "ops",
                    "due": "3 weeks before inputs.day",
                    "blackout": ["thu", "2026-12-09"],
                },
            },
        }
    )
    office = Calendar(name="office")
    monday = date(2026, 11, 23)
    facts = Facts(inputs={"day": date(2026, 12, 31)}, complete_on=monday, today=monday)
    (task,) = make_plan(template, office, facts).tasks
    assert task.due_on == date(2026, 12, 8)
    assert task.why == (
        "3 weeks before The day (Thu 31 Dec 2026) is Thu 10 Dec 2026, a blackout day; "
        "the working day before without 9 Dec (blackout) is Tue 8 Dec 2026; Party v2."
    )
    assert recounted(Because.from_dict(task.because or {}), {"office": office}) == task.due_on
