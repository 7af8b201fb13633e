"""`tminus templates check` and `tminus preview`: the plan as people and programs see it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.settings import STARTER_TEMPLATES

PACK = STARTER_TEMPLATES
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


def test_a_file_that_is_not_read_is_told(tmp_path: Path) -> None:
    """A template in a `.yml` file would be missed by nobody but its author."""
    shutil.copytree(PACK, tmp_path, dirs_exist_ok=True)
    (tmp_path / "webinar.yaml").rename(tmp_path / "webinar.yml")
    result = tminus("templates", "check", str(tmp_path))
    assert result.exit_code == 1
    assert "webinar.yml: it is not read; call it `.yaml`" in result.stdout


def test_a_file_named_unlike_its_template_is_told(tmp_path: Path) -> None:
    """It works, so the check passes; but people will look for it elsewhere."""
    shutil.copytree(PACK, tmp_path, dirs_exist_ok=True)
    (tmp_path / "list_import.yaml").rename(tmp_path / "lists.yaml")
    result = tminus("templates", "check", str(tmp_path))
    assert result.exit_code == 0
    assert "lists.yaml: holds the template `list_import`; people will look for it in list_import.yaml" in result.stdout


def test_the_folder_of_the_settings_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a settings file its templates are meant; its secrets need not be set for that."""
    ours = tmp_path / "ours"
    ours.mkdir()
    shutil.copy(PACK / "calendars.yaml", ours)
    shutil.copy(PACK / "list_import.yaml", ours)
    (tmp_path / "tminus.yaml").write_text("templates: ours\nconnections: {jira: {token: '${UNSET}'}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TMINUS_CONFIG", raising=False)
    assert tminus("templates", "check").stdout == "1 template, nothing wrong: list_import\n"


def test_the_lint_names_the_hardest_week(tmp_path: Path) -> None:
    """What can be kept is proved, and what the holidays of the year ahead do to it is told."""
    shutil.copy(PACK / "calendars.yaml", tmp_path)
    shutil.copy(PACK / "list_import.yaml", tmp_path)
    result = tminus("templates", "lint", str(tmp_path), "--now", "2026-11-23")
    assert result.exit_code == 0
    proof, week = result.stdout.splitlines()
    assert proof.startswith("List import v1 can be kept at 3 business days after the complete request")
    assert "Hardest week: the one of " in week


def test_the_lint_is_asked_about_a_year_that_calendars_reach(tmp_path: Path) -> None:
    """A sentence and exit status 2 for one that they do not."""
    shutil.copy(PACK / "calendars.yaml", tmp_path)
    result = tminus("templates", "lint", str(tmp_path), "--now", "9999-12-31")
    assert (result.exit_code, "name a day of the years 2000 to 2100" in result.output) == (2, True)


def test_a_template_that_cannot_be_kept_fails_the_lint(tmp_path: Path) -> None:
    """With the days that are missing and the chain that needs them."""
    shutil.copy(PACK / "calendars.yaml", tmp_path)
    text = (PACK / "list_import.yaml").read_text()
    assert 'turnaround: "3 business_days' in text
    (tmp_path / "list_import.yaml").write_text(text.replace('turnaround: "3 business', 'turnaround: "1 business'))
    result = tminus("templates", "lint", str(tmp_path), "--now", "2026-11-23")
    assert result.exit_code == 1
    assert "cannot be kept at 1 business day after the complete request: 2 business days too few" in result.stdout


def test_the_schema_is_printed_as_json() -> None:
    """An editor can be pointed at it."""
    assert json.loads(tminus("templates", "schema").stdout)["$schema"].startswith(
        "https://json-schema.org/draft/2020-12"
    )


def test_the_version_is_told() -> None:
    """For reports of mistakes."""
    assert re.fullmatch(r"tminus \d+\.\d+\.\d+\n", tminus("--version").stdout)
