"""Rows G29 to G31, E2 and E9: late requests, priorities, the public catalogue, gates, and what is shortened."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from connectors.contract import Status
from service.cli import app
from service.core.effective import every_task
from service.core.explain import amount
from service.core.merge import Agreed, LinkView
from service.core.messages import plan_comment
from tests.acceptance.pack import PACK, asked, due, tasks, told

TEMPLATES = Path(__file__).parents[2] / "templates"


def test_G29_a_late_request_is_told_what_is_past_and_what_can_be_had() -> None:
    """A webinar on 17 December asked on T: 18 days short, invite by 25 November, test by the 18th, which is past."""
    plan = asked("webinar", webinar_date="2026-12-17")
    assert (plan.feasible, plan.request_by) == (False, date(2026, 11, 5))
    assert told(plan, "18 days short")
    assert told(plan, "“Send the first invitation” must be done by Wed 25 Nov 2026")
    assert told(plan, "Already past: “Test the whole flow” by Wed 18 Nov 2026")
    assert plan.earliest_anchor == ("webinar_date", date(2027, 1, 4))


def test_G30_a_priority_class_never_changes_an_agreed_date() -> None:
    """P1 and P3 get the same plan and the same promise."""
    first, last = (asked("email_send", priority_class=name) for name in ("P1", "P3"))
    assert (first.tasks, first.promised_on) == (last.tasks, last.promised_on)


def test_G31_the_catalogue_says_every_rule_of_every_template() -> None:
    """Markdown with version and fingerprint; every amount of time that a template has stands in its section."""
    result = CliRunner().invoke(app, ["templates", "catalogue", str(TEMPLATES)])
    assert result.exit_code == 0
    sections = dict(re.findall(r"^## .*\n\n`(\w+)`, (version[\s\S]*?)(?=\n\n#+ |\Z)", result.stdout, re.MULTILINE))
    assert set(sections) == {*PACK.templates, *PACK.commitments}
    for name, template in PACK.templates.items():
        page = sections[name]
        assert page.startswith(f"version {template.version}, fingerprint `{template.digest}`")
        promised = template.turnaround.commit.span if template.turnaround else None
        spans = [promised, template.lead_time and template.lead_time.span, *(gap.at_least for gap in template.min_gaps)]
        assert all(amount(span) in page for span in [*spans, *(item.add for item in template.modifiers)] if span)
        assert all(f"may take only {amount(item.min)}" in page for item in template.feasibility.compress)
        goals = [(clock.label, str(goal.amount)) for clock in template.clocks.values() for goal in clock.goals]
        assert all(f"- {label} within {length.replace('_', ' ')}, from" in page for label, length in goals)
        rows = [line for line in page.splitlines() if line.startswith("| ")]
        for _, at, task in every_task(template):
            group = template.groups.get(str(at[1])) if at[0] == "groups" else None
            start = f"| {group.title}: {group.tasks[str(at[3])].title} (" if group else f"| {task.title} |"
            [row] = [row for row in rows if row.startswith(start)]
            assert f"| {task.party} | {task.role} |" in row
            assert not task.due or amount(task.due.span) in row
            assert not task.duration.value or f"takes {amount(task.duration)}" in row


def test_G31_the_catalogue_says_what_is_promised_beside_campaigns() -> None:
    """The amounts of every commitment: how many, how fast, how often, and how a lead is taken on."""
    told = CliRunner().invoke(app, ["templates", "catalogue", str(TEMPLATES)]).stdout.replace("\n", " ")
    for said in (
        "qualified leads: at least 500 a month",
        "blog posts: at least 4 a month - white papers: at least 2 a month - case studies: at least 1 a month",
        "campaigns launched: at least 3 a quarter - counted by campaign.launched, unless campaign.cancelled",
        "at least 80, at most 100 (calls: at least 40, at most 50, e-mails: at least 40, at most 50) a day",
        "First touch within 48 hours, when lead.source is campaign; else within 24 hours, from lead.created",
        "First answer in under 1 business minute, from chat.opened to chat.answered",
        "again and again: `FREQ=WEEKLY;BYDAY=MO;BYHOUR=10;BYMINUTE=0`",
        "1 week after report.done",
        "taken on when not (lead.consent is no) (consent, whatever its score)",
        "60 points when lead.source is web_form",
        "an exception from 60 points on",
        "1 business day after lead.responded, when lead.icp is no",
    ):
        assert said in told, said


def test_E2_a_gate_that_is_closed_without_its_deliverables_is_a_risk() -> None:
    """The release lists what must be there; closing it while the test is open is told."""
    release = PACK.templates["event"].tasks["release"]
    assert "Test checklist" in release.deliverables
    assert tasks(asked("event", event_date="2027-03-02"))["release"].milestone
    closed = {
        key: date(2026, 12, 7) for key in ("intake", "email_copy", "landing_page", "registration_form", "release")
    }
    plan = asked("event", event_date="2027-03-02", done=closed, today=date(2026, 12, 7))
    assert told(plan, "“Release the invitations” was done while")
    assert told(plan, "“Test the whole flow”")


def test_E9_what_is_shortened_shows_as_a_risk_with_its_approver() -> None:
    """Asked for at the last moment, the page is cut from 4 to 3 days and the build from 3 to 2; the lead must agree."""
    plan = asked("webinar", webinar_date="2027-01-04")
    assert plan.verdict == "compressed"
    comment = plan_comment("Webinar", plan, {}, {}, "The mops lead")
    assert "**Shortened to make the date, at the risk of mistakes**" in comment
    assert "- “Build the e-mail flow”: 2 business days instead of 3" in comment
    assert "The mops lead must agree to these dates." in comment
    usual = plan_comment("Webinar", asked("webinar", webinar_date="2027-01-21"), {}, {}, "The mops lead")
    assert "Shortened" not in usual
    assert "must agree" not in usual


def test_E9_the_last_word_on_a_request_counts_the_steps_that_were_skipped() -> None:
    """One task was deleted, one cancelled by a person; one that we dropped ourselves was not skipped."""
    plan = asked("webinar", webinar_date="2027-01-21")
    links = {
        task.key: LinkView(
            key=task.key,
            state="made",
            done_on=task.due_on,
            agreed=Agreed(title=task.title, status=Status.DONE, due_on=task.due_on),
        )
        for task in plan.tasks
    }
    assert "skipped" not in plan_comment("Webinar", plan, links, {})
    out = ["intake", "flow_test", "landing_page"]
    intake, test, page = (replace(links[key].agreed, status=Status.DROPPED) for key in out)
    links["intake"] = replace(links["intake"], state="gone", done_on=None, agreed=intake)
    links["flow_test"] = replace(links["flow_test"], done_on=None, agreed=test)
    links["landing_page"] = replace(links["landing_page"], done_on=None, dropped=True, agreed=page)
    told = plan_comment("Webinar", plan, links, {})
    assert f"2 steps were skipped: “{intake.title}”, “{test.title}”." in told


def test_E9_a_step_that_a_person_squeezes_is_a_risk() -> None:
    """The test pinned on the day of the invitation leaves no week between them."""
    plan = asked("webinar", webinar_date="2027-01-21", pins={"flow_test": date(2026, 12, 22)})
    assert due(plan)["flow_test"] == "2026-12-22"
    assert not plan.feasible
    assert told(plan, "After “Test the whole flow” (Tue 22 Dec 2026)")
