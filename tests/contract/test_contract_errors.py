"""Errors: one class per remedy, with the vendor's words and without our secrets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from connectors.contract import Mark, Patch, Status, Task, Tracker
from connectors.errors import (
    AccessDenied,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TrackerError,
    Unreachable,
)
from connectors.line import request_id
from tests.contract.scene import CAMPAIGN, Scene

CLASSES: dict[int, type[TrackerError]] = {
    400: Rejected,
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    409: Rejected,
    410: NotFound,
    429: RateLimited,
    500: OutcomeUnknown,
    502: OutcomeUnknown,
    503: OutcomeUnknown,
    504: OutcomeUnknown,
}
CALLS: dict[str, Callable[[Tracker, Task], object]] = {
    "a read": lambda tracker, _: tracker.whoami(),
    "an edit": lambda tracker, task: tracker.update(task.id, Patch(title="Other")),
    "a comment": lambda tracker, task: tracker.comment(task.id, Mark(CAMPAIGN, "plan"), "Hello"),
    "a list": lambda tracker, _: tracker.hooks(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("status", CLASSES)
def test_a_status_becomes_the_error_of_its_remedy(
    scene: Scene, status: int, call: Callable[[Tracker, Task], object]
) -> None:
    """It tells the status, keeps the vendor's words, and carries our request id."""
    task = scene.request()
    scene.strike(times=None, error_before=1.0, error_status=status)
    token = request_id.set("case-17")
    try:
        error = scene.refuses(CLASSES[status], lambda: call(scene.tracker, task))
    finally:
        request_id.reset(token)
    assert type(error) is CLASSES[status]
    assert (error.status, error.request_id) == (status, "case-17")
    assert scene.quotes(error, status)
    assert scene.stage.simulator.log[-1].headers["x-request-id"] == "case-17"


@pytest.mark.parametrize("status", [status for status, kind in CLASSES.items() if issubclass(kind, Rejected)])
def test_what_was_refused_is_not_asked_again(scene: Scene, status: int) -> None:
    """A person must change something first."""
    scene.strike(times=None, error_before=1.0, error_status=status)
    before = len(scene.stage.simulator.log)
    scene.refuses(Rejected, scene.tracker.whoami)
    assert len(scene.stage.simulator.log) - before == 1


@pytest.mark.parametrize("knob", ["error_before", "cut_before", "garbage", "rate_limited"])
def test_what_passes_is_tried_again_and_at_last_told(scene: Scene, knob: str) -> None:
    """A few times; then the durable engine takes over."""
    task = scene.request()
    fault: dict[str, Any] = {knob: 1.0, "retry_after": None}
    scene.strike(times=None, **fault)
    before = len(scene.stage.simulator.log)
    kind = RateLimited if knob == "rate_limited" else OutcomeUnknown
    scene.refuses(kind, lambda: scene.tracker.set_status(task, Status.DONE))
    assert 3 <= len(scene.stage.simulator.log) - before <= 20


def test_how_long_to_wait_is_told(scene: Scene) -> None:
    """In seconds, fractions too; longer than our patience, it is handed on at once."""
    scene.strike(times=None, rate_limited=1.0, retry_after=120.5)
    error = scene.refuses(RateLimited, scene.open({}).whoami)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 120.5


def test_wrong_credentials_are_refused_and_not_told(own_site: Scene) -> None:
    """Neither in the error nor in the log, of which every test here takes care."""
    secret = "sim-token-of-somebody-else"
    stranger = own_site.open({"token": secret})
    error = own_site.refuses(AccessDenied, stranger.whoami)
    assert error.status == 401
    task = own_site.request()
    for call in CALLS.values():
        assert secret not in repr(own_site.refuses(AccessDenied, partial(call, stranger, task)))
    own_site.refuses(AccessDenied, lambda: stranger.read([task.id]))
    own_site.refuses(AccessDenied, lambda: stranger.find_task(task.label))
    own_site.refuses(AccessDenied, lambda: stranger.find_account(own_site.stage.colleague, own_site.stage.project))
    assert secret not in repr(
        own_site.connector.settings.model_validate({**own_site.stage.settings(), "token": secret})
    )


def test_a_site_that_does_not_answer_is_unreachable(own_site: Scene) -> None:
    """Nothing was sent, so it may be repeated at will."""
    task = own_site.request()
    own_site.stage.simulator.stop()
    for call in (own_site.tracker.whoami, lambda: own_site.tracker.update(task.id, Patch(title="Other"))):
        own_site.refuses(Unreachable, call)
