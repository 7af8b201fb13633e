"""Random people, random failures, trackers that keep less: the end is always the same plan, in step and at rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Status, TaskId
from connectors.errors import OutcomeUnknown, TrackerError, Unreachable
from tests.desk import NOW, Desk
from tests.memory_tracker import Killed

KEYS = ["file_received", "hygiene_check", "import_list", "import_qa"]
"""In the order in which they wait for each other."""
ERRORS: dict[str, Callable[[], BaseException]] = {
    "kill": Killed,
    "lost": lambda: OutcomeUnknown("cut"),
    "off": lambda: Unreachable("off"),
}

statuses = st.sampled_from(Status)
edits = st.one_of(
    st.tuples(st.just("due_on"), st.sampled_from(KEYS), st.none() | st.dates(date(2026, 11, 24), date(2026, 12, 31))),
    st.tuples(st.just("status"), st.sampled_from(KEYS), statuses),
    st.tuples(st.just("title"), st.sampled_from(KEYS), st.sampled_from(["A", "B"])),
    st.tuples(st.just("delete"), st.sampled_from(KEYS), st.none()),
    st.tuples(st.just("request"), st.none(), statuses),
)
failures = st.none() | st.tuples(st.sampled_from(["before", "after"]), st.integers(1, 6), st.sampled_from(list(ERRORS)))
lossiness = st.sets(st.sampled_from(["start", "due", "doing", "dropped"]))


def test_the_end_is_the_plan(desk: Desk) -> None:
    """After the last failure at most two runs write; every date is the plan's or a person's, and nothing is doubled."""

    @settings(max_examples=25, deadline=None)
    @given(lossiness, failures, st.lists(st.tuples(edits, failures), max_size=6))
    def whatever_happens(lossy: set[str], first: Any, story: list[Any]) -> None:
        live(desk, lossy, first, story)

    whatever_happens()


def test_a_date_given_and_taken_back_where_the_tracker_keeps_none_of_ours_comes_to_rest(desk: Desk) -> None:
    """Nobody writes a date for ever that the tracker does not keep."""
    day = date(2026, 11, 24)
    story = [(("due_on", "file_received", day), None), (("due_on", "file_received", None), None)]
    live(desk, {"due"}, None, story)


def live(desk: Desk, lossy: set[str], first: Any, story: list[Any]) -> None:
    """One campaign from its filing on; each part of the story is what somebody does and how the run after it fails."""
    desk.tracker.lossy = frozenset(lossy)
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    run(desk, request, first)
    run(desk, request, None)
    moved: set[str] = set()
    for (what, key, value), failure in story:
        tasks = desk.tracker.under(request)
        if what == "request":
            desk.tracker.act(request, status=value)
        elif key not in tasks:
            continue
        elif what == "delete":
            del desk.tracker.tasks[tasks[key].id]
        else:
            desk.tracker.act(tasks[key].id, **{what: value})
            if what == "due_on":
                moved.add(key)
        run(desk, request, failure)
    desk.settled(request)
    in_step(desk, request, moved)


def run(desk: Desk, request: TaskId, failure: Any) -> None:
    """One run, which may break off."""
    if failure:
        desk.tracker.fails = striking(*failure)
    with suppress(TrackerError, Killed):
        desk.run(request)
    desk.tracker.fails = lambda _moment, _what: None


def striking(moment: str, number: int, kind: str) -> Callable[[str, str], BaseException | None]:
    """One failure, at the write of this number."""
    left = [number]

    def fails(now: str, what: str) -> BaseException | None:
        if now != moment or what == "read":
            return None
        left[0] -= 1
        return ERRORS[kind]() if left[0] == 0 else None

    return fails


def in_step(desk: Desk, request: TaskId, moved: set[str]) -> None:
    """What must hold when all is told."""
    tasks, links, campaign = desk.tracker.under(request), desk.links(request), desk.campaign(request)
    assert {key for key, link in links.items() if link.pinned_on} <= moved
    if campaign.state == "cancelled":
        assert not [key for key, task in tasks.items() if not task.status.closed]
        return
    assert campaign.plan
    plan = {task["key"]: date.fromisoformat(task["due_on"]) for task in campaign.plan["tasks"]}
    for key, link in links.items():
        assert (link.state == "made") == (key in tasks)
        if link.open and not link.agreed.has_no("due_on"):
            assert tasks[key].due_on == plan[key], key
    for before, key in pairwise(KEYS):
        if before in tasks and links[key].open:
            assert (tasks[key].id, tasks[before].id) in desk.tracker.links
