"""Screens and rights that a project lacks: what is left out then, and made good once a person has mended it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.store import comments, links
from service.store.engine import transaction
from tests.office import TODAY, Office, office, owner

STEP = "title: Step {}, party: ops, owner: 'role:builder', duration: 5 business_days"
START = "customfield_10015"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office whose requests are two tasks of Ana's."""
    with office(tmp_path, monkeypatch) as found:
        found.hire("ana")
        found.roles["builder"] = "ana"
        found.template("page", one=STEP.format(1), two=STEP.format(2) + ", depends_on: [one]")
        yield found


def filed(at: Office) -> str:
    """The key of a request whose campaign has come to rest."""
    key = at.jira.file_request("Story", "Please", {"List file": "page"})
    for _ in range(3):
        assert at.run(key).failures == ()
    return key


def calls(at: Office, key: str) -> list[str]:
    """The calls of one more run, which has nothing to be parked for."""
    before = len(at.jira.log)
    assert at.run(key).failures == ()
    return [f"{seen.method} {seen.path.removeprefix('/rest/api/3/')}" for seen in at.jira.log[before:]]


def replayed(at: Office, key: str) -> None:
    """What `tminus replay` does beside running a delivery again."""
    request = at.jira.issue(key).id
    with transaction(at.runtime.engine) as session:
        links.retry_refused(session, "jira", request)
        comments.retry_denied(session, "jira", request)


def shown(at: Office, key: str) -> list[tuple[date | None, str]]:
    """Due date and owner of both tasks."""
    return [(task.due, owner(task)) for _, task in sorted(at.subtasks(key).items())]


PLANNED = [(TODAY + timedelta(5), "ana"), (TODAY + timedelta(10), "ana")]


@pytest.mark.parametrize("right", ["SCHEDULE_ISSUES", "ASSIGN_ISSUES"])
def test_tasks_made_without_date_or_owner_get_them_the_day_after_the_right_is_granted(at: Office, right: str) -> None:
    """Until then they are tried once a day and no more: a run that finds nothing new reads once and writes nothing."""
    at.jira.site.me.denied.add(right)
    key = filed(at)
    bare = shown(at, key)
    assert bare == [(None, "ana")] * 2 if right == "SCHEDULE_ISSUES" else [(due, "nobody") for due, _ in PLANNED]
    assert calls(at, key) == ["POST issue/bulkfetch"]
    at.clock += timedelta(1)
    assert [call for call in calls(at, key) if "PUT" in call]
    assert calls(at, key) == ["POST issue/bulkfetch"]
    assert shown(at, key) == bare
    at.jira.site.me.denied.discard(right)
    assert calls(at, key) == ["POST issue/bulkfetch"]
    at.clock += timedelta(1)
    at.run(key)
    assert shown(at, key) == PLANNED
    at.run(key)
    at.clock += timedelta(1)
    assert calls(at, key) == ["POST issue/bulkfetch"]
    assert at.told("pinned") == at.told("reassigned") == []


def test_a_field_that_is_put_on_the_screen_is_filled_by_a_replay_at_once(at: Office) -> None:
    """Nobody has to wait for the next day."""
    at.jira.site.remove_from_screen("duedate")
    key = filed(at)
    at.jira.site.put_on_screen("duedate")
    replayed(at, key)
    at.run(key)
    assert shown(at, key) == PLANNED


def test_a_comment_that_was_not_allowed_is_written_by_a_replay_at_once(at: Office) -> None:
    """For instance where the whole project was archived for an hour."""
    at.jira.site.me.denied.add("ADD_COMMENTS")
    key = filed(at)
    at.jira.site.me.denied.discard("ADD_COMMENTS")
    replayed(at, key)
    at.run(key)
    assert len(at.jira.issue(key).comments) == 1


def test_whoever_a_person_gave_a_task_keeps_it(at: Office) -> None:
    """The right to assign is granted, but the task is somebody's by then; and one taken off again stays nobody's."""
    at.hire("ben")
    at.jira.site.me.denied.add("ASSIGN_ISSUES")
    key = filed(at)
    one, two = (task.key for _, task in sorted(at.subtasks(key).items()))
    for task in (one, two):
        at.jira.edit(task, {"assignee": "ben@example.com"})
    at.run(key)
    at.jira.edit(two, {"assignee": None})
    at.run(key)
    at.jira.site.me.denied.discard("ASSIGN_ISSUES")
    at.clock += timedelta(1)
    at.run(key)
    assert [who for _, who in shown(at, key)] == ["ben", "nobody"]


def test_the_plea_to_assign_a_task_is_settled_once_it_has_an_owner(at: Office) -> None:
    """A comment must not send people after what is mended."""
    at.jira.site.me.denied.add("ASSIGN_ISSUES")
    key = filed(at)
    [plea] = at.subtasks(key)["Step 1"].comments
    assert "Please assign this" in plea
    at.jira.site.me.denied.discard("ASSIGN_ISSUES")
    at.clock += timedelta(1)
    at.run(key)
    [settled] = at.subtasks(key)["Step 1"].comments
    assert "This is settled" in settled


def test_a_start_that_cannot_be_changed_is_not_taken_for_a_persons_move(at: Office) -> None:
    """The first task is done late, the second moves with it, and its start stays where the edit screen has no field."""
    at.jira.site.remove_from_screen(START, screen="edit")
    key = filed(at)
    was = at.subtasks(key)["Step 2"]
    at.clock += timedelta(7)
    at.jira.transition(at.subtasks(key)["Step 1"].key, "Done")
    for _ in range(3):
        at.run(key)
    moved = at.subtasks(key)["Step 2"]
    assert (moved.start, moved.due) == (was.start, was.due + timedelta(2))
    assert at.told("moved") == []
    assert calls(at, key) == ["POST issue/bulkfetch"]


def test_the_start_follows_a_due_date_that_a_person_sets_before_it(at: Office) -> None:
    """No task starts after the day on which it is due, and the day stays as the person set it."""
    key = filed(at)
    task = at.subtasks(key)["Step 2"]
    day = task.start - timedelta(3)
    at.jira.edit(task.key, {"duedate": day})
    for _ in range(3):
        at.run(key)
    after = at.subtasks(key)["Step 2"]
    assert after.due == day
    assert after.start <= day
    assert len(at.told("pinned")) == 1
    assert at.told("moved") == []
    assert calls(at, key) == ["POST issue/bulkfetch"]


def test_comments_that_we_may_not_write_hold_up_nothing(at: Office) -> None:
    """The plan is carried out, nothing is parked, the refusal is told once, and another day it is tried again."""
    at.jira.site.me.denied.add("ADD_COMMENTS")
    key = filed(at)
    assert shown(at, key) == PLANNED
    assert calls(at, key) == ["POST issue/bulkfetch"]
    at.jira.transition(at.subtasks(key)["Step 1"].key, "Done")
    for _ in range(3):
        assert at.run(key).failures == ()
    assert at.jira.issue(key).status == "In Progress"
    assert at.jira.issue(key).comments == ()
    [told] = at.told("refused")
    assert told.startswith("Comments cannot be written: Jira answered 403: You do not have permission")
    assert at.told("Say") == []
    at.jira.site.me.denied.discard("ADD_COMMENTS")
    at.clock += timedelta(1)
    at.run(key)
    [comment] = at.jira.issue(key).comments
    assert "1 of 2" in comment


def test_a_comment_that_we_may_write_but_not_rewrite_is_left_as_it_is(at: Office) -> None:
    """Jira says so with 400; the comment is rewritten, not doubled, once it may be."""
    key = filed(at)
    at.jira.site.me.denied.add("EDIT_OWN_COMMENTS")
    at.jira.transition(at.subtasks(key)["Step 1"].key, "Done")
    assert at.run(key).failures == ()
    assert len(at.told("refused")) == 1
    at.jira.site.me.denied.discard("EDIT_OWN_COMMENTS")
    at.clock += timedelta(1)
    at.run(key)
    assert [text for text in at.jira.issue(key).comments if "1 of 2" in text]
    assert not [text for text in at.jira.issue(key).comments if "0 of 2" in text]
