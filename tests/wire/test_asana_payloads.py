"""Every recorded Asana body is understood by the rules in the collection's README."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.asana.mapping import task_of
from connectors.asana.receive import AsanaReceiver
from connectors.asana.settings import AsanaSettings
from connectors.contract import Status
from connectors.errors import Malformed

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "payloads"
pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the recorded payloads are not beside this checkout")
SETTINGS = AsanaSettings(projects=("1",), token=SecretStr("t"), workspace="1")


def event(kind: str, item: str | None, *fields: str, actor: str | None) -> dict[str, Any]:
    """What `tminus hooks parse asana` prints of one event."""
    return {"kind": kind, "item": item, "changed_fields": list(fields), "actor": actor}


MEANINGS: dict[str, list[dict[str, Any]] | None] = {
    "handshake_body_events_empty": [],
    "legacy_integer_ids": [event("updated", "1337", actor="1123")],
    "project_changed": [event("other", None, actor="1123")],
    "story_assigned_system": [event("other", "1202222222222222", actor="1201111111111111")],
    "story_comment_added": [event("comment", "1337", actor="1123")],
    "task_added_parent_without_type": [event("created", "1337", actor="1123")],
    "task_added_to_user_task_list": [event("created", "1202222222222222", actor="1201111111111111")],
    "task_assignee_changed": [event("updated", "1202222222222222", "assignee", actor="1201111111111111")],
    "task_changed_minimal": [event("updated", "99", actor="1123")],
    "task_completed_and_completed_at_batch": [
        event("updated", "1199170056173519", "completed", actor="1198829643564474"),
        event("updated", "1199170056173519", "completed_at", actor="1198829643564474"),
    ],
    "task_completed_changed": [event("updated", "456", "completed", actor="123")],
    "task_completed_subtype": [event("updated", "1202222222222222", "completed", actor="1201111111111111")],
    "task_custom_field_enum_changed": [event("updated", "56", "custom_fields", actor="78")],
    "task_deleted": [event("deleted", "1337", actor="1123")],
    "task_name_changed": [event("updated", "456", "name", actor="123")],
    "task_removed_from_section": [event("updated", "1", actor="78")],
    "webhook_object_instead_of_events": None,
    "asana_not_json": None,
}


def bodies() -> list[Path]:
    """All of Asana's in the collection."""
    return sorted([*(PAYLOADS / "asana").glob("*.json"), *(PAYLOADS / "raw").glob("asana_*")])


@pytest.mark.parametrize("path", bodies(), ids=lambda path: path.stem)
def test_a_recorded_body_is_understood(path: Path) -> None:
    """Kind, item, changed fields and actor of each event, or the body is malformed."""
    meaning = MEANINGS[path.stem]
    if meaning is None:
        with pytest.raises(Malformed):
            AsanaReceiver().parse(path.read_bytes())
    else:
        assert [change.as_dict() for change in AsanaReceiver().parse(path.read_bytes())] == meaning


def test_the_documented_task_is_read_whole() -> None:
    """Asana's own example of a full record maps without loss of what we use."""
    row = json.loads((PAYLOADS / "api" / "asana_docs_task_get_full.json").read_text())["data"]
    task = task_of(row, SETTINGS, {})
    assert (task.id, task.label, task.title, task.status) == ("12345", "12345", "Buy catnip", Status.TODO)
    assert task.url == "https://app.asana.com/0/resource/123456789/list"
    assert (task.parent, task.project, task.fields["tags"]) == ("12345", "12345", ["Grade A"])
    assert task.fields["Status"] == "Some Value"


def test_a_record_of_2019_is_read() -> None:
    """Old answers carry integer ids beside the gids, and several kinds of custom fields."""
    row = json.loads((PAYLOADS / "api" / "asana_task_unwrapped_2019.json").read_text())
    task = task_of(row, SETTINGS, {})
    assert task.id == "1103777802995760"
    assert (task.project, task.fields["section"]) == ("902098787034179", "Sprint 2/1:")
    assert (task.fields["Dev status"], task.fields["833427297391710"]) == ("Pending", "Pending")
    assert task.fields["Est"] is None
    assert task.owner is None


def test_a_listed_task_is_read() -> None:
    """Lists answer with references that have no names."""
    [row] = json.loads((PAYLOADS / "api" / "asana_tasks_list.json").read_text())["data"]
    task = task_of(row, SETTINGS, {})
    assert (task.project, str(task.due_on), task.fields["tags"]) == ("1202178854270532", "2022-05-02", [])
    assert task.owner
    assert task.owner.id == "1202178852626547"
