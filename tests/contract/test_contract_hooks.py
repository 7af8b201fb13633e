"""Hooks: subscribing, and what the receiver makes of the site's own webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import Change, Delivery, Handshake, Hook, HookId
from connectors.errors import Malformed, Rejected, Unverified
from tests import hook_target
from tests.contract.scene import FAULTS, Scene
from tests.hook_target import HookTarget

SECRET = "a-secret-that-we-chose"


def headers(call: hook_target.Delivery) -> dict[str, str]:
    """As the service hands them to a receiver."""
    return {name.lower(): value for name, value in call.headers.items()}


class Listener:
    """A hook on a target of its own, and what comes in there."""

    def __init__(self, scene: Scene, target: HookTarget) -> None:
        self.receiver, self.target = scene.connector.receiver, target
        self.hook: Hook = scene.tracker.add_hook([scene.stage.project], target.url, SECRET)
        self.secret = self.hook.secret or SECRET

    def calls(self) -> list[hook_target.Delivery]:
        """Verified ones, hand-shakes apart."""
        return [call for call in list(self.target.got) if self.key(call)]

    def tidings(self) -> list[hook_target.Delivery]:
        """Those that tell of something, heartbeats apart."""
        return [call for call in self.calls() if self.receiver.parse(call.body)]

    def key(self, call: hook_target.Delivery) -> str | None:
        """None for a hand-shake."""
        admitted = self.receiver.verify(headers(call), call.body, self.secret)
        return None if isinstance(admitted, Handshake) else admitted.key

    def until(self, enough: Callable[[list[Change]], Any]) -> list[Change]:
        """All changes so far, as soon as they are enough."""
        self.target.wait_for(lambda _: bool(enough(self.changes())))
        return self.changes()

    def of_kind(self, kind: str, start: int) -> list[Change]:
        """Changes of this kind after the first `start`, as soon as there is one."""

        def found(changes: list[Change]) -> list[Change]:
            return [change for change in changes[start:] if change.kind == kind]

        return found(self.until(found))

    def changes(self) -> list[Change]:
        """What they hint at."""
        return [change for call in self.calls() for change in self.receiver.parse(call.body)]


@pytest.mark.parametrize("fault", [{}, *FAULTS.values()], ids=["no fault", *FAULTS])
def test_a_hook_is_there_once_whatever_becomes_of_a_reply(scene: Scene, fault: dict[str, Any]) -> None:
    """Adding it again leaves one, and removing it again is no error."""
    with HookTarget() as target:
        scene.strike("POST", **fault)
        scene.tracker.add_hook([scene.stage.project], target.url, SECRET)
        scene.calm()
        second = scene.tracker.add_hook([scene.stage.project], target.url, SECRET)
        [listed] = [hook for hook in scene.tracker.hooks() if hook.target == target.url]
        assert (listed.id, listed.projects) == (second.id, (scene.stage.project,))
        scene.tracker.remove_hook(second.id)
        scene.tracker.remove_hook(second.id)
        assert [hook for hook in scene.tracker.hooks() if hook.target == target.url] == []


def test_a_hook_on_a_project_that_is_not_there_is_refused(scene: Scene) -> None:
    """With the vendor's words."""
    with HookTarget() as target:
        error = scene.refuses(Rejected, lambda: scene.tracker.add_hook(["404"], target.url, SECRET))
        assert str(error)


def test_a_hook_that_never_was_is_removed_without_an_error(scene: Scene) -> None:
    """It is gone, as was asked for."""
    scene.tracker.remove_hook(HookId("424242"))


def test_what_people_do_is_told_and_names_the_task(scene: Scene) -> None:
    """Filing, renaming, closing, commenting and deleting, each as its kind."""
    with HookTarget() as target:
        heard = Listener(scene, target)
        task = scene.stage.file("Heard of")
        label = scene.tracker.read([task])[task].label
        acts: list[tuple[str, Callable[[], None]]] = [
            ("created", lambda: None),
            ("updated", lambda: scene.stage.rename(task, "Another title")),
            ("updated", lambda: scene.stage.complete(task)),
            ("comment", lambda: scene.stage.remark(task, "Look")),
            ("deleted", lambda: scene.stage.delete(task)),
        ]
        for kind, act in acts:
            start = 0 if kind == "created" else len(heard.changes())
            act()
            about = heard.of_kind(kind, start)
            assert all(change.task in (task, None) for change in about)
            assert {change.item for change in about} <= {label, task}
            assert all(change.task or change.item for change in about)
            assert all(change.as_dict().keys() == {"kind", "item", "changed_fields", "actor"} for change in about)
        assert any(change.changed_fields for change in heard.changes())
        assert any(change.actor for change in heard.changes())
        scene.tracker.remove_hook(heard.hook.id)


def test_what_happens_to_a_subtask_names_its_parent_or_is_found_by_its_id(scene: Scene) -> None:
    """So that it reaches the run of its request."""
    with HookTarget() as target:
        heard = Listener(scene, target)
        subtask = scene.one()
        scene.stage.complete(subtask.id)
        heard.until(lambda changes: [c for c in changes if c.kind == "updated" and c.task == subtask.id])
        scene.tracker.remove_hook(heard.hook.id)


def test_only_the_right_signature_of_the_whole_body_is_admitted(scene: Scene) -> None:
    """A changed body, another secret, another signature, none, and a hook without a secret are not."""
    with HookTarget() as target:
        heard = Listener(scene, target)
        scene.stage.file("Signed")
        heard.until(lambda changes: changes)
        call = heard.calls()[-1]
        sent, verify = headers(call), heard.receiver.verify
        assert isinstance(verify(sent, call.body, heard.secret), Delivery)
        signed_by = next(name for name in sent if "signature" in name)
        unsigned = {name: value for name, value in sent.items() if name != signed_by}
        wrong = {signed_by: sent[signed_by][:-1] + ("0" if sent[signed_by][-1] != "0" else "1")}
        for spoiled, body, secret in (
            (sent, call.body + b" ", heard.secret),
            (sent, call.body, "another secret"),
            (sent, call.body, ""),
            (sent, call.body, None),
            (unsigned, call.body, heard.secret),
            ({**sent, **wrong}, call.body, heard.secret),
            ({**sent, signed_by: ""}, call.body, heard.secret),
            ({**sent, signed_by: "é" * 64}, call.body, heard.secret),
        ):
            with pytest.raises(Unverified) as caught:
                verify(spoiled, body, secret)
            assert heard.secret not in str(caught.value)
        scene.tracker.remove_hook(heard.hook.id)


def test_a_delivery_that_comes_twice_has_one_key(scene: Scene) -> None:
    """And another happening has another one."""
    with HookTarget() as target:
        heard = Listener(scene, target)
        scene.stage.simulator.knobs.hook_doubled = 1.0
        first, second = scene.stage.file("First"), scene.stage.file("Second")
        heard.until(lambda changes: {first, second} <= {change.task for change in changes})
        target.wait_for(lambda _: len(heard.tidings()) % 2 == 0)
        keys = [heard.key(call) for call in heard.tidings()]
        assert len(set(keys)) == len(keys) // 2
        scene.tracker.remove_hook(heard.hook.id)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"{}", b"\xff\xfe", b"[" * 100_000, b'{"events": 1}', b'{"issue": []}'],
)
def test_a_body_that_is_not_the_vendors_is_malformed(scene: Scene, body: bytes) -> None:
    """With a reason; never another error."""
    with pytest.raises(Malformed) as caught:
        scene.connector.receiver.parse(body)
    assert len(str(caught.value)) > 10


@pytest.mark.parametrize("junk", [b"null", b"0", b'"x"', b"[1]", b'{"gid": null}', b'{"id": {}}'])
def test_junk_inside_a_body_is_no_crash(scene: Scene, junk: bytes) -> None:
    """Whatever stands in the place of a record: a change without a task, or malformed."""
    with HookTarget() as target:
        heard = Listener(scene, target)
        task = scene.stage.file("Spoiled")
        heard.until(lambda changes: [change for change in changes if change.task == task])
        body = next(call.body for call in heard.calls() if task.encode() in call.body)
        scene.tracker.remove_hook(heard.hook.id)
    for record in (b"issue", b"resource", b"user", b"parent", b"changelog", b"fields"):
        start = body.find(b'"' + record + b'":{')
        spoiled = body[:start] + b'"' + record + b'":' + junk + b"," + body[start:].replace(record, b"other", 1)
        try:
            changes = scene.connector.receiver.parse(spoiled if start >= 0 else body)
        except Malformed:
            continue
        assert all(change.kind for change in changes)
