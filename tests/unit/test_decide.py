"""What is written to a tracker: the difference between plan and found state, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from connectors.contract import Status, Task, TaskId
from service.core.decide import (
    REQUEST,
    Action,
    Bring,
    CreateTask,
    MoveDates,
    RequestView,
    Say,
    SetDependencies,
    SetStatus,
    ShowElsewhere,
    decide,
    drop,
)
from service.core.merge import Agreed, LinkView
from service.core.plan import Plan, PlannedTask

DAY = date(2026, 12, 1)


def planned(key: str, due: date = DAY, after: tuple[str, ...] = ()) -> PlannedTask:
    """One planned task."""
    return PlannedTask(
        key=key,
        title=key.title(),
        text="",
        party="ops",
        owner="ops",
        start_on=due,
        due_on=due,
        depends_on=after,
        milestone=False,
        slack=None,
        why="",
    )


PLAN = Plan(
    template="webinar",
    version=1,
    digest="",
    inputs={},
    complete_on=DAY,
    planned_on=DAY,
    request_by=None,
    promised_on=None,
    tasks=(planned("build"), planned("test", DAY + timedelta(1), ("build",))),
    feasible=True,
    verdict="planned",
    problems=(),
    earliest_anchor=None,
    compressions=(),
    critical=(),
)


def task(key: str, status: Status = Status.TODO, due: date | None = DAY) -> Task:
    """As the tracker has it."""
    return Task(
        id=TaskId(key),
        label=key,
        url="",
        title=key.title(),
        status=status,
        status_name=status,
        due_on=due,
        start_on=due,
    )


def link(key: str, due: date = DAY, status: Status = Status.TODO, after: tuple[str, ...] = ()) -> LinkView:
    """Made, and agreed with the plan."""
    agreed = Agreed(
        title=key.title(), status=status, due_on=due, start_on=due, plan_due=due, plan_start=due, waits_for=after
    )
    return LinkView(key=key, state="made", task=task(key, status, due), label=key, agreed=agreed)


IN_STEP = {"build": link("build"), "test": link("test", DAY + timedelta(1), after=("build",))}
REQUEST_OPEN = RequestView(task=task("request"), rolled_up=Status.TODO)


def test_a_plan_that_the_tracker_shows_needs_no_write() -> None:
    """The second sweep writes nothing."""
    assert decide(PLAN, REQUEST_OPEN, IN_STEP) == []


def test_a_new_campaign_is_created_and_connected() -> None:
    """Every task once, then who waits for whom."""
    actions = decide(PLAN, REQUEST_OPEN, {})
    assert [type(action) for action in actions] == [CreateTask, CreateTask, SetDependencies]


def test_a_deleted_task_is_not_made_again() -> None:
    """People take tasks out of a plan."""
    links = {**IN_STEP, "build": replace(IN_STEP["build"], state="gone", task=None)}
    assert decide(PLAN, REQUEST_OPEN, links) == []


def test_a_date_that_the_plan_moved_is_written() -> None:
    """Only the task that moved."""
    moved = replace(PLAN, tasks=(planned("build", DAY + timedelta(2)), PLAN.tasks[1]))
    [action] = decide(moved, REQUEST_OPEN, IN_STEP)
    assert isinstance(action, MoveDates)
    assert (action.key, action.due_on, action.was) == ("build", DAY + timedelta(2), DAY)
    assert str(action) == "Move “Build” to Thu 3 Dec 2026 (was Tue 1 Dec 2026)."


@pytest.mark.parametrize("status", [Status.DONE, Status.DROPPED])
def test_a_closed_task_keeps_its_date(status: Status) -> None:
    """What is over is not dated anew."""
    moved = replace(PLAN, tasks=(planned("build", DAY + timedelta(2)), PLAN.tasks[1]))
    request = replace(REQUEST_OPEN, rolled_up=Status.DOING)
    actions = decide(moved, request, {**IN_STEP, "build": link("build", status=status)})
    assert not any(isinstance(action, MoveDates) for action in actions)


def test_a_tracker_without_due_dates_is_not_asked_again_and_again() -> None:
    """The task came back undated when it was made."""
    undated = replace(IN_STEP["build"], agreed=replace(IN_STEP["build"].agreed, due_on=None, lacks=("due_on",)))
    moved = replace(PLAN, tasks=(planned("build", DAY + timedelta(2)), PLAN.tasks[1]))
    assert decide(moved, REQUEST_OPEN, {**IN_STEP, "build": undated}) == []


def test_a_task_without_a_date_is_dated_when_it_is_tried_again() -> None:
    """Though the plan has not moved."""
    undated = replace(IN_STEP["build"].agreed, due_on=None, lacks=("due_on",))
    [action] = decide(PLAN, REQUEST_OPEN, {**IN_STEP, "build": replace(IN_STEP["build"], agreed=undated, again=True)})
    assert isinstance(action, MoveDates)
    assert action.due_on == DAY


def test_a_start_after_a_fixed_due_date_follows_it() -> None:
    """The day itself stays; the sentence says why."""
    fixed = replace(IN_STEP["build"].agreed, due_on=DAY - timedelta(1), start_on=DAY)
    moved = replace(PLAN, tasks=(planned("build", DAY - timedelta(1)), PLAN.tasks[1]))
    link = replace(IN_STEP["build"], agreed=fixed, pinned_on=DAY - timedelta(1))
    [action] = decide(moved, REQUEST_OPEN, {**IN_STEP, "build": link})
    assert str(action) == "Start “Build” on Mon 30 Nov 2026, as it is due on Mon 30 Nov 2026."


def test_the_first_finished_task_moves_the_request_to_doing() -> None:
    """And says how far it is."""
    links = {**IN_STEP, "build": link("build", status=Status.DONE)}
    [action] = decide(PLAN, REQUEST_OPEN, links)
    assert (action.key, action.status) == (REQUEST, Status.DOING)
    assert str(action) == "Set “Request” to doing: 1 of 2 tasks are done."


def test_all_tasks_done_closes_the_request_and_a_reopened_one_opens_it_again() -> None:
    """The request follows its tasks both ways."""
    done = {key: replace(it, agreed=replace(it.agreed, status=Status.DONE)) for key, it in IN_STEP.items()}
    doing = RequestView(task=task("request", Status.DOING), rolled_up=Status.DOING)
    [closed] = decide(PLAN, doing, done)
    assert closed.status is Status.DONE
    over = RequestView(task=task("request", Status.DONE), rolled_up=Status.DONE)
    [reopened] = decide(PLAN, over, {**done, "test": IN_STEP["test"]})
    assert reopened.status is Status.DOING


def test_a_request_that_a_person_closed_early_stays_closed() -> None:
    """Status belongs to the people in the tracker."""
    closed = RequestView(task=task("request", Status.DONE), rolled_up=Status.TODO)
    assert decide(PLAN, closed, {**IN_STEP, "build": link("build", status=Status.DONE)}) == []


def test_a_cancelled_request_drops_its_open_tasks_with_a_comment() -> None:
    """A finished one is left as it is."""
    links = {**IN_STEP, "build": link("build", status=Status.DONE)}
    actions = drop(links, task("request", Status.DROPPED))
    assert [(type(action), action.key) for action in actions] == [(Say, "test"), (SetStatus, "test")]
    assert actions[1].status is Status.DROPPED


def test_tasks_that_we_dropped_come_back_with_their_request() -> None:
    """Cancelling can be undone."""
    dropped = {key: replace(it, dropped=True) for key, it in IN_STEP.items()}
    actions = decide(PLAN, REQUEST_OPEN, dropped)
    assert [(action.key, action.status) for action in actions if isinstance(action, SetStatus)] == [
        ("build", Status.TODO),
        ("test", Status.TODO),
    ]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (CreateTask(planned=planned("build"), where="asana"), "Create “Build” in asana for ops, due Tue 1 Dec 2026."),
        (
            SetDependencies(key="test", title="Test", waits_for=("build",), titles=("Build",), where="asana"),
            "Let “Test” in asana wait for “Build”.",
        ),
        (Say(key="build", name="gone", text="**Gone.**", title="Build"), "Comment on “Build”: Gone."),
        (
            ShowElsewhere(key="build", title="In asana", url="http://a/1", of="Build"),
            "Link “Build” to where it stands in asana: http://a/1",
        ),
        (
            ShowElsewhere(key=REQUEST, title="In asana", url="http://a/1"),
            "Link the request to where it stands in asana: http://a/1",
        ),
        (
            Bring(key="build", title="Build", connection="asana", values={"status": "done", "owner": "712020:17"}),
            "Bring “Build” in asana up to date: status done, owner its new one.",
        ),
        (
            Bring(key="build", title="Build", connection="asana", values={"owner": ""}),
            "Bring “Build” in asana up to date: owner nobody.",
        ),
    ],
)
def test_a_write_to_a_mirror_reads_without_keys_and_ids(action: Action, told: str) -> None:
    """The ledger is for people who know no code."""
    assert str(action) == told
