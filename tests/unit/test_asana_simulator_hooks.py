"""The Asana simulator's webhooks, events stream and limits."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.asana.simulator import AsanaSimulator
from connectors.asana.simulator.limits import Limits, weigh
from tests.hook_target import Delivery, HookTarget

Json = dict[str, Any]
TASK_EVENTS = [{"resource_type": "task"}]


@pytest.fixture
def sim() -> Iterator[AsanaSimulator]:
    """A fresh one for each test, quick to deliver and to repeat."""
    running = AsanaSimulator()
    running.knobs.collect = running.knobs.hook_retry_seconds = 0.01
    with running:
        yield running


@pytest.fixture
def target() -> Iterator[HookTarget]:
    """Takes the webhooks."""
    with HookTarget() as taking:
        yield taking


@pytest.fixture
def api(sim: AsanaSimulator) -> Iterator[httpx.Client]:
    """With the personal access token."""
    with httpx.Client(base_url=sim.api, headers={"Authorization": f"Bearer {sim.token}"}) as http:
        yield http


def subscribe(api: httpx.Client, resource: str, target: HookTarget, filters: Any = None) -> httpx.Response:
    """Create a webhook."""
    data = {"resource": resource, "target": target.url} | ({"filters": filters} if filters else {})
    return api.post("/webhooks", json={"data": data})


def events(deliveries: list[Delivery]) -> list[Json]:
    """All events that were delivered, in order."""
    return [event for one in deliveries for event in json.loads(one.body).get("events", [])]


def told(target: HookTarget, count: int) -> list[Json]:
    """The events, as soon as there are so many."""
    return events(target.wait_for(lambda got: len(events(got)) >= count))


def brief(event: Json) -> tuple[str, str, str]:
    """What happened to what, and where or in which field."""
    where = (event["parent"] or {}).get("resource_type") or event.get("change", {}).get("field", "")
    return event["action"], event["resource"]["resource_type"], where


def test_the_handshake_happens_while_the_create_is_open(
    sim: AsanaSimulator, api: httpx.Client, target: HookTarget
) -> None:
    """The target is asked with a secret, may itself use the API meanwhile, and the 201 carries the same secret."""
    statuses = []
    with httpx.Client(base_url=sim.api, headers=api.headers) as other:
        target.before_answer = lambda _: statuses.append(other.get("/users/me").status_code)
        answer = subscribe(api, sim.project, target)
        target.before_answer = lambda _: None
        assert answer.status_code == 201
        asked, heartbeat = target.wait_for(lambda got: len(got) == 2)
    assert statuses[0] == 200
    assert asked.body == b"{}"
    assert asked.headers["X-Hook-Secret"] == answer.json()["X-Hook-Secret"]
    assert answer.json()["data"]["active"] is False
    assert heartbeat.body == b'{"events":[]}'
    assert "X-Hook-Secret" not in heartbeat.headers


@pytest.mark.parametrize(("status", "echoes"), [(200, False), (401, True), (500, True)])
def test_a_failed_handshake_leaves_no_webhook(
    sim: AsanaSimulator, api: httpx.Client, target: HookTarget, status: int, echoes: bool
) -> None:
    """Without 200 or 204 and the echoed secret the create is 400."""
    target.status, target.echoes = status, echoes
    assert subscribe(api, sim.project, target).status_code == 400
    assert api.get("/webhooks", params={"workspace": sim.workspace}).json()["data"] == []


@pytest.mark.parametrize(
    ("resource", "filters", "words"),
    [
        ("workspace", None, "must have filters"),
        ("workspace", TASK_EVENTS, "no events of tasks"),
        ("workspace", [{"resource_type": "project", "action": "changed", "fields": ["name"]}], "takes no fields"),
        ("project", [{"resource_type": "task", "fields": ["name"]}], "only valid for the action"),
        ("project", [{"action": "changed"}], "resource_type: Missing input"),
        ("project", [{"resource_type": "task", "action": "moved"}], "action: Value is not one of"),
    ],
)
def test_wrong_filters_are_refused(
    sim: AsanaSimulator, api: httpx.Client, target: HookTarget, resource: str, filters: Any, words: str
) -> None:
    """Webhooks on a workspace must have filters, and fields go with changes only."""
    answer = subscribe(api, getattr(sim, resource), target, filters)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["message"]
    assert target.got == []


def test_the_same_resource_and_target_is_refused(sim: AsanaSimulator, api: httpx.Client, target: HookTarget) -> None:
    """A second webhook like the first is 403, until the first is deleted."""
    gid = subscribe(api, sim.project, target).json()["data"]["gid"]
    answer = subscribe(api, sim.project, target)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["message"].startswith("Duplicated webhook")
    assert api.delete(f"/webhooks/{gid}").status_code == 200
    assert subscribe(api, sim.project, target).status_code == 201


def test_events_are_signed_gathered_and_rise_to_the_project(
    sim: AsanaSimulator, api: httpx.Client, target: HookTarget
) -> None:
    """A project's webhook hears of tasks, their subtasks and comments, signed with the secret."""
    sim.knobs.collect = 0.05
    secret = subscribe(api, sim.project, target).json()["X-Hook-Secret"]
    gid = sim.file_request("Webinar")
    child = api.post(f"/tasks/{gid}/subtasks", json={"data": {"name": "s"}}).json()["data"]["gid"]
    sim.comment(child, "Hello")
    sim.edit(child, {"due_on": "2026-12-01"})
    sim.delete(gid)
    happened = told(target, 8)
    assert [brief(event) for event in happened] == [
        ("added", "task", "project"),
        ("added", "task", "section"),
        ("added", "task", "task"),
        ("added", "story", "task"),
        ("changed", "task", "due_on"),
        ("added", "story", "task"),
        ("deleted", "task", ""),
        ("deleted", "task", ""),
    ]
    assert happened[0]["user"]["gid"] == sim.users["rita.requester@example.com"]
    assert len(target.got) < 8
    for delivery in target.got[1:]:
        expected = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        assert delivery.headers["X-Hook-Signature"] == expected


def test_filters_choose_what_is_delivered(sim: AsanaSimulator, api: httpx.Client, target: HookTarget) -> None:
    """One filter that matches is enough; `fields` narrows changes; replaced filters count from then on."""
    filters = [
        {"resource_type": "task", "action": "changed", "fields": ["completed"]},
        {"resource_type": "story", "resource_subtype": "comment_added"},
    ]
    hook = subscribe(api, sim.project, target, filters).json()["data"]["gid"]
    gid = sim.file_request("Webinar")
    sim.edit(gid, {"name": "Renamed"})
    sim.complete(gid)
    sim.comment(gid, "Done")
    assert [brief(event) for event in told(target, 2)] == [("changed", "task", "completed"), ("added", "story", "task")]
    api.put(f"/webhooks/{hook}", json={"data": {"filters": [{"resource_type": "task", "action": "deleted"}]}})
    sim.comment(gid, "Really")
    sim.delete(gid)
    assert [brief(event) for event in told(target, 3)[2:]] == [("deleted", "task", "")]


def test_a_failing_target_is_tried_again_and_shows_in_the_health(
    sim: AsanaSimulator, api: httpx.Client, target: HookTarget
) -> None:
    """Anything but 2xx is a failure, is repeated, and counted until a delivery succeeds."""
    hook = subscribe(api, sim.project, target).json()["data"]["gid"]
    target.wait_for(lambda got: len(got) == 2)
    target.status = 404
    sim.file_request("Webinar")
    target.wait_for(lambda got: len(got) >= 5)
    health = api.get(f"/webhooks/{hook}").json()["data"]
    assert health["delivery_retry_count"] >= 2
    assert health["last_failure_content"].startswith("404")
    assert health["failure_deletion_timestamp"] > health["last_failure_at"]
    target.status = 200
    seen = len(target.got)
    target.wait_for(lambda got: len(got) > seen)
    sim.heartbeat()
    target.wait_for(lambda got: got[-1].body == b'{"events":[]}')
    health = api.get(f"/webhooks/{hook}").json()["data"]
    assert health["delivery_retry_count"] == 0
    assert "next_attempt_after" not in health


def test_a_webhook_that_fails_for_a_day_is_deleted(sim: AsanaSimulator, api: httpx.Client, target: HookTarget) -> None:
    """After `delete_failing_after` seconds of failure it is 404, as if somebody had deleted it."""
    hook = subscribe(api, sim.project, target).json()["data"]["gid"]
    target.wait_for(lambda got: len(got) == 2)
    target.status = 500
    sim.file_request("Webinar")
    target.wait_for(lambda got: len(got) >= 4)
    assert api.get(f"/webhooks/{hook}").status_code == 200
    sim.clock.offset += timedelta(days=1)
    statuses = (api.get(f"/webhooks/{hook}").status_code for _ in range(2_000))
    assert next((status for status in statuses if status != 200), 200) == 404


def test_the_stream_gives_what_happened_since_a_token(sim: AsanaSimulator, api: httpx.Client) -> None:
    """412 gives the first token, then pages of 100; a token of another resource is 412 again."""
    query = {"resource": sim.project}
    first = api.get("/events", params=query)
    assert first.status_code == 412
    assert first.json()["errors"][0]["message"].startswith("Sync token invalid or too old")
    gid = sim.file_request("Webinar")
    for number in range(100):
        sim.comment(gid, str(number))
    page = api.get("/events", params=query | {"sync": first.json()["sync"]}).json()
    assert (len(page["data"]), page["has_more"]) == (100, True)
    assert page["data"][0]["resource"]["name"] == "Webinar"
    rest = api.get("/events", params=query | {"sync": page["sync"]}).json()
    assert (len(rest["data"]), rest["has_more"]) == (2, False)
    assert api.get("/events", params=query | {"sync": rest["sync"]}).json()["data"] == []
    assert api.get("/events", params={"resource": gid, "sync": rest["sync"]}).status_code == 412


def test_the_rate_is_limited_honestly() -> None:
    """The call beyond the minute's number is told whole seconds after which it would have fitted."""
    limits = Limits()
    for _ in range(3):
        assert limits.start("GET", "/api/1.0/users/me", b"", 3) is None
        limits.end("GET", "/api/1.0/users/me", b"")
    wait = limits.start("GET", "/api/1.0/users/me", b"", 3)
    assert wait is not None
    assert 59 <= wait <= 60
    assert wait == int(wait)


def test_calls_in_flight_are_limited() -> None:
    """50 reads and 15 writes at once; a batch counts its actions and is refused whole; an end makes room."""
    limits = Limits()
    create = b'{"data": {"actions": ' + json.dumps([{"method": "post"}] * 10).encode() + b"}}"
    batch = ("POST", "/api/1.0/batch", create)
    assert weigh(*batch) == (0, 10)
    assert limits.start(*batch, 1_500) is None
    assert limits.start(*batch, 1_500) == 1.0
    limits.end(*batch)
    assert limits.start(*batch, 1_500) is None
    reads = [limits.start("GET", f"/api/1.0/tasks/{n}", b"", 1_500) for n in range(51)]
    assert reads == [None] * 50 + [1.0]
    limits.end("GET", "/api/1.0/tasks/50", b"")
    assert limits.start("GET", "/api/1.0/tasks/51", b"", 1_500) == 1.0


def test_limits_are_enforced_over_http(sim: AsanaSimulator, api: httpx.Client) -> None:
    """With the knob on, the sixteenth write at once is 429 with Retry-After, and nothing of it is done."""
    sim.knobs.enforce_limits, sim.knobs.latency = True, 1.0
    gid, answers = sim.file_request("Webinar"), []

    def write() -> None:
        answers.append(api.post(f"/tasks/{gid}/subtasks", json={"data": {"name": "s"}}))

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert len(sim.subtasks(gid)) == len(answers) - len(refused) >= 15
