"""Installations that are set up differently, each started for its own test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import house


def test_tasks_can_live_under_an_epic(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An epic of the campaign's own holds them as issues, and they stay in step too."""
    with house(tmp_path, sqlite_url, monkeypatch, jira_container="epic") as home:
        key = home.jira.file_request("Email Send", "Newsletter")
        campaign = home.running(key)
        epic = campaign.container_id or ""
        children = home.jira.children(epic)
        assert [child.type for child in children] == ["Task"] * len(campaign.plan["tasks"])  # type: ignore[index]
        home.jira.transition(children[0].key, "Done")
        home.until(lambda: home.jira.issue(key).status == "In Progress")


def test_tasks_can_live_in_a_project_of_their_own(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new Asana project with sections holds them, and it is watched like the others."""
    with house(tmp_path, sqlite_url, monkeypatch, asana_container="project") as home:
        gid = home.asana.file_request("Newsletter", section="Email sends")
        campaign = home.running(gid)
        links = home.links(gid)
        assert len(links) == len(campaign.plan["tasks"])  # type: ignore[index]
        first = next(iter(links.values()))
        assert first.task
        home.asana.complete(first.task.id)
        home.until(lambda: home.links(gid)[first.key].status == "done")


def test_a_person_whom_the_tracker_does_not_know_blocks_nothing(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fallback role stands in, and the task says for whom it was meant."""
    with house(tmp_path, sqlite_url, monkeypatch) as home:
        home.jira.site.person("dana.ops@example.com").assignable = False
        key = home.jira.file_request("List Import", "Leads")
        home.running(key)
        children = home.jira.children(key)
    assert "dana.ops@example.com" not in {child.assignee for child in children}
    meant_for_dana = [child for child in children if "Meant for Dana Ops (dana.ops@example.com)" in child.text]
    assert len(meant_for_dana) > 1
    assert {child.assignee for child in meant_for_dana} == {"lee.lead@example.com"}


def test_people_who_cannot_be_looked_up_block_nothing(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the tracker refuses the search itself, the tasks stand without owners and say for whom they were meant."""
    with house(tmp_path, sqlite_url, monkeypatch) as home:
        home.jira.knobs.only, home.jira.knobs.error_status = "user/assignable/search", 400
        home.jira.knobs.error_before = 1.0
        key = home.jira.file_request("List Import", "Leads")
        home.running(key)
        children = home.jira.children(key)
    assert {child.assignee for child in children} <= {None, "rita.requester@example.com"}
    assert any("Meant for Dana Ops (dana.ops@example.com)" in child.text for child in children)
