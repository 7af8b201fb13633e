"""A campaign whose tasks of some parties stand in a second tracker, kept in step both ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connectors.contract import Status, TaskId
from connectors.errors import OutcomeUnknown, Unreachable
from tests.memory_tracker import Killed
from tests.mirror_desk import DANA_THERE, OMAR, OMAR_THERE, STRANGER, MirrorDesk, mirror_desk


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorDesk]:
    """Two trackers; each run is started by hand."""
    with mirror_desk(tmp_path, monkeypatch) as found:
        yield found


def a_key(both: MirrorDesk, request: TaskId) -> str:
    """One of the mirrored tasks that nothing else waits for in the plan's order."""
    return next(key for key in both.there(request) if key != ".mirror")


def test_the_parties_tasks_stand_in_both_trackers(both: MirrorDesk) -> None:
    """Under one task titled like the request, each once, with title, date and owner, and the others only at home."""
    request = both.webinar()
    plan = both.campaign(request).plan
    assert plan
    mirrored = {task["key"] for task in plan["tasks"] if task["party"] in ("stakeholder", "sales")}
    assert mirrored
    assert both.other.under(both.parent()).keys() == mirrored
    assert both.other.tasks[both.parent()].title == "Spring webinar"
    for key in mirrored:
        here, there = both.pair(request, key)
        assert (here.title, here.due_on) == (there.title, there.due_on)
        assert (here.owner and here.owner.email) == (there.owner and there.owner.email)
        assert here.url in there.text
        assert (here.id, there.url) in both.tracker.elsewhere
    assert (request, both.other.tasks[both.parent()].url) in both.tracker.elsewhere


@pytest.mark.parametrize("side", ["home", "there"])
def test_what_a_person_changes_on_one_side_shows_on_the_other(both: MirrorDesk, side: str) -> None:
    """Status, due date, title and owner, in one run each."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    tracker, task = (both.tracker, here) if side == "home" else (both.other, there)
    omar = OMAR if side == "home" else OMAR_THERE
    tracker.act(task.id, status=Status.DOING, due_on=date(2027, 2, 2), title="As I call it", owner=omar)
    both.run(request)
    here, there = both.pair(request, key)
    for seen in (here, there):
        assert (seen.status, seen.due_on, seen.title) == (Status.DOING, date(2027, 2, 2), "As I call it")
        assert seen.owner
        assert seen.owner.email == OMAR.email
    assert both.links(request)[key].pinned_on == date(2027, 2, 2)
    both.settled(request)
    tracker.act(task.id, status=Status.DONE, owner=None)
    both.run(request)
    here, there = both.pair(request, key)
    assert (here.status, there.status, here.owner, there.owner) == (Status.DONE, Status.DONE, None, None)
    both.settled(request)


def test_a_new_date_of_the_request_moves_both_sides_at_once(both: MirrorDesk) -> None:
    """The engine owns dates that nobody pinned."""
    request = both.webinar()
    both.move(request, "2027-04-15")
    both.run(request)
    for key in both.other.under(both.parent()):
        here, there = both.pair(request, key)
        assert here.due_on == there.due_on == date.fromisoformat(both_due(both, request, key))
    both.settled(request)


def both_due(both: MirrorDesk, request: TaskId, key: str) -> str:
    """The plan's date of one task."""
    plan = both.campaign(request).plan
    assert plan
    return next(str(task["due_on"]) for task in plan["tasks"] if task["key"] == key)


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [
        ({"status": Status.DONE}, {"status": Status.DOING}, {"status": Status.DONE}),
        ({"status": Status.DOING}, {"status": Status.DONE}, {"status": Status.DONE}),
        ({"title": "Ours"}, {"title": "Theirs"}, {"title": "Theirs"}),
        ({"due_on": date(2027, 2, 2)}, {"due_on": date(2027, 2, 9)}, {"due_on": date(2027, 2, 2)}),
    ],
)
def test_two_changes_of_one_field_are_settled_by_its_owner_and_listed(
    both: MirrorDesk, here: dict[str, object], there: dict[str, object], kept: dict[str, object]
) -> None:
    """Both sides show the one that holds, and the conflict is told once."""
    request = both.imports()
    key = a_key(both, request)
    one, other = both.pair(request, key)
    both.tracker.act(one.id, **here)
    both.other.act(other.id, **there)
    both.settled(request)
    for seen in both.pair(request, key):
        assert {name: getattr(seen, name) for name in kept} == kept
    assert both.story(request).count("conflict") == 1


def test_two_equal_changes_are_no_conflict(both: MirrorDesk) -> None:
    """They agree already."""
    request = both.imports()
    key = a_key(both, request)
    for tracker, task in zip((both.tracker, both.other), both.pair(request, key), strict=True):
        tracker.act(task.id, status=Status.DONE)
    both.settled(request)
    assert "conflict" not in both.story(request)


def test_an_owner_whom_the_other_side_does_not_know_stays_where_they_are(both: MirrorDesk) -> None:
    """Nobody is taken off for it."""
    request = both.imports()
    key = a_key(both, request)
    _, there = both.pair(request, key)
    both.other.act(there.id, owner=STRANGER)
    both.settled(request)
    here, there = both.pair(request, key)
    assert there.owner == STRANGER
    assert here.owner != STRANGER


def test_a_comment_is_copied_once_with_its_author_and_never_comes_back(both: MirrorDesk) -> None:
    """Also when it is edited, and when the delivery that told of it is the only sign of it."""
    request = both.imports()
    both.settled(request)
    here, there = both.pair(request, a_key(both, request))
    both.other.say(there.id, "The brief is late")
    for _ in range(3):
        both.told_of_comment(request, there.id)
        both.told_of_comment(request, here.id)
    copies = [text for text in both.tracker.comments(here.id) if "The brief is late" in text]
    assert len(copies) == 1
    assert "Dana Ops" in copies[0]
    assert "other" in copies[0]
    assert [text for text in both.other.comments(there.id) if "brief" in text] == []
    both.tracker.say(here.id, "Take your time")
    both.settled(request)
    assert len([text for text in both.other.comments(there.id) if "Take your time" in text]) == 1


def test_a_task_deleted_on_one_side_stays_on_the_other_and_says_so_once(both: MirrorDesk) -> None:
    """It is reported once and not made again."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    both.other.delete(there.id)
    both.settled(request)
    assert len([text for text in both.tracker.comments(here.id) if "Deleted in other" in text]) == 1
    assert both.story(request).count("deleted") == 1
    both.tracker.act(here.id, status=Status.DONE)
    both.settled(request)
    assert key not in both.other.under(both.parent())
    assert both.links(request)[key].status is Status.DONE


def test_a_task_deleted_at_home_stays_in_the_other_tracker_and_says_so(both: MirrorDesk) -> None:
    """The plan goes on without it."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    both.tracker.delete(here.id)
    both.settled(request)
    assert len([text for text in both.other.comments(there.id) if "Deleted in memory" in text]) == 1
    assert both.links(request)[key].state == "gone"


def test_a_cancelled_request_closes_both_sides(both: MirrorDesk) -> None:
    """And taking it up again opens both."""
    request = both.imports()
    both.tracker.act(request, status=Status.DROPPED)
    both.settled(request)
    assert {task.status for task in both.other.tasks.values()} == {Status.DROPPED}
    both.tracker.act(request, status=Status.TODO)
    both.settled(request)
    assert {task.status for task in both.other.tasks.values()} == {Status.TODO}


@pytest.mark.parametrize("lossy", [("doing", "dropped"), ("start",), ("due", "start")], ids=",".join)
@pytest.mark.parametrize("side", ["home", "there"])
def test_a_tracker_that_keeps_less_is_written_to_once(both: MirrorDesk, side: str, lossy: tuple[str, ...]) -> None:
    """What one side has no word for is kept by the other."""
    (both.tracker if side == "home" else both.other).lossy = frozenset(lossy)
    request = both.webinar()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    richer, task = (both.other, there) if side == "home" else (both.tracker, here)
    richer.act(task.id, status=Status.DOING)
    both.settled(request)
    assert both.links(request)[key].status is Status.DOING
    richer.act(task.id, status=Status.DROPPED)
    both.settled(request)
    assert both.links(request)[key].status is Status.DROPPED
    both.move(request, "2027-04-15")
    both.settled(request)


@pytest.mark.parametrize("error", [Killed(), OutcomeUnknown("cut"), Unreachable("gone")], ids=["kill", "lost", "off"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("side", ["home", "there"])
def test_a_write_that_breaks_off_is_made_up_for(both: MirrorDesk, side: str, moment: str, error: BaseException) -> None:
    """Neither side's half-told write is taken for a person's, and no change is lost."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    changed, task, struck = (both.other, there, both.tracker) if side == "home" else (both.tracker, here, both.other)
    changed.act(task.id, status=Status.DONE, title="Mine")
    struck.fails = lambda when, what: error if (when, what) == (moment, "update") else None
    with pytest.raises(type(error)):
        both.run(request)
    struck.fails = lambda _when, _what: None
    both.settled(request)
    for seen in both.pair(request, key):
        assert (seen.status, seen.title) == (Status.DONE, "Mine")
    assert "conflict" not in both.story(request)


def test_a_refused_write_is_told_with_the_trackers_words_and_tried_again(both: MirrorDesk) -> None:
    """The other side keeps what the person set."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    both.tracker.refuses = lambda what, task: (what, task) == ("status", here.id)
    both.other.act(there.id, status=Status.DONE)
    outcome = both.run(request)
    assert any("no status here" in words for words in outcome.failures)
    assert both.pair(request, key)[1].status is Status.DONE
    both.tracker.refuses = lambda _what, _task: False
    both.settled(request)
    assert both.pair(request, key)[0].status is Status.DONE


def test_what_is_at_rest_costs_one_read_of_each_tracker(both: MirrorDesk) -> None:
    """And no write."""
    request = both.imports()
    both.settled(request)
    both.tracker.reads.clear()
    both.other.reads.clear()
    both.run(request)
    assert (len(both.tracker.reads), len(both.other.reads)) == (1, 1)


def test_a_task_that_the_other_tracker_refuses_is_parked_and_made_later(both: MirrorDesk) -> None:
    """The campaign stands at home all the same."""
    both.other.refuses = lambda what, _task: what == "add"
    request = both.tracker.file(
        "Spring webinar", fields={"section": "Webinars", "Webinar date": "2027-03-18"}, created_at=None
    )
    assert both.run(request).failures
    assert both.tracker.under(request)
    both.other.refuses = lambda _what, _task: False
    both.settled(request)
    assert both.other.under(both.parent())


def test_a_reply_in_the_other_tracker_resumes_a_task_that_waits_there(both: MirrorDesk) -> None:
    """The requester is the same person on both sides; both go on."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    both.tracker.act(here.id, status=Status.WAITING, waits_on="requester")
    both.settled(request)
    assert both.pair(request, key)[1].status is Status.WAITING
    both.other.say(there.id, "Here it is", DANA_THERE)
    both.settled(request)
    assert {task.status for task in both.pair(request, key)} == {Status.DOING}


def test_a_tracker_that_is_down_holds_up_only_itself(both: MirrorDesk) -> None:
    """Home goes on, nothing is taken for deleted, and the other side catches up; so does what home was still owed."""
    request = both.imports()
    key = a_key(both, request)
    here, there = both.pair(request, key)
    both.tracker.refuses = lambda what, task: (what, task) == ("update", here.id)
    both.other.act(there.id, title="Theirs")
    both.run(request)
    both.tracker.refuses = lambda _what, _task: False
    both.other.fails = lambda when, what: Unreachable("down") if (when, what) == ("before", "read") else None
    both.tracker.act(here.id, status=Status.DONE)
    with pytest.raises(Unreachable):
        both.run(request)
    assert both.links(request)[key].status is Status.DONE
    assert any("1 of" in text for text in both.tracker.comments(request))
    assert both.there(request)[key].state == "made"
    both.other.fails = lambda _when, _what: None
    both.settled(request)
    for seen in both.pair(request, key):
        assert (seen.status, seen.title) == (Status.DONE, "Theirs")
