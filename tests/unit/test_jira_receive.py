"""Jira's webhook bodies: what is believed, and what they mean."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.contract import Change, Delivery
from connectors.errors import Malformed, Unverified
from connectors.jira.receive import JiraReceiver

SECRET = "It's a Secret to Everybody"
BODY = b"Hello World!"
SIGNATURE = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"


def parse(event: object) -> Change:
    """The one change of this body."""
    [change] = JiraReceiver().parse(json.dumps(event).encode())
    return change


def test_the_vendors_own_test_vector_is_accepted() -> None:
    """Atlassian publishes this secret, body and signature."""
    headers = {"x-hub-signature": SIGNATURE, "x-atlassian-webhook-identifier": "abc-1"}
    assert JiraReceiver().verify(headers, BODY, SECRET) == Delivery("abc-1")


@pytest.mark.parametrize("identifier", [{}, {"x-atlassian-webhook-identifier": "x" * 201}])
def test_without_an_identifier_equal_bodies_are_one_delivery(identifier: dict[str, str]) -> None:
    """Data Center sends no identifier header, so the body's hash stands in; as for one that no index could hold."""
    delivery = JiraReceiver().verify({"x-hub-signature": SIGNATURE, **identifier}, BODY, SECRET)
    assert delivery == Delivery(hashlib.sha256(BODY).hexdigest())


@pytest.mark.parametrize(
    ("headers", "body", "secret"),
    [
        ({}, BODY, SECRET),
        ({"x-hub-signature": ""}, BODY, SECRET),
        ({"x-hub-signature": SIGNATURE.removeprefix("sha256=")}, BODY, SECRET),
        ({"x-hub-signature": SIGNATURE.replace("sha256", "sha1")}, BODY, SECRET),
        ({"x-hub-signature": SIGNATURE}, BODY + b" ", SECRET),
        ({"x-hub-signature": SIGNATURE}, BODY, "another secret"),
        ({"x-hub-signature": SIGNATURE}, BODY, ""),
        ({"x-hub-signature": SIGNATURE}, BODY, None),
        ({"x-hub-signature": "sha256=\udcff"}, BODY, SECRET),
    ],
)
def test_a_body_that_is_not_signed_with_our_secret_is_refused(
    headers: dict[str, str], body: bytes, secret: str | None
) -> None:
    """A missing, wrong or foreign signature, or no secret at all, closes the door."""
    with pytest.raises(Unverified):
        JiraReceiver().verify(headers, body, secret)


NOW = 1_800_000_000.0
KNOWN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)


def bearer(secret: str = SECRET, header: object = None, **claims: object) -> str:
    """An `authorization` header whose token is put together by hand."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    signed = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    digest = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"Bearer {signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        (f"Bearer {KNOWN}", "your-256-bit-secret"),
        (bearer(iss="app", exp=NOW + 180), SECRET),
        (bearer(exp=NOW - 59), SECRET),
        (bearer(exp=NOW + 180).replace("Bearer", "bearer"), SECRET),
    ],
    ids=["a token that others made", "as Jira sends it", "a clock that is slow", "another case"],
)
def test_a_token_that_is_signed_with_our_secret_is_accepted(given: str, secret: str) -> None:
    """OAuth apps' webhooks carry one; the identifier is the key, as with every other webhook."""
    headers = {"authorization": given, "x-atlassian-webhook-identifier": "abc-1"}
    assert JiraReceiver(now=lambda: NOW).verify(headers, BODY, secret) == Delivery("abc-1")


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"authorization": bearer("another secret", exp=NOW + 180)}, SECRET),
        ({"authorization": bearer(exp=NOW - 61)}, SECRET),
        ({"authorization": bearer(exp="never")}, SECRET),
        ({"authorization": bearer(exp=None)}, SECRET),
        ({"authorization": bearer(header={"alg": "none"}, exp=NOW + 180)}, SECRET),
        ({"authorization": bearer(header={"alg": "HS512"}, exp=NOW + 180)}, SECRET),
        ({"authorization": bearer(header={"typ": "JWT"}, exp=NOW + 180)}, SECRET),
        ({"authorization": bearer(header=["HS256"], exp=NOW + 180)}, SECRET),
        ({"authorization": bearer(exp=NOW + 180).rpartition(".")[0] + "."}, SECRET),
        ({"authorization": bearer(exp=NOW + 180)[:-1]}, SECRET),
        ({"authorization": bearer(exp=NOW + 180).replace("Bearer", "Basic")}, SECRET),
        ({"authorization": "Bearer "}, SECRET),
        ({"authorization": "Bearer a.b.c"}, SECRET),
        ({"authorization": "Bearer \udcff.\udcff.\udcff"}, SECRET),
        ({"authorization": bearer("", exp=NOW + 180)}, ""),
        ({"authorization": bearer(exp=NOW + 180)}, None),
        ({"authorization": bearer(exp=NOW + 180), "x-hub-signature": "sha256=0"}, SECRET),
        ({"authorization": bearer(exp=NOW + 180), "x-tminus-secret": "wrong"}, SECRET),
    ],
)
def test_every_other_token_is_refused(headers: dict[str, str], secret: str | None) -> None:
    """Signed by another, over, without an end that is one, by another algorithm, cut, no token, or no secret here."""
    with pytest.raises(Unverified) as caught:
        JiraReceiver(now=lambda: NOW).verify(headers, BODY, secret)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("signed", ["", "e30", "e30.e30.e30", "!.!", "e30.W10", "e30.bnVsbA", "_w._w"])
def test_what_is_signed_but_no_token_is_refused(signed: str) -> None:
    """Whoever knows the secret may still send nonsense: it is no crash."""
    digest = hmac.digest(SECRET.encode(), signed.encode(), "sha256")
    given = f"Bearer {signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    with pytest.raises(Unverified, match="not a JSON Web Token"):
        JiraReceiver(now=lambda: NOW).verify({"authorization": given}, BODY, SECRET)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"webhookEvent": "jira:issue_updated", "at": NaN}', "not JSON: NaN"),
        (b'{"webhookEvent": "jira:issue_updated", "at": -Infinity}', "not JSON: -Infinity"),
        (b'\xef\xbb\xbf{"webhookEvent": "jira:issue_updated"}', "not JSON"),
        ('{"webhookEvent": "jira:issue_updated"}'.encode("utf-16"), "not UTF-8"),
        (b'{"webhookEvent": "jira:issue_updated"}{}', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "webhookEvent"),
        (b'{"webhookEvent": 7}', "webhookEvent"),
        (b'{"webhookEvent": ""}', "webhookEvent"),
        (b'{"transition": {"to_status": "Done"}, "comment": "", "issue": {"key": "MKT-7"}}', "webhookEvent"),
    ],
)
def test_a_malformed_body_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    """The reason is what an operator reads beside the parked delivery."""
    with pytest.raises(Malformed, match=reason):
        JiraReceiver().parse(body)


def test_an_edit_is_told_with_issue_parent_fields_and_actor() -> None:
    """Everything a hint can hold, from one body."""
    change = parse(
        {
            "webhookEvent": "jira:issue_updated",
            "user": {"accountId": "5b10", "name": "old"},
            "issue": {"id": "10010", "key": "MKT-7", "fields": {"parent": {"id": "10001", "key": "MKT-1"}}},
            "changelog": {"items": [{"field": "duedate"}, {"fieldId": "customfield_1"}, {"field": "duedate"}]},
        }
    )
    assert change.as_dict() == {
        "kind": "updated",
        "item": "MKT-7",
        "changed_fields": ["duedate", "customfield_1"],
        "actor": "5b10",
    }
    assert (change.task, change.parent) == ("10010", "10001")


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({}, "updated"),
        ({"comment": {"id": "1"}}, "comment"),
        ({"issue_event_type_name": "issue_commented"}, "comment"),
        ({"issue_event_type_name": "issue_comment_edited", "changelog": {"items": []}}, "comment"),
        ({"comment": {"id": "1"}, "changelog": {"items": [{"field": "status"}]}}, "updated"),
        ({"issue_event_type_name": "issue_comment_deleted", "changelog": None}, "comment"),
        ({"comment": "Done as of today", "transition": {"transitionName": "Close"}}, "comment"),
        ({"comment": "", "transition": {"transitionName": "Close"}}, "updated"),
        ({"issue_event_type_name": "issue_moved", "changelog": {"items": [{"field": "Key"}]}}, "updated"),
    ],
)
def test_an_update_without_changes_is_a_comment_where_the_body_speaks_of_one(extra: dict[str, Any], kind: str) -> None:
    """Data Center reports comments as updates of the issue."""
    assert parse({"webhookEvent": "jira:issue_updated", **extra}).kind == kind


@pytest.mark.parametrize(
    "event",
    [
        "sprint_started",
        "issuelink_created",
        "worklog_updated",
        "jira:worklog_updated",
        "attachment_created",
        "board_deleted",
        "new",
        "project_soft_deleted",
        "user_created",
        "jira:version_released",
        "option_voting_changed",
        "issue_property_set",
    ],
)
def test_an_event_that_no_plan_depends_on_is_other(event: str) -> None:
    """Also one that Jira may invent tomorrow."""
    assert parse({"webhookEvent": event}).kind == "other"


@pytest.mark.parametrize(
    ("event", "comment", "actor"),
    [
        ("comment_created", {"author": {"accountId": "a"}, "updateAuthor": {"accountId": "b"}}, "a"),
        ("comment_updated", {"author": {"accountId": "a"}, "updateAuthor": {"accountId": "b"}}, "b"),
        ("comment_updated", {"author": {"name": "a"}}, "a"),
        ("comment_deleted", {"author": {"accountId": "a"}, "updateAuthor": {"accountId": "b"}}, None),
        ("jira:issue_updated", {"author": {"accountId": "a"}}, None),
    ],
)
def test_a_comment_that_names_no_user_was_written_by_its_author(event: str, comment: object, actor: str | None) -> None:
    """Or edited by another; who deletes one is nobody that the body knows."""
    assert parse({"webhookEvent": event, "comment": comment, "user": {"displayName": "Anonymous"}}).actor == actor


@pytest.mark.parametrize("odd", [None, [], "x", 3, {"id": None, "key": 3}, {"fields": []}])
def test_odd_parts_of_a_body_are_passed_over(odd: object) -> None:
    """A body is only a hint: what it lacks is read back."""
    change = parse({"webhookEvent": "jira:issue_updated", "issue": odd, "user": odd, "changelog": odd, "comment": odd})
    assert change.task is None
