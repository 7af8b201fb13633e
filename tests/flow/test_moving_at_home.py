"""Launches and templates are moved by command and over HTTP, on both simulated trackers, by a worker that runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from service.cli import app
from service.store import published
from service.store.engine import transaction
from service.store.tables import PublishedTemplate
from tests.house import House, house, in_weeks

TOKEN = "a-token-for-programs"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open to programs with a token."""
    folder = tmp_path_factory.mktemp("moving")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TMINUS_API_TOKENS", TOKEN)
        with house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found:
            yield found


def tminus(home: House, *words: str, status: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, [*words, "--config", str(home.config)])
    assert result.exit_code == status, result.output
    return result.output


def file(home: House, tracker: str) -> str:
    """A running webinar campaign."""
    if tracker == "jira":
        key: str = home.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(12)})
    else:
        key = home.asana.file_request("Spring webinar", custom_fields={"Webinar date": in_weeks(12)})
    home.running(key)
    return key


def due(home: House, key: str) -> dict[str, date | str | None]:
    """What the tracker shows, by the label of the task."""
    if key.startswith("MKT"):
        return {issue.key: issue.due for issue in home.jira.children(key)}
    return {task["gid"]: task["due_on"] for task in home.asana.subtasks(key)}


def asked(home: House, key: str) -> str:
    """The date that stands in the request."""
    if key.startswith("MKT"):
        return str(home.jira.issue(key).fields["Webinar date"])
    [field] = [field for field in home.asana.task(key)["custom_fields"] if field["name"] == "Webinar date"]
    return str(field["date_value"]["date"])


def comments(home: House, key: str) -> list[str]:
    """On the request."""
    return home.jira.issue(key).comments if key.startswith("MKT") else home.asana.comments(key)


@pytest.mark.parametrize("tracker", ["jira", "asana"])
def test_a_launch_is_moved_and_taken_back_by_command(home: House, tracker: str) -> None:
    """Shown first, then done, then undone to the day; each is told in one comment."""
    key = file(home, tracker)
    before, writes, said = due(home, key), len(home.writes()), len(comments(home, key))
    shown = tminus(home, "reschedule", key, "--date", in_weeks(15), "--preview")
    assert "Move “Run the webinar” to " in shown
    assert "Set on “Spring webinar”: " in shown
    assert home.writes()[writes:] == []
    tminus(home, "reschedule", key, "--date", in_weeks(15), "--yes")
    home.until(lambda: due(home, key) != before)
    home.quiet()
    assert asked(home, key) == in_weeks(15)
    assert len([text for text in comments(home, key) if "webinar date is now" in text]) == 1
    tminus(home, "undo", key, "--yes")
    home.until(lambda: due(home, key) == before)
    home.quiet()
    assert (due(home, key), asked(home, key)) == (before, in_weeks(12))
    assert len(comments(home, key)) == said + 2
    writes = len(home.writes())
    home.sweep()
    assert home.writes()[writes:] == []
    assert "was not moved in the last 24 hours" in tminus(home, "undo", key, "--yes", status=2)


def test_a_program_sees_a_move_before_it_makes_it(home: House) -> None:
    """The same answer with and without `apply`, and nothing without a token."""
    key = file(home, "jira")
    before = due(home, key)
    address = f"{home.url}/api/campaigns/{key}/reschedule"
    signed = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.post(address, json={"date": in_weeks(15)}).status_code == 401
    seen = httpx.post(address, json={"date": in_weeks(15)}, headers=signed)
    assert seen.status_code == 200
    assert seen.json()["applied"] is False
    assert due(home, key) == before
    done = httpx.post(address, json={"date": in_weeks(15), "apply": True}, headers=signed).json()
    assert done["revision"] == seen.json()["revision"]
    home.until(lambda: due(home, key) != before)
    home.quiet()
    moved = {row["title"]: row["now"] for row in done["revision"]["moved"]}
    titles = {issue.summary: str(issue.due) for issue in home.jira.children(key)}
    assert moved.items() <= titles.items()
    wrong: dict[str, tuple[str, dict[str, Any], int]] = {
        "no campaign": ("MKT-999", {"date": in_weeks(15)}, 404),
        "no date": (key, {}, 422),
        "no such input": (key, {"inputs": {"lunch": in_weeks(15)}}, 422),
        "no day": (key, {"date": "soon"}, 422),
        "past": (key, {"date": "2020-01-01"}, 422),
    }
    for name, body, status in wrong.values():
        answer = httpx.post(f"{home.url}/api/campaigns/{name}/reschedule", json=body, headers=signed)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("tracker", ["jira", "asana"])
def test_a_template_reaches_a_running_campaign_and_is_taken_back_by_command(home: House, tracker: str) -> None:
    """Titles, instructions, owners and dates follow in the tracker itself, and go back."""
    key = file(home, tracker)
    role, days = {"jira": ("sales", 6), "asana": ("mops_lead", 7)}[tracker]
    content = home.runtime.template("webinar").model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content["version"] += 1
    new = {"title": f"E-mails for {tracker}", "description": f"In **{days}** languages.", "owner": f"role:{role}"}
    content["tasks"]["email_copy"] |= new
    content["tasks"]["landing_page"]["duration"] = f"{days} business_days"
    with transaction(home.runtime.engine) as session:
        values = {"id": "webinar", "version": content["version"], "digest": tracker, "text": "", "published_by": "ops"}
        published.add(session, PublishedTemplate(**values, content=content))
    before, copy = due(home, key), home.links(key)["email_copy"]
    old, words_before = copy.agreed, text(home, copy.label)
    words = ("templates", "migrate", "webinar", "--campaign", key)
    shown = tminus(home, *words)
    handed = f"goes to {role.replace('_', ' ')}"
    assert f"is called “{new['title']}” now, has other instructions, {handed}." in shown
    assert due(home, key) == before
    tminus(home, *words, "--apply")
    home.until(lambda: home.links(key)["email_copy"].agreed.title == new["title"])
    home.quiet()
    assert due(home, key) != before
    now = home.links(key)["email_copy"].agreed
    assert now.owner != old.owner
    assert f"In *{days}* languages" in text(home, copy.label).replace(f" {days} ", f" *{days}* ")
    assert "anything to change" in tminus(home, *words, "--apply")
    tminus(home, *words, "--rollback", "--apply")
    home.until(lambda: home.links(key)["email_copy"].agreed.title == old.title)
    home.quiet()
    assert due(home, key) == before
    assert home.links(key)["email_copy"].agreed.owner == old.owner
    assert text(home, copy.label) == words_before
    writes = len(home.writes())
    home.sweep()
    assert home.writes()[writes:] == []


def text(home: House, label: str) -> str:
    """The instructions that people read on a task."""
    return str(home.jira.issue(label).text if label.startswith("MKT") else home.asana.task(label)["notes"])
