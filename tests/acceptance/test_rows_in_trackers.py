"""Rows E1, E2, E4 to E6, E9, G11, G15, G30, S10 and the whole pack in trackers: a request filed, its subtasks read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.core.plan import Plan
from tests.house import House, house, in_weeks
from tests.standing_office import standing_office

FILE = "https://files.example.com/leads.csv"
DATES = {"event": "event_date", "nurture_program": "first_send", "training": "launch_date", "webinar": "webinar_date"}
TEXTS = {
    "basic_email": ("email_copy", "audience"),
    "campaign_execution": ("brief",),
    "content_creation": ("brief",),
    "content_syndication": ("content", "vendor"),
    "email_send": (),
    "list_import": ("list_file",),
    "multichannel_campaign": ("brief",),
    "nurture_email": ("email_copy", "program"),
}
"""What each request must say; the pack's tests hold the list complete."""


def rules() -> Iterator[str]:
    """A request is known by its title and says the least; a few more are needed by single rows."""
    for template in [*DATES, *TEXTS]:
        mapped = [f"{DATES[template]}: due_on"] if template in DATES else [f"{name}: title" for name in TEXTS[template]]
        for tracker in ("jira", "asana"):
            yield _rule(tracker, f"title: {template}", template, *mapped)
    yield _rule("jira", "title: Rounds", "webinar", "webinar_date: duedate", "further_invitations: Audience size")
    yield _rule("jira", "title: Own page", "email_send", "custom_landing_page: List file")
    for tracker in ("jira", "asana"):
        yield _rule(tracker, "title: Fair leads", "list_import")


def _rule(tracker: str, when: str, template: str, *inputs: str) -> str:
    return f"{{connection: {tracker}, when: {{{when}}}, template: {template}, inputs: {{{', '.join(inputs)}}}}}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both trackers, with a rule for every template."""
    folder = tmp_path_factory.mktemp("rows")
    with (
        pytest.MonkeyPatch.context() as patch,
        house(folder, f"sqlite:///{folder}/tminus.db", patch, rules=list(rules())) as found,
    ):
        yield found


def said(home: House, key: str) -> str:
    """Every comment on a request in Jira."""
    return "\n".join(home.jira.issue(key).comments)


def test_E1_every_template_gives_the_same_owned_and_dated_subtasks_in_both_trackers(home: House) -> None:
    """All twelve: each step is a subtask with an assignee and a due date, alike in Jira and in Asana."""
    when = date.fromisoformat(in_weeks(20))
    when += timedelta(days=-when.weekday())
    filed = {
        template: (
            home.jira.file_request("Task", template, {"duedate": when}),
            home.asana.file_request(template, section="Webinars", due_on=when),
        )
        for template in [*DATES, *TEXTS]
    }
    home.until(lambda: all((one := home.campaign(label)) and one.plan for pair in filed.values() for label in pair), 60)
    home.quiet()
    for template, (key, gid) in filed.items():
        found = home.campaign(key)
        assert found
        plan = Plan.from_dict(found.plan or {})
        in_jira = {child.summary: (child.due, bool(child.assignee)) for child in home.jira.children(key)}
        in_asana = {
            child["name"]: (date.fromisoformat(child["due_on"]), bool(child["assignee"]))
            for child in home.asana.subtasks(gid)
        }
        assert in_jira == in_asana == {task.title: (task.due_on, True) for task in plan.tasks}, template


def test_E2_closing_a_gate_with_a_deliverable_open_is_told_on_the_request(home: House) -> None:
    """The release of an event is set to done while its test is open: the request's comment says so."""
    key = home.jira.file_request("Task", "event", {"duedate": in_weeks(12)})
    home.running(key)
    [gate] = [child.key for child in home.jira.children(key) if child.summary == "Release the invitations"]
    assert "Test checklist" in home.jira.issue(gate).text
    home.jira.transition(gate, "Done")
    home.until(lambda: "“Release the invitations” was done while" in said(home, key))


def test_E4_when_two_invitations_are_wanted_instead_of_three_the_third_is_dropped(home: House) -> None:
    """Its subtasks are cancelled with a comment, not deleted; the others keep their keys and dates."""
    key = home.jira.file_request("Task", "Rounds", {"duedate": in_weeks(16), "Audience size": 3})
    home.running(key)
    before = {child.key: (child.summary, child.due) for child in home.jira.children(key)}
    assert sum("Further invitation 3" in title for title, _ in before.values()) == 2
    home.jira.edit(key, {"Audience size": 2})
    home.until(lambda: sum(child.status == "Cancelled" for child in home.jira.children(key)) == 2)
    home.quiet()
    after = home.jira.children(key)
    assert {child.key: (child.summary, child.due) for child in after} == before
    dropped = [child for child in after if child.status == "Cancelled"]
    assert all("Further invitation 3" in child.summary for child in dropped)
    assert all("the request no longer asks for it" in child.comments[-1] for child in dropped)


def test_E9_whoever_leaves_a_step_out_is_asked_why_and_the_answer_stands_on_the_request(home: House) -> None:
    """With its risk and the role that must agree; in the end the skipped step is counted."""
    key = home.jira.file_request("Task", "webinar", {"duedate": in_weeks(12)})
    home.running(key)
    [test] = [child.key for child in home.jira.children(key) if child.summary == "Test the whole flow"]
    home.jira.transition(test, "Cancelled")
    home.until(lambda: any("Why, and who agreed?" in text for text in home.jira.issue(test).comments))
    home.until(lambda: "“Test the whole flow”: nobody has said why" in said(home, key))
    home.jira.comment(test, "Same flow as last month; the lead agreed")
    home.until(lambda: "wrote “Same flow as last month; the lead agreed”" in said(home, key))
    assert "Left out, at the risk of mistakes" in said(home, key)
    assert "The mops lead must agree to that." in said(home, key)
    for child in home.jira.children(key):
        if child.key != test:
            home.jira.transition(child.key, "Done")
    home.until(lambda: "1 step was skipped: “Test the whole flow”." in said(home, key))


def test_E5_E6_a_list_import_waits_for_its_file_and_shows_it_on_the_import(home: House) -> None:
    """Without the file no clock runs and the comment names it; once there it stands on the subtasks, in both tools."""
    key = home.jira.file_request("List Import", "Fair leads")
    gid = home.asana.file_request("Fair leads", section="List imports")
    for label in (key, gid):
        home.until(lambda label=label: (found := home.campaign(label)) and found.state == "waiting_for_input")
        found = home.campaign(label)
        assert found
        assert found.complete_on is None
    home.quiet()
    assert "List file is missing" in said(home, key)
    assert any("List file is missing" in text for text in home.asana.comments(gid))
    assert not home.jira.children(key)
    home.jira.edit(key, {"List file": FILE})
    home.asana.edit(gid, {"custom_fields": {"List file": FILE}})
    for label in (key, gid):
        assert home.running(label).complete_on
    shown = {child.summary: child.text for child in home.jira.children(key)}
    assert FILE in shown["Import the list"]
    assert FILE not in shown["Confirm the import"]
    [imported] = [child for child in home.asana.subtasks(gid) if child["name"] == "Import the list"]
    assert FILE in imported["notes"]


def test_G30_a_jump_in_the_queue_tells_who_slips_and_by_how_much(home: House) -> None:
    """Two e-mails wait for the same person; with the second in P1 the first is named with its days."""
    first = home.jira.file_request("Email Send", "First e-mail")
    second = home.jira.file_request("Email Send", "Second e-mail")
    days = {key: [child.due for child in home.jira.children(key)] for key in (first, second) if home.running(key)}
    result = CliRunner().invoke(app, ["queue", "--if", f"{second}=P1", "--config", str(home.config)])
    assert result.exit_code == 0, result.output
    [queue] = [part for part in result.output.split("one task after the other") if f"With {second} in P1" in part][:1]
    slips = [
        line
        for line in queue.splitlines()
        if re.match(rf"    {first} Check the request by \d+ business days?, to ", line)
    ]
    assert slips, result.output
    assert {key: [child.due for child in home.jira.children(key)] for key in days} == days


def test_G15_a_request_that_ticks_an_exclusion_goes_to_a_person_and_starts_no_clock(home: House) -> None:
    """The comment names what is not covered and who decides; there is no plan and no date of completion."""
    key = home.jira.file_request("Task", "Own page", {"List file": "yes"})
    home.until(lambda: "needs a decision first" in said(home, key))
    home.quiet()
    assert "does not cover this: a custom landing page" in said(home, key)
    assert "The mops lead decides" in said(home, key)
    found = home.campaign(key)
    assert found
    assert (found.state, found.complete_on) == ("refused", None)
    assert not home.jira.children(key)


def test_G11_a_basic_email_tells_whether_it_was_kept(home: House) -> None:
    """When the last subtask is done, the request's comment gives the verdict."""
    key = home.jira.file_request("Task", "basic_email")
    home.running(key)
    for child in home.jira.children(key):
        home.jira.transition(child.key, "Done")
    home.until(lambda: "3 of 3 tasks done" in said(home, key))
    home.until(lambda: ": met." in said(home, key))


def test_S10_ten_leads_outside_the_profile_make_no_task_until_one_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten leads: no subtask; one reply, told twice: exactly one, with the owner of the role."""
    with standing_office(["sdr_leads"], tmp_path, monkeypatch) as office:
        for number in range(10):
            office.tell("lead.created", "2026-11-23T09:00:00-05:00", f"lead-{number}", icp=False, name=f"Lead {number}")
        office.run()
        assert office.due() == {}
        office.tell("lead.responded", "2026-11-23T09:30:00-05:00", "lead-3")
        office.tell("lead.responded", "2026-11-23T09:40:00-05:00", "lead-3")
        for _ in range(2):
            office.run()
        assert office.due() == {"answer.lead-3": date(2026, 11, 24)}
        [task] = office.tracker.under(office.under).values()
        assert (task.title, task.owner and task.owner.name) == ("Answer the lead: Lead 3", "Dana Ops")
