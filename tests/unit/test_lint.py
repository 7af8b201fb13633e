"""The lint: a template must fit into its own lead time or turnaround, and the hardest week of the year is named."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from service.catalogue import Catalogue
from service.core.calendar import Calendar
from service.core.lint import Report, lint
from service.core.template import Template

PACK = Catalogue.load(Path(__file__).parents[2] / "templates")
MONDAY = date(2026, 11, 23)
CLOSED = Calendar(
    name="office", holidays={date(2026, 12, 21) + timedelta(days=count): "Year-end closing" for count in range(12)}
)


def template(**changes: object) -> Template:
    """Ten working days of work before a launch two weeks away, and nothing to spare."""
    tasks = {
        "write": {"title": "Write", "party": "ops", "duration": "6 business_days"},
        "check": {"title": "Check", "party": "ops", "duration": "4 business_days", "depends_on": ["write"]},
        "launch": {"title": "Launch", "party": "ops", "pinned": "inputs.launch"},
    }
    base: dict[str, object] = {
        "id": "launch",
        "version": 1,
        "title": "Launch",
        "calendar": "office",
        "inputs": {"launch": {"type": "date", "required": True}},
        "lead_time": "2 weeks before inputs.launch",
        "tasks": tasks,
        "min_gaps": [{"from": "check", "to": "inputs.launch", "at_least": "0 business_days"}],
    }
    return Template.model_validate(base | changes)


def report(recipe: Template, calendar: Calendar = CLOSED) -> Report:
    """From Monday 23 November 2026 on."""
    return lint(recipe, calendar, MONDAY)


@pytest.mark.parametrize("recipe", PACK.templates.values(), ids=lambda recipe: recipe.id)
def test_the_starter_pack_passes(recipe: Template) -> None:
    """Every template that ships can be kept at exactly what it asks for."""
    found = report(recipe, PACK.calendar_of(recipe, MONDAY))
    assert found.proof is not None
    assert found.proved, list(found.sentences())


def test_months_are_warned_of() -> None:
    """They cannot be counted back exactly; weeks can, and a title that speaks of months is no amount."""
    tasks = {"launch": {"title": "1 month", "party": "ops", "due": "1 month before inputs.launch"}}
    months = report(template(lead_time="2 months before inputs.launch", tasks=tasks, min_gaps=[]))
    [warning] = [sentence for sentence in months.sentences() if "Months differ in length" in sentence]
    assert warning.endswith(": 2 months and 1 month.")
    assert not any("Months" in sentence for sentence in report(template()).sentences())


def test_what_just_fits_is_proved_and_the_holidays_are_named() -> None:
    """Ten days fit into two weeks; in the weeks before the closing they do not, and the chain says why."""
    found = report(template())
    assert found.proof is not None
    assert found.proof.spare == 0
    assert found.worst is not None
    assert (found.worst.asked_on, found.worst.spare) == (date(2026, 12, 18), -10)
    first, hardest = found.sentences()
    assert first == "Launch v1 can be kept at 2 weeks before Launch: nothing to spare."
    assert hardest.startswith("    Hardest week: the one of Mon 14 Dec 2026; a request of Fri 18 Dec 2026 has 10 ")
    assert "“Check”" in hardest


def test_what_never_fits_is_told_with_the_days_and_the_chain() -> None:
    """A day of work too many is a day too few, on a calendar without any holiday."""
    found = report(template(lead_time="13 days before inputs.launch"))
    assert not found.proved
    assert found.worst is None
    (sentence,) = found.sentences()
    assert sentence.startswith(
        "Launch v1 cannot be kept at 13 days before Launch: 1 business day too few. “Check” must"
    )


def test_a_turnaround_is_put_to_the_test_too() -> None:
    """The chain must fit into what is promised."""
    promised = {"lead_time": None, "inputs": {}, "min_gaps": []}
    tasks = {"write": {"title": "Write", "party": "ops", "duration": "6 business_days"}}
    fits = template(**promised, tasks=tasks, turnaround="6 business_days after request.complete")
    short = template(**promised, tasks=tasks, turnaround="5 business_days after request.complete")
    assert report(fits).proved
    assert "1 business day too few. Promised for" in "".join(report(short).sentences())


def test_every_answer_that_changes_the_plan_is_tried() -> None:
    """The one that makes the chain longest is named; one that changes nothing is not."""
    inputs = {
        "launch": {"type": "date", "required": True},
        "legal": {"type": "bool", "default": False},
        "colour": {"type": "enum", "values": ["red", "blue"], "default": "red"},
    }
    legal = {
        "title": "Legal check",
        "party": "external",
        "duration": "1 business_day",
        "depends_on": ["check"],
        "when": {"field": "inputs.legal", "equals": True},
    }
    base = template().model_dump(mode="json", by_alias=True, exclude={"library"})
    found = report(
        template(
            inputs=inputs,
            tasks={**base["tasks"], "legal": legal},
            min_gaps=[{"from": "legal", "to": "inputs.launch", "at_least": "0 business_days"}],
        )
    )
    assert not found.proved
    assert found.proof is not None
    assert found.proof.answers == {"legal": True}
    assert "(legal: yes)" in "".join(found.sentences())


def test_the_most_that_may_be_asked_for_is_a_warning() -> None:
    """The usual number is proved; that the greatest one does not fit is told beside it."""
    inputs = {
        "launch": {"type": "date", "required": True},
        "pages": {"type": "int", "default": 1, "min": 1, "max": 3},
    }
    more = {"because": "extra page", "count": "inputs.pages", "beyond": 1, "add": "1 business_day", "to": ["write"]}
    found = report(template(inputs=inputs, modifiers=[more]))
    assert found.proved
    assert found.limit is not None
    assert found.limit.spare == -2
    assert any("Not at its limits" in line and "(pages: 3)" in line for line in found.sentences())


def test_who_promises_nothing_has_nothing_to_prove() -> None:
    """A template without lead time and turnaround."""
    (sentence,) = report(template(lead_time=None)).sentences()
    assert sentence == "Launch v1 promises no time, so there is nothing to prove."
