"""Missed goals are told to whom the clock names: once, in open hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Status
from service import breaches, sync
from service.settings import STARTER_TEMPLATES
from service.store import ledger
from service.store.engine import reading
from tests.memory_tracker import MemoryTracker
from tests.posting import Post, event, post_office
from tests.standing_office import standing_office


def told(post: Post) -> list[str]:
    """What the ledger says of missed goals, oldest first."""
    with reading(post.runtime.engine) as session:
        return [line.sentence for line in reversed(ledger.of_kind(session, "breach"))]


def test_a_lead_that_nobody_touched_is_told_once_and_by_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """24 hours are over on Tuesday at 22:00: sales hears of it on Wednesday morning, and not again."""
    sentence = (
        "Lead follow-up, lead-1: First touch is late: 24 hours agreed, until 2026-11-25 03:00 UTC. "
        "To be told: sales lead (Dana Ops)."
    )
    with post_office(tmp_path, monkeypatch) as post:
        post.at("2026-11-23T22:00:00-05:00")
        assert post.send(event("lead.created", "2026-11-23T22:00:00-05:00")).status_code == 202
        for at, expected in (
            ("2026-11-24T12:00:00-05:00", []),
            ("2026-11-24T23:00:00-05:00", []),
            ("2026-11-25T09:00:00-05:00", [sentence]),
            ("2026-11-25T09:05:00-05:00", [sentence]),
        ):
            post.at(at)
            breaches.tell(post.runtime)
            assert told(post) == expected
        since = post.now.date() - timedelta(days=28)
        assert breaches.told_of(post.runtime, "lead_follow_up", since) == [sentence]
        assert breaches.told_of(post.runtime, "sdr_leads", since) == []


def test_a_lead_touched_in_time_is_told_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that was kept is no news."""
    with post_office(tmp_path, monkeypatch) as post:
        post.at("2026-11-24T15:00:00-05:00")
        post.send(
            event("lead.created", "2026-11-23T10:00:00-05:00"), event("lead.touched", "2026-11-24T09:59:59-05:00")
        )
        assert breaches.tell(post.runtime) == 0
        assert told(post) == []


def test_a_late_first_response_is_one_comment_on_the_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep asks for the run that writes it, in open hours only; a second run writes nothing."""
    text = (STARTER_TEMPLATES / "email_send.yaml").read_text()
    goal = 'goals: [{target: "8 business_hours"}]'
    assert goal in text
    text = text.replace(goal, f"{goal}\n    on_breach: [{{notify: role:mops_lead}}]", 1)
    with post_office(tmp_path, monkeypatch, files=[("email_send.yaml", text)]) as post:
        tracker = MemoryTracker()
        runtime = replace(post.runtime, trackers={"memory": tracker})
        fields = {"section": "E-mails", "audience": "EMEA", "subject_line": "Hello", "email_copy": "copy.docx"}
        request = tracker.file("Hello", fields=fields, created_at=post.now)
        for _ in range(2):
            sync.run(runtime, "memory", request)
        assert breaches.unsaid(runtime, "memory") == set()
        post.clock[0] = datetime(2026, 11, 24, 23, tzinfo=UTC)
        assert breaches.unsaid(runtime, "memory") == set()
        post.clock[0] = datetime(2026, 11, 25, 15, tzinfo=UTC)
        assert breaches.unsaid(runtime, "memory") == {request}
        for _ in range(2):
            sync.run(runtime, "memory", request)
            assert breaches.unsaid(runtime, "memory") == set()
        tracker.act(tracker.under(request)["intake"].id, status=Status.DOING)
        sync.run(runtime, "memory", request)
        said = [text for text in tracker.comments(request) if "is late" in text]
    late = "**First response is late: 8 business hours agreed, until 2026-11-24 15:00 UTC."
    assert said == [f"{late} To be told: mops lead (Dana Ops).**"]


NOTIFIED = (
    'goals: [{target: "24 hours"}]\n    warn_at',
    'goals: [{target: "24 hours"}]\n    on_breach: [{notify: role:sales_lead}]\n    warn_at',
)


def test_a_missed_goal_of_a_filed_agreement_is_one_comment_on_its_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Untouched for a day by Tuesday night: said on Wednesday morning, once for each time that the clock ran."""
    late = (
        "**First touch since creation, 24 hours by the clock is late: 24 hours agreed, until 2026-11-24 16:00 UTC. "
        "To be told: sales lead (Dana Ops).**"
    )
    with standing_office(("sdr_leads", NOTIFIED), tmp_path, monkeypatch) as office:

        def said(at: str) -> list[str]:
            office.clock[0] = datetime.fromisoformat(at)
            office.run()
            return office.tracker.comments(office.tracker.under(office.under)["answer.lead-1"].id)

        facts = {"job_title": "CTO", "headquarters": "Ulm", "source": "web_form", "icp": False}
        office.tell("lead.created", "2026-11-23T16:00:00+00:00", "lead-1", **facts)
        office.tell("lead.responded", "2026-11-23T17:00:00+00:00", "lead-1")
        assert said("2026-11-23T18:00:00+00:00") == []
        assert said("2026-11-25T02:00:00+00:00") == []
        assert said("2026-11-25T15:00:00+00:00") == [late]
        assert said("2026-11-25T15:05:00+00:00") == [late]
        office.tell("lead.touched", "2026-11-25T16:00:00+00:00", "lead-1")
        office.tell("lead.created", "2026-11-25T17:00:00+00:00", "lead-1")
        again = said("2026-11-30T15:00:00+00:00")
    assert again == [late, late.replace("2026-11-24 16:00", "2026-11-26 17:00")]
