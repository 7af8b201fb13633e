"""Three-way merge of one task with what people changed in the tracker."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Account, AccountId, Status, Task, TaskId
from service.core.merge import Agreed, LinkView, settle

TODAY = date(2026, 11, 23)
DUE = date(2026, 12, 4)
DANA = Account(AccountId("1"), "Dana")
TASK = Task(
    id=TaskId("10001"),
    label="MKT-2",
    url="http://jira/MKT-2",
    title="Build",
    status=Status.TODO,
    status_name="To Do",
    due_on=DUE,
    start_on=DUE,
    owner=DANA,
)
AGREED = Agreed(title="Build", due_on=DUE, start_on=DUE, owner=DANA.id, plan_start=DUE, plan_due=DUE)
LINK = LinkView(key="build", state="made", task=TASK, label="MKT-2", agreed=AGREED)

dates = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))
tasks = st.builds(
    replace,
    st.just(TASK),
    title=st.sampled_from(["Build", "Build it"]),
    status=st.sampled_from(Status),
    due_on=dates,
    start_on=dates,
    owner=st.sampled_from([None, DANA, Account(AccountId("2"), "Omar")]),
)
maybe_tasks = st.none() | tasks


def test_our_own_write_coming_back_is_no_news() -> None:
    """What the tracker says equals what was agreed, so nothing changes."""
    assert settle(LINK, TASK, TODAY) == (LINK, [])


def test_a_due_date_moved_by_a_person_becomes_a_pin() -> None:
    """The plan has to keep the person's date from then on."""
    moved, news = settle(LINK, replace(TASK, due_on=DUE + timedelta(7)), TODAY)
    assert moved.pinned_on == DUE + timedelta(7)
    assert [item.kind for item in news] == ["pinned"]


def test_a_due_date_cleared_by_a_person_is_handed_back_to_the_plan() -> None:
    """The pin goes, and the plan's date counts as not yet written."""
    pinned, _ = settle(LINK, replace(TASK, due_on=DUE + timedelta(7)), TODAY)
    cleared, news = settle(pinned, replace(TASK, due_on=None), TODAY)
    assert cleared.pinned_on is None
    assert cleared.agreed.plan_due is None
    assert [item.kind for item in news] == ["unpinned"]


def test_done_is_dated_and_undone_when_it_is_reopened() -> None:
    """The day of completion lasts as long as the completion."""
    done, _ = settle(LINK, replace(TASK, status=Status.DONE), TODAY)
    assert done.done_on == TODAY
    assert not done.open
    reopened, _ = settle(done, TASK, TODAY)
    assert reopened.done_on is None
    assert reopened.open


def test_a_deleted_task_is_told_once() -> None:
    """The second look says nothing."""
    gone, news = settle(LINK, None, TODAY)
    assert (gone.state, [item.kind for item in news]) == ("gone", ["deleted"])
    assert settle(gone, None, TODAY) == (gone, [])


def test_a_deleted_task_that_comes_back_is_ours_again() -> None:
    """Asana's trash can be undone."""
    gone, _ = settle(LINK, None, TODAY)
    back, news = settle(gone, TASK, TODAY)
    assert (back.state, [item.kind for item in news]) == ("made", ["restored"])


def test_a_tracker_that_reads_dropped_as_done_does_not_undo_the_drop() -> None:
    """Asana knows only complete and incomplete."""
    dropped = replace(LINK, dropped=True)
    settled, _ = settle(dropped, replace(TASK, status=Status.DONE), TODAY)
    assert settled.status is Status.DROPPED


def test_a_dropped_task_that_a_person_reopens_counts_again() -> None:
    """People own the status."""
    dropped = replace(LINK, dropped=True, agreed=replace(AGREED, status=Status.DONE))
    settled, _ = settle(dropped, TASK, TODAY)
    assert settled.open


@given(maybe_tasks)
def test_settling_twice_changes_nothing_more(found: Task | None) -> None:
    """What people did is taken over once."""
    once, _ = settle(LINK, found, TODAY)
    assert settle(once, found, TODAY) == (once, [])


@given(tasks, tasks)
def test_only_the_last_state_counts(first: Task, last: Task) -> None:
    """A missed step in between leaves the same agreed values, so lost and reordered webhooks do no harm."""
    through, _ = settle(settle(LINK, first, TODAY)[0], last, TODAY)
    straight, _ = settle(LINK, last, TODAY)
    assert replace(through.agreed, plan_due=None) == replace(straight.agreed, plan_due=None)
    assert (through.task, through.state, through.done_on) == (straight.task, straight.state, straight.done_on)


@given(maybe_tasks)
def test_agreed_values_survive_storage(found: Task | None) -> None:
    """JSON and back is the same."""
    agreed = settle(LINK, found, TODAY)[0].agreed
    assert Agreed.from_dict(agreed.as_dict()) == agreed


BARE = replace(LINK, agreed=replace(AGREED, due_on=None, owner=None, lacks=("due_on", "owner")))
"""Of a task that the tracker made without due date and owner."""
BARE_TASK = replace(TASK, due_on=None, owner=None)


def test_what_a_tracker_would_not_take_is_tried_again_once_a_day() -> None:
    """Not in the first run after it was made, and not twice on one day."""
    first, _ = settle(BARE, BARE_TASK, TODAY)
    later, _ = settle(first, BARE_TASK, TODAY + timedelta(1))
    again, _ = settle(later, BARE_TASK, TODAY + timedelta(1))
    assert [link.again for link in (first, later, again)] == [False, True, False]


def test_what_the_tracker_shows_of_ours_is_lacking_no_more() -> None:
    """Somebody else's owner is none of ours any more either; a person's date says nothing of whether it takes ours."""
    ours = replace(BARE, agreed=replace(BARE.agreed, due_on=DUE))
    assert settle(ours, TASK, TODAY)[0].agreed.lacks == ()
    pinned, _ = settle(BARE, TASK, TODAY)
    cleared, news = settle(pinned, BARE_TASK, TODAY)
    assert pinned.agreed.lacks == ("due_on",)
    assert cleared.agreed.has_no("due_on")
    assert [item.kind for item in news] == ["unpinned", "reassigned"]


def test_a_date_that_was_tried_and_not_kept_is_nobodys_doing() -> None:
    """Some trackers take what they do not keep, without a word."""
    tried = replace(BARE, agreed=replace(BARE.agreed, due_on=DUE))
    settled, news = settle(tried, BARE_TASK, TODAY)
    assert (settled.agreed.has_no("due_on"), news) == (True, [])


def test_links_of_an_earlier_version_know_what_they_lack() -> None:
    """They only knew of due dates."""
    stored = {**AGREED.as_dict(), "due_on": None, "undated": True}
    del stored["lacks"], stored["tried_on"], stored["was_start"]
    assert Agreed.from_dict(stored).has_no("due_on")
    assert Agreed.from_dict(BARE.agreed.as_dict()) == BARE.agreed


def test_a_start_that_stays_as_it_was_is_nobodys_move() -> None:
    """Some screens let nobody change it."""
    link = replace(LINK, agreed=replace(AGREED, start_on=DUE + timedelta(3), was_start=DUE))
    settled, news = settle(link, TASK, TODAY)
    assert (settled.agreed.start_on, news) == (DUE, [])
