"""One webhook for all projects, between the connector and the simulator, held against Jira's OpenAPI file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.contract import Delivery, HookId
from connectors.errors import OutcomeUnknown, Rejected, Unverified
from connectors.jira.receive import JiraReceiver
from connectors.jira.settings import JiraSettings
from connectors.jira.sign_in import SCOPES
from connectors.jira.simulator import JiraSimulator
from connectors.jira.simulator.dynamic_routes import dynamic_resources
from connectors.jira.simulator.gateway import GATEWAY, scopes
from connectors.jira.simulator.issue_routes import ISSUE_RESOURCES
from connectors.jira.simulator.site_routes import SITE_RESOURCES
from connectors.jira.tracker import JiraTracker
from connectors.simulating import Seen
from service.store.engine import make_engine
from service.store.secrets import Vault, new_key
from service.tokens import StoredTokens
from tests.hook_target import Delivery as Call
from tests.hook_target import HookTarget
from tests.signed_in import agree, tokens_of
from tests.wire.jira_site import CONTRADICTED, DOCUMENT, new, spec

TARGET = "http://127.0.0.1:9/hooks/one"


@dataclass
class SignedIn:
    """A site, and a tracker that is signed in there."""

    sim: JiraSimulator
    tokens: StoredTokens
    tracker: JiraTracker
    settings: JiraSettings

    def calls(self) -> list[Seen]:
        """As the site itself has them, behind the gateway."""
        return [replace(seen, path=seen.path.removeprefix(GATEWAY)) for seen in self.sim.log if GATEWAY in seen.path]

    def webhooks(self) -> list[dict[str, Any]]:
        """As the site has them."""
        return [dict(shown) for shown in self.sim.dynamic.list()]


@pytest.fixture
def site(sqlite_url: str) -> Iterator[SignedIn]:
    """At the end every call must be as documented, where the document is at hand."""
    engine: sa.Engine = make_engine(sqlite_url)
    with JiraSimulator() as sim:
        tokens = tokens_of(sim, engine, Vault([new_key()]))
        agree(sim, tokens)
        settings = JiraSettings.model_validate(sim.signed_in_connection() | {"projects": ("MKT", "WEB")})
        found = SignedIn(sim, tokens, JiraTracker(settings, tokens=tokens), settings)
        yield found
        if DOCUMENT.is_file():
            problems = {problem for call in found.calls() for problem in spec().check(call)} - CONTRADICTED
            assert sorted(problems) == []
    engine.dispose()


def test_one_hook_tells_of_all_projects(site: SignedIn) -> None:
    """It is found again with its projects and its end, and its secret is the app's."""
    assert site.tracker.one_hook
    made = site.tracker.add_hook(["MKT", "WEB"], TARGET, "not used")
    [listed] = site.tracker.hooks()
    assert (listed.id, listed.target, listed.projects) == (made.id, TARGET, ("MKT", "WEB"))
    assert made.secret == listed.secret == site.sim.desk.client_secret
    assert listed.expires_at
    assert timedelta(days=29) < listed.expires_at - datetime.now(UTC) < timedelta(days=31)


def test_adding_it_again_leaves_it_as_it_is(site: SignedIn) -> None:
    """In whatever order the projects are named; other projects make it another one at the same address."""
    first = site.tracker.add_hook(["MKT", "WEB"], TARGET, "")
    assert site.tracker.add_hook(["WEB", "MKT"], TARGET, "").id == first.id
    second = site.tracker.add_hook(["MKT"], TARGET, "")
    [listed] = site.tracker.hooks()
    assert (listed.id, listed.projects) == (second.id, ("MKT",))


@pytest.mark.parametrize("fault", ["cut_after", "error_after", "cut_before", "error_before", "garbage"])
def test_a_lost_reply_leaves_one(site: SignedIn, fault: str) -> None:
    """It is looked for before it is made again."""
    setattr(site.sim.knobs, fault, 1.0)
    site.sim.knobs.only, site.sim.knobs.strikes = "POST", 1
    made = site.tracker.add_hook(["MKT"], TARGET, "")
    assert [shown["id"] for shown in site.webhooks()] == [int(made.id)]
    site.sim.log[:] = [call for call in site.sim.log if call.answer != b"<html>upstream</html>"]


def test_it_is_renewed_and_removed(site: SignedIn) -> None:
    """Thirty days from then; what is gone or never was is no error."""
    made = site.tracker.add_hook(["MKT"], TARGET, "")
    site.sim.clock.offset += timedelta(days=20)
    site.sim.desk.expire()
    site.tracker.renew_hook(made.id)
    [listed] = site.tracker.hooks()
    assert listed.expires_at
    assert listed.expires_at - site.sim.clock.now() > timedelta(days=29)
    site.sim.clock.offset += timedelta(days=31)
    site.sim.desk.expire()
    assert site.tracker.hooks() == []
    site.tracker.remove_hook(made.id)
    site.tracker.remove_hook(HookId("424242"))
    site.tracker.renew_hook(HookId("424242"))


def test_many_are_read_in_pages(site: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are."""
    monkeypatch.setattr("connectors.jira.dynamic_hooks._PAGE", 2)
    told = {"events": ["jira:issue_created"], "jqlFilter": "project = MKT"}
    site.sim.dynamic.register(site.sim.site.me.id, {"url": TARGET, "webhooks": [told] * 5})
    assert len(site.tracker.hooks()) == 5


def test_what_jira_does_not_register_is_told_in_its_words(site: SignedIn) -> None:
    """Though it says 200; and another address of the same app is named with the remedy."""
    with pytest.raises(Rejected, match=r"'NOPE' does not exist"):
        site.tracker.add_hook(["MKT", "NOPE"], TARGET, "")
    site.tracker.add_hook(["MKT"], "http://127.0.0.1:9/hooks/other", "")
    with pytest.raises(Rejected, match=r"single URL.*http://127.0.0.1:9/hooks/other.*an app of its own"):
        site.tracker.add_hook(["MKT"], TARGET, "")


@pytest.mark.parametrize(
    "answer", [b"[]", b"{}", b'{"webhookRegistrationResult": []}', b'{"webhookRegistrationResult": [{}]}']
)
def test_an_answer_that_says_nothing_is_no_success(
    site: SignedIn, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a list that is none."""
    monkeypatch.setattr("connectors.retrying._pause", lambda _: 0.0)
    monkeypatch.setattr(site.sim.dynamic, "register", lambda *_: json.loads(answer))
    with pytest.raises(OutcomeUnknown):
        site.tracker.add_hook(["MKT"], TARGET, "")
    site.sim.log.clear()


def test_its_calls_are_believed_by_their_token(site: SignedIn) -> None:
    """Signed anew for each attempt, with the same key for all of them; the app's secret alone opens it."""
    site.sim.knobs.hook_retry_seconds = 0.01
    with HookTarget() as target:
        site.tracker.add_hook(["MKT"], target.url, "")
        target.status = 503
        site.sim.file_request("Task", "Spring webinar")
        target.wait_for(lambda got: len(got) >= 2)
        target.status = 200
        calls = target.wait_for(lambda got: len(got) >= 3)
        site.tracker.remove_hook(site.tracker.hooks()[0].id)
    receiver, secret = JiraReceiver(), site.sim.desk.client_secret
    admitted = [receiver.verify(headers(call), call.body, secret) for call in calls]
    assert len(set(admitted)) == 1
    assert isinstance(admitted[0], Delivery)
    [change] = receiver.parse(calls[0].body)
    assert (change.kind, change.item) == ("created", "MKT-1")
    assert json.loads(calls[0].body)["matchedWebhookIds"]
    for wrong in ("another secret", "", None):
        with pytest.raises(Unverified):
            receiver.verify(headers(calls[0]), calls[0].body, wrong)


def headers(call: Call) -> dict[str, str]:
    """As the service hands them to a receiver."""
    return {name.lower(): value for name, value in call.headers.items()}


@pytest.mark.skipif(not DOCUMENT.is_file(), reason="Jira's OpenAPI file is not on this machine (../shared)")
def test_no_scope_is_asked_that_no_call_needs(site: SignedIn) -> None:
    """A whole campaign with its hook needs what is asked at the sign-in, and nothing less, by Jira's own document."""
    tracker = site.tracker
    tracker.whoami()
    request = tracker.find_task(site.sim.file_request("Task", "Spring webinar"))
    assert request
    container = tracker.open_container(request, new("request").mark, request.title)
    one, two = tracker.create(container, [new("one"), new("two")]).made.values()
    tracker.set_dependencies({two.id: [one.id]})
    tracker.comment(request.id, new("hello").mark, "Hello")
    tracker.link_to(one, "Elsewhere", "https://example.com")
    tracker.find_account("dana.ops@example.com", "MKT")
    assert list(tracker.inspect()) == []
    tracker.renew_hook(tracker.add_hook(["MKT"], TARGET, "").id)
    needed = set().union(*(documented(call.method, call.path) for call in site.calls()))
    assert needed | {"offline_access"} == set(SCOPES.split())


@pytest.mark.skipif(not DOCUMENT.is_file(), reason="Jira's OpenAPI file is not on this machine (../shared)")
def test_the_simulator_wants_the_scopes_that_jira_documents() -> None:
    """For every resource that it has; what is in no document is open to no app."""
    with JiraSimulator() as sim:
        resources = [*SITE_RESOURCES, *ISSUE_RESOURCES, *dynamic_resources(sim.dynamic)]
    for known in resources:
        path = known.path.format_map(_Anything()) if "{" in known.path else known.path
        if "/webhooks/1.0/" in path:
            assert scopes(known.method, path) is None
        else:
            assert scopes(known.method, path) == documented(known.method, path), (known.method, path)


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "3" if name == "version" else "X-1"


def documented(method: str, path: str) -> set[str]:
    """The classic scopes of the operation."""
    paths = operations()
    fixed_first = sorted(paths, key=lambda known: known.count("{"))
    matching = (known for known in fixed_first if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", known), path))
    operation = next(paths[known][method.lower()] for known in matching if method.lower() in paths[known])
    listed = operation["x-atlassian-oauth2-scopes"]
    return next(set(entry["scopes"]) for entry in listed if entry["state"] == "Current")


@cache
def operations() -> dict[str, Any]:
    """By path."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    return found
