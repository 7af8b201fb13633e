"""The pages about calendars and clocks name every field, and their examples can be used as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from service.calendars import CalendarRecipe, Holidays
from service.core.clock_rule import CLOCK_UNITS, ClockRule, Goal, OnBreach, Pause

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
CALENDARS, CLOCKS = ((REFERENCE / name).read_text(encoding="utf-8") for name in ("calendars.md", "clocks.md"))


@pytest.mark.parametrize(
    ("page", "models"), [(CALENDARS, (CalendarRecipe, Holidays)), (CLOCKS, (ClockRule,))], ids=["calendars", "clocks"]
)
def test_every_field_has_its_row_and_no_other(page: str, models: tuple[type[BaseModel], ...]) -> None:
    """The first columns of the tables are the fields of the models."""
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE)) - set(CLOCK_UNITS)
    assert rows == {name for model in models for name in model.model_fields}


def test_the_small_parts_of_a_clock_are_named() -> None:
    """Goals, pauses, what happens at a breach, and every unit stand in the text."""
    names = [name for model in (Goal, Pause, OnBreach) for name in model.model_fields]
    assert not [name for name in (*names, *CLOCK_UNITS) if f"`{name}`" not in CLOCKS]


def test_the_examples_can_be_used(tmp_path: Path) -> None:
    """They are valid as they stand, but for the company's own file."""
    (calendars,) = re.findall(r"```yaml\n(.*?)```", CALENDARS, re.DOTALL)
    (clocks,) = re.findall(r"```yaml\n(.*?)```", CLOCKS, re.DOTALL)
    (tmp_path / "company-days.ics").write_text(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Picnic\nDTSTART;VALUE=DATE:20260615\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    read = YAML(typ="safe", pure=True)
    for recipe in read.load(calendars).values():
        CalendarRecipe.model_validate(recipe, context={"folder": tmp_path})
    for rule in read.load(clocks)["clocks"].values():
        ClockRule.model_validate(rule)
