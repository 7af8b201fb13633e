"""`tminus why`: every question that people ask about a request has an answer and something to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service import workflows
from service.replay import parked
from service.why import LATEST, Story, tell
from tests.house import House, house, in_weeks


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for the module."""
    folder = tmp_path_factory.mktemp("why")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found,
    ):
        yield found


def told(home: House, name: str) -> Story:
    """The story, which must be there."""
    story = tell(home.runtime, name)
    assert story is not None
    return story


def webinar(home: House, weeks: int = 12) -> str:
    """A webinar that has been planned, or refused."""
    key = home.jira.file_request("Webinar", "Spring webinar", {"Webinar date": in_weeks(weeks)})
    home.running(key)
    return key


def test_a_running_campaign_tells_how_far_it_is(home: House) -> None:
    """By its label or by the address in the tracker: template, progress, and nothing to do."""
    key = webinar(home)
    address = home.jira.issue(key).url
    for name in (key, address):
        story = told(home, name)
        assert "asks for `webinar` (version 1): its plan stands in the tracker" in story.lines[0]
        assert story.lines[1].startswith("0 of ")
        assert any("a webhook told of it" in line for line in story.lines)
        assert story.advice == "Nothing needs to be done."


def test_a_subtask_tells_why_it_is_due_on_its_day(home: House) -> None:
    """The sentence of its own date stands in the story of its campaign."""
    key = webinar(home)
    story = told(home, home.links(key)["first_invite"].label)
    assert "3 weeks before Webinar date" in story.lines[1]


def test_a_pinned_and_a_deleted_subtask_are_told(home: House) -> None:
    """What people did with their own hands is told as theirs."""
    key = webinar(home)
    links = home.links(key)
    home.jira.edit(links["rehearsal"].label, {"duedate": in_weeks(11)})
    home.jira.delete(links["reminder"].label)
    home.until(lambda: home.links(key)["rehearsal"].pinned_on and home.links(key)["reminder"].state == "gone")
    assert "A person fixed its date" in told(home, links["rehearsal"].label).lines[1]
    assert any("was deleted in the tracker" in line for line in told(home, key).lines)


def test_a_request_without_its_date_tells_what_is_missing(home: House) -> None:
    """No plan, and what to fill in."""
    key = home.jira.file_request("Webinar", "Some day", {})
    home.until(lambda: home.campaign(key))
    home.quiet()
    story = told(home, key)
    assert "it waits for something that the request does not say yet" in story.lines[0]
    assert any("Webinar date is missing" in line for line in story.lines)
    assert story.advice.startswith("Fill in what is missing")


def test_a_date_that_cannot_be_had_tells_the_chain(home: House) -> None:
    """The reasons are those of the comment on the request."""
    key = webinar(home, weeks=2)
    story = told(home, key)
    assert "it cannot be planned as it is asked for" in story.lines[0]
    assert any("6 weeks are agreed" in line for line in story.lines)


def test_a_task_that_no_rule_wants_tells_which_field_decides(home: House) -> None:
    """The rule's field and what the task has in it, live from the tracker."""
    key = home.jira.file_request("Task", "Water the plants", {})
    home.quiet()
    story = told(home, key)
    assert "no campaign knows it" in story.lines[0]
    assert any("no request rule matches it" in line and "Task" in line for line in story.lines)
    assert "`requests:`" in story.advice


def test_a_request_that_no_delivery_told_of_is_found_live(home: House) -> None:
    """The hook was lost: the rule fits, nothing was heard, and a sweep is what to do."""
    home.jira.knobs.hook_lost = 1.0
    try:
        key = home.jira.file_request("Webinar", "Unheard", {"Webinar date": in_weeks(12)})
    finally:
        home.jira.knobs.hook_lost = 0.0
    story = told(home, key)
    assert "It fits the rule for `webinar`." in story.lines
    assert "No delivery has told of it yet." in story.lines
    assert story.advice.startswith("Run `tminus sweep`")


def test_a_refused_write_is_told_whatever_was_heard_since(home: House) -> None:
    """Deliveries that went well afterwards do not hide that one waits for a person."""
    denied = home.jira.site.me.denied
    denied.add("LINK_ISSUES")
    try:
        key = webinar(home)
    finally:
        denied.discard("LINK_ISSUES")
    for note in range(LATEST + 1):
        home.jira.edit(key, {"summary": f"Spring webinar {note}"})
        home.quiet()
    story = told(home, key)
    assert any("was parked" in line for line in story.lines)
    assert story.advice.startswith("Mend what parked it")


def test_a_request_whose_first_run_was_parked_waits_for_no_input(home: House) -> None:
    """Its requester has said everything; what is to be mended is ours."""
    knobs = home.asana.knobs
    knobs.only, knobs.error_before, knobs.error_status = "POST /api/1.0/batch", 1.0, 403
    try:
        gid = home.asana.file_request("Webinar", custom_fields={"Webinar date": in_weeks(12)})
        home.until(lambda: any("was parked" in line for line in told(home, gid).lines))
    finally:
        knobs.only, knobs.error_before, knobs.error_status = "", 0.0, 503
    story = told(home, gid)
    assert "there is no plan yet, because what was to make it is parked" in story.lines[0]
    assert story.advice.startswith("Mend what parked it")


def test_a_name_that_nobody_knows_has_no_story(home: House) -> None:
    """Neither a campaign nor a tracker knows it."""
    assert tell(home.runtime, "MKT-99999") is None


def test_what_no_sweep_can_read_is_told_once_with_what_helps(home: House) -> None:
    """There is no delivery to run again: the next sweep looks by itself."""
    request = home.asana.file_request("Leads behind a wall", section="List imports")
    home.running(request)
    knobs = home.asana.knobs
    knobs.only, knobs.error_status, knobs.error_before = f"/tasks/{request}", 403, 1.0
    for _ in range(3):
        workflows.sweep_now(home.runtime, full=True)
        home.quiet()
    story = told(home, request)
    assert len([line for line in story.lines if "Parked for a person" in line]) == 1
    assert story.advice == "Mend what parked it; each sweep looks again, and `tminus sweep` does so at once."
    knobs.only, knobs.error_status, knobs.error_before = "", 503, 0.0
    home.asana.edit(request, {"name": "Leads in the open"})
    home.quiet()
    campaign = home.campaign(request)
    assert campaign
    assert campaign.title == "Leads in the open"


def test_a_refusal_that_is_parked_already_parks_nothing_more(home: House) -> None:
    """One delivery waits for a person, not each that comes; its replay does what was refused."""
    key = home.jira.file_request("List Import", "Refused to go")
    home.running(key)
    task = next(iter(home.links(key).values())).label
    knobs = home.jira.knobs
    knobs.only, knobs.error_status, knobs.error_before = "/transitions", 400, 1.0
    home.jira.transition(key, "Cancelled")
    home.until(lambda: bool(parked(home.runtime)))
    home.quiet()
    before = len(parked(home.runtime))
    home.jira.comment(task, "What now?")
    home.quiet()
    assert len(parked(home.runtime)) == before
    assert any("Refused as before, and parked already" in line for line in told(home, key).lines)
    assert "tminus replay" in told(home, key).advice
    knobs.only, knobs.error_status, knobs.error_before = "", 503, 0.0
    home.replay()
    home.until(lambda: home.jira.issue(task).status == "Cancelled")
    home.quiet()
    assert parked(home.runtime) == []
