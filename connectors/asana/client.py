"""The `asana` SDK made safe, and the three ways in which the tracker calls it.

At its defaults the SDK has no time-out, repeats PUTs by itself, starts a thread pool for each client, replaces
no-break spaces in every answer, and installs log handlers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import asana
import urllib3.exceptions as http
from asana.rest import ApiException

from connectors.asana.settings import READS_IN_FLIGHT, AsanaSettings
from connectors.errors import OutcomeUnknown, Rejected, TrackerError, Unreachable
from connectors.line import CONNECT_SECONDS, READ_SECONDS, Line, from_status, headers_out
from connectors.oauth import TokenSource
from connectors.sharing import Shared

Json = dict[str, Any]
PAGE = 100
"""Rows of one page at most; without a limit Asana refuses long lists."""
ACTIONS = 10
"""Of one batch at most."""


class AsanaClient(asana.ApiClient):  # type: ignore[misc]  # the SDK ships no types
    """One for each token. Every call of the SDK passes `request`, the only place that touches the network."""

    def __init__(self, settings: AsanaSettings, line: Line, tokens: TokenSource | None) -> None:
        configuration = asana.Configuration()
        configuration.host = settings.url
        configuration.access_token = settings.token.get_secret_value() if settings.token else ""
        configuration.retry_strategy = False
        configuration.connection_pool_maxsize = READS_IN_FLIGHT
        _remove_handlers(configuration)
        super().__init__(configuration)
        self.pool.close()
        self.pool.join()
        del self.pool
        self._line, self._tokens = line, tokens

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Mapping[str, str] | None = None,
        post_params: Any = None,
        body: Any = None,
        _preload_content: bool = True,
        _request_timeout: Any = None,
    ) -> Any:
        """One HTTP attempt: checked, counted, with a time-out and a request id."""
        sent = {**(headers or {}), **headers_out()}
        send = partial(self._once, method, url, query_params, post_params=post_params, preload=_preload_content)
        if method == "DELETE":  # otherwise the SDK sends `{}`, and Asana's DELETEs take no body
            sent["Content-Type"], body = "text/plain", ""
        if self._tokens is None:
            return send(sent, body)
        token = self._tokens.token()
        try:
            return send(sent | {"Authorization": f"Bearer {token}"}, body)
        except ApiException as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        return send(sent | {"Authorization": f"Bearer {self._tokens.another(token)}"}, body)

    def _once(
        self,
        method: str,
        url: str,
        query_params: Any,
        sent: Mapping[str, str],
        body: Any,
        *,
        post_params: Any,
        preload: bool,
    ) -> Any:
        with self._line.observe(method, url) as seen:
            try:
                response = super().request(
                    method,
                    url,
                    query_params=query_params,
                    headers=sent,
                    post_params=post_params,
                    body=body,
                    _preload_content=preload,
                    _request_timeout=(CONNECT_SECONDS, READ_SECONDS),
                )
            except ApiException as error:
                seen.status = error.status or None
                error.asked = f"{method} {url.removeprefix(self.configuration.host)}"
                raise
            seen.status = response.status
            return response

    def deserialize(self, response: Any, response_type: object) -> Json:  # noqa: ARG002  (the SDK's signature)
        """The answer as it is; the SDK would turn no-break spaces into spaces and let anything else pass."""
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "data" not in answer:
            raise OutcomeUnknown(f"Asana answered {response.status} with something that is not its JSON")
        return answer


@dataclass(frozen=True, slots=True)
class Row:
    """The answer to one action of a batch."""

    data: Json
    error: TrackerError | None


@dataclass(frozen=True, slots=True)
class Action:
    """One call inside a batch: `data` is the body of a write, `fields` are what the answer shall hold."""

    method: str
    path: str
    data: Json | None = None
    fields: tuple[str, ...] = ()

    def body(self) -> Json:
        """As https://developers.asana.com/reference/createbatchrequest has it."""
        body: Json = {"method": self.method, "relative_path": self.path}
        if self.data is not None:
            body["data"] = self.data
        if self.fields:
            body["options"] = {"fields": list(self.fields)}
        return body


class Calls:
    """One call, all pages of a list, or one batch. Nothing here repeats a call."""

    def __init__(
        self, settings: AsanaSettings, shared: Shared | None = None, tokens: TokenSource | None = None
    ) -> None:
        self.line = Line("asana", settings.url, settings.limits, translate, shared)
        self.client = AsanaClient(settings, self.line, tokens)
        self._batches = asana.BatchAPIApi(self.client)

    def one(self, method: str, fn: Callable[..., Any], *args: Any) -> Json:
        """The whole answer of one call, `data` and what stands beside it."""
        return cast("Json", self.line.call(method, lambda: fn(*args, full_payload=True)))

    def pages(self, fn: Callable[..., Any], *args: Any, opts: Mapping[str, Any], most: int | None = None) -> list[Json]:
        """All rows of a list, or the first pages that hold `most` of them."""
        rows: list[Json] = []
        offset: Json = {}
        while True:
            # A fresh dict each time: the SDK writes into the one it is given.
            answer = self._page(fn, *args, {**opts, "limit": PAGE, **offset})
            rows += answer["data"]
            following = answer.get("next_page")
            if not following or (most is not None and len(rows) >= most):
                return rows
            offset = {"offset": following["offset"]}

    def _page(self, fn: Callable[..., Any], *args: Any) -> Json:
        try:
            answer = self.one("GET", fn, *args)
        except Rejected as error:
            # Our place in the list may have expired meanwhile: then the whole list is read again.
            if "offset" in args[-1] and error.status == HTTPStatus.BAD_REQUEST:
                raise OutcomeUnknown(str(error), status=error.status, request_id=error.request_id) from error
            raise
        if not isinstance(answer["data"], list):
            raise OutcomeUnknown("Asana answered with one record where a list was asked for")
        return answer

    def batch(self, actions: Sequence[Action]) -> list[Row]:
        """At most ten actions, all reads or all writes. Asana counts each of them as a call of its own."""
        reading = all(action.method == "get" for action in actions)
        body = {"data": {"actions": [action.body() for action in actions]}}
        answer = self.line.call(
            "GET" if reading else "POST",
            # Without full_payload the SDK returns a generator and sends nothing.
            lambda: self._batches.create_batch_request(body, {}, full_payload=True),
            weight=len(actions),
        )
        rows = answer["data"]
        if not isinstance(rows, list) or len(rows) != len(actions):
            raise OutcomeUnknown("Asana's answer to a batch does not have one row for each action")
        return [_row(row, action) for row, action in zip(rows, actions, strict=True)]


def translate(error: Exception) -> TrackerError | None:
    """What the SDK raised, as the remedy it asks for, in Asana's own words."""
    if isinstance(error, ApiException):
        if not error.status:  # the SDK's way to say that TLS failed
            return Unreachable(f"no trusted connection to Asana: {error.reason}")
        after = error.headers.get("Retry-After") if error.headers else None
        return from_status(error.status, _words(error.status, error.body, error.asked), after=after)
    if isinstance(error, http.NewConnectionError | http.ConnectTimeoutError):
        return Unreachable(f"Asana cannot be reached: {error}")
    if isinstance(error, http.HTTPError):
        return OutcomeUnknown(f"Asana did not answer: {error}")
    return None


def beyond_the_plan(error: TrackerError) -> bool:
    """Whether Asana refused something that only a higher plan has (https://developers.asana.com/docs/errors)."""
    return error.status == HTTPStatus.PAYMENT_REQUIRED


def _row(row: Any, action: Action) -> Row:
    status, body = (row.get("status_code"), row.get("body")) if isinstance(row, dict) else (None, None)
    if not isinstance(status, int):
        raise OutcomeUnknown("a row of Asana's answer to a batch has no status")
    if 200 <= status < 300:
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            return Row({}, OutcomeUnknown(f"a row of Asana's answer to a batch says {status} and nothing else"))
        return Row(data, None)
    headers = {str(name).lower(): str(value) for name, value in (row.get("headers") or {}).items()}
    words = _words(status, body, f"{action.method.upper()} {action.path}")
    return Row({}, from_status(status, words, after=headers.get("retry-after")))


def _words(status: int, body: Any, asked: str) -> str:
    """Asana's own: the messages, and the phrase of a server error, by which its support finds the incident.

    Of a right that we lack it mostly says "Forbidden" alone, so the call is named.
    """
    try:
        content = json.loads(body) if isinstance(body, bytes | str) else body
        errors = content["errors"]
        words = "; ".join(_sentence(error) for error in errors)
    except (ValueError, TypeError, KeyError, AttributeError):
        words = ""
    words = words or f"Asana answered {status} without an explanation"
    return f"{words} ({asked})" if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else words


def _sentence(error: Mapping[str, str]) -> str:
    message = error.get("message") or error.get("help") or ""
    return f"{message} (phrase: {error['phrase']})".strip() if error.get("phrase") else message


def _remove_handlers(configuration: asana.Configuration) -> None:
    for logger in configuration.logger.values():
        logger.removeHandler(configuration.logger_stream_handler)
    logging.getLogger("urllib3").setLevel(logging.NOTSET)
    # Not lower: at DEBUG the SDK logs the body of every answer.
    logging.getLogger("asana").setLevel(logging.INFO)
