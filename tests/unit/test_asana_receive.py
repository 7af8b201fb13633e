"""Asana's webhooks: what proves them, and what they are understood as."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.asana.receive import AsanaReceiver
from connectors.contract import Change, Delivery, Handshake
from connectors.errors import Malformed, Unverified
from connectors.signing import sign

RECEIVER = AsanaReceiver()
TASK = {"gid": "7", "resource_type": "task", "resource_subtype": "default_task"}


def parse(*events: Any) -> list[Change]:
    """What a body with these events hints at."""
    return RECEIVER.parse(json.dumps({"events": events}).encode())


def test_a_handshake_is_answered_with_the_secret_it_brought() -> None:
    """Asana makes the webhook only if its secret comes back in the same header."""
    answer = RECEIVER.verify({"x-hook-secret": "abc"}, b"{}", None)
    assert answer == Handshake({"X-Hook-Secret": "abc"})


def key(body: bytes) -> str:
    """Of a signed call."""
    delivery = RECEIVER.verify({"x-hook-signature": sign("s3", body)}, body, "s3")
    assert isinstance(delivery, Delivery)
    return delivery.key


def test_a_signed_body_is_a_delivery_with_a_key_of_its_own() -> None:
    """Two deliveries of the same bytes have one key, other bytes have another."""
    assert key(b'{"events":[{}]}') == key(b'{"events":[{}]}') != key(b'{"events": [{}]}')


@pytest.mark.parametrize("body", [b'{"events":[]}', b'{"events": []}', b' { "events" : [ ] }\n'])
def test_no_heartbeat_is_the_one_before_sent_again(body: bytes) -> None:
    """In a quiet project they are all that tells that the hook still works, and they have the same bytes each time."""
    assert key(body) != key(body)


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, "s3"),
        ({"x-hook-signature": ""}, "s3"),
        ({"x-hook-signature": "0" * 64}, "s3"),
        ({"x-hook-signature": sign("s3", b"{}").upper()}, "s3"),
        ({"x-hook-signature": "sha256=" + sign("s3", b"{}")}, "s3"),
        ({"x-hook-signature": "ünsigned"}, "s3"),
        ({"x-hook-signature": sign("", b"{}")}, ""),
        ({"x-hook-signature": sign("", b"{}")}, None),
    ],
)
def test_anything_but_the_exact_signature_is_unverified(headers: dict[str, str], secret: str | None) -> None:
    """Missing, empty, wrong, upper-case and prefixed signatures are refused, and so is a hook without a secret."""
    with pytest.raises(Unverified):
        RECEIVER.verify(headers, b"{}", secret)


@pytest.mark.parametrize(
    ("action", "parent", "kind"),
    [
        ("added", {"gid": "1", "resource_type": "project"}, "created"),
        ("added", {"gid": "1", "resource_type": "task"}, "created"),
        ("added", {"gid": "1", "resource_type": "user_task_list"}, "created"),
        ("added", {"gid": "1"}, "created"),
        ("added", None, "created"),
        ("added", {"gid": "1", "resource_type": "section"}, "updated"),
        ("removed", {"gid": "1", "resource_type": "project"}, "updated"),
        ("removed", None, "updated"),
        ("changed", None, "updated"),
        ("deleted", None, "deleted"),
        ("undeleted", None, "created"),
        ("levitated", None, "other"),
    ],
)
def test_what_an_action_on_a_task_means(action: str, parent: object, kind: str) -> None:
    """Only `deleted` deletes: a task that was removed from somewhere is still there."""
    assert [change.kind for change in parse({"action": action, "resource": TASK, "parent": parent})] == [kind]


def test_a_comment_counts_for_the_task_it_stands_under() -> None:
    """The story's own gid is of no use to anybody: the task is what is looked at."""
    story = {"gid": "99", "resource_type": "story", "resource_subtype": "comment_added"}
    [change] = parse({"action": "added", "resource": story, "parent": TASK, "user": {"gid": "5"}})
    assert change.as_dict() == {"kind": "comment", "item": "7", "changed_fields": [], "actor": "5"}
    assert (change.task, change.parent) == ("7", None)


def test_an_attached_file_counts_for_the_task_it_is_on() -> None:
    """A request may have waited for it."""
    file = {"gid": "99", "resource_type": "attachment", "resource_subtype": "asana"}
    [change] = parse({"action": "added", "resource": file, "parent": TASK})
    assert (change.kind, change.item, change.task, change.parent) == ("updated", "7", "7", None)


@pytest.mark.parametrize("of_type", ["project", "goal"])
def test_what_stands_under_something_that_is_no_task_names_no_task(of_type: str) -> None:
    """A comment on a goal, or a project's file: nothing would be found under that gid."""
    under = {"gid": "3", "resource_type": of_type}
    comment = {"gid": "99", "resource_type": "story", "resource_subtype": "comment_added"}
    file = {"gid": "98", "resource_type": "attachment"}
    for change in parse(*({"action": "added", "resource": about, "parent": under} for about in (comment, file))):
        assert (change.item, change.task) == (None, None)


def test_a_reference_whose_gid_is_empty_names_nobody() -> None:
    """The integer that older answers carry beside it counts instead."""
    [change] = parse({"action": "changed", "resource": {"gid": None, "id": 7}, "user": {"gid": ""}})
    assert (change.item, change.actor) == ("7", None)


def test_a_system_story_is_no_comment() -> None:
    """Asana writes a story for each change; the change itself comes as an event of its own."""
    story = {"gid": "99", "resource_type": "story", "resource_subtype": "assigned"}
    [change] = parse({"action": "added", "resource": story, "parent": TASK})
    assert (change.kind, change.item) == ("other", "7")


def test_a_new_subtask_names_its_parent() -> None:
    """So a subtask that a person adds leads to its campaign."""
    [change] = parse({"action": "added", "resource": TASK, "parent": {"gid": "3", "resource_type": "task"}})
    assert (change.task, change.parent) == ("7", "3")


def test_projects_and_sections_are_no_work_items() -> None:
    """Their events are `other` and name no task."""
    for of_type in ("project", "section", "tag"):
        [change] = parse({"action": "changed", "resource": {"gid": "3", "resource_type": of_type}})
        assert (change.kind, change.item, change.task) == ("other", None, None)


def test_the_changed_field_and_nobody_as_actor() -> None:
    """Automation has no user, and a null change changes no field we know of."""
    [named, null] = parse(
        {"action": "changed", "resource": TASK, "user": None, "change": {"field": "due_on", "action": "changed"}},
        {"action": "changed", "resource": TASK, "user": {"gid": 12}, "change": None},
    )
    assert (named.changed_fields, named.actor) == (("due_on",), None)
    assert (null.changed_fields, null.actor) == ((), "12")


def test_a_heartbeat_hints_at_nothing() -> None:
    """An empty list is Asana asking whether we are still there."""
    assert parse() == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe{}", "UTF-8"),
        (b"", "not JSON"),
        (b"{not json", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"events": [], "at": NaN}', "not JSON: NaN"),
        (b"[]", "not a JSON object"),
        (b'"events"', "not a JSON object"),
        (b"{}", "no list of events"),
        (b'{"events": {}}', "no list of events"),
        (b'{"events": ["x"]}', "event 1 is not an object"),
        (b'{"events": [{"action": "changed", "resource": {"gid": "1"}}, {"action": "changed"}]}', "event 2 has no res"),
        (b'{"events": [{"action": "changed", "resource": null}]}', "event 1 has no resource"),
        (b'{"events": [{"action": "changed", "resource": {}}]}', "event 1 has no resource"),
        (b'{"events": [{"action": "changed", "resource": true}]}', "event 1 has no resource"),
        (b'{"events": [{"action": "changed", "resource": {"gid": []}}]}', "event 1 has no resource"),
        (b'{"events": [{"action": "changed", "resource": {"gid": ""}}]}', "event 1 has no resource"),
    ],
)
def test_a_malformed_body_says_why(body: bytes, reason: str) -> None:
    """The reason is what a person reads beside the parked delivery."""
    with pytest.raises(Malformed, match=reason):
        RECEIVER.parse(body)
