"""`tminus calendars`: what is frozen, and what has changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from tests.desk import memory_desk

CALENDARS = """\
office:
  time_zone: Europe/Oslo
  working_hours: {mon: ["09:00-12:00", "13:00-17:00"], tue: ["09:00-17:00"]}
  cutoff: "16:00"
  holidays: {country: NO}
  exceptions: {"2027-12-20": ["09:00-12:00"], "2027-12-25": ["10:00-12:00"], "2027-12-27": []}
"""


def tminus(*words: str) -> tuple[int, str]:
    """Exit status and everything that was printed."""
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_show_prints_the_frozen_days_and_why(tmp_path: Path) -> None:
    """The week, closed days by name, half days and make-up days beside what the day would have been."""
    (tmp_path / "calendars.yaml").write_text(CALENDARS)
    status, text = tminus("calendars", "show", "office", "--year", "2027", "--folder", str(tmp_path))
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "office in 2027: Europe/Oslo, cut-off 16:00"
    assert lines[1] == "    Monday: 09:00-12:00, 13:00-17:00"
    assert lines[7] == "    Sunday: closed"
    assert "Mon 29 Mar 2027: closed (Easter Monday)" in lines
    assert "Thu 25 Mar 2027: closed (Maundy Thursday), a rest day anyway" in lines
    assert "Mon 20 Dec 2027: open 09:00-12:00 instead of 09:00-12:00, 13:00-17:00" in lines
    assert "Sat 25 Dec 2027: open 10:00-12:00 although the week says closed" in lines
    assert "Mon 27 Dec 2027: closed" in lines


def test_show_names_the_calendar_that_was_meant(tmp_path: Path) -> None:
    """A misspelt name is wrong usage, with a guess."""
    (tmp_path / "calendars.yaml").write_text(CALENDARS)
    status, text = tminus("calendars", "show", "ofice", "--folder", str(tmp_path))
    assert status == 2
    assert "did you mean `office`" in text or "Did you mean `office`" in text


def test_show_takes_this_year_and_the_starter_pack() -> None:
    """Without options it is the pack that comes with the product, this year."""
    status, text = tminus("calendars", "show", "us-mops")
    assert status == 0
    assert text.startswith(f"us-mops in {datetime.now(UTC).year}: America/New_York")


def test_drift_tells_what_differs_and_exits_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing at first; after a closed day is added, the campaign, the day and the tasks that would move."""
    with memory_desk(tmp_path, monkeypatch) as desk:
        desk.imports()
    config = str(tmp_path / "tminus.yaml")
    assert tminus("calendars", "drift", "--config", config) == (
        0,
        "Every running campaign has the calendar that would be frozen today.\n",
    )
    folder = tmp_path / "other"
    folder.mkdir()
    for path in desk.runtime.settings.templates.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text().replace("    add:\n", '    add:\n      "2026-11-24": Flood\n'))
    (tmp_path / "tminus.yaml").write_text((tmp_path / "tminus.yaml").read_text() + f"\ntemplates: {folder}\n")
    status, text = tminus("calendars", "drift", "--config", config)
    assert status == 1
    assert "Leads (calendar us-mops)" in text
    assert "Tue 24 Nov 2026 was open 09:00-17:00 and is closed (Flood)" in text
    assert "would move: " in text
