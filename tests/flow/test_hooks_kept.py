"""Hooks that rot are made again or renewed, and what they missed is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connectors.contract import Hook
from service import keeper, workflows
from service.connect import connect
from service.runtime import Runtime
from service.store import hooks, sweeps
from service.store.engine import reading, transaction
from service.store.tables import HookRow, Sweep
from tests.desk import NOW, Desk
from tests.house import House


@pytest.fixture
def kept(desk: Desk) -> Desk:
    """Both projects have their hooks, and deliveries have come in."""
    assert all(made.ok for made in connect(desk.runtime, "memory"))
    heard(desk, NOW - timedelta(minutes=1))
    return desk


def heard(desk: Desk, at: datetime) -> None:
    """A delivery came through every hook."""
    with transaction(desk.runtime.engine) as session:
        hooks.delivered(session, [row.id for row in rows(desk)], at)


def rows(desk: Desk) -> list[HookRow]:
    """Our hooks, by project."""
    with reading(desk.runtime.engine) as session:
        return sorted(hooks.of_connection(session, "memory"), key=lambda row: row.project or "")


def problems(desk: Desk) -> list[str]:
    """What `readyz` tells."""
    with reading(desk.runtime.engine) as session:
        return hooks.problems(session, "memory", desk.runtime.vault)


def look(desk: Desk, *, later: timedelta = timedelta()) -> bool:
    """The keeper's turn, so much later."""
    return keeper.look_after(replace(desk.runtime, now=lambda: NOW + later), "memory")


def alter(desk: Desk, **values: object) -> Hook:
    """The vendor lists the hook of project P otherwise from now on."""
    hook = next(hook for hook in desk.tracker.hooks() if hook.projects == ("P",))
    desk.tracker.subscribed[hook.id] = replace(hook, **values)  # type: ignore[arg-type]
    return hook


def without_heartbeat(desk: Desk) -> Runtime:
    """A vendor that calls only when there is something to tell."""

    class Quiet(type(desk.runtime.receivers["memory"])):  # type: ignore[misc]
        heartbeat = None

    return replace(desk.runtime, receivers={"memory": Quiet()})


def test_hooks_that_work_are_left_alone(kept: Desk) -> None:
    """Nothing is written and nothing is told."""
    before = dict(kept.tracker.subscribed)
    assert not look(kept)
    assert kept.tracker.subscribed == before
    assert kept.latest("hook") == []


def test_a_hook_that_the_tracker_deleted_is_made_again_and_the_gap_is_read(kept: Desk) -> None:
    """From the last delivery that it brought; the other project's hook stays as it is."""
    other = rows(kept)[1].id
    kept.tracker.subscribed.clear()
    kept.tracker.subscribed[kept.tracker.add_hook(["Q"], rows(kept)[1].target, "").id] = Hook(
        id=hooks_id(kept, 1), target=rows(kept)[1].target, projects=("Q",)
    )
    with transaction(kept.runtime.engine) as session:
        sweeps.read(session, Sweep(connection="memory", project="P", until=NOW))
    assert look(kept)
    made, kept_as_it_was = rows(kept)
    assert made.target in {hook.target for hook in kept.tracker.hooks()}
    assert kept_as_it_was.id == other
    with reading(kept.runtime.engine) as session:
        sweep = sweeps.of_project(session, "memory", "P")
    assert sweep
    assert sweep.until == NOW - timedelta(minutes=1)
    [told] = kept.latest("hook")
    assert "gone on the tracker's side" in told
    assert "made again" in told


def hooks_id(desk: Desk, position: int) -> object:
    """What the vendor calls one of them."""
    return rows(desk)[position].vendor_id


def test_a_hook_that_fails_is_made_again_at_the_second_look(kept: Desk) -> None:
    """In the vendor's words; a hook that recovers between the two is left alone."""
    alter(kept, healthy=False, problem="503 from the target")
    assert not look(kept)
    assert problems(kept) == ["memory: the hook for P: 503 from the target"]
    alter(kept, healthy=True, problem=None)
    assert not look(kept)
    assert problems(kept) == []
    sick = alter(kept, healthy=False, problem="503 from the target")
    assert not look(kept)
    assert look(kept)
    assert sick.id not in kept.tracker.subscribed
    assert problems(kept) == []
    assert all("503 from the target" in told or "works again" in told for told in kept.latest("hook"))


def test_a_hook_that_cannot_be_made_again_is_kept_and_told_once(kept: Desk) -> None:
    """What still half works is better than nothing, and the reason stands in `readyz`."""
    sick = alter(kept, healthy=False, problem="disabled")
    kept.tracker.refuses = lambda what, _: what == "add_hook"
    for _ in range(3):
        assert not look(kept)
    assert sick.id in kept.tracker.subscribed
    assert len(kept.latest("hook")) == 2
    [told] = problems(kept)
    assert "the target does not answer" in told


def test_a_hook_whose_heartbeat_stops_is_made_again(kept: Desk) -> None:
    """Asana calls every eight hours, even if there is nothing to tell."""
    assert not look(kept, later=timedelta(hours=9))
    assert look(kept, later=timedelta(hours=11))


def test_a_hook_is_silent_that_tells_nothing_of_what_sweeps_find(kept: Desk) -> None:
    """A vendor without heartbeats says nothing in a quiet project: that alone is no trouble."""
    quiet = without_heartbeat(kept)

    def later(hours: float) -> bool:
        return keeper.look_after(replace(quiet, now=lambda: NOW + timedelta(hours=hours)), "memory")

    assert not later(50)
    with transaction(kept.runtime.engine) as session:
        moved = NOW + timedelta(hours=50)
        sweeps.read(session, Sweep(connection="memory", project="P", until=moved, moved_at=moved))
    assert not later(50.1)
    assert not later(50.9)
    assert later(51.2)
    assert "though sweeps found changes" in kept.latest("hook")[0]


def test_a_hook_is_renewed_a_week_before_it_ends(kept: Desk) -> None:
    """Jira's dynamic hooks live for thirty days."""
    alter(kept, expires_at=NOW + timedelta(days=8))
    assert not look(kept)
    assert kept.latest("hook") == []
    alter(kept, expires_at=NOW + timedelta(days=6))
    assert not look(kept)
    assert {hook.expires_at for hook in kept.tracker.hooks()} == {None}
    assert "Renewed" in kept.latest("hook")[0]


def test_a_hook_that_tells_too_little_is_renewed_once(kept: Desk) -> None:
    """It is the same hook afterwards, so nothing is missed."""
    before = {hook.id for hook in kept.tracker.hooks()}
    alter(kept, outdated=True)
    assert not look(kept)
    assert not look(kept)
    assert {(hook.id, hook.outdated) for hook in kept.tracker.hooks()} == {(name, False) for name in before}
    [told] = kept.latest("hook")
    assert "did not tell of everything" in told


def test_a_hook_of_an_earlier_version_tells_of_what_is_listened_to_now(at_home: House) -> None:
    """Asana keeps the filters with which a hook was made: one that was made without tags is given them."""
    home = at_home
    [webhook] = home.asana.hooks.all.values()
    home.until(lambda: webhook.active)
    filters = webhook.filters
    webhook.filters = [
        one | {"fields": [field for field in one["fields"] if field != "tags"]} if "fields" in one else one
        for one in filters
    ]
    workflows.keep_hooks(home.runtime)
    assert home.asana.hooks.all == {webhook.gid: webhook}
    assert webhook.filters == filters
    calls = len(home.asana.log)
    workflows.keep_hooks(home.runtime)
    assert [seen.method for seen in home.asana.log[calls:]] == ["GET"]


def test_hooks_that_real_trackers_deleted_bring_deliveries_again(at_home: House) -> None:
    """Asana does so after a day of failures, in Jira an administrator may; what happened meanwhile is found."""
    home = at_home
    key, gid = home.jira.file_request("List Import", "Leads"), home.asana.file_request("Leads", section="List imports")
    home.running(key)
    home.running(gid)
    for hook in list(home.jira.hooks.list()):
        home.jira.hooks.delete(hook["self"].rsplit("/", 1)[1])
    for webhook in list(home.asana.hooks.all.values()):
        home.asana.hooks.delete(webhook)
    home.jira.transition(home.jira.children(key)[0].key, "Done")
    home.asana.complete(home.asana.subtasks(gid)[0]["gid"])
    home.quiet()
    assert home.jira.issue(key).status == "To Do"
    workflows.keep_hooks(home.runtime)
    home.quiet()
    assert home.jira.issue(key).status == "In Progress"
    assert any("1 of " in text for text in home.asana.comments(gid))
    before = len(home.deliveries())
    home.jira.transition(home.jira.children(key)[1].key, "Done")
    home.asana.complete(home.asana.subtasks(gid)[1]["gid"])
    home.until(lambda: {row.connection for row in home.deliveries()[before:]} == {"jira", "asana"})
