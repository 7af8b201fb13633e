"""Jira Automation calls us with the body that the how-to shows, and with the secret in a header."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.contract import Delivery
from connectors.errors import Unverified
from connectors.jira.receive import JiraReceiver

PAGE = Path(__file__).parents[2] / "docs/how-to/jira-automation.md"
VALUES = {
    'now.format("yyyy-MM-dd HH:mm:ss.SSS")': "2026-11-23 09:00:00.125",
    "issue.id": "10010",
    "issue.key": "MKT-7",
    "issue.parent.id": "10001",
}


def body(**values: str) -> bytes:
    """The template of the page, filled in as Jira does."""
    found = re.search(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return re.sub(r"\{\{(.+?)\}\}", lambda name: (VALUES | values)[name[1]], found[1]).encode()


def test_the_body_of_the_page_says_where_to_look() -> None:
    """Issue and parent; Jira fills in nothing for an issue without a parent."""
    [change] = JiraReceiver().parse(body())
    assert (change.kind, change.item, change.task, change.parent) == ("updated", "MKT-7", "10010", "10001")
    [alone] = JiraReceiver().parse(body(**{"issue.parent.id": ""}))
    assert alone.parent is None


def test_who_knows_the_secret_is_heard() -> None:
    """Two calls at different moments are two deliveries, and the same call twice is one."""
    headers = {"x-tminus-secret": "s3cret"}
    first, again = (JiraReceiver().verify(headers, body(), "s3cret") for _ in range(2))
    later = JiraReceiver().verify(headers, body(**{'now.format("yyyy-MM-dd HH:mm:ss.SSS")': "later"}), "s3cret")
    assert isinstance(first, Delivery)
    assert first == again != later


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"x-tminus-secret": "wrong"}, "s3cret"),
        ({"x-tminus-secret": ""}, "s3cret"),
        ({"x-tminus-secret": ""}, ""),
        ({"x-tminus-secret": "s3cret"}, None),
        ({"x-tminus-secret": "s3cret", "x-hub-signature": "sha256=0"}, "s3cret"),
        ({}, "s3cret"),
    ],
)
def test_whoever_does_not_is_not(headers: dict[str, str], secret: str | None) -> None:
    """A hook without a secret is closed, and a signature that is there has to fit."""
    with pytest.raises(Unverified):
        JiraReceiver().verify(headers, body(), secret)
