"""What our app sends to the vendors' token endpoints, byte by byte, and what it makes of their answers.

The endpoints here are written by hand from the vendors' pages, apart from the simulators:
https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/ and https://developers.asana.com/docs/oauth
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import AccessDenied, OutcomeUnknown, RateLimited, Rejected, SignedOut
from connectors.oauth import SignIn
from connectors.registry import installed

CLOUD = "1324a887-45db-1bf4-1e99-ef0ff456d421"
REDIRECT = "http://localhost:8737/callback"


@dataclass(frozen=True)
class Asked:
    """One call that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Vendor:
    """A vendor's sign-in server that answers with what it is told."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.status, self.answer = 200, b"{}"
        self.sites: Any = []
        self.headers: dict[str, str] = {}
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                vendor._note(self)
                self._say(vendor.status, vendor.answer)

            def do_GET(self) -> None:
                vendor._note(self)
                self._say(200, json.dumps(vendor.sites).encode())

            def _say(self, status: int, answer: bytes) -> None:
                self.send_response(status)
                for name, value in vendor.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _note(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("Content-Length", 0)))
        lower = {name.lower(): value for name, value in call.headers.items()}
        self.asked.append(Asked(call.command, call.path, lower, body))

    def gives(self, **tokens: Any) -> None:
        """The next answers."""
        self.status, self.answer = 200, json.dumps(tokens).encode()

    def refuses(self, status: int, **words: str) -> None:
        """The next answers."""
        self.status, self.answer = status, json.dumps(words).encode()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """Somewhere to sign in."""
    found = Vendor()
    yield found
    found.close()


def jira(vendor: Vendor) -> SignIn:
    """Our app at Atlassian."""
    told = {"url": "https://acme.atlassian.net", "auth": "oauth", "projects": ["MKT"]}
    return _app("jira", told | {"auth_url": vendor.url, "api_url": vendor.url})


def asana(vendor: Vendor) -> SignIn:
    """Our app at Asana."""
    return _app("asana", {"oauth": True, "workspace": "1", "projects": ["2"], "auth_url": f"{vendor.url}/-"})


def _app(tracker: str, told: dict[str, Any]) -> SignIn:
    connector = installed()[tracker]
    app = connector.sign_in(connector.settings.model_validate(told | {"client_id": "app", "client_secret": "s3cret"}))
    assert app is not None
    return app


APPS = pytest.mark.parametrize("app_of", [jira, asana])


def test_atlassian_is_asked_in_json(vendor: Vendor) -> None:
    """With exactly the fields of its pages, for a code and for a refresh."""
    app = jira(vendor)
    vendor.gives(access_token="a1", refresh_token="r1", expires_in=3600, scope="x", token_type="Bearer")
    vendor.sites = [
        {"id": "other", "name": "Other", "url": "https://other.atlassian.net", "scopes": [], "avatarUrl": ""},
        {"id": CLOUD, "name": "Acme", "url": "https://Acme.atlassian.net", "scopes": [], "avatarUrl": ""},
    ]
    grant = app.exchange("c0de", "verifier")
    assert (grant.access, grant.refresh, grant.seconds, grant.site) == ("a1", "r1", 3600, CLOUD)
    app.refresh("r1")
    code, sites, refresh = vendor.asked
    assert [(call.method, call.path) for call in (code, refresh)] == [("POST", "/oauth/token")] * 2
    assert {call.headers["content-type"] for call in (code, refresh)} == {"application/json"}
    both = {"client_id": "app", "client_secret": "s3cret"}
    assert json.loads(code.body) == both | {
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": REDIRECT,
    }
    assert json.loads(refresh.body) == both | {"grant_type": "refresh_token", "refresh_token": "r1"}
    assert (sites.method, sites.path) == ("GET", "/oauth/token/accessible-resources")
    assert sites.headers["authorization"] == "Bearer a1"
    assert sites.headers["accept"] == "application/json"


def test_asana_is_asked_with_a_form(vendor: Vendor) -> None:
    """With exactly the fields of its page; the redirect address belongs to a refresh, too."""
    app = asana(vendor)
    vendor.gives(access_token="a1", refresh_token="r1", expires_in=3600, token_type="bearer", data={"id": "1"})
    assert app.exchange("c0de", "verifier").site is None
    app.refresh("r1")
    code, refresh = vendor.asked
    assert [(call.method, call.path) for call in vendor.asked] == [("POST", "/-/oauth_token")] * 2
    assert {call.headers["content-type"] for call in vendor.asked} == {"application/x-www-form-urlencoded"}
    both = {"client_id": ["app"], "client_secret": ["s3cret"], "redirect_uri": [REDIRECT]}
    assert parse_qs(code.body.decode(), strict_parsing=True) == both | {
        "grant_type": ["authorization_code"],
        "code": ["c0de"],
        "code_verifier": ["verifier"],
    }
    assert parse_qs(refresh.body.decode(), strict_parsing=True) == both | {
        "grant_type": ["refresh_token"],
        "refresh_token": ["r1"],
    }


def test_the_address_to_open_asks_for_what_the_pages_say(vendor: Vendor) -> None:
    """Atlassian wants an audience and `prompt`, Asana a challenge; no secret is in either."""
    asked = parse_qs(urlsplit(jira(vendor).address("st", "v")).query)
    assert asked.pop("scope") == ["read:jira-user read:jira-work write:jira-work manage:jira-webhook offline_access"]
    standard = {"response_type": ["code"], "client_id": ["app"], "redirect_uri": [REDIRECT], "state": ["st"]}
    assert asked == standard | {"audience": ["api.atlassian.com"], "prompt": ["consent"]}
    address = asana(vendor).address("st", "v")
    assert urlsplit(address).path == "/-/oauth_authorize"
    asked = parse_qs(urlsplit(address).query)
    assert asked.pop("code_challenge") != ["v"]
    assert asked == standard | {"scope": ["default"], "code_challenge_method": ["S256"]}
    assert "s3cret" not in address


def test_a_refresh_token_that_rotates_is_replaced_and_one_that_does_not_is_kept(vendor: Vendor) -> None:
    """Atlassian gives another one each time; Asana does not repeat its own."""
    vendor.gives(access_token="a2", refresh_token="r2", expires_in=3600)
    assert jira(vendor).refresh("r1").refresh == "r2"
    vendor.gives(access_token="a2", expires_in=3600)
    assert asana(vendor).refresh("r1").refresh == "r1"


@APPS
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_grant_that_is_over_asks_for_a_person(vendor: Vendor, app_of: Any, status: int) -> None:
    """Whatever the status: it is the word `invalid_grant` that says so. No secret is told."""
    vendor.refuses(status, error="invalid_grant", error_description="Unknown or invalid refresh token.", hint="r1")
    with pytest.raises(SignedOut, match=r"invalid_grant: Unknown or invalid refresh token") as caught:
        app_of(vendor).refresh("r1")
    assert not [secret for secret in ("r1", "s3cret") if secret in str(caught.value).replace("grant", "")]


@APPS
def test_an_app_that_the_vendor_does_not_know_is_told_with_the_settings_to_check(vendor: Vendor, app_of: Any) -> None:
    """That is no sign-in which ended."""
    vendor.refuses(401, error="invalid_client")
    with pytest.raises(AccessDenied, match="`client_id` and `client_secret`") as caught:
        app_of(vendor).refresh("r1")
    assert not isinstance(caught.value, SignedOut)


@APPS
@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (429, b"{}", RateLimited),
        (503, b"<html>", OutcomeUnknown),
        (200, b"<html>", OutcomeUnknown),
        (200, b'{"token_type": "bearer"}', OutcomeUnknown),
        (400, b'{"error": "invalid_request"}', Rejected),
    ],
)
def test_every_other_answer_is_an_error_of_its_kind(
    vendor: Vendor, app_of: Any, status: int, answer: bytes, error: type[Exception]
) -> None:
    """And asked once: the caller knows what is safe to repeat."""
    vendor.status, vendor.answer, vendor.headers = status, answer, {"Retry-After": "7"}
    with pytest.raises(error) as caught:
        app_of(vendor).refresh("r1")
    assert not isinstance(caught.value, SignedOut)
    assert len(vendor.asked) == 1
    assert getattr(caught.value, "retry_after", 7) == 7


def test_a_sign_in_that_opens_no_site_is_refused(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it opened."""
    vendor.gives(access_token="a1", refresh_token="r1", expires_in=3600)
    with pytest.raises(Rejected, match=r"no site to us, and not https://acme\.atlassian\.net"):
        jira(vendor).exchange("c0de", "verifier")
    vendor.sites = {"code": 1}
    monkeypatch.setattr("connectors.retrying._pause", lambda _: 0.0)
    with pytest.raises(OutcomeUnknown):
        jira(vendor).exchange("c0de", "verifier")
