"""Which field of a request a date is read from, and is written to when the launch is moved."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.contract import Status, Task, TaskId
from service.core.decide import REQUEST, SetDays
from service.core.template import Template
from service.create import field_of, raw_inputs, saying
from service.settings import RequestRule

DAY, LATER = date(2027, 1, 21), date(2027, 2, 10)
TEMPLATE = Template.model_validate(
    {
        "id": "send",
        "version": 1,
        "title": "Send",
        "calendar": "us-mops",
        "inputs": {"send_date": {"type": "date", "label": "Day of sending"}},
        "tasks": {"send": {"title": "Send it", "party": "ops", "due": "0 days after inputs.send_date"}},
    }
)


def request(**fields: str) -> Task:
    """A request with these fields, and a due date of its own."""
    name = TaskId("1")
    status = Status.TODO
    return Task(id=name, label="T-1", url="", title="Send", status=status, status_name="", due_on=DAY, fields=fields)


@pytest.mark.parametrize(
    ("mapped", "fields", "field"),
    [
        ({}, {"Send date": "2027-01-21"}, "send date"),
        ({}, {"day of sending": "2027-01-21"}, "Day of sending"),
        ({}, {}, "Day of sending"),
        ({"send_date": "customfield_7"}, {"customfield_7": "2027-01-21", "Send date": "x"}, "customfield_7"),
        ({"send_date": "due_on"}, {"Send date": "x"}, "due_on"),
    ],
)
def test_a_day_is_written_where_it_is_read_from(mapped: dict[str, str], fields: dict[str, str], field: str) -> None:
    """And the request with it says the new day."""
    rule = RequestRule.model_validate({"connection": "c", "when": {"a": "b"}, "template": "send", "inputs": mapped})
    asked = request(**fields)
    assert field_of(rule, TEMPLATE, asked, "send_date") == field
    said = raw_inputs(rule, TEMPLATE, saying(asked, {field: LATER}))["send_date"]
    assert str(said) == "2027-02-10"


def test_the_due_date_of_the_request_itself_is_written_as_such() -> None:
    """It is a field of every task, and not one of the team's own."""
    patch = SetDays(key=REQUEST, title="Send", days={"due_on": LATER, "Send date": DAY}).patch()
    assert (patch.due_on, patch.fields) == (LATER, {"Send date": DAY})
