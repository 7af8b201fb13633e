"""`tminus demo`, as a real process, and the check with which it holds the trackers against what was promised."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.core.plan import Plan
from service.demo.desks import DONE, TODO, Found
from service.demo.promise import Wanted, missing, promised_plan, working_day, working_day_before
from service.demo.stage import Missing, Stage
from service.demo.story import MOVED_TO, TOO_SOON, WEEKS_AHEAD

TMINUS = Path(sys.executable).with_name("tminus")
STEPS = 10


def environment(folder: Path, **more: str) -> dict[str, str]:
    """As continuous integration has it, with a temp folder of its own, and with settings that must not leak in."""
    strangers = {"TMINUS_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "TMINUS_CONFIG": "/none.yaml"}
    return os.environ | strangers | {"CI": "true", "FORCE_COLOR": "1", "TMPDIR": str(folder)} | more


def gone(output: str) -> bool:
    """Whether nothing answers any more at any address that the demo told."""
    for address in set(re.findall(r"http://127\.0\.0\.1:\d+", output)):
        try:
            httpx.get(address)
        except httpx.ConnectError:
            continue
        return False
    return True


def test_the_demo_keeps_every_promise_and_ends(tmp_path: Path) -> None:
    """With --once: status 0, every step told with an address, plain text, and nothing left behind."""
    done = subprocess.run(
        [TMINUS, "demo", "--once"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env=environment(tmp_path),
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 16 subtasks stood there" in done.stdout
    steps = [line for line in done.stdout.splitlines() if line.startswith("✓")]
    assert len(steps) == STEPS
    assert all(re.search(r"http://127\.0\.0\.1:\d+/(browse/[A-Z]+-\d+|0/\d+/\d+)$", line) for line in steps)
    assert "\x1b" not in done.stdout
    assert done.stdout.endswith("\nEvery promise was kept.\n")
    assert done.stderr == ""
    assert gone(done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_a_demo_that_cannot_connect_says_what_is_missing(tmp_path: Path) -> None:
    """Status 1, the tracker's own words, and where the log is, which is kept."""
    done = subprocess.run(
        [TMINUS, "demo", "--once"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(tmp_path, DEMO_JIRA_TOKEN="wrong"),
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "Missing\n  the connections: `tminus connect` ended with status" in done.stdout
    log = re.search(r"The service's log: (\S+)", done.stdout)
    assert log
    assert Path(log[1]).is_file()
    assert "Traceback" not in done.stdout + done.stderr
    assert gone(done.stdout)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(tmp_path: Path, end: signal.Signals) -> None:
    """Ctrl-C or a `kill` in the middle: no traceback, nobody serves any more, and the temp folder is gone."""
    command = [TMINUS, "demo"]
    env = environment(tmp_path, PYTHONUNBUFFERED="1")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as process:
        assert process.stdout
        told = ""
        while "tminus connect" not in told:
            told += process.stdout.readline()
        process.send_signal(end)
        told += process.stdout.read()
    assert process.returncode == 130
    assert "Traceback" not in told
    assert gone(told)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """Each demo begins from nothing, so an earlier one's database is not mixed in."""
    (tmp_path / "tminus.db").touch()
    done = subprocess.run([TMINUS, "demo", "--folder", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is not empty" in done.stderr


WANTED = Wanted(
    title="Test the e-mail",
    party="ops",
    owner="dana.ops@example.com",
    start_on=date(2026, 12, 2),
    due_on=date(2026, 12, 3),
    waits_for=frozenset({"Build the e-mail"}),
    status=TODO,
)
FOUND = Found(
    id="1",
    title="Test the e-mail",
    owner="dana.ops@example.com",
    start_on=date(2026, 12, 2),
    due_on=date(2026, 12, 3),
    waits_for=frozenset({"Build the e-mail"}),
    status=TODO,
)


def test_what_stands_as_promised_is_not_missing() -> None:
    """The check is content with exactly the plan, and with the history of what is done."""
    assert missing([WANTED], [FOUND]) == []
    assert missing([replace(WANTED, status=DONE)], [replace(FOUND, status=DONE, due_on=date(2026, 12, 9))]) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], "the subtask “Test the e-mail”"),
        ([FOUND, FOUND], "“Test the e-mail” stands there 2 times"),
        ([FOUND, replace(FOUND, title="Sing")], "“Sing” was not promised"),
        ([replace(FOUND, owner=None)], "the owner of “Test the e-mail”: dana.ops@example.com, not nobody"),
        ([replace(FOUND, start_on=None)], "the start of “Test the e-mail”: 2026-12-02, not none"),
        ([replace(FOUND, due_on=date(2026, 12, 4))], "the due date of “Test the e-mail”: 2026-12-03, not 2026-12-04"),
        ([replace(FOUND, waits_for=frozenset())], "the dependency of “Test the e-mail” on “Build the e-mail”"),
        ([replace(FOUND, status=DONE)], "the status of “Test the e-mail”: To do, not Done"),
    ],
)
def test_whatever_is_missing_is_named(found: list[Found], told: str) -> None:
    """Each kind of broken promise is one plain phrase."""
    assert missing([WANTED], found) == [told]


def test_a_broken_promise_ends_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    """A step whose consequence does not come is marked, and carries what is missing."""
    with pytest.raises(Missing) as broken:
        Stage(patience=0.01).step("Dana finishes it.", "http://here", lambda: ["the status Done, not To do"])
    assert broken.value.problems == ["the status Done, not To do"]
    assert capsys.readouterr().out == "✗ Dana finishes it.  http://here\n"


@pytest.mark.parametrize("day", [date(2026, 1, 1) + timedelta(days=9 * n) for n in range(82)], ids=str)
def test_the_story_can_be_told_on_any_day(day: date) -> None:
    """The webinar is possible, also when it moves before the pin; too soon is too soon, with an earliest date."""
    now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)

    def plan(weeks: int, **more: Any) -> Plan:
        return promised_plan("webinar", {"webinar_date": working_day("webinar", now, weeks=weeks)}, now, now, **more)

    first = plan(WEEKS_AHEAD)
    assert first.verdict == plan(MOVED_TO).verdict == "planned"
    rehearsal = next(task.due_on for task in first.tasks if task.key == "rehearsal")
    pin = working_day_before("webinar", now, rehearsal)
    moved = plan(MOVED_TO, pins={"rehearsal": pin}, replan=True)
    assert next(task.due_on for task in moved.tasks if task.key == "webinar") < pin
    assert moved.problems
    refused = plan(TOO_SOON)
    assert refused.verdict == "shift_proposed"
    assert refused.earliest_anchor
