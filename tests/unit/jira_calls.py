"""Calls that the tests of the Jira simulator share."""

from __future__ import annotations

from typing import Any

import httpx

from connectors.jira.simulator import JiraSimulator

DOCUMENT = {
    "version": 1,
    "type": "doc",
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hi"}]}],
}


def empty(sim: JiraSimulator) -> JiraSimulator:
    """The same site with nothing filed, and its rules as they were at the start."""
    while sim.site.issues:
        sim.delete(next(iter(sim.site.issues)))
    sim.site.restore()
    return sim


def task(summary: str = "A task", issue_type: str = "Task", **fields: Any) -> dict[str, Any]:
    """The body of a create."""
    return {"fields": {"project": {"key": "MKT"}, "issuetype": {"name": issue_type}, "summary": summary, **fields}}


def refused(response: httpx.Response, status: int = 400) -> dict[str, Any]:
    """The error body, which has Jira's two keys and no others."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert set(body) == {"errorMessages", "errors"}
    assert body["errorMessages"] or body["errors"]
    return body
