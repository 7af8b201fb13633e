"""Everything that may be posted to a hook's address: only what is signed gets in, and what gets in is never lost."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from connectors.signing import sign
from service.store import hooks
from service.store.engine import reading, transaction
from service.store.tables import HookRow, Inbox, new_hook_id
from tests.faults.desks import DESKS
from tests.house import House

EVENTS: dict[str, dict[str, Any]] = {
    "jira": {"webhookEvent": "board_created", "board": {"id": 7, "name": "Not ours"}},
    "asana": {"events": [{"action": "grown", "resource": {"gid": "77", "resource_type": "goal"}, "user": None}]},
}
"""Well formed, and about nothing that we know."""


@dataclass
class Caller:
    """Somebody who posts to the hook of one tracker."""

    home: House
    name: str
    hook: HookRow
    secret: str

    @property
    def url(self) -> str:
        """The hook's address."""
        return f"{self.home.url}/hooks/{self.hook.id}"

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """As it is; signed where no headers are given."""
        return httpx.post(self.url, content=body, headers=self.signed(body) if headers is None else headers)

    def signed(self, body: bytes) -> dict[str, str]:
        """As the vendor signs."""
        if self.name == "jira":
            identifier = hashlib.sha256(body).hexdigest()[:16]
            signature = f"sha256={sign(self.secret, body)}"
            return {"X-Hub-Signature": signature, "X-Atlassian-Webhook-Identifier": identifier}
        return {"X-Hook-Signature": sign(self.secret, body)}

    def stored(self, body: bytes) -> list[Inbox]:
        """The deliveries with exactly this body."""
        return [row for row in self.home.deliveries() if (row.hook_id, row.body) == (self.hook.id, body)]

    def settled(self, body: bytes) -> Inbox:
        """Its only delivery, once something became of it."""

        def done() -> list[Inbox]:
            return [row for row in self.stored(body) if row.state != "received"]

        self.home.until(done)
        [row] = self.stored(body)
        return row


@pytest.fixture(params=DESKS)
def caller(request: pytest.FixtureRequest, home: House) -> Iterator[Caller]:
    """Each tracker in turn."""
    with reading(home.runtime.engine) as session:
        [hook] = [row for row in hooks.of_connection(session, request.param) if row.state == "active"]
    secret = hooks.secret_of(hook, home.runtime.vault)
    assert secret
    yield Caller(home, request.param, hook, secret)
    assert httpx.get(f"{home.url}/healthz").status_code == 200


def test_an_unsigned_body_is_refused_and_not_kept(caller: Caller) -> None:
    """Whatever it says."""
    body = b'{"webhookEvent": "jira:issue_created", "events": []}'
    answer = caller.post(body, {})
    assert answer.status_code == 401
    assert caller.secret not in answer.text
    assert caller.stored(body) == []


def test_a_wrongly_signed_body_is_refused_and_not_kept(caller: Caller) -> None:
    """Signed with another secret, signed for another body, or with something that is no signature."""
    body = json.dumps(EVENTS[caller.name]).encode()
    stranger = Caller(caller.home, caller.name, caller.hook, "another secret")
    nonsense = dict.fromkeys(caller.signed(body), "sha256=é")
    for headers in (stranger.signed(body), caller.signed(body + b" "), nonsense):
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = httpx.post(caller.url, content=body, headers=raw)
        assert answer.status_code == 401
    assert caller.stored(body) == []


def test_an_oversized_body_is_refused(caller: Caller) -> None:
    """By what was counted, not by what was said: chunked and without a length, too."""
    body = b"x" * (caller.home.runtime.settings.max_body_kb * 1024 + 1)
    assert caller.post(body).status_code == 413

    def chunks() -> Iterator[bytes]:
        yield from (body[at : at + 65_536] for at in range(0, len(body), 65_536))

    answer = httpx.post(caller.url, content=chunks(), headers=caller.signed(body))
    assert answer.status_code == 413
    assert caller.stored(body) == []


def test_a_body_of_exactly_the_limit_is_taken(caller: Caller) -> None:
    """The limit is what may be sent."""
    body = json.dumps(EVENTS[caller.name]).encode()
    body += b" " * (caller.home.runtime.settings.max_body_kb * 1024 - len(body))
    assert caller.post(body).status_code == 202


def test_a_hook_is_known_to_work_without_a_write_for_each_of_its_calls(caller: Caller) -> None:
    """When it last worked is noted every few seconds, as every write of a burst is waited for."""

    def noted() -> float:
        with reading(caller.home.runtime.engine) as session:
            hook = hooks.get(session, caller.hook.id)
        assert hook
        assert hook.last_delivery_at
        return hook.last_delivery_at.timestamp()

    at = []
    for number in range(10):
        assert caller.post(json.dumps({**EVENTS[caller.name], "call": number}).encode()).status_code == 202
        at.append(noted())
    assert all(later == earlier or later - earlier >= 5 for earlier, later in pairwise(at))


@pytest.mark.parametrize("length", ["-1", "abc", "5", "99999999999999999999"])
def test_a_false_length_does_no_harm(caller: Caller, length: str) -> None:
    """Neither too long, too short, nor no number at all."""
    body = json.dumps({**EVENTS[caller.name], "length": length}).encode()
    address = urlsplit(caller.url)
    head = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {length}"]
    head += [f"{name}: {value}" for name, value in caller.signed(body).items()]
    with socket.create_connection((address.hostname, address.port), timeout=5) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode() + body)
        line.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    assert b" 202 " not in answer.partition(b"\r\n")[0]
    assert b" 500 " not in answer.partition(b"\r\n")[0]
    assert caller.stored(body) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"events": [', "JSON"),
        (b"", "JSON"),
        (b"[1, 2]", "object"),
        (b'"text"', "object"),
        (b'{"events": "\xff\xfe"}', "UTF-8"),
        (b"\x00\x01\x02", "JSON"),
        (b'{"other": 1}', "body has no"),
        (b"[" * 50_000, ""),
    ],
    ids=["cut short", "empty", "a list", "a text", "not UTF-8", "binary", "another vendor's", "nested deeply"],
)
def test_a_signed_body_that_cannot_be_read_is_parked_with_the_reason(caller: Caller, body: bytes, reason: str) -> None:
    """It is the vendor's, so it is kept: answered 202, and a person can look at it and replay it."""
    answer = caller.post(body)
    assert answer.status_code == 202
    row = caller.settled(body)
    assert row.state == "parked"
    assert "the body cannot be read" in (row.reason or "")
    assert reason in (row.reason or "")


def test_an_event_of_an_unknown_kind_is_ignored_with_the_reason(caller: Caller) -> None:
    """Vendors add kinds; none of them is an error."""
    body = json.dumps({**EVENTS[caller.name], "extra": {"deep": [None, {}]}}).encode()
    assert caller.post(body).status_code == 202
    row = caller.settled(body)
    assert (row.state, row.reason) == ("ignored", "nothing to look at (other)")


def test_a_body_about_a_task_that_is_not_there_is_ignored_with_the_reason(caller: Caller) -> None:
    """A hint costs a look, and a forged or stale one no more than that."""
    bodies = {
        "jira": {"webhookEvent": "jira:issue_updated", "issue": {"id": "424242", "key": "MKT-424242"}},
        "asana": {"events": [{"action": "changed", "resource": {"gid": "424242", "resource_type": "task"}}]},
    }
    body = json.dumps(bodies[caller.name]).encode()
    assert caller.post(body).status_code == 202
    row = caller.settled(body)
    assert row.state == "ignored"
    assert "424242 is gone, or our account cannot see it" in (row.reason or "")


@pytest.mark.parametrize("address", ["nobody-was-given-this", "%00", "..%2f..%2fetc", "x" * 3000, "a/b", ""])
def test_an_address_that_was_never_given_out_is_not_found(caller: Caller, address: str) -> None:
    """Signed or not."""
    body = json.dumps(EVENTS[caller.name]).encode()
    answer = httpx.post(f"{caller.home.url}/hooks/{address}", content=body, headers=caller.signed(body))
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_hook_is_only_posted_to(caller: Caller, method: str) -> None:
    """A person who opens the address in a browser changes nothing."""
    assert httpx.request(method, caller.url).status_code == 405


def test_a_delivery_that_is_sent_again_is_handled_once(caller: Caller) -> None:
    """The second is answered 200, so that the vendor stops; nothing is done twice."""
    body = json.dumps({**EVENTS[caller.name], "number": caller.name}).encode()
    first, *again = [caller.post(body) for _ in range(4)]
    assert (first.status_code, first.text) == (202, "stored")
    assert {(answer.status_code, answer.text) for answer in again} == {(200, "duplicate")}
    caller.settled(body)


@pytest.mark.parametrize("state", ["never connected", "connected"])
def test_a_stranger_cannot_shake_hands(caller: Caller, state: str) -> None:
    """Else anybody could give the hook a secret of their own; the true one goes on working."""
    address = caller.url if state == "connected" else f"{caller.home.url}/hooks/{new_hook_id()}"
    answer = httpx.post(address, content=b"{}", headers={"X-Hook-Secret": "of a stranger"})
    assert answer.status_code == (401 if state == "connected" else 404)
    assert "X-Hook-Secret" not in answer.headers
    body = json.dumps({**EVENTS[caller.name], "after": state}).encode()
    forged = Caller(caller.home, caller.name, caller.hook, "of a stranger")
    assert caller.post(body, forged.signed(body)).status_code == 401
    assert caller.post(body).status_code == 202


def test_a_hook_without_a_secret_is_closed(caller: Caller) -> None:
    """Until its secret is known nothing can be verified, so nothing gets in."""
    with transaction(caller.home.runtime.engine) as session:
        row = HookRow(connection=caller.name, target="", state="active")
        hook_id = row.id
        hooks.intend(session, row, caller.home.runtime.vault, None)
    try:
        body = json.dumps(EVENTS[caller.name]).encode()
        for secret in ("", "guess"):
            forged = Caller(caller.home, caller.name, HookRow(id=hook_id, connection="", target=""), secret)
            assert forged.post(body).status_code == 401
    finally:
        with transaction(caller.home.runtime.engine) as session:
            session.delete(session.get(HookRow, hook_id))


def test_a_request_that_is_told_of_many_times_starts_one_campaign(home: House) -> None:
    """Doubled, late and out of order."""
    home.jira.knobs.hook_doubled = home.jira.knobs.hook_reordered = 1.0
    home.asana.knobs.hook_doubled = 1.0
    try:
        key = home.jira.file_request("List Import", "Often told")
        gid = home.asana.file_request("Often told", section="List imports")
        home.jira.edit(key, {"summary": "Often told, indeed"})
        home.running(key)
        home.running(gid)
    finally:
        home.jira.knobs.hook_doubled = home.jira.knobs.hook_reordered = home.asana.knobs.hook_doubled = 0.0
    home.quiet()
    assert len({child.summary for child in home.jira.children(key)}) == len(home.jira.children(key)) > 2
    assert len({child["name"] for child in home.asana.subtasks(gid)}) == len(home.asana.subtasks(gid)) > 2
