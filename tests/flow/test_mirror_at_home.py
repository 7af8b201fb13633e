"""Mirrors between the real simulators: hooks of both trackers lead to one campaign, and both end up equal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.why import tell
from tests.house import House, house, in_weeks

RULES = (
    "{connection: jira, when: {title: Spring webinar}, template: webinar, mirror: {stakeholder: asana, sales: asana}}",
    "{connection: asana, when: {title: Autumn webinar}, template: webinar, mirror: {ops: jira}}",
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Started once."""
    folder = tmp_path_factory.mktemp("mirror")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch, rules=RULES) as found,
    ):
        yield found


def there(home: House, request: str, connection: str) -> dict[str, str]:
    """The ids of the mirrored tasks by key, the one above them included."""
    from service.store import links
    from service.store.engine import reading

    campaign = home.campaign(request)
    assert campaign
    with reading(home.runtime.engine) as session:
        found = links.elsewhere(session, campaign.id).get(connection, {})
    return {key: link.task.id for key, link in found.items() if link.task}


def in_jira(installation: House) -> tuple[str, str, dict[str, str]]:
    """A webinar filed in Jira: its issue, the key of one mirrored task, and the Asana tasks."""
    key = installation.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(16)})
    installation.running(key)
    installation.until(lambda: len(there(installation, key, "asana")) > 2)
    installation.quiet()
    mirrored = there(installation, key, "asana")
    one = next(name for name in mirrored if name != ".mirror")
    return key, one, mirrored


def issue_of(home: House, request: str, key: str) -> str:
    """The label of one task at home."""
    return home.links(request)[key].label


def test_a_mirrored_task_has_its_owner_from_the_first(installation: House) -> None:
    """It is made with whoever owns it at home, and nothing has to be put right afterwards."""
    home = installation
    before = len(home.asana.log)
    _, _, mirrored = in_jira(home)
    tasks = [home.asana.task(task) for name, task in mirrored.items() if name != ".mirror"]
    assert all(task["assignee"] for task in tasks)
    assert [call for call in home.asana.log[before:] if call.method == "PUT" and b"assignee" in call.body] == []


def test_the_stakeholders_tasks_of_a_request_in_jira_stand_in_asana_too(installation: House) -> None:
    """Linked across, and changes go both ways; after that nobody writes."""
    home = installation
    request, key, mirrored = in_jira(home)
    issue, task = issue_of(home, request, key), mirrored[key]
    assert home.jira.issue(issue).url in home.asana.task(task)["notes"]
    story = tell(home.runtime, task)
    assert story is not None
    assert story.lines[1].startswith(f"The subtask “{home.jira.issue(issue).summary}” is todo")
    remote = home.jira.site.issue(issue).remote_links.values()
    assert [link["object"]["url"] for link in remote] == [home.asana.task(task)["permalink_url"]]

    home.asana.complete(task)
    home.until(lambda: home.jira.issue(issue).category == "done")
    home.quiet()
    other = next(name for name in mirrored if name not in (key, ".mirror"))
    issue, task = issue_of(home, request, other), mirrored[other]
    home.jira.edit(issue, {"summary": "As Jira calls it"})
    home.until(lambda: home.asana.task(task)["name"] == "As Jira calls it")
    due = home.jira.issue(issue).due
    assert due
    home.asana.edit(task, {"due_on": (due - timedelta(days=1)).isoformat(), "start_on": None})
    home.until(lambda: home.jira.issue(issue).due == due - timedelta(days=1))
    home.asana.comment(task, "From the stakeholder")
    home.until(lambda: any("From the stakeholder" in text for text in home.jira.issue(issue).comments))
    home.jira.comment(issue, "From ops")
    home.until(lambda: any("From ops" in text for text in home.asana.comments(task)))
    at_rest(home)
    assert len([text for text in home.jira.issue(issue).comments if "stakeholder" in text]) == 1
    assert len([text for text in home.asana.comments(task) if "From ops" in text]) == 1
    assert "conflict" not in " ".join(home.story())


def test_the_ops_tasks_of_a_request_in_asana_stand_in_jira_too(installation: House) -> None:
    """And a task done there closes its twin at home."""
    home = installation
    request = home.asana.file_request("Autumn webinar", custom_fields={"Webinar date": in_weeks(16)})
    home.running(request)
    home.until(lambda: len(there(home, request, "jira")) > 2)
    home.quiet()
    mirrored = there(home, request, "jira")
    key = next(name for name in mirrored if name != ".mirror")
    label = home.jira.issue(mirrored[key]).key
    twin = home.links(request)[key].label
    home.jira.transition(label, "Done")
    home.until(lambda: home.asana.task(twin)["completed"])
    home.quiet()
    home.asana.reopen(twin)
    home.until(lambda: home.jira.issue(label).category != "done")
    at_rest(home)


def test_a_mirror_that_no_hook_tells_of_is_found_by_the_sweep(installation: House) -> None:
    """Within one."""
    home = installation
    request, key, mirrored = in_jira(home)
    home.asana.knobs.hook_lost = 1.0
    home.asana.complete(mirrored[key])
    home.quiet()
    home.sweep()
    home.asana.knobs.hook_lost = 0.0
    assert home.jira.issue(issue_of(home, request, key)).category == "done"


def test_a_task_deleted_in_asana_stays_in_jira_and_says_so(installation: House) -> None:
    """Once."""
    home = installation
    request, key, mirrored = in_jira(home)
    home.asana.delete(mirrored[key])
    issue = issue_of(home, request, key)
    home.until(lambda: any("Deleted in asana" in text for text in home.jira.issue(issue).comments))
    at_rest(home)
    assert len([text for text in home.jira.issue(issue).comments if "Deleted" in text]) == 1


def test_what_both_sides_changed_at_once_is_listed_by_a_command(installation: House) -> None:
    """With both values, the one that was kept, and why."""
    home = installation
    request, key, mirrored = in_jira(home)
    home.jira.knobs.hook_lost = home.asana.knobs.hook_lost = 1.0
    home.jira.edit(issue_of(home, request, key), {"summary": "Called by ops"})
    home.asana.edit(mirrored[key], {"name": "Called by the stakeholder"})
    home.sweep()
    home.jira.knobs.hook_lost = home.asana.knobs.hook_lost = 0.0
    assert home.jira.issue(issue_of(home, request, key)).summary == "Called by the stakeholder"
    result = CliRunner().invoke(app, ["conflicts", request, "--config", str(home.config)])
    assert result.exit_code == 0, result.output
    assert "“Called by ops” in jira and to “Called by the stakeholder” in asana" in result.output
    assert f"  {request}  " in CliRunner().invoke(app, ["conflicts", "--config", str(home.config)]).output
    assert (
        "No conflicts." in CliRunner().invoke(app, ["conflicts", in_jira(home)[0], "--config", str(home.config)]).output
    )


def at_rest(home: House) -> Any:
    """A second sweep writes nothing."""
    home.quiet()
    home.sweep()
    before = len(home.writes())
    home.sweep()
    assert home.writes()[before:] == []
