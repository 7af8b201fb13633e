"""The Asana simulator's pages for people and its controls."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.asana.simulator import AsanaSimulator


@pytest.fixture(scope="module")
def sim() -> Iterator[AsanaSimulator]:
    """One simulator for the module."""
    with AsanaSimulator() as running:
        yield running


@pytest.fixture(scope="module")
def browser(sim: AsanaSimulator) -> Iterator[httpx.Client]:
    """For the pages and controls."""
    with httpx.Client(base_url=sim.url, follow_redirects=True) as http:
        yield http


@pytest.fixture
def task(sim: AsanaSimulator) -> str:
    """A fresh request."""
    return sim.file_request("Webinar")


def test_pages_show_and_people_act(sim: AsanaSimulator, browser: httpx.Client, task: str) -> None:
    """The pages escape what people wrote, forbid scripts, and let a chosen person complete, date, comment and
    delete."""
    sim.edit(task, {"name": "<script>alert(1)</script>", "html_notes": "<body><a href='javascript:x'>go</a></body>"})
    page = browser.get(f"/0/{sim.project}/{task}")
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "javascript:" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert task in browser.get("/").text
    form = {"as": "lee.lead@example.com", "value": "Ship it"}
    for deed in ("complete", "comment"):
        assert browser.post(f"/0/{sim.project}/{task}", data=form | {"do": deed}).status_code == 200
    assert "not a date" in browser.post(f"/0/{sim.project}/{task}", data=form | {"do": "due"}).text
    dated = form | {"do": sim.fields["Webinar date"], "value": "2027-01-21"}
    page = browser.post(f"/0/{sim.project}/{task}", data=dated)
    assert "<dd>2027-01-21</dd>" in page.text
    assert sim.task(task)["completed_by"]["name"] == "Lee Lead"
    assert sim.comments(task) == ["Ship it"]
    assert browser.post(f"/0/{sim.project}/{task}", data=form | {"do": "delete"}).status_code == 404


def test_knobs_are_read_and_turned_over_http(sim: AsanaSimulator, browser: httpx.Client) -> None:
    """`/_sim/knobs` shows and sets them, refuses unknown ones, and `/_sim/state` says what is there."""
    assert browser.put("/_sim/knobs", json={"hook_delay": 0.5}).json()["hook_delay"] == sim.knobs.hook_delay == 0.5
    for wrong in ({"latencee": 1}, {"hook_delay": "soon"}, ["hook_delay"]):
        assert browser.put("/_sim/knobs", json=wrong).status_code == 400
    assert browser.put("/_sim/knobs", json={"hook_delay": 0}).json() == browser.get("/_sim/knobs").json()
    assert browser.get("/_sim/state").json()["projects"]["Marketing requests"]["gid"] == sim.project
