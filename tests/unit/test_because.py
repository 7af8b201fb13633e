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


CALENDARS = """
office: {time_zone: UTC, working_hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"],
  thu: ["09:00-17:00"], fri: ["09:00-17:00"]}}
agency:
  time_zone: UTC
  working_hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"]}
  holidays: {add: {"2026-11-25": Agency day}}
"""
FILM = """
id: film
version: 4
title: Film
calendar: office
tasks:
  brief: {title: Brief, party: ops, duration: "1 business_day"}
  shoot: {title: Shoot, party: external, calendar: agency, duration: "2 business_days", depends_on: [brief]}
  cut: {title: Cut, party: ops, duration: "1 business_day", depends_on: [shoot]}
"""
TRAILER = """
id: trailer
version: 1
title: Trailer
calendar: agency
tasks:
  clip: {title: Clip, party: external, duration: "2 business_days"}
children:
  whole: {template: film, title: Whole film}
"""


def test_a_task_counts_in_the_calendar_that_its_template_names(tmp_path: Path) -> None:
    """An agency that works Monday to Wednesday shoots on its days; the sentence says whose days were counted."""
    for name, text in {"calendars": CALENDARS, "film": FILM, "trailer": TRAILER}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.problems == []
    monday = date(2026, 11, 23)
    facts = Facts(inputs={}, complete_on=monday, today=monday)
    expected = {"brief": "2026-11-24", "shoot": "2026-12-01", "cut": "2026-12-02"}
    for name, prefix in (("film", ""), ("trailer", "whole_")):
        template = catalogue.templates[name]
        frozen = catalogue.calendar_of(template, monday)
        calendar = Calendar.from_dict(json.loads(json.dumps(frozen.as_dict())))
        assert calendar.digest == frozen.digest
        tasks = {task.key: task for task in make_plan(template, calendar, facts).tasks}
        assert {key: tasks[prefix + key].due_on.isoformat() for key in expected} == expected
        for task in tasks.values():
            because = Because.from_dict(task.because or {})
            assert (
                recounted(because, {"office": calendar.named("office"), "agency": calendar.named("agency")})
                == task.due_on
            )
    film = make_plan(catalogue.templates["film"], catalogue.calendar_of(catalogue.templates["film"], monday), facts)
    assert {task.key: task.why for task in film.tasks}["shoot"] == (
        "2 business days after “Brief” (Tue 24 Nov 2026), counted in agency, is Tue 1 Dec 2026; "
        "skipped 25 Nov (Agency day); Film v4."
    )
