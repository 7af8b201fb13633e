"""Whatever people do and wherever a run breaks off, the next runs bring plan and tracker in step, and rest."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import Status
from connectors.errors import OutcomeUnknown, Unreachable
from tests.desk import NOW, Desk
from tests.memory_tracker import Killed


def once(moment: str, what: str, error: BaseException) -> Any:
    """Fails the third such write, one time."""
    seen: list[str] = []

    def fails(now: str, name: str) -> BaseException | None:
        if (now, name) == (moment, what):
            seen.append(name)
            return error if len(seen) == 3 else None
        return None

    return fails


@pytest.mark.parametrize("lossy", [(), ("start",), ("due", "start"), ("doing", "dropped")], ids=",".join)
def test_a_tracker_that_keeps_less_is_written_to_once(desk: Desk, lossy: tuple[str, ...]) -> None:
    """What it does not keep is not written again and again."""
    desk.tracker.lossy = frozenset(lossy)
    request = desk.webinar()
    desk.tracker.act(desk.tracker.under(request)["intake"].id, status=Status.DONE)
    desk.settled(request)
    desk.move(request, "2027-04-15")
    desk.settled(request)
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    desk.tracker.act(request, status=Status.TODO)
    desk.settled(request)


@pytest.mark.parametrize("error", [Killed(), OutcomeUnknown("cut"), Unreachable("gone")], ids=["kill", "lost", "off"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_breaks_off_among_moved_dates_pins_nothing(desk: Desk, moment: str, error: BaseException) -> None:
    """Our own half-told write is not taken for a person's."""
    request = desk.webinar()
    desk.move(request, "2027-04-15")
    desk.tracker.fails = once(moment, "update", error)
    with pytest.raises(type(error)):
        desk.run(request)
    desk.settled(request)
    assert [link.key for link in desk.links(request).values() if link.pinned_on] == []
    plan = {task["key"]: task["due_on"] for task in desk.campaign(request).plan["tasks"]}  # type: ignore[index]
    assert {key: str(task.due_on) for key, task in desk.tracker.under(request).items()} == plan


@pytest.mark.parametrize("error", [Killed(), OutcomeUnknown("cut")], ids=["kill", "lost"])
def test_a_run_that_breaks_off_among_dropped_tasks_brings_all_back_later(desk: Desk, error: BaseException) -> None:
    """A tracker without such a status reads them as done, which nobody did."""
    desk.tracker.lossy = frozenset({"dropped"})
    request = desk.imports()
    desk.tracker.act(request, status=Status.DROPPED)
    desk.tracker.fails = once("after", "status", error)
    with pytest.raises(type(error)):
        desk.run(request)
    desk.settled(request)
    assert {link.status for link in desk.links(request).values()} == {Status.DROPPED}
    desk.tracker.act(request, status=Status.TODO)
    desk.settled(request)
    assert {task.status for task in desk.tracker.under(request).values()} == {Status.TODO}


def test_a_person_may_finish_a_dropped_task(desk: Desk) -> None:
    """It stays done when the request is taken up again."""
    request = desk.imports()
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    first = desk.tracker.under(request)["file_received"].id
    desk.tracker.act(first, status=Status.DONE)
    desk.settled(request)
    desk.tracker.act(request, status=Status.TODO)
    desk.settled(request)
    assert desk.tracker.tasks[first].status is Status.DONE


def test_a_task_that_cannot_be_dropped_is_told_so_once(desk: Desk) -> None:
    """Each rewritten comment would call us again, for ever."""
    request = desk.imports()
    stuck = desk.tracker.under(request)["import_qa"].id
    desk.tracker.refuses = lambda what, task: (what, task) == ("status", stuck)
    desk.tracker.act(request, status=Status.DROPPED)
    assert desk.run(request).failures
    desk.settled(request)


def test_a_refused_task_that_is_made_later_gets_its_dependencies(desk: Desk) -> None:
    """Those of the others on it, too."""
    desk.tracker.refuses = lambda what, task: (what, task) == ("create", "hygiene_check")
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    assert desk.run(request).failures
    desk.tracker.refuses = lambda _what, _task: False
    with desk.runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE link SET state = 'intended' WHERE state = 'refused'")
    desk.settled(request)
    tasks = {key: task.id for key, task in desk.tracker.under(request).items()}
    assert (tasks["import_list"], tasks["hygiene_check"]) in desk.tracker.links


def test_what_was_done_before_a_failure_is_in_the_ledger(desk: Desk) -> None:
    """The next run has no reason to tell it."""
    desk.tracker.fails = lambda moment, what: Unreachable("off") if (moment, what) == ("before", "comment") else None
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    with pytest.raises(Unreachable):
        desk.run(request)
    assert desk.story(request).count("CreateTask") == 5
    desk.tracker.fails = lambda _moment, _what: None
    desk.settled(request)
    assert desk.story(request).count("CreateTask") == 5


def test_a_cancelled_request_that_is_tidied_away_as_done_stays_as_it_is(desk: Desk) -> None:
    """Done is not taken up again."""
    request = desk.imports()
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    desk.tracker.act(request, status=Status.DONE)
    desk.settled(request)
    assert {task.status for task in desk.tracker.under(request).values()} == {Status.DROPPED}


def test_a_request_closed_before_it_could_be_planned_starts_nothing(desk: Desk) -> None:
    """Its campaign ends, even when the missing date is given afterwards."""
    request = desk.tracker.file("Webinar", fields={"section": "Webinars"}, created_at=NOW)
    desk.settled(request)
    desk.tracker.act(request, status=Status.DONE)
    desk.settled(request)
    desk.move(request, "2027-04-15")
    desk.settled(request)
    assert desk.campaign(request).state == "cancelled"
    assert desk.tracker.under(request) == {}


def test_comments_on_what_was_wrong_say_so_when_it_is_mended(desk: Desk) -> None:
    """Nobody is sent after a task that is back, or a date that is right by now."""
    request = desk.webinar()
    first = desk.tracker.under(request)["intake"]
    del desk.tracker.tasks[first.id]
    desk.settled(request)
    desk.move(request, "some day")
    desk.settled(request)
    wrong = [text for text in desk.tracker.comments(request) if "Deleted" in text or "cannot be planned" in text]
    assert len(wrong) == 2
    desk.tracker.tasks[first.id] = first
    desk.move(request, "2027-04-15")
    desk.settled(request)
    assert not [text for text in desk.tracker.comments(request) if "Deleted" in text or "cannot be planned" in text]


def test_a_request_that_was_refused_and_is_cancelled_hears_of_no_dropped_tasks(desk: Desk) -> None:
    """It never had any."""
    request = desk.tracker.file(
        "Tomorrow", fields={"section": "Webinars", "Webinar date": "2026-11-27"}, created_at=NOW
    )
    desk.settled(request)
    assert desk.campaign(request).state == "refused"
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    desk.run(request)
    assert not any("dropped" in text for text in desk.tracker.comments(request))


def test_a_launch_that_broke_off_and_was_then_closed_leaves_no_open_task(desk: Desk) -> None:
    """What was made and never recorded is found by its mark."""
    desk.tracker.fails = once("after", "create", Killed())
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    with pytest.raises(Killed):
        desk.run(request)
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    assert {task.status for task in desk.tracker.under(request).values()} == {Status.DROPPED}
