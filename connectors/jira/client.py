"""Jira Cloud's REST API v3, one HTTP call a method, nothing repeated here: the SDK for reads, httpx for writes.

Why not the SDK for writes (3.10.5): its bulk create has no properties and loses `errorMessages`; its transition sends
the id as a number; its link sends `comment: null` and reads all link types first; its edit reads the issue again.
"""

from __future__ import annotations

import json
import ssl
import weakref
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import jira
import requests
from requests.adapters import HTTPAdapter

from connectors.errors import OutcomeUnknown
from connectors.jira import failures
from connectors.jira.gateway import Gateway, token_is_over
from connectors.jira.mapping import MARK_PROPERTY
from connectors.jira.settings import JiraSettings
from connectors.limiting import Limits, Rate
from connectors.line import CONNECT_SECONDS, READ_SECONDS, Line, headers_out
from connectors.oauth import TokenSource
from connectors.sharing import Shared

T = TypeVar("T")

WIDTH = 10
"""Calls at once: the upper end of what Jira's cost guide advises."""

_SLACK = 1.05
"""Calls bunch on their way, and one that arrives too early costs everybody a second's pause."""

LIMITS = Limits(
    reads_in_flight=WIDTH,
    writes_in_flight=WIDTH,
    by_method={
        "GET": (Rate(100, _SLACK),),
        "POST": (Rate(100, _SLACK),),
        "PUT": (Rate(50, _SLACK),),
        "DELETE": (Rate(50, _SLACK),),
    },
    writes_per_item=(Rate(20, 2 * _SLACK), Rate(100, 30 * _SLACK)),
)
"""https://developer.atlassian.com/cloud/jira/platform/rate-limiting/"""

MOST_CREATED, MOST_READ = 50, 100
"""Jira's largest bulk create and bulk fetch."""
MOST_FOUND, MOST_IDS = 1_000, 5_000
"""Issues of one page of a search, with a field of each or with ids alone."""

_ISSUE_FIELDS = [
    "*all",
    *(f"-{name}" for name in ("comment", "worklog", "attachment", "issuelinks", "watches", "votes", "statusCategory")),
    *(f"-{name}" for name in ("progress", "aggregateprogress", "timetracking", "workratio", "lastViewed")),
]
"""Not what nobody asks for: links to other issues alone are a quarter of what Jira would answer."""


class JiraClient(jira.JIRA):
    """The SDK without its hidden calls: no retries, no server info, no proxy or netrc of the machine, time-outs on."""

    def __init__(self, settings: JiraSettings, line: Line, gateway: Gateway | None) -> None:
        token = _token(settings)
        basic = (settings.email or "", token) if settings.auth == "basic" else None
        super().__init__(
            settings.url,
            basic_auth=basic,
            token_auth=token if settings.auth == "bearer" else None,
            options={"rest_api_version": "3"},
            get_server_info=False,
            max_retries=0,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            logging=False,
        )
        self.deploymentType = "Cloud"  # else its search silently answers None
        self._fields_cache_value = {"status": "status"}  # else its first search reads every field
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Watched(line, gateway))


class _Watched(HTTPAdapter):
    """Sees every attempt of the SDK, each hop of a redirect included."""

    def __init__(self, line: Line, gateway: Gateway | None) -> None:
        super().__init__(pool_maxsize=WIDTH)
        self._line, self._gateway = line, gateway

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if self._gateway is None:
            return self._once(request, *args, **kwargs)
        request.url = self._gateway.address(request.url or "")
        token = self._gateway.tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = self._once(request, *args, **kwargs)
        if not token_is_over(response):
            return response
        response.close()
        request.headers["Authorization"] = f"Bearer {self._gateway.tokens.another(token)}"
        return self._once(request, *args, **kwargs)

    def _once(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.headers.update(headers_out())
        with self._line.observe(request.method or "", request.url or "") as seen:
            response = super().send(request, *args, **kwargs)
            seen.status, seen.headers = response.status_code, response.headers
            return response


@cache
def _trusted() -> ssl.SSLContext:
    """One for the process: reading the certificates takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


class _WatchedTransport(httpx.HTTPTransport):
    """Sees every attempt of httpx."""

    def __init__(self, line: Line) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=WIDTH)
        super().__init__(verify=_trusted(), limits=limits, trust_env=False)
        self._line = line

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.update(headers_out())
        with self._line.observe(request.method, str(request.url)) as seen:
            response = super().handle_request(request)
            seen.status, seen.headers = response.status_code, response.headers
            return response


class _SignedIn(httpx.Auth):
    """The token of the moment, and once the next one where Jira does not take it any more."""

    requires_response_body = True

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.url = httpx.URL(self._gateway.address(str(request.url)))
        request.headers["Host"] = request.url.netloc.decode()
        token = self._gateway.tokens.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if token_is_over(response):
            request.headers["Authorization"] = f"Bearer {self._gateway.tokens.another(token)}"
            yield request


class JiraApi:
    """Raises only `TrackerError`s. The caller decides what is safe to repeat."""

    def __init__(self, settings: JiraSettings, shared: Shared | None = None, tokens: TokenSource | None = None) -> None:
        self.line = Line("jira", settings.called_at, LIMITS, failures.translate, shared)
        gateway = Gateway(settings.url, settings.api_url, tokens) if tokens else None
        self._sdk = JiraClient(settings, self.line, gateway)
        token = _token(settings)
        basic = (settings.email or "", token) if settings.auth == "basic" else None
        bearer = settings.auth == "bearer"
        self._http = httpx.Client(
            base_url=settings.url,
            auth=_SignedIn(gateway) if gateway else basic,
            headers={"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if bearer else {}),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            transport=_WatchedTransport(self.line),
            trust_env=False,
        )
        # A tracker has no close: it lives as long as its connection is configured.
        weakref.finalize(self, self._http.close)
        weakref.finalize(self, self._sdk.close)

    def myself(self) -> dict[str, Any]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/"""
        return self._read(self._sdk.myself, dict)

    def fields(self) -> list[dict[str, Any]]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/"""
        return self._read(self._sdk.fields, list)

    def project(self, key: str) -> dict[str, Any]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/"""
        return self._read(lambda: self._sdk.project(key).raw, dict)

    def lacking(self, wanted: Collection[str], **where: str) -> list[str]:
        """Those of these permissions that we do not have, `where` is a `projectKey` or an `issueId`.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/
        """
        answer = self._read(partial(self._sdk.my_permissions, permissions=",".join(wanted), **where), dict)
        granted = _part(answer, "permissions", dict)
        return [key for key in wanted if not granted.get(key, {}).get("havePermission")]

    def link_types(self) -> list[str]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-link-types/"""
        return self._read(lambda: [kind.name for kind in self._sdk.issue_link_types(force=True)], list)

    def assignable(self, project: str, query: str) -> list[dict[str, Any]]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/"""
        search = self._sdk.search_assignable_users_for_issues
        return self._read(lambda: [user.raw for user in search(query=query, project=project)], list)

    def issue(self, issue: str, fields: str) -> dict[str, Any]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/"""
        return self._read(lambda: self._sdk.issue(issue, fields=fields).raw, dict)

    def transitions(self, issue: str) -> list[dict[str, Any]]:
        """https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/"""
        return self._read(lambda: self._sdk.transitions(issue, expand="transitions.fields"), list)

    def statuses(self, project: str) -> list[dict[str, Any]]:
        """By issue type. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-projects/"""
        return self._read(lambda: [kind.raw for kind in self._sdk.issue_types_for_project(project)], list)

    def comments(self, issue: str) -> list[dict[str, Any]]:
        """The newest hundred, with their properties where Jira gives them: `expand=properties` works but is not
        documented. https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
        """
        ask = partial(self._sdk.comments, issue, expand="properties", order_by="-created", max_results=100)
        return self._read(lambda: [comment.raw for comment in ask()], list)

    def search(self, jql: str, known: Collection[str] = ()) -> list[str]:
        """Issue ids, in pages. The index lags behind writes; up to 50 `known` ids are looked at as they are now.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
        """
        return [str(issue["id"]) for issue in self._found(jql, "id", known)]

    def updated(self, jql: str) -> dict[str, str]:
        """Issue ids, each with the instant of its latest change, in pages."""
        return {str(issue["id"]): str(issue["fields"]["updated"]) for issue in self._found(jql, "updated")}

    def _found(self, jql: str, field: str, known: Collection[str] = ()) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            page = self._read(partial(self._page, jql, field, token, known), dict)
            found += _part(page, "issues", list)
            token = page.get("nextPageToken")
            if not token:
                return found

    def _page(self, jql: str, field: str, after: str | None, known: Collection[str]) -> Any:
        return self._sdk.enhanced_search_issues(
            jql,
            nextPageToken=after,
            maxResults=MOST_IDS if field == "id" else MOST_FOUND,
            fields=[field],
            reconcileIssues=[int(issue) for issue in sorted(known)[:50]],
            json_result=True,
        )

    def bulk_fetch(self, issues: Sequence[str]) -> list[dict[str, Any]]:
        """Up to 100 issues with the fields that a form may have, and our mark; the missing are absent.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-bulkfetch-post
        """
        body = {"issueIdsOrKeys": list(issues), "fields": _ISSUE_FIELDS, "properties": [MARK_PROPERTY]}
        return _part(self.send("POST", "issue/bulkfetch", body), "issues", list)

    def bulk_create(self, rows: Sequence[Mapping[str, Any]], items: Collection[str]) -> dict[str, Any]:
        """Up to 50 issues. A 400 that names its rows is an answer like any other: every row was refused.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-bulk-post
        """
        body = {"issueUpdates": list(rows)}
        return _expect(self.send("POST", "issue/bulk", body, items=items, refused_rows=True), dict)

    def create_meta(self, project: str, issue_type: str | None = None) -> list[dict[str, Any]]:
        """The project's issue types, or the fields on the create screen of one of them.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-get
        """
        path = f"issue/createmeta/{quote(project)}/issuetypes" + (f"/{quote(issue_type)}" if issue_type else "")
        found: list[dict[str, Any]] = []
        while True:
            page = _expect(self.send("GET", path, params={"startAt": len(found), "maxResults": 200}), dict)
            rows = page.get("fields" if issue_type else "issueTypes") or page.get("results") or []
            found += _expect(rows, list)
            if not rows or len(found) >= int(page.get("total") or 0):
                return found

    def edit_meta(self, issue: str) -> dict[str, Any]:
        """The fields, by id, that our account may edit on an issue; none where the issue or our rights allow no edit.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-editmeta-get
        """
        return _part(self.send("GET", f"issue/{issue}/editmeta"), "fields", dict)

    def comment_properties(self, comments: Sequence[str]) -> list[dict[str, Any]]:
        """These comments with their properties, as documented.

        https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/#api-rest-api-3-comment-list-post
        """
        body = {"ids": [int(comment) for comment in comments]}
        return _part(self.send("POST", "comment/list", body, params={"expand": "properties"}), "values", list)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        items: Collection[str] = (),
        root: str = "rest/api/3",
        refused_rows: bool = False,
    ) -> Any:
        """One call through httpx; the parsed answer, None where it is empty.

        `items` are the issues written to. With `refused_rows`, a 400 that lists them is an answer too.
        """

        def attempt() -> Any:
            response = self._http.request(method, f"/{root}/{path}", json=body, params=params)
            if response.is_success or (refused_rows and _lists_rows(response)):
                return _parse(response)
            raise failures.from_answer(response.status_code, response.text, response.headers)

        return self.line.call(method, attempt, items=items)

    def _read(self, fn: Callable[[], Any], kind: type[T]) -> T:
        return _expect(self.line.call("GET", fn), kind)


def _token(settings: JiraSettings) -> str:
    return settings.token.get_secret_value() if settings.token else ""


def _parse(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise failures.garbage(error) from error


def _lists_rows(response: httpx.Response) -> bool:
    try:
        answer = json.loads(response.content)
    except ValueError:
        return False
    return response.status_code == 400 and isinstance(answer, dict) and isinstance(answer.get("errors"), list)


def _expect(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise OutcomeUnknown(f"Jira's answer is not what it documents: {str(value)[:200]!r}")
    return value


def _part(answer: Any, name: str, kind: type[T]) -> T:
    return _expect(_expect(answer, dict).get(name), kind)
