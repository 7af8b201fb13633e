"""What went wrong, as one of the contract's errors and in Jira's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx
import requests
from jira.exceptions import JIRAError
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from connectors.errors import OutcomeUnknown, Rejected, TrackerError, Unreachable
from connectors.line import from_status

_TAG = re.compile(r"<[^>]*>")


def translate(error: Exception) -> TrackerError | None:
    """The contract's error for what the SDK or httpx raised; None for a mistake of our own."""
    if isinstance(error, JIRAError):
        return _refusal(error)
    if isinstance(error, requests.RequestException):
        return _requests(error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(f"Jira cannot be reached: {error}")
    if isinstance(error, httpx.TransportError):
        return OutcomeUnknown(f"the connection to Jira broke: {error or type(error).__name__}")
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return Rejected(f"Jira's answer cannot be used: {error}")
    # The SDK digs in answers without looking: these mean that a 200 was not what Jira documents.
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError | NotImplementedError):
        return garbage(error)
    return None


def garbage(error: object) -> OutcomeUnknown:
    """A success status with an answer that is not Jira's, as a proxy's error page."""
    return OutcomeUnknown(f"Jira's answer is not what it documents: {type(error).__name__}: {error}"[:300])


def from_answer(status: int, body: str, headers: Mapping[str, str]) -> TrackerError:
    """The error for an HTTP answer, with Jira's words."""
    return from_status(
        status,
        f"Jira answered {status}: {words(body)}",
        after=headers.get("Retry-After"),
        reason=headers.get("RateLimit-Reason"),
    )


def words(body: str) -> str:
    """`errorMessages` and `errors` of an answer in one line, or its first 300 characters, without the tags of a page
    that is not Jira's, where it has neither."""
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    return told(parsed) or " ".join(unescape(_TAG.sub(" ", body)).split())[:300] or "no reason given"


def unscoped(words: str) -> bool:
    """Whether this 401 says that the OAuth app was not given the scope, and nothing against the token itself.

    It is the gateway's answer in front of Jira, which no document of theirs describes.
    """
    return "scope does not match" in words


def told(collection: Any) -> str:
    """The words of an error collection, as in an answer's body or a bulk row."""
    if not isinstance(collection, dict):
        return ""
    general = [str(text) for text in collection.get("errorMessages") or () if text]
    by_field = collection.get("errors")
    fields = [f"{field}: {text}" for field, text in by_field.items()] if isinstance(by_field, dict) else []
    return "; ".join([*general, *fields]) or str(collection.get("message") or collection.get("errorMessage") or "")


def _refusal(error: JIRAError) -> TrackerError:
    # Never str(error): it holds the headers of the answer, in many lines.
    answer = error.response
    if not isinstance(answer, requests.Response):
        return OutcomeUnknown("Jira gave no answer")
    return from_answer(answer.status_code, answer.text, answer.headers)


def _requests(error: requests.RequestException) -> TrackerError:
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return garbage(error)
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return Unreachable(f"Jira cannot be reached: {error}")
    if isinstance(error, requests.ConnectionError):
        cause = error.args[0] if error.args else None
        reason = cause.reason if isinstance(cause, MaxRetryError) else cause
        if isinstance(reason, NewConnectionError | ConnectTimeoutError):
            return Unreachable(f"Jira cannot be reached: {reason}")
        return OutcomeUnknown(f"the connection to Jira broke: {reason}")
    if isinstance(error, requests.Timeout | requests.exceptions.ChunkedEncodingError):
        return OutcomeUnknown(f"the connection to Jira broke: {error}")
    return Rejected(f"Jira's answer cannot be used: {error}")
