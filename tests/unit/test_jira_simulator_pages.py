"""The Jira simulator's web pages: the tree of issues, one issue, and a person's buttons."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.jira.simulator import JiraSimulator, Refusal


@pytest.fixture
def sim() -> Iterator[JiraSimulator]:
    """A fresh site."""
    with JiraSimulator() as simulator:
        yield simulator


@pytest.fixture
def browser(sim: JiraSimulator) -> Iterator[httpx.Client]:
    """Follows redirects, as browsers do."""
    with httpx.Client(base_url=sim.url, follow_redirects=True) as client:
        yield client


def test_the_first_page_lists_requests_with_their_sub_tasks(sim: JiraSimulator, browser: httpx.Client) -> None:
    """Each with its status, owner, dates and what blocks it."""
    assert "No issues yet" in browser.get("/").text
    key = sim.file_request("Webinar", "Spring webinar")
    child = sim.file_request(
        "Sub-task", "Invite", {"parent": key, "assignee": "omar.ops@example.com", "duedate": "2027-01-11"}
    )
    page = browser.get("/").text
    assert page.index(key) < page.index(child)
    for shown in ("Spring webinar", "Omar Ops", "2027-01-11", "To Do"):
        assert shown in page


def test_what_people_wrote_is_escaped_and_no_script_may_run(sim: JiraSimulator, browser: httpx.Client) -> None:
    """Markup in a summary, text or comment is shown as text."""
    key = sim.file_request("Task", "<script>alert(1)</script>", {"description": "<img src=x>"})
    sim.comment(key, "<b>bold</b>")
    for path in ("/", f"/browse/{key}"):
        page = browser.get(path)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
    assert "&lt;img src=x&gt;" in page.text
    assert "&lt;b&gt;bold" in page.text


def test_rich_text_is_shown_as_html(sim: JiraSimulator, browser: httpx.Client) -> None:
    """Headings, lists, emphasis and links; a link that is not http stays text."""

    def text(words: str, *marks: dict[str, object]) -> dict[str, object]:
        return {"type": "text", "text": words, "marks": list(marks)}

    link = {"type": "link", "attrs": {"href": "https://example.com/?a=1&b=2"}}
    bad = {"type": "link", "attrs": {"href": "javascript:alert(1)"}}
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": [text("step", {"type": "strong"})]}]}
    document = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 1}, "content": [text("Goal")]},
            {"type": "bulletList", "content": [item]},
            {"type": "paragraph", "content": [text("site", link), text("trap", bad)]},
        ],
    }
    page = browser.get(f"/browse/{sim.file_request('Task', 'One', {'description': document})}").text
    assert "<h3>Goal</h3><ul><li><p><strong>step</strong></p></li></ul>" in page
    assert '<a href="https://example.com/?a=1&amp;b=2">site</a>trap' in page


def test_a_person_moves_dates_comments_and_deletes(sim: JiraSimulator, browser: httpx.Client) -> None:
    """Each button does what it says, as the chosen person."""
    key, lee = sim.file_request("Task", "One"), "lee.lead@example.com"
    browser.post(f"/browse/{key}/transition", data={"status": "In Progress", "as": lee})
    browser.post(f"/browse/{key}/date", data={"field": "duedate", "day": "2027-01-21", "as": lee})
    browser.post(f"/browse/{key}/assign", data={"assignee": "omar.ops@example.com", "as": lee})
    page = browser.post(f"/browse/{key}/comment", data={"text": "Looks good", "as": lee}).text
    issue = sim.issue(key)
    assert (issue.status, str(issue.due), issue.assignee) == ("In Progress", "2027-01-21", "omar.ops@example.com")
    assert issue.comments == ("Looks good",)
    assert "Lee Lead" in page
    browser.post(f"/browse/{key}/date", data={"field": "duedate", "as": lee})
    assert sim.issue(key).due is None
    browser.post(f"/browse/{key}/delete", data={"as": lee})
    with pytest.raises(Refusal):
        sim.issue(key)
    assert browser.get(f"/browse/{key}").status_code == 404


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("date", {"field": "duedate", "day": "soon"}),
        ("comment", {}),
        ("transition", {"status": "Nowhere"}),
        ("dance", {}),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(
    sim: JiraSimulator, browser: httpx.Client, act: str, form: dict[str, str]
) -> None:
    """The issue is shown again with the reason."""
    page = browser.post(f"/browse/{sim.file_request('Task', 'One')}/{act}", data=form)
    assert page.status_code == 200
    assert 'role="alert"' in page.text


def test_a_form_of_another_site_is_refused(sim: JiraSimulator, browser: httpx.Client) -> None:
    """A page elsewhere cannot press buttons here."""
    key = sim.file_request("Task", "One")
    elsewhere = {"Origin": "https://evil.example"}
    assert browser.post(f"/browse/{key}/delete", data={"x": "1"}, headers=elsewhere).status_code == 403
    assert sim.issue(key).summary == "One"


def test_knobs_are_read_and_turned(sim: JiraSimulator, browser: httpx.Client) -> None:
    """PUT sets those it names and leaves the others; a wrong name or type sets none."""
    turned = browser.put("/_sim/knobs", json={"index_lag": 2, "enforce_limits": True}).json()
    assert (turned["index_lag"], turned["enforce_limits"], turned["latency"]) == (2, True, 0.0)
    assert browser.get("/_sim/knobs").json() == turned
    for wrong in ({"index_lag": 3, "lag": 1}, {"index_lag": "3"}, {"enforce_limits": 1}, [], {"latency": None}):
        assert browser.put("/_sim/knobs", json=wrong).status_code == 400
    assert sim.knobs.index_lag == 2


def test_the_state_is_summed_up(sim: JiraSimulator, browser: httpx.Client) -> None:
    """How much there is of everything."""
    key = sim.file_request("Webinar", "Spring")
    sim.file_request("Sub-task", "Invite", {"parent": key})
    state = browser.get("/_sim/state").json()
    assert (state["issues"], state["requests"], state["calls"]) == (2, 1, 0)
