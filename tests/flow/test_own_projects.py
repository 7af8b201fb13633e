"""Campaigns that have a project of their own, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Container
from service import connect, keeper, sweep, workflows
from service.store import campaigns, hooks
from service.store.engine import reading, transaction
from tests.desk import NOW, Desk
from tests.house import house, in_weeks


def test_a_deleted_project_of_a_campaign_is_told_once_and_not_asked_for_again(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks are gone and nothing is made again; the projects in which requests are filed go on."""
    with house(tmp_path, sqlite_url, monkeypatch, asana_container="project") as home:
        gid = home.asana.file_request("Spring mail", section="Email sends", due_on=in_weeks(8))
        project = str(home.running(gid).container_id)
        home.asana.knobs.hook_lost = 1.0
        home.in_asana("DELETE", f"/projects/{project}")
        home.sweep()
        home.asana.knobs.hook_lost = 0.0
        assert {link.state for link in home.links(gid).values()} == {"gone"}
        assert any("Deleted: " in text for text in home.asana.comments(gid))
        keeper.look_after(home.runtime, "asana")
        before = len(home.asana.log)
        for _ in range(3):
            home.sweep()
        assert [seen for seen in home.asana.log[before:] if project in seen.path + seen.query] == []
        assert len([line for line in home.story() if f"The project {project} in asana" in line]) == 1
        with reading(home.runtime.engine) as session:
            assert hooks.problems(session, "asana", home.runtime.vault) == []
            targets = {row.target for row in hooks.of_connection(session, "asana")}
        assert {hook.target for hook in home.asana.hooks.all.values()} == targets
        assert len(targets) == 1
        workflows.sweep_now(home.runtime, full=True)
        home.quiet()
        assert project not in home.asana.site.projects
        assert {link.state for link in home.links(gid).values()} == {"gone"}


def test_a_project_that_comes_back_is_read_again_from_the_next_night_on(desk: Desk) -> None:
    """While it is gone it is asked for once a night, and told of once."""
    request = desk.webinar()
    with transaction(desk.runtime.engine) as session:
        campaigns.opened(session, desk.campaign(request), Container("project", "OWN", ""))

    def sweep_at(at: datetime) -> sweep.Found:
        runtime = replace(desk.runtime, now=lambda: at)
        found = sweep.changed(runtime, "memory")
        with transaction(desk.runtime.engine) as session:
            sweep.remember(session, found)
        return found

    night = datetime(2026, 11, 24, 5, 1, tzinfo=UTC)
    minutes = timedelta(minutes=5)
    desk.tracker.gone.add("OWN")
    assert [sweep_at(NOW + number * minutes).gone for number in range(3)] == [{"OWN"}, set(), set()]
    assert sweep_at(night).gone == set()
    assert len(desk.latest("sweep")) == 1
    desk.tracker.gone.clear()
    assert "OWN" not in connect.watched(desk.runtime, "memory")
    assert "OWN" not in {read.project for read in sweep_at(night + minutes).read}
    assert "OWN" in {read.project for read in sweep_at(night + timedelta(days=1)).read}
    assert "OWN" in connect.watched(desk.runtime, "memory")
