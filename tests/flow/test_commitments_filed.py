"""Commitments in a tracker: their tasks stand under the task that their file names, once each, and are followed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector, Status
from service import sync
from service.commitments import clocks_of, standing
from service.core.details import clock_lines
from service.filing import ask, examine, standing_tasks
from service.settings import STARTER_TEMPLATES
from service.store import campaigns, changes, events
from service.store.engine import reading, transaction
from tests.contract.scene import CONNECTORS, opened
from tests.memory_tracker import MemoryTracker
from tests.posting import post_office
from tests.standing_office import Office, standing_office


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The starter pack's commitment of this name, with a file of its own that says where."""
    with standing_office(request.param, tmp_path, monkeypatch) as found:
        yield found


REPORTING = ("reporting", ("version: 1\n", 'version: 1\nstarts_on: "2026-11-23"\n'))


@pytest.mark.parametrize("office", [REPORTING], indirect=True)
def test_each_mondays_tasks_are_filed_once(office: Office) -> None:
    """The one that has come and the next one, with dates; a run that is repeated files nothing."""
    assert "Create “Deliver the weekly report (Mon 23 Nov 2026)”" in office.run()
    expected = {
        "2026-11-23.feedback": date(2026, 11, 30),
        "2026-11-23.report": date(2026, 11, 23),
        "2026-11-30.feedback": date(2026, 12, 7),
        "2026-11-30.report": date(2026, 11, 30),
    }
    assert office.due() == expected
    assert office.run() == "Nothing to file."
    assert office.due() == expected
    office.clock[0] = datetime(2026, 11, 30, 16, tzinfo=UTC)
    office.run()
    assert sorted(office.due().keys() - expected.keys()) == ["2026-12-07.feedback", "2026-12-07.report"]


@pytest.mark.parametrize("office", [REPORTING], indirect=True)
def test_what_is_delivered_late_moves_what_waits_for_it(office: Office) -> None:
    """Two days late, so the feedback is due two days later in the tracker too."""
    office.run()
    office.clock[0] = datetime(2026, 11, 25, 20, tzinfo=UTC)
    sections = ["lead_generation", "conversion_rates", "campaign_performance"]
    office.tell("report.delivered", "2026-11-25T15:00:00-05:00", "2026-11-23", sections=sections)
    assert "Move “Give feedback on the report (Mon 23 Nov 2026)” to Wed 2 Dec 2026" in office.run()
    assert office.due()["2026-11-23.feedback"] == date(2026, 12, 2)


REVIEW = ("quarterly_review", ("FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=2TU", "FREQ=WEEKLY;BYDAY=TU"))


@pytest.mark.parametrize("office", [REVIEW], indirect=True)
def test_a_subtask_that_is_done_delivers_its_task(office: Office) -> None:
    """Without an event of its own, the tick in the tracker is the delivery; it is told once."""
    office.run()
    assert list(office.due()) == ["2026-11-24.review"]  # the preparation was due before anybody filed it
    office.finish("2026-11-24.review")
    office.clock[0] = datetime(2026, 11, 24, 20, tzinfo=UTC)
    office.run()
    office.run()
    review = office.runtime.commitments()["quarterly_review"]
    told = standing(office.runtime, review, date(2026, 11, 20)).as_dict(0)["report"]["occurrences"]
    done = {task["key"]: task["verdict"] for one in told for task in one["tasks"] if task["done_at"]}
    assert done == {"2026-11-24.review": "met"}


@pytest.mark.parametrize("office", [("content_quota",)], indirect=True)
def test_the_pieces_of_a_quota_are_spread_over_the_month(office: Office) -> None:
    """December has 17 business days in this calendar: four posts are due on the 5th, 9th, 13th and last of them."""
    office.clock[0] = datetime(2026, 12, 1, 15, tzinfo=UTC)
    office.run()
    assert {key: str(due) for key, due in office.due().items()} == {
        "2026-12.blog_post_1": "2026-12-07",
        "2026-12.blog_post_2": "2026-12-11",
        "2026-12.blog_post_3": "2026-12-17",
        "2026-12.blog_post_4": "2026-12-23",
        "2026-12.case_study_1": "2026-12-23",
        "2026-12.white_paper_1": "2026-12-11",
        "2026-12.white_paper_2": "2026-12-23",
    }


@pytest.mark.parametrize("office", [("sdr_leads",)], indirect=True)
def test_an_event_asks_for_the_run_of_the_commitment_that_listens_to_it(office: Office) -> None:
    """And one that nobody listens to asks for nothing."""
    office.run()
    with transaction(office.runtime.engine) as session:
        assert ask(session, office.runtime, {"chat.opened"}) == set()
        assert ask(session, office.runtime, {"lead.responded"}) == {f"memory:{office.under}"}
    with reading(office.runtime.engine) as session:
        assert changes.partitions(session) == [f"memory:{office.under}"]


@pytest.mark.parametrize("office", [REPORTING], indirect=True)
def test_nothing_is_filed_under_a_task_that_was_closed(office: Office) -> None:
    """Until somebody opens it again."""
    office.tracker.act(office.under, status=Status.DONE)
    assert "is gone or closed" in office.run()
    office.tracker.act(office.under, status=Status.TODO)
    office.run()
    assert len(office.due()) == 4


@pytest.mark.parametrize("office", [REPORTING], indirect=True)
def test_a_subtask_that_a_person_deletes_is_not_made_again(office: Office) -> None:
    """As in campaigns."""
    office.run()
    del office.tracker.tasks[office.tracker.under(office.under)["2026-11-30.report"].id]
    office.run()
    office.run()
    assert "2026-11-30.report" not in office.due()


@pytest.mark.parametrize(
    ("office", "problem"),
    [
        ((*REPORTING, ("T-1", "T-9")), "there is no task T-9 in memory"),
        ((*REPORTING, ("connection: memory", "connection: memmory")), "did you mean `memory`?"),
    ],
    indirect=["office"],
)
def test_doctor_tells_what_cannot_be_filed(office: Office, problem: str) -> None:
    """And nothing is asked for."""
    [finding] = examine(office.runtime)
    assert problem in finding.problem
    assert standing_tasks(office.runtime, "memory") == set()


@pytest.mark.parametrize("office", [REPORTING], indirect=True)
def test_a_lost_reply_makes_no_second_subtask(office: Office) -> None:
    """The tracker made them and the answer was lost: the next run finds them by their marks."""
    lost = [RuntimeError("the line is dead")]
    office.tracker.fails = lambda moment, what: lost.pop() if (moment, what) == ("after", "create") and lost else None
    assert standing_tasks(office.runtime, "memory")
    with pytest.raises(RuntimeError):
        sync.run(office.runtime, "memory", office.under)
    office.run()
    keys = [task.mark.key for task in office.tracker.tasks.values() if task.mark]
    assert len(keys) == len(set(keys)) == 4


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
def test_a_report_is_filed_and_ticked_off_in_every_tracker(
    connector: Connector[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the simulated sites: subtasks with their dates, a tick that counts, a second run that files nothing."""
    name, (old, new) = REVIEW
    with opened(connector) as scene:
        under = scene.request("Standing duties")
        text = (STARTER_TEMPLATES / f"{name}.yaml").read_text().replace(old, new)
        text += f"\nfile: {{connection: memory, under: {json.dumps(under.label)}}}\n"
        with post_office(tmp_path, monkeypatch, files=[(f"{name}.yaml", text)]) as post:
            office = Office(post, scene.tracker, under.id)
            office.run()
            [review] = scene.tracker.children(scene.under(under))
            assert (review.title, review.due_on) == ("Review the SLAs (Tue 24 Nov 2026)", date(2026, 11, 24))
            assert office.run() == "Nothing to file."
            scene.tracker.set_status(review, Status.DONE)
            office.run()
            with reading(office.runtime.engine) as session:
                told = events.between(session, ["quarterly_review.review_done"], None, post.now)
    assert [found.subject for found in told] == ["2026-11-24"]


def test_what_happens_in_the_trackers_is_told_as_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filed, complete, a first hand of ops, the launch, and the end; each with what the request says."""
    with post_office(tmp_path, monkeypatch) as post:
        tracker = MemoryTracker()
        runtime = replace(post.runtime, trackers={"memory": tracker})
        filed = post.now - timedelta(hours=2)
        fields = {"section": "Webinars", "Webinar date": "2027-03-18", "audience": "EMEA", "topic": "Plans"}
        request = tracker.file("Spring webinar", fields=fields, created_at=filed)
        for _ in range(3):
            sync.run(runtime, "memory", request)
        tasks = tracker.under(request)
        for key in ("intake", "webinar"):
            tracker.act(tasks[key].id, status=Status.DONE)
            post.clock[0] += timedelta(hours=1)
            sync.run(runtime, "memory", request)
        for _ in range(2):
            tracker.act(request, status=Status.DROPPED)
            sync.run(runtime, "memory", request)
        with reading(runtime.engine) as session:
            told = events.between(session, KINDS, None, post.now)
    assert [found.type for found in sorted(told, key=lambda found: (found.at, KINDS.index(found.type)))] == KINDS
    assert {found.subject for found in told} == {told[0].subject}
    [launched] = [found for found in told if found.type == "campaign.launched"]
    assert launched.facts()["campaign.template"] == "webinar"
    assert launched.facts()["campaign.webinar_date"] == "2027-03-18"
    assert min(found.at for found in told) == filed


def test_the_clocks_of_a_request_run_by_what_happens_in_the_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First response by a hand of ops, resolution by the send; waiting for somebody stops the second one."""
    with post_office(tmp_path, monkeypatch) as post:
        tracker = MemoryTracker()
        runtime = replace(post.runtime, trackers={"memory": tracker})
        fields = {"section": "E-mails", "audience": "EMEA", "subject_line": "Hello", "email_copy": "copy.docx"}
        request = tracker.file("Hello", fields=fields, created_at=post.now)

        def at(day: int, hour: int, task: str, status: Status) -> None:
            post.clock[0] = datetime(2026, 11, day, hour, tzinfo=UTC)
            tracker.act(tracker.under(request)[task].id if task else request, status=status)
            sync.run(runtime, "memory", request)

        for _ in range(2):
            sync.run(runtime, "memory", request)
        at(23, 17, "intake", Status.DOING)
        at(24, 15, "", Status.WAITING)
        at(25, 15, "", Status.DOING)
        at(30, 20, "send", Status.DONE)
        with reading(runtime.engine) as session:
            campaign = campaigns.of_request(session, "memory", request)
            assert campaign is not None
            clocks = clocks_of(session, runtime, campaign)
    told = list(clock_lines(clocks))
    assert told[0] == "first response: met, 2h of 8 business_hours"
    assert told[1].startswith("resolution: met, ")
    assert [segment.state for segment in clocks["resolution"].cycles[0].segments if segment.state == "paused"]


KINDS = [
    "request.created",
    "request.complete",
    "ops.first_reply",
    "intake.done",
    "webinar.done",
    "campaign.launched",
    "campaign.cancelled",
]
