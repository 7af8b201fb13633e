"""Why a running campaign was planned anew, told from what changed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from service.core.causes import causes

NAMES = {"build": "“Build”", "check": "“Check”"}
PLANNED = {"build": date(2026, 12, 2), "check": date(2026, 12, 9)}
NOTHING: dict[str, Any] = {"inputs": {"launch_date": "2026-12-16"}, "pins": {}, "done": {}, "ahead": {}, "out": []}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {"inputs": {"launch_date": "2026-12-18"}}, "The request changed: launch date is now 2026-12-18."),
        ({}, {"pins": {"check": "2026-12-10"}}, "The date of “Check” was fixed by hand."),
        ({"pins": {"check": "2026-12-10"}}, {}, "The date of “Check” was given back to the plan."),
        ({}, {"done": {"build": "2026-12-01"}}, "“Build” was done earlier than planned."),
        ({}, {"done": {"build": "2026-12-03"}}, "“Build” was done later than planned."),
        ({"done": {"build": "2026-12-03"}}, {}, "“Build” is open again."),
        ({}, {"ahead": {"check": ["build"]}}, "“Check” was done before something that it should have waited for."),
        ({"ahead": {"check": ["build"]}}, {}, "Nothing is open any more that “Check” should have waited for."),
        ({"pins": {"check": "2026-12-10"}}, {"out": ["check"]}, "“Check” is left out."),
    ],
)
def test_each_change_is_told_by_its_own_sentence(before: dict[str, Any], now: dict[str, Any], told: str) -> None:
    """No change is blamed on another."""
    assert causes(NOTHING | before, NOTHING | now, NAMES, PLANNED) == [told]


def test_changes_that_come_together_are_all_told() -> None:
    """A task done early and a date fixed by hand in the same run are two causes."""
    now = NOTHING | {"pins": {"check": "2026-12-10"}, "done": {"build": "2026-12-01"}}
    assert causes(NOTHING, now, NAMES, PLANNED) == [
        "The date of “Check” was fixed by hand.",
        "“Build” was done earlier than planned.",
    ]


def test_nothing_changed_is_no_cause() -> None:
    """The same basis twice has no sentence."""
    assert causes(NOTHING, NOTHING, NAMES, PLANNED) == []
