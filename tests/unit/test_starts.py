"""Bounds of a task's start, and time that is counted from the day on which a request was filed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Catalogue
from service.core.plan import Facts, Plan, make_plan
from tests.unit.test_sla_templates import CALENDARS, MONDAY, due, loaded, planned

BOOKING = """
calendar: office
inputs: {{opens: {{type: date}}, launch: {{type: date, movable: true}}}}
{rules}
tasks:
  brief: {{title: Brief, party: ops, duration: "1 business_day"}}
  book:
    title: Book the hall
    party: ops
    duration: "3 business_days"
    depends_on: [brief]
    start_not_before: {start}
  pay: {{title: Pay, party: ops, duration: "1 business_day", depends_on: [book], due: "0 days before inputs.launch"}}
"""


def booking(folder: Path, start: str = "inputs.opens", rules: str = "", **inputs: Any) -> Plan:
    """Asked for on Monday 1 March 2027: without a bound the hall is booked from the 3rd to the 5th."""
    return planned(folder, BOOKING.format(start=start, rules=rules), **inputs)


def days(plan: Plan, key: str) -> tuple[date, date]:
    """Its start and its due date."""
    return next((task.start_on, task.due_on) for task in plan.tasks if task.key == key)


def test_work_begins_no_earlier_than_its_start_may_be(tmp_path: Path) -> None:
    """On a Saturday it may begin: so it does on Monday, and its three days count from there; what waits follows."""
    plan = booking(tmp_path, opens="2027-03-13")
    assert days(plan, "book") == (date(2027, 3, 15), date(2027, 3, 17))
    assert due(plan)["pay"] == date(2027, 3, 18)
    [book] = [task for task in plan.tasks if task.key == "book"]
    assert book.why == "2 business days after its earliest start (Mon 15 Mar 2027) is Wed 17 Mar 2027; Work v1."


def test_a_start_that_is_not_known_or_early_bounds_nothing(tmp_path: Path) -> None:
    """The brief comes first then."""
    assert days(booking(tmp_path), "book") == (date(2027, 3, 3), date(2027, 3, 5))
    assert days(booking(tmp_path, opens="2027-03-02"), "book") == (date(2027, 3, 3), date(2027, 3, 5))


@pytest.mark.parametrize("start", ["2027-03-15", '"2 weeks before inputs.launch"', '"7 days after inputs.opens"'])
def test_a_start_is_bound_by_a_date_or_by_time_from_one(tmp_path: Path, start: str) -> None:
    """As due dates are."""
    plan = booking(tmp_path, start, opens="2027-03-08", launch="2027-03-29")
    assert days(plan, "book") == (date(2027, 3, 15), date(2027, 3, 17))


def test_a_milestone_is_due_no_earlier_than_its_start(tmp_path: Path) -> None:
    """It takes no time."""
    text = 'calendar: office\ntasks:\n  open: {title: Open, party: ops, start_not_before: "2027-03-13"}\n'
    [task] = planned(tmp_path, text).tasks
    assert (task.start_on, task.due_on) == (date(2027, 3, 15), date(2027, 3, 15))
    assert task.why == "The same day as its start (Mon 15 Mar 2027); Work v1."


def test_a_plan_that_is_late_by_its_start_names_it(tmp_path: Path) -> None:
    """With the first date that can be had; and no work is planned before it may begin."""
    plan = booking(tmp_path, rules="feasibility: {try: [shift, reject]}", opens="2027-03-13", launch="2027-03-16")
    assert "“Book the hall” begun on Sat 13 Mar 2027 at the earliest, as the template says" in " ".join(plan.problems)
    assert (plan.verdict, plan.earliest_anchor) == ("shift_proposed", ("launch", date(2027, 3, 18)))
    flagged = booking(tmp_path, rules="feasibility: {try: [flag]}", opens="2027-03-13", launch="2027-03-16")
    assert days(flagged, "book") == (date(2027, 3, 15), date(2027, 3, 15))


def test_work_that_is_cut_short_still_begins_at_its_start(tmp_path: Path) -> None:
    """Three days are cut to two, which are counted from the same Monday."""
    rules = 'feasibility: {try: [compress, reject], compress: [{task: book, min: "1 business_day"}]}'
    plan = booking(tmp_path, rules=rules, opens="2027-03-13", launch="2027-03-17")
    assert plan.verdict == "compressed"
    assert days(plan, "book") == (date(2027, 3, 15), date(2027, 3, 16))


def test_a_start_that_hangs_on_the_date_moves_with_it(tmp_path: Path) -> None:
    """Ten days before the launch three business days of work and one to pay fit, wherever the launch is."""
    rules = "feasibility: {try: [shift, reject]}"
    asked = booking(tmp_path, '"10 days before inputs.launch"', rules, launch="2027-03-05")
    assert asked.earliest_anchor == ("launch", date(2027, 3, 8))


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ("start_not_before: inputs.lanch", "`inputs.lanch` is not known; did you mean `inputs.launch`?"),
        ("start_not_before: 3 business_days", "`3 business_days` does not say before or after what"),
        (
            "{start_not_before: 2027-03-02, not_after: 2027-03-01}",
            "`a` cannot start on 2027-03-02 or later and be due by 2027-03-01",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused(tmp_path: Path, bounds: str, told: str) -> None:
    """With its line."""
    head = "id: work\nversion: 1\ntitle: Work\ncalendar: office\ninputs: {launch: {type: date}}\n"
    (tmp_path / "calendars.yaml").write_text(CALENDARS)
    task = f"tasks:\n  a: {{title: A, party: ops, {bounds.strip('{}')}}}\n"
    (tmp_path / "work.yaml").write_text(head + task)
    problems = Catalogue.load(tmp_path).problems
    assert told in problems[0].message
    assert problems[0].line == 7


FILED = """
calendar: office
tasks:
  answer: {title: Answer, party: ops, due: "10 business_days after request.created"}
  work: {title: Work, party: ops, duration: "2 business_days"}
"""


def test_time_from_the_filing_does_not_wait_until_the_request_is_complete(tmp_path: Path) -> None:
    """Filed on the 1st and complete on the 8th: the answer is due by the 1st, the work by the 8th."""
    catalogue = loaded(tmp_path, FILED)
    template, later = catalogue.templates["work"], date(2027, 3, 8)
    facts = Facts(inputs={}, complete_on=later, created_on=MONDAY, today=later)
    plan = make_plan(template, catalogue.calendar_of(template, MONDAY), facts)
    assert due(plan) == {"work": date(2027, 3, 10), "answer": date(2027, 3, 15)}
    why = {task.key: task.why for task in plan.tasks}
    assert why["answer"] == (
        "10 business days after the request was filed (Mon 1 Mar 2027) is Mon 15 Mar 2027; Work v1."
    )
    unknown = make_plan(template, catalogue.calendar_of(template, MONDAY), replace(facts, created_on=None))
    assert due(unknown)["answer"] == date(2027, 3, 22)
