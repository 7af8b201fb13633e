"""The rule of a clock as people write it, and what is said about their mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from service.core.clock_rule import ClockRule

LEAD: dict[str, Any] = {
    "label": "First touch",
    "calendar": "always",
    "start": "lead.handed_over",
    "stop": ["sales.first_touch", "sales.rejected"],
    "pause": [{"status_in": ["invalid_contact"]}],
    "goals": [
        {"when": {"field": "lead.source", "equals": "chat"}, "under": "1 minute"},
        {"when": {"field": "lead.source", "in": ["campaign"]}, "target": "48 hours"},
        {"target": "24 hours"},
    ],
    "warn_at": [0.8, 0.5],
    "on_breach": [{"notify": "role:sales_manager"}],
}


def test_a_rule_survives_json_as_it_was_written() -> None:
    """What is frozen into a campaign reads back as the same rule, in the words of its author."""
    rule = ClockRule.model_validate(LEAD)
    frozen = json.loads(rule.model_dump_json(by_alias=True, exclude_defaults=True))
    assert ClockRule.model_validate(frozen) == rule
    assert frozen["goals"][0]["under"] == "1 minute"
    assert frozen["warn_at"] == [0.5, 0.8]
    assert rule.listens_to() == {"lead.handed_over", "sales.first_touch", "sales.rejected"}
    assert rule.fields() == ["lead.source", "lead.source", "lead.status"]


@pytest.mark.parametrize(
    ("source", "goal"), [("chat", "under 1 minute"), ("campaign", "48 hours"), ("fair", "24 hours"), (None, "24 hours")]
)
def test_the_first_goal_that_fits_counts(source: str | None, goal: str) -> None:
    """Top down; the last one fits always."""
    assert str(ClockRule.model_validate(LEAD).goal({"lead.source": source})) == goal


MISTAKES = [
    ({"goals": [{"target": "4 business hours"}]}, "is not a unit; did you mean `business_hours`?"),
    ({"goals": [{"target": "4 bizness_hours"}]}, "is not a unit; did you mean `business_hours`?"),
    ({"goals": [{"target": "3 days"}]}, "`days` are counted in a plan; a clock counts seconds"),
    ({"goals": [{"target": "24h"}]}, "write it like `4 business_hours`"),
    ({"goals": [{"target": 24}]}, "write it like `4 business_hours`"),
    ({"goals": [{"target": "1.5 hours"}]}, "write it like `4 business_hours`"),
    ({"goals": [{"target": "0 hours"}]}, "nothing is done in no time"),
    ({"goals": [{"target": "-2 hours"}]}, "nothing is done in no time"),
    ({"goals": [{"target": "900000000 hours"}]}, "more than ten years"),
    ({"goals": [{"target": "1 hour", "under": "1 hour"}]}, "either `target` (at most) or `under` (less than)"),
    ({"goals": [{"under": "7 business_days"}]}, "days are due at closing: write `target`"),
    ({"goals": []}, "at least 1 item"),
    ({"goals": LEAD["goals"][:2]}, "the last goal needs to fit always"),
    ({"goals": [{"target": "1 hour"}, *LEAD["goals"]]}, "those after it are never reached"),
    ({"stop": "lead.handed_over"}, "`lead.handed_over` cannot mean two things to one clock"),
    ({"start": "created"}, "write what it happened to first: `lead.created`"),
    ({"pause": "default"}, "`default` is no pause; write `defaults`"),
    ({"pause": [{"status_in": ["x"], "when": {"field": "a", "exists": True}}]}, "either `status_in` or `when`"),
    ({"warn_at": [50, 80]}, "between 0 and 1: `warn_at: [0.5, 0.8]`"),
    ({"on_breach": [{"notify": "anna"}]}, "role:"),
    ({"on_breach": [{}]}, "notify"),
    ({"on_breach": [{"notify": "role:ops", "reassign": "round_robin"}]}, "either `notify` or `reassign`"),
    ({"on_breach": [{"reassign": "anna"}]}, "round_robin|role:"),
    ({"on_breach": [{"reassign": "round_robin"}, {"reassign": "role:ops"}]}, "keep one `reassign`"),
    ({"stops": "x"}, "stops"),
]


@pytest.mark.parametrize(("changed", "said"), MISTAKES, ids=[str(changed)[:50] for changed, _ in MISTAKES])
def test_a_bad_rule_is_refused_with_what_was_meant(changed: dict[str, Any], said: str) -> None:
    """Each says what to write instead."""
    with pytest.raises(ValidationError) as refused:
        ClockRule.model_validate(LEAD | changed)
    assert said in str(refused.value)
