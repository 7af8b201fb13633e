"""Campaigns that have a project of their own, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import keeper, workflows
from service.store import hooks
from service.store.engine import reading
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
            assert len([row for row in hooks.of_connection(session, "asana") if row.project == project]) == 0
        workflows.sweep_now(home.runtime, full=True)
        home.quiet()
        assert project not in home.asana.site.projects
        assert {link.state for link in home.links(gid).values()} == {"gone"}
