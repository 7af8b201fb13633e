"""`tminus hooks parse`: what programs and people get to see."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app

MOVED = {
    "webhookEvent": "jira:issue_updated",
    "user": {"accountId": "712020:dana", "displayName": "Dana"},
    "issue": {"id": "10012", "key": "MKT-12", "fields": {}},
    "changelog": {"items": [{"field": "status", "fieldId": "status"}, {"field": "duedate", "fieldId": "duedate"}]},
}
CHANGED = {
    "events": [
        {
            "action": "changed",
            "resource": {"gid": "77", "resource_type": "task"},
            "user": {"gid": "5", "resource_type": "user"},
            "change": {"field": "due_on", "action": "changed"},
            "parent": None,
        }
    ]
}


@pytest.mark.parametrize(
    ("tracker", "body", "understood"),
    [
        (
            "jira",
            MOVED,
            {
                "kind": "updated",
                "item": "MKT-12",
                "changed_fields": ["status", "duedate"],
                "actor": "712020:dana",
            },
        ),
        (
            "asana",
            CHANGED,
            {"events": [{"kind": "updated", "item": "77", "changed_fields": ["due_on"], "actor": "5"}]},
        ),
        ("asana", {"events": []}, {"kind": "heartbeat", "events": []}),
    ],
)
def test_a_body_is_printed_as_json(tracker: str, body: object, understood: object, tmp_path: Path) -> None:
    """Jira's one event has four keys; Asana's events stand in a list, and an empty list is a heartbeat."""
    file = tmp_path / "body.json"
    file.write_text(json.dumps(body))
    result = CliRunner().invoke(app, ["hooks", "parse", tracker, str(file)])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == understood


def test_a_body_can_come_from_standard_input() -> None:
    """The file name - reads the body from a pipe."""
    result = CliRunner().invoke(app, ["hooks", "parse", "jira", "-"], input=json.dumps(MOVED))
    assert json.loads(result.stdout)["item"] == "MKT-12"


@pytest.mark.parametrize("tracker", ["jira", "asana"])
@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff\xfe", b"{}", b"null", b"[" * 100_000])
def test_a_malformed_body_gets_a_reason(tracker: str, body: bytes) -> None:
    """As JSON for programs, as a sentence for people, and with exit status 2."""
    result = CliRunner().invoke(app, ["hooks", "parse", tracker, "-"], input=body)
    assert result.exit_code == 2
    said = json.loads(result.stdout)
    assert said["kind"] == "malformed"
    assert said["reason"] == result.stderr.strip() != ""


def test_an_unknown_tracker_gets_a_suggestion() -> None:
    """A slip of the finger costs one look."""
    result = CliRunner().invoke(app, ["hooks", "parse", "jria", "-"], input=b"")
    assert result.exit_code == 2
    assert result.stderr == "there is no tracker `jria`\n    did you mean `jira`?\n"


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    result = CliRunner().invoke(app, ["hooks", "parse", "jira", str(tmp_path / "gone.json")])
    assert result.exit_code == 2
    assert "gone.json cannot be read: No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_closed_standard_input_is_a_sentence() -> None:
    """No traceback for a script that closed it."""
    program = "from service.cli import app; app()"
    command = f"exec {shlex.quote(sys.executable)} -c {shlex.quote(program)} hooks parse jira - <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "there is no standard input to read\n    send the body to it, or name a file\n"


def test_parsing_loads_no_web_server_and_no_engine() -> None:
    """The command stays quick: nothing that it does not need is imported."""
    program = (
        "import sys; sys.argv = ['tminus', 'hooks', 'parse', 'jira', '-']\n"
        "from service.cli import app\n"
        "try: app()\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "print(sorted({'dbos', 'fastapi', 'sqlalchemy', 'ruamel'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(MOVED).encode(), capture_output=True, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"
