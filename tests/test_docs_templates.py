"""The page of the template language holds: it names every field of the model, in the part where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from service.core.template import Template
from service.template_schema import schema

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "templates.md").read_text(encoding="utf-8")
CLOCKS = (Path(__file__).parents[1] / "docs" / "reference" / "clocks.md").read_text(encoding="utf-8")
NOT_WRITTEN = {"library"}
"""Fields that only the catalogue fills."""


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """The model and every part of it, at any depth."""
    if model not in seen:
        seen.add(model)
        yield model
        for field in model.model_fields.values():
            for inner in _inside(field.annotation):
                yield from models(inner, seen)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)


MODELS = list(models(Template, set()))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_page_names_every_field(model: type[BaseModel]) -> None:
    """What can be written is explained, clocks on a page of their own."""
    page = PAGE + CLOCKS
    fields = {info.alias or name for name, info in model.model_fields.items()} - NOT_WRITTEN
    assert sorted(field for field in fields if f"`{field}`" not in page) == []


def test_the_page_invents_no_field() -> None:
    """Whatever stands in the first column of a table is a field, a way out of `feasibility`, or an amount of time."""
    known = {info.alias or name for model in MODELS for name, info in model.model_fields.items()}
    ways = set(schema()["$defs"]["Feasibility"]["properties"]["try"]["items"]["enum"])
    named = {
        name
        for cell in re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
        if not name.startswith('"')
    }
    assert sorted(named - known - ways) == []


def test_every_example_can_be_pasted() -> None:
    """It is YAML, and what stands at its left margin are fields of a template."""
    examples = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    read = [YAML(typ="safe", pure=True).load(example) for example in examples]
    mappings = [example for example in read if isinstance(example, dict)]
    assert len(mappings) > 10
    assert {name for example in mappings for name in example} <= set(Template.model_fields)
