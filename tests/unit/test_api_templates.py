"""`/api/templates`: who may ask, what is answered, and what is refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from service.bootstrap import serving
from tests.desk import memory_desk
from tests.web_client import client_of

TOKEN = "a-token-that-is-long-enough"
SECOND = "another-token-just-as-long"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
WEBINAR = "/api/templates/webinar/preview"


@contextmanager
def served(folder: Path, tokens: str) -> Iterator[Client]:
    """The service's own app on the starter pack; it is 23 November 2026."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TMINUS_API_TOKENS", tokens)
        with (
            memory_desk(folder, monkeypatch) as desk,
            serving(desk.runtime, lambda: None) as app,
            client_of(app) as web,
        ):
            yield web


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Open to two tokens."""
    with served(tmp_path_factory.mktemp("api"), f"{TOKEN}, {SECOND}") as web:
        yield web


def ask(api: Client, body: Any, path: str = WEBINAR) -> Any:
    """A preview, by somebody with a token."""
    return api.post(path, content=body if isinstance(body, bytes) else json.dumps(body), headers=HEADERS)


def problems(answer: Any) -> dict[str, str]:
    """The wrong fields of a 422."""
    assert answer.status_code == 422, answer.text
    return {problem["field"]: problem["problem"] for problem in answer.json()["problems"]}


def test_a_plan_that_can_be_kept_comes_with_its_dates(api: Client) -> None:
    """The whole dated plan, the verdict, and the sentence for each date."""
    answer = ask(api, {"inputs": {"webinar_date": "2027-01-21"}, "asked_on": "2026-11-23"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["verdict"], told["feasible"], told["shortfall"], told["notice_short"]) == ("planned", True, 0, 0)
    assert (told["request_by"], told["earliest"]) == ("2026-12-10", None)
    assert {task["key"]: task["due_on"] for task in told["tasks"]}["first_invite"] == "2026-12-23"
    assert all(task["why"] for task in told["tasks"])


def test_a_date_that_cannot_be_had_is_answered_with_what_can(api: Client) -> None:
    """How short it is, the chain in words, the earliest date, and what compressing would win."""
    told = ask(api, {"inputs": {"webinar_date": "2026-12-15"}}).json()
    assert (told["verdict"], told["feasible"]) == ("shift_proposed", False)
    assert told["shortfall"] > 0
    assert told["notice_short"] == 20
    assert told["earliest_anchor"] == ["webinar_date", "2027-01-04"]
    assert told["earliest"] == "The earliest possible Webinar date is Mon 4 Jan 2027."
    assert any("too late" in problem for problem in told["problems"])
    assert any("compressions" in problem for problem in told["problems"])


def test_today_is_the_day_of_the_request_unless_told(api: Client) -> None:
    """An empty body asks for today, by the service's clock."""
    told = ask(api, {"inputs": {"list_file": "leads.csv"}}, "/api/templates/list_import/preview").json()
    assert told["planned_on"] == "2026-11-23"


@pytest.mark.parametrize("path", [WEBINAR, "/api/templates", "/api/templates/webinar"])
@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer", "Bearer ä"])
def test_nobody_asks_without_a_token(api: Client, path: str, sent: str | None) -> None:
    """401 with what to send, whatever else is wrong with the call."""
    headers = {"Authorization": sent.encode()} if sent else {}
    answer = api.post(path, headers=headers) if path == WEBINAR else api.get(path, headers=headers)
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_every_token_opens(api: Client) -> None:
    """Two are valid while one takes the other's place."""
    assert api.get("/api/templates", headers={"Authorization": f"Bearer {SECOND}"}).status_code == 200


def test_the_api_is_closed_until_a_token_is_set(tmp_path: Path) -> None:
    """403 with what to set, for everybody."""
    with served(tmp_path, "") as closed:
        answer = ask(closed, {})
    assert answer.status_code == 403
    assert "TMINUS_API_TOKENS" in answer.json()["detail"]


def test_a_token_is_never_logged(api: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a right nor a wrong one."""
    with caplog.at_level(logging.DEBUG):
        ask(api, {})
        api.get("/api/templates", headers={"Authorization": "Bearer something-secret-but-wrong"})
    assert TOKEN not in caplog.text
    assert "something-secret" not in caplog.text


def test_the_templates_are_listed_as_published(api: Client) -> None:
    """Name, version and promise of each; one of them whole, with its inputs and exclusions."""
    listed = api.get("/api/templates", headers=HEADERS).json()["templates"]
    assert {"webinar", "email_send", "list_import"} <= {template["id"] for template in listed}
    whole = api.get("/api/templates/webinar", headers=HEADERS).json()
    assert whole["lead_time"] == "6 weeks before inputs.webinar_date"
    assert whole["inputs"]["webinar_date"]["required"] is True
    assert "library" not in whole


@pytest.mark.parametrize("path", ["/api/templates/webiner", "/api/templates/webiner/preview"])
def test_a_template_that_is_not_there_is_answered_with_what_was_meant(api: Client, path: str) -> None:
    """404 and a guess."""
    answer = ask(api, {}, path) if path.endswith("preview") else api.get(path, headers=HEADERS)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no template `webiner`; did you mean `webinar`?"


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({}, "webinar_date", "Webinar date is missing"),
        ({"inputs": {"webinar_date": "2027-02-30"}}, "webinar_date", "is not a date"),
        ({"inputs": {"webinar_date": "2026-11-20"}}, "webinar_date", "is in the past"),
        ({"inputs": {"webiner_date": "2027-01-21"}}, "webiner_date", "webinar_date"),
        ({"inputs": {"webinar_date": 1.5}}, "webinar_date", "a whole number"),
        ({"inputs": {"webinar_date": {"a": 1}}}, "webinar_date", "a whole number"),
        ({"inputs": {"topic": "x" * 10_001}}, "topic", "10,000"),
        ({"inputs": []}, "inputs", "object"),
        ({"imputs": {}}, "imputs", "not known here"),
        ({"asked_on": "soon"}, "asked_on", "date"),
        ({"asked_on": "9999-12-31"}, "asked_on", "more than a year from today"),
        ({"asked_on": "0001-01-01"}, "asked_on", "more than a year from today"),
        ([], "", "object"),
        (b"{", "", "Invalid JSON"),
        (b"\xff", "", "Invalid JSON"),
        (b'{"inputs": {"topic": "\\ud800"}}', "", "Invalid JSON"),
        (b"[" * 100_000, "", "Invalid JSON"),
    ],
)
def test_what_cannot_be_read_is_named(api: Client, body: Any, field: str, said: str) -> None:
    """422 with the field and what is wrong with it; nothing is planned."""
    assert said in problems(ask(api, body))[field]


def test_a_body_over_the_limit_is_refused(api: Client) -> None:
    """413, as for webhooks."""
    assert ask(api, b"x" * (1024 * 1024 + 1)).status_code == 413


def test_many_who_ask_at_once_are_answered_or_asked_to_come_again(api: Client) -> None:
    """Plans are made one at a time, and the line of those who wait has an end."""
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: ask(api, {"inputs": {"webinar_date": "2026-12-15"}}), range(60)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {200, 503}
    assert codes.count(200) >= 20
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 503)


def test_the_api_describes_itself(api: Client) -> None:
    """OpenAPI with the preview and its body, open to all; no page that loads scripts from elsewhere."""
    described = api.get("/api/openapi.json").json()
    preview = described["paths"]["/api/templates/{template}/preview"]["post"]
    assert set(preview["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {"inputs", "asked_on"}
    assert preview["security"] == [{"HTTPBearer": []}]
    assert not [path for path in described["paths"] if path.startswith("/hooks")]
    assert [api.get(path).status_code for path in ("/docs", "/redoc")] == [404, 404]
