"""Acceptance: all criteria, or a score that outweighs what is lacking."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.acceptance import Acceptance, judge

RULES = Acceptance.model_validate(
    {
        "criteria": {
            "title": {"when": {"field": "lead.title", "exists": True}},
            "consent": {"when": {"field": "lead.consent", "equals": True}, "essential": True},
        },
        "score": [
            {"when": {"field": "lead.source", "equals": "form"}, "points": 60},
            {"when": {"field": "lead.free_mail", "equals": True}, "points": -20},
        ],
        "exception_at": 60,
    }
)
WHOLE = {"lead.title": "CMO", "lead.consent": True}
CASES: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    (WHOLE, ("accepted", 0, (), False)),
    ({**WHOLE, "lead.source": "form"}, ("accepted", 60, (), True)),
    ({"lead.consent": True, "lead.source": "form"}, ("exception", 60, ("title",), True)),
    ({"lead.consent": True, "lead.source": "list"}, ("rejected", 0, ("title",), False)),
    ({"lead.consent": True, "lead.source": "form", "lead.free_mail": True}, ("rejected", 40, ("title",), False)),
    ({"lead.title": "CMO", "lead.source": "form"}, ("rejected", 60, ("consent",), False)),
]


@pytest.mark.parametrize(("facts", "expected"), CASES)
def test_a_score_carries_what_lacks_a_criterion_but_nothing_essential(
    facts: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Each outcome with its score, what is lacking, and whether it comes before others."""
    found = judge(RULES, facts)
    assert (found.outcome, found.score, found.lacks, found.priority) == expected
