"""What the Jira connector makes of screens and rights: fields that can be set once only, and comments not allowed."""

from __future__ import annotations

from datetime import date

import pytest

from connectors.contract import CommentId, Mark, Patch
from connectors.errors import AccessDenied, Rejected
from tests.wire.jira_site import JiraSite, jira_site, new

DAY, LATER, START = date(2027, 1, 21), date(2027, 1, 28), "customfield_10015"
MARK = Mark("spring", "plan")


def writes(site: JiraSite, since: int) -> list[int]:
    """What Jira answered to each edit."""
    return [seen.status for seen in site.sim.log[since:] if seen.method == "PUT"]


def test_a_start_date_that_only_the_create_screen_has_is_left_out_of_edits() -> None:
    """No edit is refused for it: what can be edited is asked once for all tasks of a type."""
    with jira_site() as site:
        site.sim.site.remove_from_screen(START, screen="edit")
        drafts = [new(f"t{n}", start_on=DAY, due_on=DAY) for n in range(3)]
        made = site.tracker.create(site.container(site.file()), drafts).made
        assert {task.start_on for task in made.values()} == {DAY}
        site.tracker.read([task.id for task in made.values()])
        before = len(site.sim.log)
        for task in made.values():
            site.tracker.update(task.id, Patch(start_on=LATER, due_on=LATER))
        assert writes(site, before) == [204, 204, 204]
        assert len(site.calls(before)) == 4
        seen = [site.sim.issue(task.label) for task in made.values()]
        assert {(issue.start, issue.due) for issue in seen} == {(DAY, LATER)}


def test_what_can_be_edited_is_asked_of_each_type_of_issue() -> None:
    """A request's screen is another than its sub-tasks'."""
    with jira_site() as site:
        site.sim.site.remove_from_screen(START, "Sub-task", screen="edit")
        request = site.file()
        task = site.tracker.create(site.container(request), [new("a", start_on=DAY)]).made["a"]
        for each in (task, request):
            site.tracker.update(each.id, Patch(start_on=LATER, due_on=LATER))
        assert site.sim.issue(task.label).start == DAY
        assert site.sim.issue(request.label).start == LATER


def test_an_issue_that_is_closed_for_edits_tells_nothing_of_its_siblings() -> None:
    """Jira lists no field for it: that is not kept, and its own refusal is passed on."""
    with jira_site() as site:
        task = site.tracker.create(site.container(site.file()), [new("a", start_on=DAY, due_on=DAY)]).made["a"]
        denied = site.sim.site.me.denied
        denied.add("EDIT_ISSUES")
        with pytest.raises(Rejected):
            site.tracker.update(task.id, Patch(start_on=LATER, due_on=LATER))
        denied.discard("EDIT_ISSUES")
        site.tracker.update(task.id, Patch(start_on=LATER, due_on=LATER))
        assert site.sim.issue(task.label).start == LATER


@pytest.mark.parametrize("right", ["SCHEDULE_ISSUES", "ASSIGN_ISSUES"])
def test_without_a_right_tasks_are_made_without_its_field_and_take_it_later(right: str) -> None:
    """Jira shows a field on no screen to whoever may not set it; the create does not fail for it."""
    with jira_site() as site:
        dana = site.tracker.find_account("dana.ops@example.com", "MKT")
        assert dana
        site.sim.site.me.denied.add(right)
        made = site.tracker.create(site.container(site.file()), [new("a", owner=dana.id, due_on=DAY)]).made["a"]
        assert (made.due_on is None, made.owner is None) == (right == "SCHEDULE_ISSUES", right == "ASSIGN_ISSUES")
        with pytest.raises(Rejected, match="cannot be set"):
            site.tracker.update(made.id, Patch(due_on=DAY, owner=dana.id))
        site.sim.site.me.denied.discard(right)
        site.tracker.update(made.id, Patch(due_on=DAY, owner=dana.id))
        assert (site.sim.issue(made.label).due, site.sim.issue(made.label).assignee) == (DAY, "dana.ops@example.com")


def test_a_comment_that_we_may_not_write_or_rewrite_is_denied_with_jiras_words() -> None:
    """Jira answers the one with 403 and the other with 400: both mean that a right is lacking."""
    with jira_site() as site:
        request = site.file()
        written = site.tracker.comment(request.id, MARK, "The plan.")
        denied = site.sim.site.me.denied
        denied |= {"EDIT_OWN_COMMENTS"}
        for previous in (written, None):
            with pytest.raises(
                AccessDenied, match=r"permission to edit this comment.*lacks Edit Own Comments"
            ) as caught:
                site.tracker.comment(request.id, MARK, "Another plan.", previous)
            assert caught.value.status == 403
        denied |= {"ADD_COMMENTS"}
        with pytest.raises(AccessDenied, match="permission") as caught:
            site.tracker.comment(request.id, Mark("spring", "inputs"), "What is it about?")
        assert caught.value.status == 403
        [finding] = site.tracker.inspect()
        assert "Add Comments, Edit Own Comments" in finding.problem


def test_a_comment_that_is_refused_for_itself_is_not_taken_for_a_lacking_right() -> None:
    """Nobody is sent after a right that we have."""
    with jira_site() as site:
        with pytest.raises(Rejected) as caught:
            site.tracker.comment(site.file().id, MARK, "", CommentId("1"))
        assert not isinstance(caught.value, AccessDenied)
