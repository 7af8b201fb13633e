"""What a request may say, in the many forms in which trackers and people say it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from service.core.plan import InputProblems, read_inputs
from service.core.template import Template

MONDAY = date(2026, 11, 23)
LAUNCH = Template.model_validate(
    {
        "id": "launch",
        "version": 1,
        "title": "Launch",
        "calendar": "office",
        "inputs": {
            "launch_date": {"type": "date", "label": "Launch date", "required": True},
            "press": {"type": "bool", "label": "Press", "default": True},
            "size": {"type": "enum", "values": ["small", "very large"], "default": "small"},
            "seats": {"type": "int", "label": "Seats"},
            "note": {"type": "text"},
            "embargo": {"type": "date", "label": "Embargo"},
        },
        "tasks": {"live": {"title": "Go live", "party": "ops", "pinned": "inputs.launch_date"}},
    }
)


def test_inputs_are_read_from_what_trackers_give() -> None:
    """Text, typed values, ticked boxes and lists become the types that the template asks for."""
    raw = {
        "launch_date": "2026-12-16T10:00:00.000+0000",
        "press": [],
        "size": "Very Large",
        "seats": "40",
        "note": ["a", "b"],
        "embargo": datetime(2026, 12, 20, 9),  # noqa: DTZ001 - as a YAML reader gives it
    }
    assert read_inputs(LAUNCH, raw, MONDAY) == {
        "launch_date": date(2026, 12, 16),
        "press": False,
        "size": "very large",
        "seats": 40,
        "note": "a, b",
        "embargo": date(2026, 12, 20),
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("yes", True),
        (["Yes"], True),
        (["Press wanted"], True),
        (True, True),
        ("0", False),
        (["no"], False),
        (None, True),
    ],
)
def test_a_yes_or_no_comes_in_many_words(given: object, expected: bool) -> None:
    """Words, boxes and booleans; nothing said is the default."""
    assert read_inputs(LAUNCH, {"launch_date": "2026-12-16", "press": given}, MONDAY)["press"] is expected


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({}, "Launch date is missing"),
        ({"launch_date": "  "}, "Launch date is missing"),
        ({"launch_date": "31/02/2027"}, "Launch date: '31/02/2027' is not a date; write it as year-month-day"),
        ({"launch_date": "2027-02-30"}, "Launch date: '2027-02-30' is not a date"),
        ({"launch_date": "2026-11-22"}, "Launch date: 2026-11-22 is in the past; today is 2026-11-23"),
        ({"launch_date": "2029-01-01"}, "Launch date: 2029-01-01 is too far ahead; plans are made up to 2028-12-31"),
        ({"launch_date": "2026-12-16", "press": "perhaps"}, "Press: 'perhaps' is neither yes nor no"),
        ({"launch_date": "2026-12-16", "seats": "many"}, "Seats: 'many' is not a whole number"),
        ({"launch_date": "2026-12-16", "size": "smal"}, "Size: 'smal' is not one of small, very large; did you mean"),
        ({"launch_date": "2026-12-16", "pres": "yes"}, "There is no input “pres”; did you mean `press`?"),
    ],
)
def test_an_impossible_input_says_what_is_wrong(raw: dict[str, Any], said: str) -> None:
    """Each problem names the input as people know it, and how to write it."""
    with pytest.raises(InputProblems) as caught:
        read_inputs(LAUNCH, raw, MONDAY)
    assert [problem.message.startswith(said) for problem in caught.value.problems] == [True]


def test_all_input_problems_are_told_at_once() -> None:
    """One answer lists everything that is missing or impossible, by field."""
    with pytest.raises(InputProblems) as caught:
        read_inputs(LAUNCH, {"seats": "x", "press": "?"}, MONDAY)
    assert [problem.field for problem in caught.value.problems] == ["launch_date", "press", "seats"]
