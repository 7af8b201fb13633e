"""The page on commitments leaves no field out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from service.catalogue import Catalogue
from service.core.clock_rule import ClockRule
from service.core.commitment import Agreement, Cadence, Quota
from service.core.condition import Condition
from service.settings import STARTER_TEMPLATES

PAGE = (Path(__file__).parents[1] / "docs/reference/commitments.md").read_text(encoding="utf-8")
TEXT = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
ELSEWHERE = (ClockRule, Condition)
"""Told on pages of their own."""


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model inside of a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    """The names of its fields, at any depth."""
    if model in seen or issubclass(model, ELSEWHERE):
        return
    seen.add(model)
    for name, info in model.model_fields.items():
        yield info.alias or name
        for inner in models(info.annotation):
            yield from fields(inner, seen)


@pytest.mark.parametrize("kind", [Cadence, Quota, Agreement])
def test_every_field_of_a_commitment_is_explained(kind: type[BaseModel]) -> None:
    """The page names each, in code."""
    named = set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`[^`]+`", TEXT))))
    assert sorted(set(fields(kind, set())) - named) == []


def test_every_commitment_of_the_starter_pack_is_named() -> None:
    """With its kind."""
    pack = Catalogue.load(STARTER_TEMPLATES).commitments
    assert sorted(name for name in pack if f"`{name}`" not in PAGE) == []
