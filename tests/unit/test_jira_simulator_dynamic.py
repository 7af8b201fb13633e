"""The Jira simulator's dynamic webhooks: who may register them, what is refused, and what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator
from connectors.jira.simulator.gateway import CLOUD, GATEWAY
from tests.hook_target import HookTarget

URL = "http://127.0.0.1:9/hooks/one"
ALL = "read:jira-work read:jira-user write:jira-work manage:jira-webhook offline_access"


@pytest.fixture
def sim() -> Iterator[JiraSimulator]:
    """A fresh site."""
    with JiraSimulator() as simulator:
        yield simulator


@pytest.fixture
def app(sim: JiraSimulator) -> Iterator[httpx.Client]:
    """The webhook resource, called by the OAuth app."""
    with httpx.Client(base_url=f"{sim.url}{GATEWAY}/rest/api/3/", headers=bearer(token(sim))) as client:
        yield client


def bearer(access: str) -> dict[str, str]:
    """What an app sends."""
    return {"Authorization": f"Bearer {access}"}


def token(sim: JiraSimulator, scope: str = ALL) -> str:
    """An access token with these scopes."""
    app = {"client_id": "sim-client", "redirect_uri": "http://localhost:8737/callback"}
    asked = app | {"response_type": "code", "state": "s", "audience": "a", "prompt": "consent", "scope": scope}
    sent_to = httpx.get(f"{sim.url}/authorize?{urlencode(asked)}").headers["location"]
    told = app | {"client_secret": "sim-client-secret", "grant_type": "authorization_code"}
    [code] = parse_qs(urlsplit(sent_to).query)["code"]
    given: str = httpx.post(f"{sim.url}/oauth/token", json=told | {"code": code}).json()["access_token"]
    return given


def hook(jql: str = "project = MKT", **more: Any) -> dict[str, Any]:
    """One registration."""
    return {"events": ["jira:issue_created", "jira:issue_updated"], "jqlFilter": jql, **more}


def register(app: httpx.Client, *hooks: dict[str, Any], url: str = URL) -> list[dict[str, Any]]:
    """What became of each."""
    answer = app.post("webhook", json={"url": url, "webhooks": list(hooks or (hook(),))})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["webhookRegistrationResult"]
    return results


def delete(app: httpx.Client, *ids: int) -> httpx.Response:
    """httpx gives a DELETE no body by itself."""
    return app.request("DELETE", "webhook", json={"webhookIds": list(ids)})


def test_only_apps_with_the_scope_have_them(sim: JiraSimulator, app: httpx.Client) -> None:
    """A person's API token is refused with 403, an app without the scope by the gateway; who failed is for Connect."""
    assert register(app)[0]["createdWebhookId"]
    by_token = httpx.get(f"{sim.url}/rest/api/3/webhook", auth=("tminus@example.com", "sim-token"))
    assert by_token.status_code == 403
    lacking = app.get("webhook", headers=bearer(token(sim, "read:jira-work")))
    assert (lacking.status_code, lacking.json()["message"]) == (401, "Unauthorized; scope does not match")
    assert app.get("webhook/failed").status_code == 403


def test_an_app_is_told_its_sites(sim: JiraSimulator) -> None:
    """With the scopes that were agreed to; nobody else is."""
    sites = f"{sim.url}/oauth/token/accessible-resources"
    [site] = httpx.get(sites, headers=bearer(token(sim))).json()
    assert (site["id"], site["url"]) == (CLOUD, sim.url)
    assert site["scopes"] == sorted(set(ALL.split()) - {"offline_access"})
    assert httpx.get(sites, headers=bearer("wrong")).status_code == 401


@pytest.mark.parametrize(
    "jql",
    ["", "summary ~ x", "project is not EMPTY", "due > now()", "project = NOPE", "project = MKT AND labels = x", "a b"],
)
def test_jql_that_is_not_allowed_here_is_told_in_its_place(app: httpx.Client, jql: str) -> None:
    """The others of the same call are registered: the answer is 200."""
    first, bad, last = register(app, hook(), hook(jql), hook("status NOT IN (Done) OR project != WEB"))
    assert first["createdWebhookId"] != last["createdWebhookId"]
    assert bad["errors"]
    assert len(app.get("webhook").json()["values"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"webhooks": [hook()]},
        {"url": URL},
        {"url": "nowhere", "webhooks": [hook()]},
        {"url": URL, "webhooks": [hook(secret="x")]},
        {"url": URL, "webhooks": [hook() | {"events": ["issuelink_created"]}]},
        {"url": URL, "webhooks": [{"events": ["jira:issue_created"]}]},
        {"url": URL, "webhooks": ["x"]},
        {"url": URL, "webhooks": [hook(fieldIdsFilter=[1])]},
    ],
)
def test_a_call_that_is_not_as_documented_is_refused(app: httpx.Client, body: dict[str, Any]) -> None:
    """Nothing of it is registered."""
    assert app.post("webhook", json=body).status_code == 400
    assert app.get("webhook").json()["values"] == []


def test_one_address_and_five_hooks_are_the_most(app: httpx.Client) -> None:
    """Another address is welcome once the first one's hooks are gone."""
    results = register(app, *[hook()] * 6)
    assert [bool(result.get("errors")) for result in results] == [False] * 5 + [True]
    other = {"url": "http://127.0.0.1:9/other", "webhooks": [hook()]}
    assert app.post("webhook", json=other).status_code == 400
    assert delete(app, *(result["createdWebhookId"] for result in results[:5]), 77).status_code == 202
    assert app.post("webhook", json=other).status_code == 200


def test_they_end_after_thirty_days_unless_they_are_renewed(sim: JiraSimulator, app: httpx.Client) -> None:
    """Unknown ids are passed over; a call without ids is refused."""
    first, second = (result["createdWebhookId"] for result in register(app, hook(), hook()))
    sim.clock.offset += timedelta(days=29)
    app.headers = httpx.Headers(bearer(token(sim)))
    told = app.put("webhook/refresh", json={"webhookIds": [first, 77]}).json()
    assert app.put("webhook/refresh", json={}).status_code == 400
    assert app.put("webhook/refresh", json={"webhookIds": ["1"]}).status_code == 400
    assert app.request("DELETE", "webhook", json={}).status_code == 400
    sim.clock.offset += timedelta(days=2)
    app.headers = httpx.Headers(bearer(token(sim)))
    [left] = app.get("webhook").json()["values"]
    assert (left["id"], left["expirationDate"]) == (first, told["expirationDate"])
    assert second != first


def test_what_matches_is_sent_once_with_the_hooks_that_it_matched(sim: JiraSimulator, app: httpx.Client) -> None:
    """Other projects, other fields and events that were not asked for are not; nor is anything after the end."""
    with HookTarget() as target:
        everything, dates = register(app, hook("project in (MKT)"), hook(fieldIdsFilter=["duedate"]), url=target.url)
        sim.file_request("Task", "Elsewhere", project="WEB")
        key = sim.file_request("Task", "Spring webinar")
        sim.edit(key, {"summary": "Renamed"})
        sim.edit(key, {"duedate": "2027-01-21"})
        sim.comment(key, "Not asked for")
        calls = target.wait_for(lambda got: len(got) >= 3)
        sim.clock.offset += timedelta(days=31)
        sim.edit(key, {"summary": "Unheard"})
        assert not sim.dynamic.list()
    told = [json.loads(call.body) for call in calls]
    ids = [everything["createdWebhookId"], dates["createdWebhookId"]]
    assert [body["matchedWebhookIds"] for body in told] == [ids, ids[:1], ids]
    assert {body["issue"]["key"] for body in told} == {key}
    assert all(call.headers["Authorization"].startswith("Bearer ") for call in calls)
    assert len({call.headers["X-Atlassian-Webhook-Identifier"] for call in calls}) == 3
