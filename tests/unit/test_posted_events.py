"""Events that are posted: who may, what is refused and why, and that nothing is stored twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from service.config_file import ConfigError
from service.core.event import Event
from service.store import events
from service.store.engine import reading, transaction
from tests.posting import SECRET, Post, event, post_office, served

CREATED = event("lead.created", "2026-11-23T09:00:00.123-05:00", source="campaign", score=7, icp=True, tags=["a", "b"])


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """One that a CRM may post to."""
    with post_office(tmp_path, monkeypatch) as found:
        yield found


def stored(post: Post, kind: str = "lead.created") -> list[Event]:
    """What the database has."""
    with reading(post.runtime.engine) as session:
        return events.between(session, [kind], None, post.now + timedelta(days=1))


def test_an_event_is_stored_with_its_milliseconds(post: Post) -> None:
    """202, and everything it said is there; the instant is the same one in UTC."""
    answer = post.send(CREATED)
    assert (answer.status_code, answer.json()) == (202, {"stored": 1, "already_here": 0})
    [found] = stored(post)
    assert found.at == datetime.fromisoformat("2026-11-23T14:00:00.123+00:00")
    assert (found.id, found.subject) == (f"crm:{CREATED['id']}", "lead-1")
    assert found.data == {"source": "campaign", "score": 7, "icp": True, "tags": ["a", "b"]}


def test_an_event_is_stored_once_however_often_it_is_sent(post: Post) -> None:
    """Twice in a body, again in another body, and together with a new one."""
    assert post.send(CREATED, CREATED).json() == {"stored": 1, "already_here": 1}
    again = post.send(CREATED)
    assert (again.status_code, again.json()) == (200, {"stored": 0, "already_here": 1})
    other = event("lead.created", "2026-11-23T09:00:00Z", "lead-2")
    assert post.send(CREATED, other).json() == {"stored": 1, "already_here": 1}


def test_one_event_needs_no_list(post: Post) -> None:
    """The object itself is a body too."""
    assert post.raw(json.dumps(CREATED).encode()).json() == {"stored": 1, "already_here": 0}


def test_a_thousand_events_fit_into_a_body_and_no_more(post: Post) -> None:
    """The answer to one too many names the limit, and nothing of it is stored."""
    many = [event("lead.created", "2026-11-23T09:00:00Z", f"lead-{number}") for number in range(1001)]
    assert post.send(*many).json()["problems"][0]["problem"] == "a body holds 1 to 1000 events, not 1001"
    assert stored(post) == []
    assert post.send(*many[:1000]).json() == {"stored": 1000, "already_here": 0}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"at": "2026-11-23T09:00:00"}, "at", "has no time zone"),
    ({"at": "2026-11-23T15:06:00Z"}, "at", "lies in the future; it is 2026-11-23T15:00Z"),
    ({"at": "23.11.2026 09:00"}, "at", "is no instant"),
    ({"at": 1795424400}, "at", "should be text such as"),
    ({"at": "1999-12-31T23:59:59Z"}, "at", "lies before the year 2000"),
    ({"type": "created"}, "type", "is not the name of an event"),
    ({"type": "Lead.Created"}, "type", "is not the name of an event"),
    ({"subjekt": "lead-1"}, "subjekt", "is not a field of an event: those are id, type, at, subject and data"),
    ({"subject": ""}, "subject", "at least 1 character"),
    ({"subject": " lead-1"}, "subject", "without spaces at its ends"),
    ({"id": 17}, "id", "should be a valid string"),
    ({"id": "x" * 201}, "id", "at most 200 characters"),
    ({"data": {"person": {"name": "Ann"}}}, "data.person", "should be text, a number"),
    ({"data": {"note": "a\u0000b"}}, "data.note", "a character that no text may hold"),
    ({"data": {"note": "\ud800"}}, "data.note", "a character that no text may hold"),
    ({"data": {"size": 2**60}}, "data.size", "at most 9007199254740992"),
    ({"data": {"size": 1e300}}, "data.size", "at most 9007199254740992"),
    ({"data": {"a b": 1}}, "data.a b", "should match"),
    ({"data": [1]}, "data", "should be a valid dictionary"),
]


@pytest.mark.parametrize(("wrong", "field", "said"), WRONG, ids=[f"{row[1]}: {row[2][:30]}" for row in WRONG])
def test_a_wrong_event_is_named_and_nothing_of_its_body_is_stored(
    post: Post, wrong: dict[str, Any], field: str, said: str
) -> None:
    """422 with the place of the event in the body, its field, and what is wrong."""
    good = event("lead.created", "2026-11-23T09:00:00Z", "lead-2")
    answer = post.send(good, CREATED | wrong)
    assert answer.status_code == 422
    told = answer.json()["problems"]
    assert {problem["item"] for problem in told} == {1}
    assert any(problem["field"].startswith(field) and said in problem["problem"] for problem in told), told
    assert stored(post) == []


UNREADABLE = [
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b'{"events": []}',
    b'{"events": {}}',
    b'{"events": [], "more": 1}',
    b'{"events": [NaN]}',
    b"[" * 100_000,
    b'{"id": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("body", UNREADABLE, ids=[repr(body[:25]) for body in UNREADABLE])
def test_a_body_that_is_no_list_of_events_is_refused(post: Post, body: bytes) -> None:
    """422 in words, whatever it is; never an internal error."""
    answer = post.raw(body)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["item"] is None


def test_a_number_beyond_every_number_is_refused(post: Post) -> None:
    """JSON readers take 1e999 for an infinity, which PostgreSQL would not store."""
    answer = post.raw(json.dumps(CREATED | {"data": {"size": 0}}).replace('"size": 0', '"size": 1e999').encode())
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "data.size")
    assert stored(post) == []


def test_a_body_over_the_limit_is_not_read_to_its_end(post: Post) -> None:
    """413, as for hooks."""
    assert post.raw(b" " * (1024 * 1024 + 1)).status_code == 413


SIGNED_WRONG: list[dict[str, str]] = [
    {"secret": "another secret of the same length"},
    {"source": "chat"},
    {"source": ""},
    {"timestamp": "1795445999"},  # 301 seconds ago
    {"timestamp": "1795446601"},  # 301 seconds ahead
    {"timestamp": "soon"},
    {"timestamp": ""},
    {"timestamp": "9" * 400},
    {"Tminus-Signature": "sha256="},
    {"Tminus-Signature": ""},
]


@pytest.mark.parametrize("headers", SIGNED_WRONG, ids=[str(row)[:50] for row in SIGNED_WRONG])
def test_what_is_not_signed_by_a_source_is_refused(post: Post, headers: dict[str, str]) -> None:
    """401 for a wrong secret, source, signature or time; nothing is stored, and no name is given away."""
    post.at("2026-11-23T15:05:00Z")
    answer = post.raw(json.dumps(CREATED).encode(), **headers)
    assert answer.status_code == 401
    assert "crm" not in answer.text
    assert stored(post) == []


def test_a_signature_holds_for_its_own_body_only(post: Post) -> None:
    """A body that somebody changed on the way is refused."""
    sent = post.raw(json.dumps(CREATED).encode()).request
    changed = sent.content.replace(b"lead-1", b"lead-9")
    assert post.call("POST", "/api/events", changed, dict(sent.headers)).status_code == 401


def test_nobody_may_post_until_a_source_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """403, with where to read on; even with a signature made of nothing."""
    with post_office(tmp_path, monkeypatch, sources="{}") as closed:
        answer = closed.raw(json.dumps(CREATED).encode(), secret="")
    assert answer.status_code == 403
    assert "docs/how-to/send-events.md" in answer.text


def test_a_secret_can_be_changed_while_senders_still_use_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two secrets with a comma between them are both good."""
    new = "fedcba9876543210fedcba9876543210"
    with post_office(tmp_path, monkeypatch, secret=f"{new},{SECRET}") as both:
        assert both.send(CREATED).status_code == 202
        assert both.raw(json.dumps(CREATED).encode(), secret=new).status_code == 200
        assert both.raw(json.dumps(CREATED).encode(), secret=f"{new},{SECRET}").status_code == 401


def test_two_sources_may_use_the_same_names(store_engine: sa.Engine) -> None:
    """An id is its source's own; the same on every database, in the order of time when read back."""
    instant = datetime.fromisoformat("2026-11-23T14:00:00.123456+00:00")
    told = [Event("1", "lead.created", instant, "lead-1", {"a": [1, None]}), Event("1", "lead.created", instant, "x")]
    with transaction(store_engine) as session:
        assert events.add(session, "crm", told, instant) == 1
        assert events.add(session, "chat", told[:1], instant) == 1
        assert events.add(session, "crm", told, instant) == 0
    with reading(store_engine) as session:
        found = events.between(session, ["lead.created"], instant, instant)
        assert [replace(one, id="1") for one in found] == [told[0], told[0]]
        assert {one.id for one in found} == {"crm:1", "chat:1"}
        assert events.between(session, ["lead.touched"], None, instant) == []
        assert events.about(session, ["lead-1"], instant - timedelta(seconds=1)) == []
        assert len(events.of_those_with(session, ["lead.created"], instant, instant)) == 2


def test_the_example_of_the_how_to_works_as_it_stands(post: Post) -> None:
    """Its shell lines, run against a real port, are answered as the page says."""
    if not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not here")
    page = (Path(__file__).parents[2] / "docs/how-to/send-events.md").read_text()
    [example] = re.findall(r"^```sh\n(TMINUS_URL=.*?)^```", page, re.MULTILINE | re.DOTALL)
    with served(post.app) as url:
        post.clock[0] = datetime.now(UTC)
        variables = {**os.environ, "TMINUS_URL": url, "CRM_EVENTS_SECRET": SECRET}
        ran = subprocess.run(
            ["sh", "-c", example], env=variables, capture_output=True, text=True, timeout=30, check=False
        )
    assert (ran.stdout, ran.stderr) == ('{"stored":1,"already_here":0}', "")
    assert [found.subject for found in stored(post)] == ["lead-17"]


SETTINGS_WRONG = [
    ("{crm: 0123456789abcdef0123456789abcdef}", "`event_sources.crm` is a secret and must not stand in the file"),
    ("{tminus: '${CRM_EVENTS_SECRET}'}", "`event_sources.tminus` is our own name"),
    ("{crm: '${SHORT}'}", "should have 16 characters or more"),
]


@pytest.mark.parametrize(("sources", "said"), SETTINGS_WRONG)
def test_a_source_that_proves_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: str, said: str
) -> None:
    """A secret in the file, our own name, or a secret that can be guessed."""
    monkeypatch.setenv("SHORT", "hush")
    with pytest.raises(ConfigError, match=re.escape(said)), post_office(tmp_path, monkeypatch, sources=sources):
        pass
