"""A launch is moved by a command or in the tracker, and taken back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from connectors.contract import Status, TaskId
from connectors.errors import Unreachable
from service import reschedule
from service.core.plan import Plan
from service.reschedule import CannotMove
from service.store import moves
from service.store.engine import reading
from service.store.tables import Move
from tests.desk import Desk
from tests.mirror_desk import mirror_desk

LATER = date(2027, 4, 15)


def dates(desk: Desk, request: TaskId) -> Mapping[str, tuple[date | None, date | None]]:
    """What the tracker shows, by planned task."""
    return {key: (task.start_on, task.due_on) for key, task in desk.tracker.under(request).items()}


def told(desk: Desk, request: TaskId, word: str) -> list[str]:
    """The comments on the request with this word."""
    return [text for text in desk.tracker.comments(request) if word in text]


def order(desk: Desk, request: TaskId, day: date = LATER) -> reschedule.Foreseen:
    """The command, with its preview, and the run that follows."""
    campaign = desk.campaign(request)
    foreseen = reschedule.foresee(desk.runtime, campaign, reschedule.inputs_of(campaign, day, {}))
    reschedule.move(desk.runtime, foreseen, "lee")
    desk.settled(request)
    return foreseen


def take_back(desk: Desk, request: TaskId) -> reschedule.Foreseen:
    """The other command, with its preview, and the run that follows."""
    campaign = desk.campaign(request)
    move = reschedule.latest_move(desk.runtime, campaign)
    foreseen = reschedule.foresee_undo(desk.runtime, campaign, move)
    reschedule.undo(desk.runtime, campaign, move, "lee")
    desk.settled(request)
    return foreseen


def latest(desk: Desk, request: TaskId) -> Move | None:
    """The move that stands."""
    with reading(desk.runtime.engine) as session:
        return moves.latest(session, desk.campaign(request).id)


def test_a_preview_writes_nothing_and_says_what_is_then_done(desk: Desk) -> None:
    """Each task that it names goes from where it is said to be to where it is said to go, and no other moves."""
    request = desk.webinar()
    before, writes = dates(desk, request), len(desk.tracker.writes)
    campaign = desk.campaign(request)
    foreseen = reschedule.foresee(desk.runtime, campaign, reschedule.inputs_of(campaign, LATER, {}))
    assert len(desk.tracker.writes) == writes
    assert desk.campaign(request).plan == campaign.plan
    order(desk, request)
    after = dates(desk, request)
    assert foreseen.revision
    assert {row.key: (row.was, row.now) for row in foreseen.revision.moved} == {
        key: (before[key][1], after[key][1]) for key in before if before[key][1] != after[key][1]
    }
    assert all(row.why for row in foreseen.revision.moved)
    assert desk.tracker.tasks[request].fields["Webinar date"] == LATER.isoformat()
    said = {str(action) for action in foreseen.actions if "Comment" not in str(action)}
    with_ledger = {sentence for kind in ("MoveDates",) for sentence in desk.latest(kind)}
    assert {sentence for sentence in said if sentence.startswith("Move")} <= with_ledger


def test_a_move_is_taken_back_exactly_and_nothing_is_planned_anew(desk: Desk) -> None:
    """The request's date, each task's dates and the plan stand as they stood, and the next look writes nothing."""
    request = desk.webinar()
    before, plan = dates(desk, request), desk.campaign(request).plan
    order(desk, request)
    assert dates(desk, request) != before
    foreseen = take_back(desk, request)
    assert dates(desk, request) == before
    assert desk.campaign(request).plan == plan
    assert desk.tracker.tasks[request].fields["Webinar date"] == "2027-03-18"
    assert len(told(desk, request, "The move was taken back")) == 1
    assert len(told(desk, request, "webinar date is now")) == 1
    assert any(str(action).startswith("Set on “Spring webinar”: Webinar date") for action in foreseen.actions)
    assert latest(desk, request) is None


def test_a_move_made_in_the_tracker_is_taken_back_like_any_other(desk: Desk) -> None:
    """A person dragged the date; the command puts it back."""
    request = desk.webinar()
    before = dates(desk, request)
    desk.move(request, LATER.isoformat())
    desk.settled(request)
    assert dates(desk, request) != before
    take_back(desk, request)
    assert dates(desk, request) == before


def test_what_a_person_changed_since_stays_where_they_put_it(desk: Desk) -> None:
    """Everything else goes back, a date pinned before the move is where it was, and the comment names what is kept."""
    request = desk.webinar()
    tasks = desk.tracker.under(request)
    first = tasks["reminder"].due_on
    assert first
    desk.tracker.act(tasks["reminder"].id, due_on=first - timedelta(days=1))
    desk.settled(request)
    before = dates(desk, request)
    order(desk, request)
    assert dates(desk, request)["reminder"] == before["reminder"]
    mine = tasks["first_invite"].id
    desk.tracker.act(mine, due_on=LATER - timedelta(days=30))
    desk.settled(request)
    take_back(desk, request)
    after = dates(desk, request)
    assert after.pop("first_invite")[1] == LATER - timedelta(days=30)
    assert after == {key: value for key, value in before.items() if key != "first_invite"}
    [comment] = told(desk, request, "The move was taken back")
    assert tasks["first_invite"].title in comment.partition("Kept where a person put it")[2]
    assert desk.links(request)["reminder"].pinned_on == first - timedelta(days=1)


def test_work_that_was_done_meanwhile_stays_done_and_moves_nothing(desk: Desk) -> None:
    """Taking back is exact even where a new plan would have come out otherwise."""
    request = desk.webinar()
    before = dates(desk, request)
    order(desk, request)
    desk.tracker.act(desk.tracker.under(request)["intake"].id, status=Status.DONE)
    desk.settled(request)
    take_back(desk, request)
    after = dates(desk, request)
    assert {key: after[key] for key in after if key != "intake"} == {k: v for k, v in before.items() if k != "intake"}
    assert desk.tracker.under(request)["intake"].status is Status.DONE


def test_a_run_that_breaks_off_is_still_taken_back_to_where_things_stood(desk: Desk) -> None:
    """What stood before the first write is kept, however many runs the move took."""
    request = desk.webinar()
    before = dates(desk, request)
    campaign = desk.campaign(request)
    foreseen = reschedule.foresee(desk.runtime, campaign, reschedule.inputs_of(campaign, LATER, {}))
    reschedule.move(desk.runtime, foreseen, "lee")
    count = iter(range(100))
    desk.tracker.fails = lambda moment, what: (
        Unreachable("gone for lunch") if (moment, what) == ("after", "update") and next(count) >= 2 else None
    )
    with pytest.raises(Unreachable):
        desk.run(request)
    desk.tracker.fails = lambda _moment, _what: None
    assert dates(desk, request) != before
    desk.settled(request)
    take_back(desk, request)
    assert dates(desk, request) == before
    assert all(link.pinned_on is None for link in desk.links(request).values())


def test_a_move_can_be_taken_back_for_a_day_and_once(desk: Desk) -> None:
    """After that a person moves it again, knowingly."""
    request = desk.webinar()
    order(desk, request)
    tomorrow = replace(desk.runtime, now=lambda: desk.runtime.now() + timedelta(hours=25))
    with pytest.raises(CannotMove, match="not moved in the last 24 hours"):
        reschedule.latest_move(tomorrow, desk.campaign(request))
    take_back(desk, request)
    with pytest.raises(CannotMove, match="not moved in the last 24 hours"):
        reschedule.latest_move(desk.runtime, desk.campaign(request))


def test_a_request_that_changed_again_is_not_overruled(desk: Desk) -> None:
    """The command tells it, and if it happens in between the run tells it, and the move stands."""
    request = desk.webinar()
    order(desk, request)
    move = reschedule.latest_move(desk.runtime, desk.campaign(request))
    reschedule.undo(desk.runtime, desk.campaign(request), move, "lee")
    desk.move(request, "2027-05-20")
    with pytest.raises(CannotMove, match="changed again since"):
        reschedule.foresee_undo(desk.runtime, desk.campaign(request), move)
    desk.settled(request)
    assert desk.tracker.tasks[request].fields["Webinar date"] == "2027-05-20"
    assert Plan.from_dict(desk.campaign(request).plan or {}).inputs["webinar_date"] == "2027-05-20"
    assert "not taken back" in " ".join(desk.latest("kept"))


def test_a_campaign_in_two_trackers_is_moved_and_taken_back_in_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a party's tasks stand twice, both show the same dates all along."""
    with mirror_desk(tmp_path, monkeypatch) as desk:
        request = desk.webinar()

        def there() -> dict[str, date | None]:
            return {key: task.due_on for key, task in desk.other.under(desk.parent()).items()}

        before, before_there = dates(desk, request), there()
        order(desk, request)
        assert there() != before_there
        assert all(dates(desk, request)[key][1] == due for key, due in there().items())
        take_back(desk, request)
        assert (dates(desk, request), there()) == (before, before_there)


def test_dates_that_cannot_be_are_refused_with_what_to_do(desk: Desk) -> None:
    """A day that is past, an input that is none, a template without dates, a campaign that is over."""
    request = desk.webinar()
    campaign = desk.campaign(request)
    with pytest.raises(CannotMove, match="which is past"):
        reschedule.foresee(desk.runtime, campaign, {"webinar_date": date(2026, 11, 20)})
    with pytest.raises(CannotMove, match="has no date `lunch`"):
        reschedule.inputs_of(campaign, None, {"lunch": LATER})
    with pytest.raises(CannotMove, match="has no date that could be meant"):
        reschedule.inputs_of(desk.campaign(desk.imports()), LATER, {})
    desk.tracker.act(request, status=Status.DROPPED)
    desk.settled(request)
    with pytest.raises(CannotMove, match="is cancelled"):
        reschedule.campaign_named(desk.runtime, campaign.request_label)
