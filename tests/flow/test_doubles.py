"""What stands twice after a create without an answer: deleted where nobody has touched it, else told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Account, AccountId, Mark, Status, TaskId
from service.store import doubts
from service.store.engine import reading, transaction
from tests.desk import NOW, Desk

PAT = Account(AccountId("2"), "Pat", "pat@example.com")


def doubted(desk: Desk) -> TaskId:
    """A running campaign of five tasks, of which a create had no answer a moment ago."""
    request = desk.imports()
    with transaction(desk.runtime.engine) as session:
        doubts.begin_at(session, "memory", request, NOW)
    return request


def double(desk: Desk, request: TaskId, **values: Any) -> TaskId:
    """Another task with the mark of the first one."""
    first = next(iter(desk.tracker.under(request).values()))
    made = desk.tracker.file(first.title, mark=first.mark)
    desk.tracker.act(made, parent=request, **values)
    return made


def told(desk: Desk, request: TaskId) -> list[str]:
    """What the request says of it."""
    return [text for text in desk.tracker.comments(request) if "Here twice" in text or "settled" in text]


def later(desk: Desk) -> Desk:
    """When the vendor must have ended whatever it was at."""
    runtime = replace(desk.runtime, now=lambda: NOW + doubts.LAST + timedelta(minutes=1))
    return Desk(runtime, desk.tracker)


def in_doubt(desk: Desk) -> list[str]:
    """The requests at which each sweep looks."""
    with reading(desk.runtime.engine) as session:
        return doubts.requests(session, "memory")


def test_a_task_that_stands_twice_is_deleted_and_the_one_we_know_stays(desk: Desk) -> None:
    """The ledger tells it; nothing is said on the request."""
    request = doubted(desk)
    before = {key: link.task and link.task.id for key, link in desk.links(request).items()}
    extra = double(desk, request)
    desk.run(request)
    assert extra not in desk.tracker.tasks
    assert {key: link.task and link.task.id for key, link in desk.links(request).items()} == before
    assert [link.state for link in desk.links(request).values()] == ["made"] * 5
    assert any("stood twice after a create without an answer" in sentence for sentence in desk.latest("double"))
    assert told(desk, request) == []


@pytest.mark.parametrize("values", [{"status": Status.DOING}, {"requester": PAT}, {"requester": None}])
def test_what_somebody_has_begun_or_made_is_told_instead_of_deleted(desk: Desk, values: dict[str, Any]) -> None:
    """Once, until a person has deleted it: then it is settled."""
    request = doubted(desk)
    extra = double(desk, request, **values)
    desk.settled(request)
    assert extra in desk.tracker.tasks
    [text] = told(desk, request)
    assert f"(T-{extra})" in text
    desk.tracker.delete(extra)
    desk.settled(request)
    assert ["settled" in text for text in told(desk, request)] == [True]


def test_what_somebody_has_commented_on_is_told_instead_of_deleted(desk: Desk) -> None:
    """A person's words are never lost."""
    request = doubted(desk)
    extra = double(desk, request)
    desk.tracker.say(extra, "I have begun with this one", PAT)
    desk.settled(request)
    assert extra in desk.tracker.tasks
    assert len(told(desk, request)) == 1


def test_what_we_may_not_delete_is_told(desk: Desk) -> None:
    """The run ends as ever."""
    request = doubted(desk)
    extra = double(desk, request)
    desk.tracker.refuses = lambda what, _task: what == "delete"
    assert desk.run(request).failures == ()
    assert extra in desk.tracker.tasks
    assert len(told(desk, request)) == 1


def test_the_mark_of_another_campaign_or_key_is_no_double(desk: Desk) -> None:
    """A request may be copied with its tasks, and a template may have lost one."""
    request = doubted(desk)
    strangers = [Mark("another", "check"), Mark(desk.campaign(request).id, "no_such_task")]
    made = [double(desk, request, mark=mark) for mark in strangers]
    desk.settled(request)
    assert set(made) <= desk.tracker.tasks.keys()
    assert told(desk, request) == []


def test_without_a_doubt_nobody_looks(desk: Desk) -> None:
    """What a person copies is the person's."""
    request = desk.imports()
    extra = double(desk, request)
    desk.settled(request)
    assert extra in desk.tracker.tasks
    assert told(desk, request) == []


def test_a_doubt_ends_with_its_time_and_not_before_what_it_found(desk: Desk) -> None:
    """Each sweep looks until then."""
    request = doubted(desk)
    extra = double(desk, request, status=Status.DOING)
    desk.run(request)
    assert in_doubt(desk) == [request]
    later(desk).run(request)
    assert in_doubt(desk) == [request]
    desk.tracker.delete(extra)
    later(desk).run(request)
    assert in_doubt(desk) == []


def test_a_create_that_is_repeated_raises_a_doubt_and_one_that_was_answered_does_not(desk: Desk) -> None:
    """Most campaigns never cost the second look."""
    clean = desk.imports()
    assert in_doubt(desk) == []
    fields = {"section": "Lists"}
    broken = desk.tracker.file("More leads", fields=fields, created_at=NOW)
    failures = iter([OSError("the process is gone")])
    desk.tracker.fails = lambda moment, what: next(failures, None) if (moment, what) == ("after", "create") else None
    with pytest.raises(OSError, match="gone"):
        desk.run(broken)
    desk.run(broken)
    assert in_doubt(desk) == [broken]
    assert clean != broken
