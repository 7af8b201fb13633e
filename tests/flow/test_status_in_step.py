"""People act in the trackers, and the request, the plan and the ledger follow."""

from __future__ import annotations

from datetime import date, timedelta

from tests.house import House, in_weeks


def webinar(home: House, weeks: int = 12) -> str:
    """A running webinar campaign in Jira."""
    key = home.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(weeks)})
    home.running(key)
    return key


def child(home: House, key: str, planned: str) -> str:
    """The issue key of one planned task."""
    return home.links(key)[planned].label


def test_a_finished_subtask_moves_the_request_and_a_reopened_one_moves_it_back(at_home: House) -> None:
    """The request's status and its comment tell the progress."""
    home = at_home
    gid = home.asana.file_request("Leads", section="List imports")
    home.running(gid)
    for task in home.asana.subtasks(gid):
        home.asana.complete(task["gid"])
    home.until(lambda: home.asana.task(gid)["completed"])
    home.until(lambda: home.campaign(gid).state == "done")  # type: ignore[union-attr]
    first = home.asana.subtasks(gid)[0]["gid"]
    home.asana.reopen(first)
    home.until(lambda: not home.asana.task(gid)["completed"])
    total = len(home.asana.subtasks(gid))
    home.until(lambda: any(f"{total - 1} of {total} tasks done" in text for text in home.asana.comments(gid)))


def test_the_first_finished_subtask_starts_the_request(at_home: House) -> None:
    """In Jira the request goes to In Progress, by a way that its workflow has."""
    key = webinar(at_home)
    at_home.jira.transition(child(at_home, key, "intake"), "Done")
    at_home.until(lambda: at_home.jira.issue(key).status == "In Progress")
    at_home.until(lambda: any("1 of " in text for text in at_home.jira.issue(key).comments))


def test_a_cancelled_request_drops_its_open_subtasks_with_a_comment(at_home: House) -> None:
    """The finished one stays done, and taking the request up again brings the dropped ones back."""
    key = webinar(at_home)
    finished = child(at_home, key, "intake")
    at_home.jira.transition(finished, "Done")
    at_home.quiet()
    at_home.jira.transition(key, "Cancelled")
    at_home.until(lambda: at_home.campaign(key).state == "cancelled")  # type: ignore[union-attr]
    at_home.quiet()
    others = [issue for issue in at_home.jira.children(key) if issue.key != finished]
    assert {issue.status for issue in others} == {"Cancelled"}
    assert all(any("Dropped by Tminus" in text for text in issue.comments) for issue in others)
    assert at_home.jira.issue(finished).status == "Done"
    at_home.jira.transition(key, "To Do")
    at_home.until(lambda: {issue.status for issue in at_home.jira.children(key)} == {"To Do", "Done"})


def test_a_deleted_request_drops_nothing_that_is_gone_with_it(at_home: House) -> None:
    """The campaign ends, and nothing is made again."""
    key = webinar(at_home)
    at_home.jira.delete(key)
    at_home.until(lambda: at_home.campaign(key).state == "cancelled")  # type: ignore[union-attr]
    before = len(at_home.writes())
    at_home.sweep()
    assert at_home.writes()[before:] == []


def test_a_due_date_moved_by_a_person_is_pinned_and_survives_a_moved_launch(at_home: House) -> None:
    """Open tasks are dated anew, the pin stays, and one comment says what moved and what was kept."""
    key = webinar(at_home)
    invite = child(at_home, key, "first_invite")
    pinned = at_home.links(key)["first_invite"].agreed.due_on
    assert pinned
    at_home.jira.edit(invite, {"duedate": (pinned + timedelta(days=1)).isoformat()})
    at_home.until(lambda: at_home.links(key)["first_invite"].pinned_on)
    at_home.quiet()
    before = {issue.key: issue.due for issue in at_home.jira.children(key)}
    at_home.jira.edit(key, {"Webinar date": in_weeks(14)})
    reminder = child(at_home, key, "reminder")
    at_home.until(lambda: at_home.jira.issue(reminder).due != before[reminder])
    at_home.quiet()
    assert at_home.jira.issue(invite).due == pinned + timedelta(days=1)
    moves = [text for text in at_home.jira.issue(key).comments if "The request changed" in text]
    assert len(moves) == 1
    assert "Kept where a person put it" in moves[0]


def test_a_launch_moved_before_a_pin_is_flagged_and_the_pin_kept(at_home: House) -> None:
    """The date that a person fixed breaks a rule now, and the request says so."""
    key = webinar(at_home, weeks=14)
    due = at_home.links(key)["first_invite"].agreed.due_on
    assert due
    pin = due + timedelta(days=14)
    at_home.jira.edit(child(at_home, key, "first_invite"), {"duedate": pin.isoformat()})
    at_home.until(lambda: at_home.links(key)["first_invite"].pinned_on)
    at_home.quiet()
    at_home.jira.edit(key, {"Webinar date": in_weeks(13)})
    at_home.until(lambda: any("At risk" in text for text in at_home.jira.issue(key).comments))
    assert at_home.jira.issue(child(at_home, key, "first_invite")).due == pin


def test_a_cleared_due_date_is_written_again_by_the_plan(at_home: House) -> None:
    """Clearing hands the date back."""
    key = webinar(at_home)
    name = child(at_home, key, "reminder")
    due = at_home.jira.issue(name).due
    at_home.jira.edit(name, {"duedate": (due + timedelta(days=2)).isoformat()})  # type: ignore[operator]
    at_home.until(lambda: at_home.links(key)["reminder"].pinned_on)
    at_home.quiet()
    at_home.jira.edit(name, {"duedate": None})
    at_home.until(lambda: at_home.jira.issue(name).due == due)
    at_home.quiet()
    assert at_home.links(key)["reminder"].pinned_on is None


def test_a_deleted_subtask_is_reported_once_and_not_made_again(at_home: House) -> None:
    """However often we look."""
    key = webinar(at_home)
    count = len(at_home.jira.children(key))
    at_home.jira.delete(child(at_home, key, "reminder"))
    at_home.until(lambda: at_home.links(key)["reminder"].state == "gone")
    at_home.sweep()
    at_home.sweep()
    assert len(at_home.jira.children(key)) == count - 1
    assert len([text for text in at_home.jira.issue(key).comments if "Deleted:" in text]) == 1


def test_people_may_rename_and_reassign_and_the_service_keeps_it(at_home: House) -> None:
    """Title and owner belong to people once a task is there."""
    key = webinar(at_home)
    name = child(at_home, key, "reminder")
    at_home.jira.edit(name, {"summary": "Nudge them", "assignee": "omar.ops@example.com"})
    at_home.until(lambda: at_home.links(key)["reminder"].agreed.title == "Nudge them")
    at_home.sweep()
    issue = at_home.jira.issue(name)
    assert (issue.summary, issue.assignee) == ("Nudge them", "omar.ops@example.com")


def test_what_a_lost_hook_missed_is_found_by_the_sweep(at_home: House) -> None:
    """Hooks are hints; the sweep reads what they did not tell, a new request included."""
    home = at_home
    key = home.jira.file_request("List Import", "Leads")
    gid = home.asana.file_request("Leads", section="List imports")
    home.running(key)
    home.running(gid)
    home.jira.knobs.hook_lost = home.asana.knobs.hook_lost = 1.0
    home.jira.transition(home.jira.children(key)[0].key, "Done")
    home.asana.complete(home.asana.subtasks(gid)[0]["gid"])
    late = home.jira.file_request("List Import", "Nobody told us")
    home.sweep()
    assert home.jira.issue(key).status == "In Progress"
    assert any("1 of " in text for text in home.asana.comments(gid))
    assert home.jira.children(late)


def test_a_request_without_its_date_is_told_what_is_missing_and_starts_once_it_is_there(at_home: House) -> None:
    """The clock starts when the request is complete."""
    key = at_home.jira.file_request("Webinar", "When?", {})
    at_home.until(lambda: at_home.jira.issue(key).comments)
    assert "Webinar date" in at_home.jira.issue(key).comments[0]
    assert at_home.jira.children(key) == []
    at_home.quiet()
    at_home.jira.edit(key, {"Webinar date": in_weeks(12)})
    at_home.until(lambda: at_home.jira.children(key))
    at_home.quiet()
    assert len(at_home.jira.issue(key).comments) == 1


def test_a_date_that_cannot_be_had_is_answered_with_the_earliest_one(at_home: House) -> None:
    """A comment at once instead of subtasks; that earliest date, set on the request, starts it."""
    key = at_home.jira.file_request("Webinar", "Next week!", {"Webinar date": in_weeks(1)})
    at_home.until(lambda: at_home.jira.issue(key).comments)
    at_home.quiet()
    campaign = at_home.campaign(key)
    assert campaign
    assert campaign.state == "refused"
    assert campaign.plan
    earliest = date.fromisoformat(campaign.plan["earliest_anchor"][1])
    [comment] = at_home.jira.issue(key).comments
    assert f"{earliest:%a} {earliest.day} {earliest:%b %Y}" in comment
    at_home.jira.edit(key, {"Webinar date": earliest.isoformat()})
    at_home.until(lambda: at_home.jira.children(key))


def test_a_request_in_asana_that_is_deleted_takes_its_campaign_along(at_home: House) -> None:
    """And is not made again by any sweep."""
    gid = at_home.asana.file_request("Newsletter", section="Email sends")
    at_home.running(gid)
    at_home.asana.delete(gid)
    at_home.until(lambda: at_home.campaign(gid).state == "cancelled")  # type: ignore[union-attr]
    before = len(at_home.writes())
    at_home.sweep()
    assert at_home.writes()[before:] == []
