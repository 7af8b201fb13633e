"""Every recorded Jira webhook body, understood by the rules that stand beside the recordings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Change
from connectors.jira.receive import JiraReceiver
from tests.wire.openapi import SHARED

FOLDER = SHARED / "payloads" / "jira"
BODIES = sorted(FOLDER.glob("*.json"))

pytestmark = pytest.mark.skipif(not BODIES, reason="the recorded payloads are not on this machine (../shared)")

KIND_BY_NAME = {
    "attachment": "other",
    "board": "other",
    "comment": "comment",
    "issue_created": "created",
    "issue_deleted": "deleted",
    "issue_updated": "updated",
    "subtask_assigned": "updated",
    "issuelink": "other",
    "project": "other",
    "sprint": "other",
    "user": "other",
    "worklog": "other",
    "issue_work_logged": "other",
    "issue_comment": "comment",
    "issue_closed": "updated",
    "issue_reopened": "updated",
    "issue_status": "updated",
    "sample_issue_updated": "updated",
}
"""By what the file's name says after its origin; the longest match counts."""


def change_in(file: Path) -> Change:
    """The one change that the body means."""
    changes = JiraReceiver().parse(file.read_bytes())
    assert len(changes) == 1
    return changes[0]


def body_of(file: Path) -> Mapping[str, Any]:
    """The recorded body."""
    body: Mapping[str, Any] = json.loads(file.read_bytes())
    return body


def kind_by_name(file: Path) -> str:
    """What the file's name promises."""
    rest = file.stem.partition("_")[2]
    return KIND_BY_NAME[max((start for start in KIND_BY_NAME if rest.startswith(start)), key=len)]


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_a_recorded_body_has_the_kind_that_its_file_name_promises(file: Path) -> None:
    """Creates, edits, deletions and comments are told apart; everything else is `other`."""
    assert change_in(file).kind == kind_by_name(file)


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_a_recorded_body_names_its_issue_by_key_and_by_id(file: Path) -> None:
    """The key is what people say, the id is what stays; without a key the id stands for both."""
    change, issue = change_in(file), body_of(file).get("issue")
    if issue:
        assert (change.item, change.task) == (issue["key"], str(issue["id"]))
        assert "-" in (change.item or "")
    else:
        assert change.item == change.task
        assert change.task is None or change.task.isdigit()


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_a_recorded_body_lists_each_changed_field_once_and_in_order(file: Path) -> None:
    """The names are those of the changelog."""
    names: list[str] = []
    for item in body_of(file).get("changelog", {}).get("items", []):
        if item["field"] not in names:
            names.append(item["field"])
    assert change_in(file).changed_fields == tuple(names)


@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_a_recorded_body_names_who_did_it(file: Path) -> None:
    """The account id, or the name of older sites; a comment without a user was written by its author."""
    body, actor = body_of(file), change_in(file).actor
    user = body.get("user")
    if user:
        assert actor == (user["accountId"] if "accountId" in user else user["name"])
    elif body["webhookEvent"] == "comment_created":
        assert actor in (body["comment"]["author"].get("accountId"), body["comment"]["author"].get("name"))
        assert actor
    elif body["webhookEvent"] == "comment_updated":
        assert actor in (body["comment"]["updateAuthor"].get("accountId"), body["comment"]["updateAuthor"].get("name"))
        assert actor
    else:
        assert actor is None


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("cloud_worklog_updated_event", "10032"),
        ("cloud_issuelink_created", "20192"),
        ("dc_comment_created_no_issue", "2"),
        ("cloud_sprint_started", None),
    ],
)
def test_a_body_without_an_issue_tells_the_id_it_has(name: str, task: str | None) -> None:
    """Worklogs, links and comments of some sites carry a number and no key."""
    assert change_in(FOLDER / f"{name}.json").task == task


def test_a_subtask_names_its_parent() -> None:
    """So that the campaign is found without a read."""
    file = FOLDER / "cloud_subtask_assigned_cyrillic.json"
    assert change_in(file).parent == body_of(file)["issue"]["fields"]["parent"]["id"]
