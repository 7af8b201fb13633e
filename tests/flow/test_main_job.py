"""The main job from outside: a request is filed, and its whole plan stands in the tracker."""

from __future__ import annotations

from datetime import date

from service.core.plan import Plan
from tests.house import House, in_weeks


def test_a_webinar_filed_in_jira_gets_its_whole_plan_as_subtasks(at_home: House) -> None:
    """Every planned task is one sub-task with its owner, dates and blockers, and the request tells the plan."""
    home = at_home
    key = home.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(10)})
    plan = Plan.from_dict(home.running(key).plan or {})
    children = {child.summary: child for child in home.jira.children(key)}
    assert set(children) == {task.title for task in plan.tasks}
    titles = {task.key: task.title for task in plan.tasks}
    for task in plan.tasks:
        child = children[task.title]
        assert (child.start, child.due) == (task.start_on, task.due_on)
        owner = {"ops": "dana.ops@example.com", "stakeholder": "rita.requester@example.com"}.get(task.owner)
        assert child.assignee in {owner, "lee.lead@example.com"} if owner is None else child.assignee == owner
        assert set(child.blocked_by) == {children[titles[name]].key for name in task.depends_on}
    [comment] = home.jira.issue(key).comments
    assert f"0 of {len(plan.tasks)} tasks done" in comment


def test_an_email_send_filed_in_asana_gets_its_whole_plan_as_subtasks(at_home: House) -> None:
    """The same from the other tracker."""
    home = at_home
    gid = home.asana.file_request("Newsletter", section="Email sends")
    plan = Plan.from_dict(home.running(gid).plan or {})
    children = {child["name"]: child for child in home.asana.subtasks(gid)}
    assert set(children) == {task.title for task in plan.tasks}
    titles = {task.key: task.title for task in plan.tasks}
    for task in plan.tasks:
        child = children[task.title]
        assert child["due_on"] == task.due_on.isoformat()
        assert child["assignee"]
        blockers = {blocker["gid"] for blocker in child["dependencies"]}
        assert blockers == {children[titles[name]]["gid"] for name in task.depends_on}
    assert any(f"0 of {len(plan.tasks)} tasks done" in text for text in home.asana.comments(gid))


def test_the_same_template_gives_the_same_plan_in_both_trackers(at_home: House) -> None:
    """Titles and dates do not depend on where the request was filed."""
    when = in_weeks(12)
    key = at_home.jira.file_request("Webinar", "Both", {"Webinar date": when})
    gid = at_home.asana.file_request("Both", section="Webinars", custom_fields={"Webinar date": when})
    at_home.running(key)
    at_home.running(gid)
    in_jira = {child.summary: child.due for child in at_home.jira.children(key)}
    in_asana = {child["name"]: date.fromisoformat(child["due_on"]) for child in at_home.asana.subtasks(gid)}
    assert in_jira == in_asana


def test_a_quiet_campaign_is_not_written_to(at_home: House) -> None:
    """Sweeping an unchanged campaign reads and writes nothing, however often."""
    key = at_home.jira.file_request("List Import", "Trade show leads")
    gid = at_home.asana.file_request("More leads", section="List imports")
    at_home.running(key)
    at_home.running(gid)
    at_home.sweep()
    before = len(at_home.writes())
    at_home.sweep()
    at_home.sweep()
    assert at_home.writes()[before:] == []


def test_a_burst_of_changes_is_answered_by_few_runs(at_home: House) -> None:
    """Twenty edits of one task cost far fewer than twenty reads."""
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    child = at_home.jira.children(key)[0].key
    before = len(at_home.jira.log)
    for number in range(20):
        at_home.jira.edit(child, {"summary": f"Check the file, take {number}"})
    at_home.quiet()
    assert 1 <= len(at_home.jira.log) - before <= 12


def test_an_issue_that_no_rule_matches_is_left_alone(at_home: House) -> None:
    """The delivery is kept as ignored, with the reason."""
    before = len(at_home.writes())
    key = at_home.jira.file_request("Story", "Not a request")
    at_home.quiet()
    assert at_home.campaign(key) is None
    assert at_home.writes()[before:] == []
    delivery = [row for row in at_home.deliveries() if row.connection == "jira"][-1]
    assert delivery.state == "ignored"
    assert "no request rule matches it (issue_type Story)" in (delivery.reason or "")
