"""The main job from outside: a request is filed, its subtasks stand in the tracker, statuses stay in step."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.house import House, house


@pytest.fixture
def at_home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """One installation on each kind of database."""
    with house(tmp_path, database_url, monkeypatch) as found:
        yield found


def in_ten_weeks() -> str:
    """Far enough for every lead time."""
    return (date.today() + timedelta(weeks=10)).isoformat()


def test_a_webinar_filed_in_jira_gets_its_whole_plan_as_subtasks(at_home: House) -> None:
    """Every planned task becomes one subtask with owner, dates and dependencies."""
    key = at_home.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_ten_weeks()})
    campaign = at_home.running(key)
    children = at_home.jira.children(key)
    assert len(children) == len(campaign.plan["tasks"])
    print([ (c.summary, c.status, c.assignee, c.due) for c in children])


def test_an_email_send_filed_in_asana_gets_its_whole_plan_as_subtasks(at_home: House) -> None:
    """The same from the other tracker."""
    gid = at_home.asana.file_request("Newsletter", section="Email sends")
    campaign = at_home.running(gid)
    children = at_home.asana.subtasks(gid)
    assert len(children) == len(campaign.plan["tasks"])
