"""The page of an agreement says every rule that the template has."""

from __future__ import annotations

import pytest

from service.core.agreement_page import page
from service.core.template import Template

TEMPLATE = Template.model_validate(
    {
        "id": "launch",
        "version": 1,
        "title": "Launch",
        "calendar": "office",
        "inputs": {
            "day": {"type": "date", "label": "Launch day", "required": True},
            "rounds": {"type": "int", "label": "Rounds", "max": 2},
            "press": {"type": "bool", "label": "Press"},
        },
        "feasibility": {
            "try": ["compress", "reject"],
            "approval": "role:lead",
            "compress": [
                {"tasks": ["page", "copy"], "min": "2 business_days"},
                {"from": "page", "to": "live", "min": "3 days"},
            ],
        },
        "tasks": {
            "page": {"title": "Page", "party": "ops", "duration": "4 business_days", "not_before": "2027-01-04"},
            "copy": {
                "title": "Copy",
                "party": "ops",
                "duration": "4 business_days",
                "not_after": "1 week before inputs.day",
            },
            "live": {
                "title": "Live",
                "party": "ops",
                "depends_on": ["page", {"task": "copy", "lag": "2 business_days"}],
                "not_before": "inputs.day",
            },
        },
        "groups": {
            "mail": {
                "title": "Mail",
                "repeat": "inputs.rounds",
                "when": {"field": "inputs.press", "equals": True},
                "tasks": {"send": {"title": "Send", "party": "ops", "duration": "1 business_day"}},
            }
        },
        "min_gaps": [{"from": "page", "to": "live", "at_least": "1 week"}],
        "clocks": {
            "first_reply": {
                "start": "request.created",
                "stop": ["ops.first_reply", "campaign.cancelled"],
                "pause": [{"status_in": ["waiting"]}, {"when": {"field": "request.press", "equals": True}}],
                "goals": [
                    {"when": {"field": "request.rounds", "equals": 2}, "under": "1 hour"},
                    {"target": "8 business_hours"},
                ],
            }
        },
    }
)


@pytest.mark.parametrize(
    "said",
    [
        "| takes 4 business days; not before 2027-01-04 |",
        "| takes 4 business days; not after 1 week before Launch day |",
        "| after “Page”; 2 business days after “Copy”; not before Launch day |",
        "| Mail: Send (as often as Rounds says, when Press is yes) |",
        "- when time is short, “Page” and “Copy” may take only 2 business days\n",
        "- when time is short, 3 days from “Page” to “Live” will do\n",
        "- what cannot be kept is shortened as agreed, else is refused; lead must agree to late and shortened plans\n",
        "- first reply in under 1 hour, when request.rounds is 2; else within 8 business hours, from request.created",
        " to ops.first_reply or campaign.cancelled, not counting while waiting or request.press is yes\n",
    ],
)
def test_every_rule_is_told(said: str) -> None:
    """In the words that people know."""
    assert said in page(TEMPLATE)
