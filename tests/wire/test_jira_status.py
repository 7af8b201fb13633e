"""Moving Jira issues through their workflows, and commenting on them: what happens, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import CommentId, Mark, Status
from connectors.errors import Rejected
from tests.wire.jira_site import JiraSite, jira_site, strike


def move(site: JiraSite, status: Status, **fields: Any) -> tuple[Status, str]:
    """Move a new request; as what it then reads, and the vendor's word for it."""
    task = site.file(**fields)
    return site.tracker.set_status(task, status), site.sim.issue(task.label).status


def test_a_status_without_a_direct_transition_is_walked_to() -> None:
    """Done is two steps away from To Do."""
    with jira_site() as site:
        assert move(site, Status.DONE) == (Status.DONE, "Done")


def test_a_task_that_is_there_already_is_not_touched() -> None:
    """Not even read."""
    with jira_site() as site:
        task = site.file()
        before = len(site.sim.log)
        assert site.tracker.set_status(task, Status.TODO) is Status.TODO
        assert site.calls(before) == []


def test_a_status_that_the_workflow_does_not_have_is_refused_without_a_step() -> None:
    """The refusal names what the workflow offers, and the issue stays where it was."""
    with jira_site() as site:
        site.sim.site.statuses.pop("Waiting")
        site.sim.site.remove_status("Waiting")
        task = site.file()
        with pytest.raises(Rejected, match=r"no way from 'To Do' to waiting .* In Progress"):
            site.tracker.set_status(task, Status.WAITING)
        assert site.sim.issue(task.label).status == "To Do"


def test_where_nothing_says_dropped_the_issue_is_closed_as_done() -> None:
    """Nobody owes work on it any more, which is what counts; the caller is told."""
    with jira_site() as site:
        site.sim.site.statuses.pop("Cancelled")
        site.sim.site.remove_status("Cancelled")
        assert move(site, Status.DROPPED) == (Status.DONE, "Done")


def test_a_task_is_dropped_by_the_longer_way_rather_than_called_done() -> None:
    """From In Review one step leads to Done and two to Cancelled."""
    with jira_site() as site:
        task = site.file()
        site.sim.transition(task.label, "In Review")
        here = site.tracker.read([task.id])[task.id]
        assert site.tracker.set_status(here, Status.DROPPED) is Status.DROPPED
        assert site.sim.issue(task.label).status == "Cancelled"


def test_a_transition_that_demands_what_no_plan_has_is_refused_in_jiras_words() -> None:
    """We invent no values; a person must mend the screen or move the issue."""
    with jira_site() as site:
        site.sim.site.ask_on_transition("Done", "priority")
        task = site.file()
        with pytest.raises(Rejected, match=r"Priority is required"):
            site.tracker.set_status(task, Status.DONE)


def test_a_configured_status_name_is_where_the_task_goes() -> None:
    """Many names may mean one status, and the configured ones come first."""
    with jira_site(statuses={"in review": "waiting", "Waiting": "doing"}) as site:
        assert move(site, Status.WAITING) == (Status.WAITING, "In Review")


def test_transitions_are_asked_for_once_a_status() -> None:
    """The second task of a kind moves with one call."""
    with jira_site() as site:
        move(site, Status.DOING)
        task = site.file()
        before = len(site.sim.log)
        site.tracker.set_status(task, Status.DOING)
        assert site.calls(before) == [f"POST issue/{task.id}/transitions"]


def test_a_task_that_somebody_moved_in_between_is_moved_from_where_it_now_is() -> None:
    """What we were told to move is a moment old."""
    with jira_site() as site:
        task = site.file()
        site.tracker.set_status(site.file(), Status.DOING)
        site.sim.transition(task.label, "Waiting")
        assert site.tracker.set_status(task, Status.DONE) is Status.DONE
        assert site.sim.issue(task.label).status == "Done"


@pytest.mark.parametrize("fault", ["error_before", "error_after", "cut_before", "cut_after"])
def test_a_transition_is_not_made_twice_after_a_lost_reply(fault: str) -> None:
    """The issue is read before the transition is repeated."""
    with jira_site() as site:
        task = site.file()
        strike(site, f"POST /rest/api/3/issue/{task.id}/transitions", **{fault: 1.0})
        assert site.tracker.set_status(task, Status.DOING) is Status.DOING
        assert site.sim.issue(task.label).status == "In Progress"


@pytest.mark.parametrize("fault", ["error_after", "cut_after", "garbage"])
def test_a_comment_is_written_once_whatever_becomes_of_its_reply(fault: str) -> None:
    """It carries its mark, so it is found again."""
    with jira_site(conform=False) as site:
        request = site.file()
        site.sim.comment(request.label, "A person's words")
        strike(site, f"POST /rest/api/3/issue/{request.id}/comment", **{fault: 1.0})
        site.tracker.comment(request.id, Mark("spring", "hello"), "Hello")
        site.tracker.comment(request.id, Mark("spring", "hello"), "Hello again")
        site.tracker.comment(request.id, Mark("spring", "other"), "Something else")
        assert site.sim.issue(request.label).comments == ("A person's words", "Hello again", "Something else")


def test_a_comment_that_a_person_deleted_is_written_anew() -> None:
    """The remembered comment is gone; the message is not."""
    with jira_site() as site:
        request = site.file()
        site.tracker.comment(request.id, Mark("spring", "hello"), "Hello", CommentId("999"))
        assert site.sim.issue(request.label).comments == ("Hello",)


def test_a_transition_is_given_what_it_demands() -> None:
    """By the field's id or name, an option by its own name; without that the vendor's words are kept."""
    with jira_site() as site:
        site.sim.site.ask_on_transition("Done", "customfield_10054")
        task = site.file()
        with pytest.raises(Rejected, match="is required"):
            site.tracker.set_status(task, Status.DONE)
    with jira_site(transition_fields={"region": "EMEA", "Briefing": "See the wiki"}) as site:
        site.sim.site.ask_on_transition("Done", "customfield_10054")
        site.sim.site.ask_on_transition("Done", "customfield_10055")
        assert move(site, Status.DONE) == (Status.DONE, "Done")
