"""`tminus templates check` and `tminus preview`: the plan as people and programs see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.settings import STARTER_TEMPLATES

WEBINAR = ("preview", "webinar", "--input", "webinar_date=2027-01-21", "--now", "2026-11-23")
TOO_SOON = ("preview", "webinar", "--input", "webinar_date=2026-12-15", "--now", "2026-11-23")


def tminus(*arguments: str) -> Result:
    """One call of the command."""
    return CliRunner().invoke(app, arguments)


def test_a_plan_shows_every_task_and_explains_every_date() -> None:
    """Table first, then for each task a sentence with the reason for its date."""
    plan = json.loads(tminus(*WEBINAR, "--format", "json").stdout)
    result = tminus(*WEBINAR)
    assert result.exit_code == 0, result.stderr
    table, sentences = result.stdout.split("┘")
    first_lines = [line.split("│")[1].strip() for line in table.splitlines() if line.startswith("│")]
    assert len(plan["tasks"]) > 5
    for task in plan["tasks"]:
        assert any(line and task["title"].startswith(line) for line in first_lines)
        assert f"{task['title']}: {task['why']}" in sentences.splitlines()
    for heading in ("Task", "Party", "Owner", "Start", "Due", "Waits for"):
        assert heading in table


def test_a_plan_for_programs_is_json() -> None:
    """Dates are ISO texts, and each task has an owner, its dates and a reason."""
    result = tminus(*WEBINAR, "--format", "json")
    plan = json.loads(result.stdout)
    assert result.exit_code == 0
    assert plan["feasible"] is True
    webinar = next(task for task in plan["tasks"] if task["due_on"] == "2027-01-21")
    assert all(webinar[name] for name in ("key", "title", "party", "owner", "start_on", "why"))


def test_an_impossible_date_says_why_and_what_is_possible() -> None:
    """The problems and the earliest possible date are told, with exit status 1."""
    result = tminus(*TOO_SOON)
    assert result.exit_code == 1
    assert "it cannot be done" in result.stdout
    assert "The earliest possible Webinar date is " in result.stdout
    assert json.loads(tminus(*TOO_SOON, "--format", "json").stdout)["earliest_anchor"][0] == "webinar_date"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["webinr"], "there is no template `webinr`\n    did you mean `webinar`?"),
        (["webinar", "--input", "webinar_date"], "--input webinar_date has no value"),
        (["webinar", "--now", "2026-11-23"], "Webinar date is missing"),
        (["webinar", "--input", "webinar_date=soon"], "'soon' is not a date"),
        (["webinar", "--input", "webinar_date=2027-02-30"], "'2027-02-30' is not a date"),
        (["webinar", "--input", "webinar_dat=2027-01-21"], "`webinar_date`?\nWebinar date is missing"),
        (["webinar", "--now", "tomorrow"], "--now"),
        (["email_send", "--now", "9999-12-30"], "choose another day for --now"),
        (["webinar", "--templates", "/nowhere"], "there is no folder /nowhere"),
    ],
)
def test_wrong_input_is_told_in_a_sentence(arguments: list[str], said: str) -> None:
    """Exit status 2, the remedy, no traceback."""
    result = tminus("preview", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_the_starter_pack_has_nothing_wrong() -> None:
    """Without a folder the starter pack is checked."""
    result = tminus("templates", "check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "nothing wrong" in result.stdout
    assert "webinar" in result.stdout


def test_a_broken_template_is_told_with_file_and_line(tmp_path: Path) -> None:
    """Each problem is one line that begins with file and line; exit status 1."""
    for file in STARTER_TEMPLATES.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    lines = (tmp_path / "webinar.yaml").read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("title:"))
    lines[at] = "titel: Webinar"
    (tmp_path / "webinar.yaml").write_text("\n".join(lines), encoding="utf-8")
    result = tminus("templates", "check", str(tmp_path))
    assert result.exit_code == 1
    assert f"webinar.yaml:{at + 1}: " in result.stdout
    assert "title" in result.stdout


def test_an_empty_folder_is_not_a_checked_one(tmp_path: Path) -> None:
    """A folder without any template was probably named by mistake."""
    result = tminus("templates", "check", str(tmp_path))
    assert result.exit_code == 2
    assert "holds no templates" in result.stderr
