"""A campaign that runs is planned anew: what has begun keeps its start, and small moves are not made."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Catalogue
from service.core.agreement_page import page
from service.core.because import Because, sentence
from service.core.calendar import Calendar
from service.core.plan import Facts, Plan, PlannedTask, make_plan
from service.core.template import Template
from tests.unit.recounting import recounted

MONDAY = date(2026, 11, 23)
LAUNCH = date(2027, 1, 20)
OFFICE = Calendar(name="office", holidays={date(2026, 12, 25): "Christmas Day", date(2027, 1, 1): "New Year's Day"})
RECIPE: dict[str, Any] = {
    "id": "launch",
    "version": 1,
    "title": "Launch",
    "calendar": "office",
    "inputs": {"launch": {"type": "date", "required": True}},
    "reschedule": {"min_move": "2 business_days"},
    "tasks": {
        "brief": {"title": "Brief", "party": "ops", "duration": "1 business_day"},
        "copy": {"title": "Copy", "party": "ops", "duration": "3 business_days", "depends_on": ["brief"]},
        "build": {"title": "Build", "party": "ops", "duration": "2 business_days", "depends_on": ["copy"]},
        "check": {
            "title": "Check",
            "party": "ops",
            "duration": "2 business_days",
            "depends_on": ["build"],
            "due": "1 business_day before inputs.launch",
        },
        "live": {"title": "Go live", "party": "stakeholder", "pinned": "inputs.launch"},
        "report": {"title": "Report", "party": "ops", "due": "1 business_day after live"},
    },
}
HOLDING = Template.model_validate(RECIPE)
MOVING = HOLDING.model_copy(update={"reschedule": type(HOLDING.reschedule)()})


def planned(template: Template = HOLDING, launch: date = LAUNCH, today: date = MONDAY, **facts: Any) -> Plan:
    """The plan of a request that was complete on Monday 23 November."""
    return make_plan(template, OFFICE, Facts(inputs={"launch": launch}, complete_on=MONDAY, today=today, **facts))


def again(template: Template = HOLDING, was: Plan | None = None, **facts: Any) -> dict[str, PlannedTask]:
    """The tasks when it is planned anew, by key."""
    before = {task.key: task.due_on for task in (was or planned(template)).tasks}
    inputs = {"launch": facts.pop("launch", LAUNCH)}
    today = facts.pop("today", MONDAY)
    known = Facts(inputs=inputs, complete_on=MONDAY, today=today, was=before, **facts)
    tasks = make_plan(template, OFFICE, known, replan=True).tasks
    for task in tasks:
        because = Because.from_dict(task.because or {})
        assert (recounted(because, {"office": OFFICE}), sentence(because)) == (task.due_on, task.why)
    return {task.key: task for task in tasks}


def moved(tasks: dict[str, PlannedTask], was: Plan | None = None) -> set[str]:
    """The tasks with another due date than before."""
    return {task.key for task in (was or planned()).tasks if tasks[task.key].due_on != task.due_on}


def test_what_comes_a_day_late_or_early_moves_nothing_where_moves_begin_at_two() -> None:
    """The brief, due on Tuesday, is done on Wednesday or Monday; every date stays, and says what it would be."""
    late = again(done={"brief": date(2026, 11, 25)}, today=date(2026, 11, 25))
    assert moved(late) == {"brief"}
    assert late["copy"].why == (
        "Left on Fri 27 Nov 2026, as a move of less than 2 business days is not made: "
        "3 business days after “Brief” (Wed 25 Nov 2026) is Mon 30 Nov 2026; Launch v1."
    )
    early = again(done={"brief": MONDAY})
    assert moved(early) == {"brief"}
    assert "(Mon 23 Nov 2026) is Thu 26 Nov 2026" in early["copy"].why
    assert "Left on" not in early["build"].why  # counted from a date that stays, it comes to its own


def test_what_comes_two_days_late_moves_what_waits_for_it() -> None:
    """As long as the least move itself, it is made, all along the chain; what is as late as possible stays."""
    tasks = again(done={"brief": date(2026, 11, 26)}, today=date(2026, 11, 26))
    assert moved(tasks) == {"brief", "copy", "build"}
    assert tasks["copy"].due_on == date(2026, 12, 1)


def test_small_delays_add_up_to_a_move() -> None:
    """What was left once is measured from the date that it kept: a day, and another, are two."""
    first = again(done={"brief": date(2026, 11, 25)}, today=date(2026, 11, 25))
    assert first["build"].due_on == date(2026, 12, 1)
    dates = {task.key: task.due_on for task in first.values()}
    facts = Facts(
        inputs={"launch": LAUNCH},
        complete_on=MONDAY,
        today=date(2026, 12, 1),
        done={"brief": date(2026, 11, 25), "copy": date(2026, 12, 1)},
        was=dates,
    )
    after = {task.key: task.due_on for task in make_plan(HOLDING, OFFICE, facts).tasks}
    assert after["build"] == date(2026, 12, 3)


def test_no_rule_between_open_tasks_is_broken_to_save_a_move() -> None:
    """The launch goes a day later: what has to come after it follows, what may stay before it stays."""
    tasks = again(launch=date(2027, 1, 21))
    assert moved(tasks) == {"live", "report"}
    assert tasks["report"].due_on == date(2027, 1, 22)
    assert tasks["check"].why.startswith("Left on Tue 19 Jan 2027, as a move of less than 2 business days is not made")
    sooner = again(launch=date(2027, 1, 19))
    assert sooner["check"].due_on == date(2027, 1, 18)
    assert sooner["report"].due_on == date(2027, 1, 21)  # a day more than agreed is no harm


def test_a_date_that_has_passed_is_not_kept() -> None:
    """The copy was due on Friday, and it is Monday: a day is little, and planned in the past is nothing."""
    tasks = again(done={"brief": date(2026, 11, 24)}, today=date(2026, 11, 30))
    assert tasks["copy"].due_on == date(2026, 11, 30)


def test_planned_again_with_dates_that_were_kept_nothing_changes() -> None:
    """A second time, on the same facts and the dates of the first, every date is the same."""
    facts: dict[str, Any] = {"done": {"brief": date(2026, 11, 25)}, "today": date(2026, 11, 25)}
    first = again(**facts)
    dates = {task.key: task.due_on for task in first.values()}
    inputs = {"launch": LAUNCH}
    second = make_plan(HOLDING, OFFICE, Facts(inputs=inputs, complete_on=MONDAY, was=dates, **facts))
    assert {task.key: task.due_on for task in second.tasks} == dates


def test_every_move_is_made_where_the_template_says_nothing_of_it() -> None:
    """Done a day early, what waits for it comes a day earlier."""
    was = planned(MOVING)
    tasks = again(MOVING, was, done={"brief": MONDAY})
    assert moved(tasks, was) == {"brief", "copy", "build"}


def test_what_has_begun_keeps_its_start() -> None:
    """The launch goes four weeks later, and the check that somebody is at is not said to begin later than it did."""
    begun = {"check": date(2027, 1, 18)}
    done = {"brief": date(2026, 11, 24), "copy": date(2026, 11, 27), "build": date(2026, 12, 1)}
    facts: dict[str, Any] = {"done": done, "today": date(2027, 1, 18), "launch": date(2027, 2, 17)}
    tasks = again(begun=begun, **facts)
    assert (tasks["check"].start_on, tasks["check"].due_on) == (date(2027, 1, 18), date(2027, 2, 16))
    assert again(**facts)["check"].start_on == date(2027, 2, 15)


def test_what_has_begun_takes_its_time_from_there() -> None:
    """The copy was begun on Thursday, two days late: three days of work end on Monday, and the sentence says so."""
    tasks = again(
        MOVING,
        done={"brief": date(2026, 11, 24)},
        begun={"copy": date(2026, 11, 26)},
        today=date(2026, 11, 26),
    )
    assert (tasks["copy"].start_on, tasks["copy"].due_on) == (date(2026, 11, 26), date(2026, 11, 30))
    assert tasks["copy"].why == "2 business days after it was begun (Thu 26 Nov 2026) is Mon 30 Nov 2026; Launch v1."
    assert tasks["build"].start_on == date(2026, 12, 1)


def test_what_was_begun_too_late_names_the_day() -> None:
    """Begun on the day before the launch, the check cannot be over when it is needed."""
    done = {"brief": date(2026, 11, 24), "copy": date(2026, 11, 27), "build": date(2026, 12, 1)}
    facts = Facts(
        inputs={"launch": LAUNCH},
        complete_on=MONDAY,
        today=date(2027, 1, 19),
        done=done,
        begun={"check": date(2027, 1, 19)},
    )
    plan = make_plan(HOLDING, OFFICE, facts)
    assert plan.problems == (
        (
            "“Check” must be done by Tue 19 Jan 2027 (1 business day before Launch, Wed 20 Jan 2027). "
            "Begun on Tue 19 Jan 2027: “Check” Wed 20 Jan 2027: 1 business day too late."
        ),
    )
    (check,) = (task for task in plan.tasks if task.key == "check")
    assert (check.start_on, check.late_by) == (date(2027, 1, 19), 1)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2 hours", "`hours` is clock time, and a date is counted in `business_days`, `days`, `weeks` and `months`"),
        ("-1 business_day", "`-1 business_day` is negative; a move counts in both directions, so leave out the sign"),
        ("2 bussiness_days", "`bussiness_days` is not a unit; did you mean `business_days`?"),
        ("2", "`2` is not an amount of time; write it like `3 business_days`"),
    ],
)
def test_a_least_move_that_cannot_be_meant_is_refused(tmp_path: Path, written: str, told: str) -> None:
    """With the line and what was probably meant."""
    (tmp_path / "calendars.yaml").write_text(
        'office: {time_zone: UTC, working_hours: {mon: ["09:00-17:00"]}}\n', encoding="utf-8"
    )
    text = f"id: one\nversion: 1\ntitle: One\ncalendar: office\nreschedule:\n  min_move: {written}\n"
    text += 'tasks: {ask: {title: Ask, party: ops, duration: "1 business_day"}}\n'
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    (problem,) = Catalogue.load(tmp_path).problems
    assert (problem.line, problem.message) == (6, told)


def test_the_least_move_stands_on_the_public_page() -> None:
    """Whoever reads what is agreed finds it there."""
    assert "- once it runs, dates that would move by less than 2 business days stay where they can" in page(HOLDING)
