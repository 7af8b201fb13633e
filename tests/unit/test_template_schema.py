"""The JSON Schema for editors: it takes what the catalogue takes, and flags what somebody mistypes."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from service.config_file import read
from service.core.template import Template
from service.template_schema import field_docs, schema

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").glob("*.yaml"))
CHECK = Draft202012Validator(schema())
GOOD = """
id: letter
version: 1
title: Letter
calendar: office
inputs: {day: {type: date, required: true}, page: {type: bool, required: {field: inputs.day, exists: true}}}
lead_time: {offset: 2, unit: weeks, direction: before, ref: inputs.day}
turnaround: "2-3 business_days after request.complete"
tasks:
  write: {title: Write it, party: ops, duration: {value: 2, unit: business_days}}
  check: {title: Check it, party: ops, duration: 0, depends_on: [write], blackout: [thu, "2026-12-24"]}
  send:
    title: Send it
    party: ops
    duration: 1 business_day
    depends_on: [{task: check, lag: 1 week}]
    due: 1 business_day before inputs.day
min_gaps: [{from: write, to: send, at_least: 3 business_days}]
"""


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """Where an editor would flag the file."""
    path = tmp_path / "letter.yaml"
    path.write_text(text)
    return [str(error.json_path) for error in CHECK.iter_errors(read(path).data)]


def test_it_is_a_schema() -> None:
    """Of draft 2020-12, so that editors can read it."""
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.stem != "calendars"], ids=lambda path: path.stem)
def test_every_file_of_the_starter_pack_fits(path: Path) -> None:
    """An editor flags nothing in it."""
    assert [error.message for error in CHECK.iter_errors(read(path).data)] == []


def test_short_and_long_forms_fit(tmp_path: Path) -> None:
    """Amounts as text or mapping, a dependency as a name or with its lag, 0 for a milestone."""
    assert mistakes(tmp_path, GOOD) == []


def test_a_file_that_extends_another_says_only_what_differs(tmp_path: Path) -> None:
    """Nothing but its own id and version is required, and null takes something out."""
    text = "id: card\nversion: 1\nextends: letter\ntasks: {write: {duration: 1 business_day}, check: null}\n"
    assert mistakes(tmp_path, text) == []
    assert mistakes(tmp_path, text.replace("duration:", "durration:")) != []
    assert mistakes(tmp_path, text.replace("version: 1\n", "")) != []


MISTAKES = {
    "an unknown field": ("title: Write it", "tittle: Write it"),
    "no party": ("party: ops, duration: {", "duration: {"),
    "an unknown party": ("party: ops, duration: {", "party: opps, duration: {"),
    "a unit that does not exist": ("1 business_day before", "1 working_day before"),
    "hours in a date": ("lag: 1 week", "lag: 24 hours"),
    "a negative gap": ("at_least: 3", "at_least: -3"),
    "weeks of work": ("duration: 1 business_day", "duration: 1 week"),
    "an offset from nothing": ("1 business_day before inputs.day", "1 business_day"),
    "a name with capitals": ("  write:", "  Write:"),
    "a version that is no number": ("version: 1", "version: one"),
    "a role where a way is asked for": ("min_gaps:", "feasibility: {try: [hope]}\nmin_gaps:"),
    "an owner that is no role": ("title: Send it", "title: Send it\n    owner: ops"),
    "no title": ("title: Letter\n", ""),
}


@pytest.mark.parametrize(("old", "new"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_flagged(tmp_path: Path, old: str, new: str) -> None:
    """What the shape can tell, the editor tells."""
    assert old in GOOD
    assert mistakes(tmp_path, GOOD.replace(old, new, 1)) != []


def test_fields_are_explained_where_they_are_written() -> None:
    """The words below a field in the model are what an editor shows."""
    told = schema()["$defs"]["Template"]["properties"]["lead_time"]["description"]
    assert told == field_docs(Template)["lead_time"]
    assert "complete" in told
