"""The templates that ship: they load, a team would recognise them, and their dates are the agreed ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.calendars import frozen_holidays
from service.catalogue import Catalogue
from service.core.calendar import Calendar
from service.core.effective import every_task
from service.core.plan import Facts, Plan, make_plan, read_inputs
from service.core.template import Template

PACK = Catalogue.load(Path(__file__).parents[2] / "templates")
MONDAY = date(2026, 11, 23)


REQUIRED: dict[str, dict[str, Any]] = {
    "basic_email": {"email_copy": "copy.docx", "audience": "Newsletter"},
    "campaign_execution": {"brief": "brief.docx"},
    "content_creation": {"brief": "brief.docx"},
    "content_syndication": {"content": "paper.pdf", "vendor": "Spread Ltd"},
    "email_send": {},
    "event": {"event_date": "2027-03-02"},
    "list_import": {"list_file": "leads.csv"},
    "multichannel_campaign": {"brief": "brief.docx"},
    "nurture_email": {"email_copy": "copy.docx", "program": "Welcome"},
    "nurture_program": {"first_send": "2027-01-25"},
    "training": {"launch_date": "2027-03-15"},
    "webinar": {"webinar_date": "2027-01-21"},
}
"""The least that a complete request says, by template."""


def planned(template: str, complete: date = MONDAY, calendar: Calendar | None = None, **raw: Any) -> Plan:
    """The plan of a request that is complete on that day and says the least, and `raw`."""
    recipe = PACK.templates[template]
    inputs = read_inputs(recipe, REQUIRED[template] | raw, complete)
    calendar = calendar or PACK.calendar_of(recipe, complete)
    return make_plan(recipe, calendar, Facts(inputs=inputs, complete_on=complete, today=complete))


def due(plan: Plan) -> dict[str, str]:
    """Key → ISO date."""
    return {task.key: task.due_on.isoformat() for task in plan.tasks}


def public_holidays() -> Calendar:
    """US public holidays without a company's own days."""
    return Calendar(name="us", holidays=frozen_holidays("US", None, ["public"], {}, [], range(2026, 2029)))


def test_the_pack_has_no_problems() -> None:
    """Twelve kinds of request, two calendars, nothing to complain about."""
    assert PACK.problems == []
    assert set(PACK.templates) == set(REQUIRED)
    assert set(PACK.calendars) == {"us-mops", "always"}


def test_the_page_about_the_pack_promises_what_the_files_promise() -> None:
    """Title, name and time of every template stand there as they are."""
    page = (Path(__file__).parents[2] / "docs/reference/starter-pack.md").read_text()
    for template in PACK.templates.values():
        promise = template.turnaround or template.lead_time
        assert f"| {template.title} | `{template.id}` | `{promise}` |" in page


EVERY_TEMPLATE = pytest.mark.parametrize("template", PACK.templates.values(), ids=lambda template: template.id)


@EVERY_TEMPLATE
def test_every_template_says_what_it_is_for_and_whom_to_ask(template: Template) -> None:
    """Goal, scope, at least one exclusion, both contacts, and help with every input."""
    assert set(template.contacts) == {"mops", "sales"}
    assert template.goal
    assert template.scope
    assert template.exclusions
    assert template.lead_time or template.turnaround
    assert all(entry.help or entry.type == "bool" for entry in template.inputs.values())


@EVERY_TEMPLATE
def test_every_task_says_what_done_means_and_who_owes_it(template: Template) -> None:
    """Each task has a done criterion and a role, and those who are not ops are told what to provide."""
    parties = set()
    for _, _, task in every_task(template):
        assert task.done_when
        assert task.owner
        parties.add(task.party)
        if task.party != "ops" and task.pinned is None:
            assert task.provide
    assert "ops" in parties
    assert parties & {"requester", "stakeholder"}


@EVERY_TEMPLATE
def test_every_file_that_a_request_brings_is_shown_on_a_task(template: Template) -> None:
    """Nobody has to look for an asset on the request."""
    files = {name for name, entry in template.inputs.items() if entry.type == "file"}
    shown = {name for _, _, task in every_task(template) for name in task.assets}
    given = {
        str(value).removeprefix("inputs.") for child in template.children.values() for value in child.inputs.values()
    }
    assert files <= shown | given


@EVERY_TEMPLATE
def test_every_template_can_be_kept_at_its_own_pace(template: Template) -> None:
    """A request that says the least, with time enough, is planned without a flag on any working day."""
    for day in range(5):
        plan = planned(template.id, MONDAY + timedelta(days=day), calendar=Calendar(name="plain"))
        assert plan.verdict == "planned", plan.problems


def test_a_list_import_takes_three_business_days() -> None:
    """Complete on the Monday before Thanksgiving: Monday a week later; without holidays Thursday."""
    plan = planned("list_import")
    assert plan.tasks[-1].due_on == plan.promised_on == date(2026, 11, 30)
    assert planned("list_import", calendar=Calendar(name="plain")).tasks[-1].due_on == date(2026, 11, 26)


@pytest.mark.parametrize(("received", "expected"), [("16:59", "2026-12-09"), ("17:01", "2026-12-10")])
def test_the_cutoff_decides_which_day_a_list_was_received(received: str, expected: str) -> None:
    """A list complete on Friday before 17:00 in New York counts from Friday, a minute after from Monday."""
    calendar = PACK.calendar_of(PACK.templates["list_import"], MONDAY)
    instant = datetime.fromisoformat(f"2026-12-04T{received}:00-05:00").astimezone(UTC)
    assert planned("list_import", calendar.received_on(instant)).tasks[-1].due_on.isoformat() == expected


def test_an_email_send_takes_seven_business_days() -> None:
    """Without a send date it goes out on the promised seventh business day."""
    plan = planned("email_send")
    assert plan.tasks[-1].due_on == plan.promised_on == date(2026, 12, 4)
    assert planned("email_send", calendar=Calendar(name="plain")).tasks[-1].due_on == date(2026, 12, 2)


def test_an_email_send_with_a_date_goes_out_on_it() -> None:
    """A later date is kept and leaves slack; one too early gets the earliest possible proposed."""
    later = planned("email_send", send_date="2026-12-15")
    assert (later.verdict, later.tasks[-1].due_on, later.tasks[-1].slack) == ("planned", date(2026, 12, 15), 7)
    early = planned("email_send", send_date="2026-12-01")
    assert (early.verdict, early.earliest_anchor) == ("shift_proposed", ("send_date", date(2026, 12, 4)))


def test_the_webinar_of_the_worked_example() -> None:
    """Complete 23 Nov 2026, webinar 20 Jan 2027, US public holidays only: every date as worked out by hand."""
    plan = planned("webinar", webinar_date="2027-01-20", calendar=public_holidays())
    expected = {
        "intake": "2026-11-24",
        "email_copy": "2026-11-30",
        "landing_page": "2026-12-01",
        "flow_build": "2026-12-04",
        "flow_test": "2026-12-23",
        "first_invite": "2026-12-30",
        "reminder": "2027-01-19",
        "webinar": "2027-01-20",
        "lead_upload": "2027-01-21",
        "follow_up": "2027-01-22",
    }
    assert due(plan) == expected | {"rehearsal": "2027-01-15"}
    assert {task.slack for task in plan.tasks if task.key in ("intake", "landing_page", "flow_test")} == {11}


def test_the_webinar_rules_on_the_shipped_calendar() -> None:
    """For 21 Jan 2027: request by 10 Dec, first invite on 23 Dec and never 4 Jan, tested a week earlier."""
    plan = planned("webinar", webinar_date="2027-01-21")
    assert plan.request_by == date(2026, 12, 10)
    assert plan.verdict == "planned"
    assert due(plan)["first_invite"] == "2026-12-23"
    assert due(plan)["flow_test"] == "2026-12-16"
    why = {task.key: task.why for task in plan.tasks}["first_invite"]
    assert why == (
        "3 weeks before Webinar date (Thu 21 Jan 2027) is Thu 31 Dec 2026, closed (Year-end closing); "
        "the working day before is Wed 23 Dec 2026; Webinar v1."
    )


def test_the_test_follows_an_invite_that_was_moved_earlier() -> None:
    """A person sends the invite on 21 Dec instead of 23: the test is due a week before that."""
    template = PACK.templates["webinar"]
    facts = Facts(
        inputs={"webinar_date": date(2027, 1, 21), "custom_page": True},
        complete_on=MONDAY,
        today=MONDAY,
        pins={"first_invite": date(2026, 12, 21)},
    )
    plan = make_plan(template, PACK.calendar_of(template, MONDAY), facts)
    assert due(plan)["flow_test"] == "2026-12-14"
    assert plan.feasible


def test_the_earliest_webinar_that_can_be_granted() -> None:
    """Asked on 23 Nov for 17 Dec: 18 days short, and 4 Jan 2027 is the first date that works."""
    plan = planned("webinar", webinar_date="2026-12-17")
    assert plan.verdict == "shift_proposed"
    assert plan.earliest_anchor == ("webinar_date", date(2027, 1, 4))
    assert any("18 days short" in problem for problem in plan.problems)
    assert any("must be done by Wed 25 Nov 2026" in problem for problem in plan.problems)
    assert planned("webinar", webinar_date="2027-01-04").verdict == "compressed"


def test_a_webinar_is_possible_at_exactly_its_own_lead_time() -> None:
    """Six weeks to the day is enough on a calendar without holidays, with nothing cut and nothing to spare."""
    plan = planned("webinar", date(2027, 3, 1), webinar_date="2027-04-12", calendar=Calendar(name="plain"))
    assert plan.verdict == "planned"
    assert min(task.slack for task in plan.tasks if task.slack is not None) == 0


@pytest.mark.parametrize("webinar_date", ["2027-01-21", "2027-01-04", "2026-12-17"])
def test_the_order_of_the_file_changes_nothing(webinar_date: str) -> None:
    """With the tasks written the other way round, the plan, its reasons and its problems are the same."""
    written = PACK.templates["webinar"].model_dump(mode="json", by_alias=True)
    turned = Template.model_validate(written | {"tasks": dict(reversed(written["tasks"].items()))})
    inputs = read_inputs(turned, {"webinar_date": webinar_date}, MONDAY)
    facts = Facts(inputs=inputs, complete_on=MONDAY, today=MONDAY)
    plan, expected = (
        make_plan(template, PACK.calendar_of(template, MONDAY), facts)
        for template in (turned, PACK.templates["webinar"])
    )
    assert (plan.tasks, plan.problems, plan.compressions) == (expected.tasks, expected.problems, expected.compressions)


def test_without_a_page_of_its_own_the_flow_waits_for_what_the_page_waited_for() -> None:
    """The landing page leaves the plan when nobody wants one, and hands its predecessors on."""
    plan = planned("webinar", webinar_date="2027-01-21", custom_page="no")
    tasks = {task.key: task for task in plan.tasks}
    assert "landing_page" not in tasks
    assert tasks["flow_build"].depends_on == ("email_copy", "intake")
