"""From template and facts to a plan: policies, running campaigns, explanations, and what requests may say."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from service.core.calendar import Calendar
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.core.template import Template

MONDAY = date(2026, 11, 23)
CALENDAR = Calendar(
    name="office",
    holidays={
        date(2026, 11, 26): "Thanksgiving Day",
        date(2026, 11, 27): "Day after Thanksgiving",
        date(2026, 12, 24): "Year-end closing",
        date(2026, 12, 25): "Christmas Day",
    },
)
RECIPE: dict[str, Any] = {
    "id": "launch",
    "version": 3,
    "title": "Launch",
    "calendar": "office",
    "inputs": {
        "launch_date": {"type": "date", "label": "Launch date", "required": True, "movable": True},
        "press": {"type": "bool", "label": "Press", "default": True},
        "size": {"type": "enum", "values": ["small", "very large"], "default": "small"},
        "seats": {"type": "int", "label": "Seats"},
        "note": {"type": "text"},
        "embargo": {"type": "date", "label": "Embargo"},
    },
    "lead_time": "2 weeks before inputs.launch_date",
    "feasibility": {"try": ["compress", "shift", "reject"], "compress": [{"task": "build", "min": "2 business_days"}]},
    "tasks": {
        "brief": {"title": "Brief", "party": "requester", "duration": "1 business_day"},
        "build": {"title": "Build", "party": "ops", "duration": "4 business_days", "depends_on": ["brief"]},
        "press_kit": {
            "title": "Press kit",
            "party": "external",
            "owner": "role:agency",
            "duration": "2 business_days",
            "depends_on": ["brief"],
            "when": {"field": "inputs.press", "equals": True},
        },
        "check": {
            "title": "Check",
            "party": "ops",
            "duration": "1 business_day",
            "depends_on": ["build", "press_kit"],
            "due": "1 week before inputs.launch_date",
        },
        "live": {"title": "Go live", "party": "stakeholder", "pinned": "inputs.launch_date"},
        "report": {
            "title": "Report",
            "party": "ops",
            "duration": "1 business_day",
            "due": "2 business_days after live",
            "not_before": "inputs.embargo",
        },
    },
}
LAUNCH = Template.model_validate(RECIPE)


def plan_of(
    launch: str = "2026-12-16", template: Template = LAUNCH, *, replan: bool = False, today: date = MONDAY, **facts: Any
) -> Plan:
    """The plan of a launch; the request was complete on Monday 23 November."""
    raw = {"launch_date": launch} | facts.pop("raw", {})
    inputs = read_inputs(template, raw, MONDAY)
    return make_plan(template, CALENDAR, Facts(inputs=inputs, complete_on=MONDAY, today=today, **facts), replan=replan)


def due(plan: Plan) -> dict[str, str]:
    """Key → ISO date."""
    return {task.key: task.due_on.isoformat() for task in plan.tasks}


def why(plan: Plan, key: str) -> str:
    """The sentence of one task."""
    return next(task.why for task in plan.tasks if task.key == key)


def test_a_plan_has_every_task_in_order_with_owner_and_dates() -> None:
    """Tasks come by due date, each with its role, party, start, slack and what it waits for."""
    plan = plan_of()
    assert due(plan) == {
        "brief": "2026-11-24",
        "press_kit": "2026-11-30",
        "build": "2026-12-02",
        "check": "2026-12-09",
        "live": "2026-12-16",
        "report": "2026-12-18",
    }
    build = plan.tasks[2]
    assert (build.owner, build.party, build.start_on, build.slack) == ("ops", "ops", date(2026, 11, 25), 4)
    assert build.depends_on == ("brief",)
    assert [task.owner for task in plan.tasks[:2]] == ["requester", "agency"]
    assert [task.key for task in plan.tasks if task.milestone] == ["live"]
    assert (plan.verdict, plan.feasible, plan.problems, plan.earliest_anchor) == ("planned", True, (), None)
    assert (plan.template, plan.version, plan.complete_on, plan.planned_on) == ("launch", 3, MONDAY, MONDAY)
    assert plan.request_by == date(2026, 12, 2)
    assert plan.critical == ("brief", "build", "check")


def test_every_date_is_explained_with_its_data() -> None:
    """Skipped holidays are named, and each sentence tells what the date was counted from."""
    plan = plan_of(raw={"embargo": "2026-12-24"})
    assert (
        why(plan, "brief")
        == "1 business day after the request was complete (Mon 23 Nov 2026) is Tue 24 Nov 2026; Launch v3."
    )
    assert why(plan, "build") == (
        "4 business days after “Brief” (Tue 24 Nov 2026) is Wed 2 Dec 2026; "
        "skipped 26 and 27 Nov (Thanksgiving Day, Day after Thanksgiving); Launch v3."
    )
    assert why(plan, "check") == "1 week before Launch date (Wed 16 Dec 2026) is Wed 9 Dec 2026; Launch v3."
    assert why(plan, "live") == "On Launch date itself, Wed 16 Dec 2026; Launch v3."
    assert why(plan, "report") == (
        "Not before Thu 24 Dec 2026, closed (Year-end closing); the working day after is Mon 28 Dec 2026; Launch v3."
    )


def test_a_date_on_a_closed_day_says_so() -> None:
    """Rounding names the closed day and the direction."""
    assert why(plan_of("2027-01-01"), "check") == (
        "1 week before Launch date (Fri 1 Jan 2027) is Fri 25 Dec 2026, closed (Christmas Day); "
        "the working day before is Wed 23 Dec 2026; Launch v3."
    )


def test_the_plan_survives_json() -> None:
    """Written and read back it is the same plan, and its inputs read as typed values again."""
    plan = plan_of("2026-11-30", raw={"note": "2026-12-01", "embargo": "2026-12-22"})
    again = Plan.from_dict(json.loads(json.dumps(plan.as_dict())))
    assert again == plan
    assert read_inputs(LAUNCH, again.inputs, MONDAY)["launch_date"] == date(2026, 11, 30)


def test_the_digest_follows_template_and_calendar() -> None:
    """Another request has the same digest; another duration or holiday has not."""
    other = Template.model_validate(RECIPE | {"version": 4})
    assert plan_of().digest == plan_of("2026-12-30").digest
    assert plan_of(template=other).digest != plan_of().digest
    facts = Facts(inputs={"launch_date": date(2026, 12, 16)}, complete_on=MONDAY, today=MONDAY)
    assert make_plan(LAUNCH, Calendar(name="office"), facts).digest != plan_of().digest


def test_the_order_of_the_file_changes_nothing() -> None:
    """However the tasks are shuffled in the template, the same tasks come out in the same order."""
    expected = plan_of().tasks
    for seed in range(5):
        keys = list(RECIPE["tasks"])
        random.Random(seed).shuffle(keys)
        shuffled = Template.model_validate(RECIPE | {"tasks": {key: RECIPE["tasks"][key] for key in keys}})
        assert plan_of(template=shuffled).tasks == expected


def test_what_the_template_allows_is_cut_first() -> None:
    """A plan two days short is made possible by building in two days fewer, and says so."""
    plan = plan_of("2026-12-08")
    assert (plan.verdict, plan.feasible) == ("compressed", True)
    assert plan.compressions == ("“Build”: 2 business days instead of 4",)
    assert due(plan)["check"] == "2026-12-01"
    assert plan.problems == ()


def test_when_cutting_is_not_enough_the_earliest_date_is_proposed() -> None:
    """The tasks are those of the proposed date, and the problems add up for the date that was asked for."""
    plan = plan_of("2026-12-03")
    assert (plan.verdict, plan.feasible) == ("shift_proposed", False)
    assert plan.earliest_anchor == ("launch_date", date(2026, 12, 8))
    assert plan.inputs["launch_date"] == "2026-12-03"
    assert due(plan)["live"] == "2026-12-08"
    assert plan.compressions == ("“Build”: 2 business days instead of 4",)
    assert plan.request_by == date(2026, 11, 19)
    assert plan.problems == (
        (
            "“Check” must be done by Wed 25 Nov 2026 (1 week before Launch date, Thu 3 Dec 2026). "
            "From Mon 23 Nov 2026 on: “Brief” Tue 24 Nov 2026, “Build” Wed 2 Dec 2026, “Check” Thu 3 Dec 2026: "
            "4 business days too late. Already past: “Brief” by Wed 18 Nov 2026."
        ),
        "Also too late: “Press kit” (2 business days).",
        (
            "The request was complete on Mon 23 Nov 2026, 10 days before Launch date (Thu 3 Dec 2026); "
            "2 weeks are agreed, so it was due by Thu 19 Nov 2026: 4 days short."
        ),
        "The agreed compressions (“Build”: 2 business days instead of 4) win back 2 of the 4 business days.",
    )


def policies(*ways: str) -> Template:
    """The launch with other ways out."""
    feasibility = {"try": list(ways), "compress": RECIPE["feasibility"]["compress"] if "compress" in ways else []}
    return Template.model_validate(RECIPE | {"feasibility": feasibility})


@pytest.mark.parametrize(
    ("ways", "verdict"),
    [
        (("flag",), "flagged"),
        (("reject",), "rejected"),
        (("shift", "reject"), "shift_proposed"),
        (("compress", "flag"), "flagged"),
        (("compress", "reject"), "rejected"),
    ],
)
def test_the_first_policy_that_works_decides(ways: tuple[str, ...], verdict: str) -> None:
    """Policies are tried in the order in which the template lists them."""
    plan = plan_of("2026-12-03", policies(*ways))
    assert (plan.verdict, plan.feasible) == (verdict, False)
    assert plan.earliest_anchor is not None


def test_a_flagged_plan_holds_the_date_and_marks_what_is_late() -> None:
    """Late tasks are due when the date needs them, today at the earliest, and say how late they are."""
    plan = plan_of("2026-12-03", policies("flag"))
    tasks = {task.key: task for task in plan.tasks}
    assert due(plan)["check"] == "2026-11-25"
    assert (due(plan)["brief"], due(plan)["build"]) == ("2026-11-23", "2026-11-24")
    assert (tasks["check"].late_by, tasks["check"].slack) == (4, 0)
    assert all(task.due_on >= MONDAY and task.start_on >= MONDAY for task in plan.tasks)
    assert tasks["check"].why == (
        "1 week before Launch date (Thu 3 Dec 2026) is Thu 26 Nov 2026, closed (Thanksgiving Day); the working day "
        "before is Wed 25 Nov 2026, but 1 business day after “Build” (Wed 2 Dec 2026) is Thu 3 Dec 2026: "
        "4 business days too late; Launch v3."
    )


def test_a_running_campaign_is_never_refused() -> None:
    """With something done, or on a re-plan, a date that cannot be kept is flagged, whatever the policies say."""
    for plan in (plan_of("2026-12-03", replan=True), plan_of("2026-12-03", done={"brief": MONDAY})):
        assert plan.verdict == "flagged"
        assert due(plan)["live"] == "2026-12-03"
        assert plan.problems


def test_replanning_with_nothing_changed_changes_nothing() -> None:
    """The same facts on a later day give the same dates, cut or not, as long as no date has passed."""
    for launch in ("2026-12-16", "2026-12-08"):
        first = plan_of(launch)
        for today in (MONDAY, date(2026, 11, 24)):
            again = plan_of(launch, replan=True, today=today)
            assert (due(again), again.verdict) == (due(first), first.verdict)


def test_nothing_open_is_planned_in_the_past() -> None:
    """A task that should have been done by now is due today at the earliest, and pushes what waits for it."""
    plan = plan_of(replan=True, today=date(2026, 12, 3), done={"brief": date(2026, 11, 24)})
    assert due(plan)["brief"] == "2026-11-24"
    assert due(plan)["build"] == due(plan)["press_kit"] == "2026-12-03"
    assert why(plan, "build") == "Still open and planned no earlier than today: Thu 3 Dec 2026."
    assert why(plan, "brief") == "Done on Tue 24 Nov 2026."


def test_a_pin_is_kept_and_its_neighbours_follow() -> None:
    """What waits for a pinned task counts from the pin; what it waits for has to be done by then."""
    plan = plan_of(pins={"build": date(2026, 12, 4)})
    build = next(task for task in plan.tasks if task.key == "build")
    assert (build.due_on, build.pinned, build.slack) == (date(2026, 12, 4), True, None)
    assert build.why == "Fixed on Fri 4 Dec 2026 by a person."
    assert plan.feasible
    assert "build" not in plan.critical


def test_a_pin_behind_its_limit_is_kept_and_told() -> None:
    """The launch moved to before what a person pinned: the pin stays and the plan says what it breaks."""
    plan = plan_of("2026-12-14", pins={"check": date(2026, 12, 9)})
    assert due(plan)["check"] == "2026-12-09"
    assert (plan.verdict, plan.feasible) == ("flagged", False)
    assert plan.problems == (
        (
            "“Check” is fixed on Wed 9 Dec 2026 by a person and stays there, but 1 week before Launch date "
            "(Mon 14 Dec 2026) is Mon 7 Dec 2026: 2 business days too late."
        ),
    )


def test_a_pin_on_a_closed_day_breaks_no_rule_that_it_keeps() -> None:
    """A person fixed the check for Christmas Day, exactly a week before the launch: nothing is wrong with it."""
    plan = plan_of("2027-01-01", pins={"check": date(2026, 12, 25)})
    assert plan.feasible
    assert plan.problems == ()


def test_a_pin_before_what_it_waits_for_is_kept_and_told() -> None:
    """A predecessor that cannot be done before the pin is late, with the pin as the reason."""
    plan = plan_of(pins={"check": date(2026, 11, 30)})
    assert due(plan)["check"] == "2026-11-30"
    assert plan.verdict == "flagged"
    assert plan.problems[0].startswith(
        "“Build” must be done by Wed 25 Nov 2026 (1 business day before “Check”, Mon 30 Nov 2026, fixed by a person)"
    )


def test_a_pin_before_a_finished_task_is_told() -> None:
    """Something done late, against a date that a person fixed."""
    done = {"brief": MONDAY, "build": date(2026, 12, 2), "press_kit": MONDAY}
    plan = plan_of(pins={"check": date(2026, 12, 1)}, done=done)
    assert plan.problems == (
        (
            "“Check” is fixed on Tue 1 Dec 2026 by a person and stays there, but 1 business day after “Build” "
            "(Wed 2 Dec 2026) is Thu 3 Dec 2026: 2 business days too early."
        ),
    )


def test_a_task_done_counts_from_the_day_it_was_done() -> None:
    """Done late pushes what waits for it; what led to a finished task no longer matters."""
    plan = plan_of(done={"brief": date(2026, 12, 1)}, today=date(2026, 12, 1))
    assert due(plan)["build"] == "2026-12-07"
    skipped = plan_of(done={"check": date(2026, 11, 24)}, today=date(2026, 11, 24))
    assert skipped.feasible
    assert {task.key: task.slack for task in skipped.tasks}["build"] is None


def test_a_dropped_task_hands_on_its_predecessors() -> None:
    """Nobody builds any more: the check waits for the brief instead."""
    plan = plan_of(dropped=frozenset({"build"}))
    check = next(task for task in plan.tasks if task.key == "check")
    assert "build" not in due(plan)
    assert check.depends_on == ("brief", "press_kit")


def test_a_task_whose_condition_is_false_is_not_in_the_plan() -> None:
    """Without press there is no press kit, and nothing waits for it."""
    plan = plan_of(raw={"press": "no"})
    assert "press_kit" not in due(plan)
    assert all("press_kit" not in task.depends_on for task in plan.tasks)


@pytest.mark.parametrize(
    ("when", "inputs", "expected"),
    [
        ({"field": "inputs.size", "in": ["very large"]}, {"size": "small"}, False),
        ({"field": "inputs.seats", "exists": True}, {"seats": None}, False),
        ({"field": "inputs.seats", "exists": False}, {"seats": None}, True),
        ({"not": {"field": "inputs.seats", "equals": 3}}, {"seats": 3}, False),
        ({"all": [{"field": "inputs.press", "equals": True}, {"field": "inputs.seats", "exists": True}]}, {}, False),
        ({"any": [{"field": "inputs.press", "equals": True}, {"field": "inputs.seats", "exists": True}]}, {}, True),
    ],
)
def test_conditions(when: dict[str, Any], inputs: dict[str, Any], expected: bool) -> None:
    """Each form of a condition, alone and tied together."""
    tasks = RECIPE["tasks"] | {"extra": {"title": "Extra", "party": "ops", "when": when}}
    template = Template.model_validate(RECIPE | {"tasks": tasks})
    values = {"launch_date": date(2026, 12, 16), "press": True, "size": "small"} | inputs
    plan = make_plan(template, CALENDAR, Facts(inputs=values, complete_on=MONDAY, today=MONDAY))
    assert ("extra" in due(plan)) is expected


def test_a_promise_that_cannot_be_kept_any_more_is_told() -> None:
    """When the last open task can only be done after the turnaround, the plan is flagged with the day."""
    template = Template.model_validate(
        {
            "id": "small",
            "version": 1,
            "title": "Small",
            "calendar": "office",
            "turnaround": "2 business_days after request.complete",
            "tasks": {
                "do": {"title": "Do", "party": "ops", "duration": "1 business_day"},
                "check": {"title": "Check", "party": "ops", "duration": "1 business_day", "depends_on": ["do"]},
            },
        }
    )
    facts = Facts(inputs={}, complete_on=MONDAY, today=MONDAY)
    assert make_plan(template, CALENDAR, facts).verdict == "planned"
    late = make_plan(template, CALENDAR, replace(facts, today=date(2026, 11, 25)), replan=True)
    assert (late.verdict, late.feasible, late.promised_on) == ("flagged", False, date(2026, 11, 25))
    assert late.problems == (
        (
            "Promised for Wed 25 Nov 2026, but “Check” can be done on Mon 30 Nov 2026 at the agreed pace: "
            "1 business day too late."
        ),
    )


def test_a_plan_that_was_stored_before_there_was_data_for_its_sentences_is_read() -> None:
    """It has its sentences and no data for them."""
    stored = plan_of().as_dict()
    for task in stored["tasks"]:
        del task["because"]
    read = Plan.from_dict(stored)
    assert [task.because for task in read.tasks] == [None] * len(read.tasks)
    assert why(read, "brief") == why(plan_of(), "brief")


def test_what_was_done_too_soon_is_a_risk() -> None:
    """The check is done while what it waits for is still open: the plan is flagged until that is done too."""
    day = date(2026, 11, 24)
    plan = plan_of(done={"brief": day, "check": day}, today=day)
    assert (plan.verdict, plan.feasible) == ("flagged", True)
    assert plan.problems == ("“Check” was done while “Build” and “Press kit” are still open.",)
    assert plan_of(done={"brief": day, "check": day, "build": day, "press_kit": day}, today=day).problems == ()


def test_a_gap_that_was_not_waited_for_is_a_risk_too() -> None:
    """Gone live a week after a rehearsal that nobody has held: told, and the rehearsal is not hurried by it."""
    tasks = RECIPE["tasks"] | {"rehearse": {"title": "Rehearse", "party": "ops", "duration": "1 business_day"}}
    gaps = [{"from": "rehearse", "to": "live", "at_least": "1 week"}]
    template = Template.model_validate(RECIPE | {"tasks": tasks, "min_gaps": gaps})
    finished = {key: date(2026, 12, 16) for key in ("brief", "build", "press_kit", "check", "live")}
    plan = plan_of(template=template, done=finished, today=date(2026, 12, 16))
    assert plan.problems == ("“Go live” was done while “Rehearse” is still open.",)
    assert due(plan)["rehearse"] == "2026-12-16"
