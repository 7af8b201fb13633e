"""Disconnecting ends our hooks, says what is left to do by hand, and can be repeated."""

from __future__ import annotations

import pytest

from connectors.contract import Hook, HookId
from connectors.errors import AccessDenied
from service.connect import base_of, connect
from service.disconnect import disconnect
from service.store import hooks
from service.store.engine import reading, transaction
from tests.desk import Desk


@pytest.fixture
def connected(desk: Desk) -> Desk:
    """Both projects have their hooks."""
    assert all(made.ok for made in connect(desk.runtime, "memory"))
    return desk


def left(desk: Desk) -> list[str | None]:
    """Projects whose hooks we still know."""
    with reading(desk.runtime.engine) as session:
        return sorted(row.project or "" for row in hooks.of_connection(session, "memory"))


def told(desk: Desk) -> list[tuple[str, bool]]:
    """What disconnecting says, and whether it is done."""
    return [(f"{result.project}: {result.sentence}", result.ok) for result in disconnect(desk.runtime, "memory")]


def test_every_hook_is_removed_and_the_second_time_none_is_left(connected: Desk) -> None:
    """At the vendor and with us; the ledger keeps who did it."""
    assert told(connected) == [("P: hook removed", True), ("Q: hook removed", True)]
    assert connected.tracker.hooks() == []
    assert left(connected) == []
    assert len(connected.latest("hook")) == 2
    assert told(connected) == []


def test_connecting_again_makes_them_again(connected: Desk) -> None:
    """Nothing stands in the way of coming back."""
    told(connected)
    assert [made.sentence for made in connect(connected.runtime, "memory")] == ["hook made", "hook made"]
    assert left(connected) == ["P", "Q"]


def test_a_hook_that_is_gone_at_the_vendor_is_no_trouble(connected: Desk) -> None:
    """It is only forgotten."""
    connected.tracker.subscribed.clear()
    assert told(connected) == [("P: hook was gone already", True), ("Q: hook was gone already", True)]
    assert left(connected) == []


def test_hooks_of_an_earlier_installation_go_too_and_those_of_others_stay(desk: Desk) -> None:
    """Ours are known by their address."""
    ours, theirs = f"{base_of(desk.runtime)}long-ago", "https://elsewhere.example.com/hook"
    for name, target in (("1", ours), ("2", theirs)):
        desk.tracker.subscribed[HookId(name)] = Hook(id=HookId(name), target=target, projects=("P",))
    assert told(desk) == [("P: removed a stale hook of an earlier installation", True)]
    assert [hook.target for hook in desk.tracker.hooks()] == [theirs]


def test_a_hook_that_was_entered_by_hand_is_not_answered_any_more_and_its_address_is_told(connected: Desk) -> None:
    """Only a person can remove it, and finds it by its address."""
    connected.tracker.subscribed.clear()
    with transaction(connected.runtime.engine) as session:
        [row, _] = hooks.of_connection(session, "memory")
        row.vendor_id = None
        session.add(row)
    sentence, ok = told(connected)[0]
    assert ok
    assert row.target in sentence
    assert left(connected) == []


def test_a_hook_that_the_vendor_does_not_let_us_remove_is_kept_for_the_next_time(
    connected: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the vendor's words; the others go."""
    real, refused = connected.tracker.remove_hook, connected.tracker.hooks()[0].id

    def remove(hook: HookId) -> None:
        if hook == refused:
            raise AccessDenied("you shall not", status=403)
        real(hook)

    with monkeypatch.context() as patched:
        patched.setattr(connected.tracker, "remove_hook", remove)
        assert told(connected) == [("P: hook could not be removed: you shall not", False), ("Q: hook removed", True)]
    assert left(connected) == ["P"]
    assert told(connected) == [("P: hook removed", True)]
