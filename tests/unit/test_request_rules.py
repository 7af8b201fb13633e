"""Which rule takes a request."""

from __future__ import annotations

from typing import Any

from connectors.contract import Status, Task, TaskId
from service.create import rule_for, rule_mismatch
from service.settings import RequestRule

RULES = [
    RequestRule(connection="asana", when={"project": "11", "section": "Webinars"}, template="webinar"),
    RequestRule(connection="asana", when={"project": "12"}, template="email_send"),
]


def request(**fields: Any) -> Task:
    """A request with these fields."""
    return Task(
        id=TaskId("7"),
        label="7",
        url="",
        title="Spring",
        status=Status.TODO,
        status_name="Incomplete",
        project="10",
        fields=fields,
    )


def test_a_request_in_several_projects_is_taken_by_the_first_rule_for_any_of_them() -> None:
    """Where it stands besides does not matter."""
    both = request(project=["10", "11"], section=["Ideas", "webinars"])
    assert rule_for(RULES, "asana", both) is RULES[0]
    assert rule_for(RULES, "asana", request(project=["11", "12"], section="Ideas")) is RULES[1]
    assert rule_for(RULES, "asana", request(project="10", section="Webinars")) is None


def test_why_no_rule_takes_it_names_every_place() -> None:
    """In words, as people know them."""
    told = rule_mismatch(RULES, "asana", request(project=["10", "13"], section=None))
    assert told.endswith("no request rule matches it (project 10 and 13, section nothing)")
