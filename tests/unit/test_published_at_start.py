"""What the service publishes when it starts, and what is told of a folder that it cannot publish."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.bootstrap import make_runtime, serving
from service.doctor import examine
from service.runtime import Runtime
from service.settings import STARTER_TEMPLATES, load
from service.store.secrets import new_key
from tests.desk import CONFIG
from tests.memory_tracker import MemoryTracker
from tests.web_client import client_of

BERLIN = """
berlin:
  time_zone: Europe/Berlin
  working_hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"], thu: ["09:00-17:00"],
                  fri: ["09:00-17:00"], sat: ["10:00-12:00"], sun: ["10:00-12:00"]}
  holidays: {ics: company.ics}
"""
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:{day}
SUMMARY:Company day
END:VEVENT
END:VCALENDAR
"""


def in_a_year_of(runtime: Runtime) -> date:
    """A day that is far enough away for every template."""
    return date(runtime.now().year + 1, 12, 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's own copy of the starter pack, named in the settings beside it."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    ours = tmp_path / "ours"
    shutil.copytree(STARTER_TEMPLATES, ours, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tminus.yaml").write_text(f"{CONFIG.format(folder=tmp_path)}\ntemplates: ours\n")
    return ours


@contextmanager
def started(folder: Path, *, publish: bool = True) -> Iterator[Runtime]:
    """The installation beside the folder, as `tminus serve` makes it; other commands publish nothing."""
    runtime = make_runtime(load(folder.parent / "tminus.yaml"), publish=publish)
    yield replace(runtime, trackers={"memory": MemoryTracker()})
    runtime.engine.dispose()


def edit(folder: Path, old: str, new: str) -> None:
    """Change the webinar's file."""
    path = folder / "webinar.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def findings(runtime: Runtime) -> list[str]:
    """What the doctor says of the templates."""
    return [finding.problem for about, finding in examine(runtime) if about == "templates"]


def test_the_folder_is_published_at_the_start(folder: Path) -> None:
    """Every template of it is in use, and nobody has anything to complain about."""
    with started(folder) as runtime:
        assert runtime.template("webinar").version == 1
        assert runtime.unpublished == ()
        assert findings(runtime) == []


def test_an_edit_under_an_old_number_is_told_and_the_published_version_stays(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, by the doctor and in /readyz, which is ready nevertheless; a new number mends it at once."""
    with started(folder):
        edit(folder, "title: Webinar\n", "title: Online event\n")
    said = "webinar v1 is published with other content; write version: 2"
    with caplog.at_level(logging.WARNING), started(folder) as runtime:
        assert f"not published: {said}" in caplog.messages
        assert runtime.template("webinar").title == "Webinar"
        assert findings(runtime) == [f"{said}."]
        with serving(runtime, lambda: None) as app, client_of(app) as web:
            answer = web.get("/readyz")
            assert (answer.status_code, answer.json()["templates"]) == (200, [said])
            edit(folder, "version: 1\n", "version: 2\n")
            with started(folder):
                assert web.get("/readyz").json()["templates"] == "all published"
                assert runtime.template("webinar").title == "Online event"


def test_a_broken_file_leaves_the_published_version_in_use(folder: Path) -> None:
    """A service restarts with it, although a request rule starts that very template."""
    with started(folder):
        edit(folder, "party: ops", "party: opps")
    with started(folder) as runtime:
        assert "webinar" not in runtime.catalogue.templates
        assert runtime.template("webinar").version == 1


def test_only_the_service_publishes_by_itself(folder: Path) -> None:
    """A look at the campaigns does not make a half-finished edit an agreement; the doctor tells that it waits."""
    with started(folder):
        edit(folder, "version: 1\n", "version: 2\n")
    with started(folder, publish=False) as runtime:
        assert runtime.template("webinar").version == 1
        assert findings(runtime) == ["webinar v2 is not published yet."]


def test_a_calendar_that_is_new_since_the_start_is_taken_from_what_was_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process published a template that names it first, with a calendar file of its company: both work here."""
    monkeypatch.setenv("TMINUS_API_TOKENS", "a-token-that-is-long-enough")
    with started(folder) as runtime, serving(runtime, lambda: None) as app, client_of(app) as web:
        web.headers["Authorization"] = "Bearer a-token-that-is-long-enough"
        calendars = folder / "calendars.yaml"
        closed = in_a_year_of(runtime) - timedelta(days=7)
        (folder / "company.ics").write_text(ICS.format(day=f"{closed:%Y%m%d}"))
        calendars.write_text(calendars.read_text() + BERLIN)
        edit(folder, "version: 1\n", "version: 2\n")
        edit(folder, "calendar: us-mops\n", "calendar: berlin\n")
        with started(folder) as restarted:
            assert restarted.template("webinar").calendar == "berlin"
        wanted = str(in_a_year_of(runtime))
        (folder / "company.ics").unlink()
        answer = web.post("/api/templates/webinar/preview", json={"inputs": {"webinar_date": wanted}})
        known = runtime.catalogue.calendar_named("berlin", around=runtime.now().date())
    assert answer.status_code == 200, answer.text
    assert answer.json()["verdict"] == "planned"
    assert (known.time_zone, known.is_working(closed)) == ("Europe/Berlin", False)
