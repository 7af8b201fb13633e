"""Rows of commitments beside campaigns: events are posted as a CRM posts them, and the API tells the verdict.

The agreements are the starter pack's own; its calendar `us-mops` is closed on the days that the rows name.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.commitments import standing
from service.core.details import details
from tests.posting import Post, event, post_office

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """The whole service with its starter pack, and a CRM that may post."""
    with post_office(tmp_path, monkeypatch) as found:
        yield found


def local(text: str) -> str:
    """An instant in New York, as a sender writes it."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).isoformat()


def many(post: Post, type_: str, count: int, when: str, /, **data: Any) -> None:
    """So many things happen at that local time, each to another one."""
    about = type_.partition(".")[0]
    kind = data.get("kind", "")
    told = [event(type_, local(when), f"{about}-{kind}-{when}-{number}", **data) for number in range(count)]
    assert post.send(*told).status_code == 202


def clock(post: Post, name: str, which: str, subject: str = "lead-1") -> dict[str, Any]:
    """The clock of one item, its newest cycle."""
    [item] = [item for item in post.standing(name)["report"]["items"] if item["subject"] == subject]
    told = item["clocks"][which]
    newest: dict[str, Any] = told["ongoing_cycle"] or told["completed_cycles"][-1]
    return newest


def test_M1_half_way_through_the_month_210_leads_are_behind_40(post: Post) -> None:
    """May 2027 has 20 business days; after 10 an even pace is 250."""
    post.at("2027-05-17T00:00:00-04:00")
    many(post, "lead.qualified", 210, "2027-05-12T10:00")
    told = post.standing("lead_generation")
    [target] = told["report"]["targets"]
    assert (told["report"]["business_days"], told["report"]["elapsed"]) == (20, 10)
    assert (target["count"], target["expected"], target["behind"], target["state"]) == (210, 250, 40, "at_risk")
    assert "behind 40" in told["sentence"]


@pytest.mark.parametrize(("count", "verdict"), [(499, "missed"), (500, "met")])
def test_M1_the_month_is_missed_by_one_lead(post: Post, count: int, verdict: str) -> None:
    """499 of 500 is missed and 500 is met, however often each is told."""
    post.at("2027-03-01T00:00:00-05:00")
    for _ in range(2):
        told = [event("lead.qualified", local("2027-02-10T10:00"), f"lead-{number}") for number in range(count)]
        assert post.send(*told).status_code in (200, 202)
    assert post.standing("lead_generation", day="2027-02-28")["verdict"] == verdict
    assert post.standing("lead_generation")["report"]["targets"][0]["count"] == 0


def test_M2_a_lead_touched_within_24_hours_of_its_creation(post: Post) -> None:
    """08:59:59 on the next day is in time, 09:00:01 is not."""
    post.at("2026-12-02T12:00:00-05:00")
    for subject, touched in (("lead-1", "2026-12-02T08:59:59"), ("lead-2", "2026-12-02T09:00:01")):
        post.send(
            event("lead.created", local("2026-12-01T09:00"), subject),
            event("lead.touched", local(touched), subject),
        )
    assert clock(post, "lead_follow_up", "first_touch", "lead-1")["verdict"] == "met"
    assert clock(post, "lead_follow_up", "first_touch", "lead-2")["verdict"] == "breached"


def test_M2_the_systems_half_hour_is_told_apart_from_the_persons_time(post: Post) -> None:
    """Created 09:00, assigned 09:30: 30 minutes were the system's."""
    post.at("2026-12-02T12:00:00-05:00")
    post.send(
        event("lead.created", local("2026-12-01T09:00"), waiting_on="system"),
        event("lead.assigned", local("2026-12-01T09:30"), waiting_on="sales"),
        event("lead.touched", local("2026-12-02T08:59:59")),
    )
    told = clock(post, "lead_follow_up", "first_touch")
    assert told["elapsed_by_party"]["system"]["friendly"] == "30m"
    assert told["elapsed_by_party"]["sales"]["friendly"] == "23h 29m"


def test_M2_24_hours_are_24_hours_when_the_clocks_change(post: Post) -> None:
    """From Sat 13 Mar 2027 20:00 to Sun 14 Mar 21:00 by the wall."""
    post.at("2027-03-14T02:00:00Z")
    post.send(event("lead.created", local("2027-03-13T20:00")))
    due = datetime.fromisoformat(clock(post, "lead_follow_up", "first_touch")["breach_time"])
    assert due.astimezone(NEW_YORK).isoformat() == "2027-03-14T21:00:00-04:00"


def test_M3_four_posts_and_two_papers_leave_the_month_missed_on_the_case_study_only(post: Post) -> None:
    """Each kind has a target of its own."""
    post.at("2026-12-01T00:00:00-05:00")
    many(post, "content.published", 4, "2026-11-10T10:00", kind="blog_post")
    many(post, "content.published", 2, "2026-11-11T10:00", kind="white_paper")
    told = post.standing("content_quota", day="2026-11-30")
    assert (told["verdict"], told["report"]["missed"]) == ("missed", ["case studies"])


def test_M4_content_that_nobody_used_in_30_days_is_listed(post: Post) -> None:
    """A use stops the clock; without one the piece is told as missed."""
    post.at("2026-12-20T12:00:00-05:00")
    post.send(
        event("content.published", local("2026-11-01T10:00"), "post-1", kind="blog_post"),
        event("content.published", local("2026-11-01T10:00"), "post-2", kind="blog_post"),
        event("content.used", local("2026-11-20T10:00"), "post-2"),
    )
    items = post.standing("content_use", day="2026-10-01")["report"]["items"]
    assert [(item["subject"], item["clocks"]["first_use"]["verdict"]) for item in items] == [
        ("post-1", "breached"),
        ("post-2", "met"),
    ]


def test_M5_a_launch_in_the_last_minute_of_the_year_counts_and_a_cancelled_one_does_not(post: Post) -> None:
    """31 December 23:59 in New York is in the fourth quarter, though it is January in UTC."""
    post.at("2027-01-02T12:00:00Z")
    many(post, "campaign.launched", 2, "2026-10-05T10:00")
    last = event("campaign.launched", local("2026-12-31T23:59"), "campaign-3")
    taken_back = event("campaign.launched", local("2026-11-05T10:00"), "campaign-4")
    assert last["at"] == "2026-12-31T23:59:00-05:00"
    assert post.send(last, taken_back).status_code == 202
    post.send(event("campaign.cancelled", local("2026-12-01T10:00"), "campaign-4"))
    fourth = post.standing("campaign_launches", day="2026-12-31")
    assert (fourth["verdict"], fourth["report"]["targets"][0]["count"]) == ("met", 3)
    assert post.standing("campaign_launches")["report"]["targets"][0]["count"] == 0
    post.send(event("campaign.resumed", local("2026-12-02T10:00"), "campaign-4"))
    assert post.standing("campaign_launches", day="2026-12-31")["report"]["targets"][0]["count"] == 4


def test_M6_a_campaigns_lead_has_48_hours_and_the_report_is_by_campaign(post: Post) -> None:
    """47:59 is met and 48:01 is breached, each on its own clock."""
    post.at("2026-12-04T12:00:00-05:00")
    for subject, campaign, touched in (
        ("lead-1", "MKT-1", "2026-12-03T08:59"),
        ("lead-2", "MKT-1", "2026-12-03T09:01"),
        ("lead-3", "MKT-2", "2026-12-03T08:59"),
    ):
        created = event("lead.created", local("2026-12-01T09:00"), subject, source="campaign", campaign=campaign)
        post.send(created, event("lead.touched", local(touched), subject))
    assert clock(post, "lead_follow_up", "first_touch", "lead-1")["verdict"] == "met"
    assert clock(post, "lead_follow_up", "first_touch", "lead-2")["verdict"] == "breached"
    groups = post.standing("lead_follow_up")["report"]["groups"]
    assert groups["MKT-1"]["first_touch"]["verdicts"] == {"met": 1, "breached": 1}
    assert groups["MKT-2"]["first_touch"]["verdicts"] == {"met": 1}


def occurrence(post: Post, day: str) -> dict[str, Any]:
    """The tasks of one weekly report, by name."""
    found = post.standing("reporting")["report"]["occurrences"]
    [tasks] = [one["tasks"] for one in found if one["id"] == day]
    return {task["task"]: task for task in tasks}


def delivered(at: str, *sections: str, called: str = "r1") -> dict[str, Any]:
    """The report of Monday 23 November."""
    return event("report.delivered", local(at), "2026-11-23", called=called, sections=list(sections))


def test_M7_a_weekly_report_without_one_of_its_three_sections_is_not_delivered(post: Post) -> None:
    """The missing section is named; once it comes, the report is delivered."""
    post.at("2026-11-24T12:00:00-05:00")
    post.send(delivered("2026-11-23T10:00", "lead_generation", "conversion_rates"))
    told = occurrence(post, "2026-11-23")["report"]
    assert (told["done_at"], told["missing"], told["verdict"]) == (None, ["campaign_performance"], "late")
    post.send(delivered("2026-11-24T09:00", "campaign_performance", called="r2"))
    assert occurrence(post, "2026-11-23")["report"]["done_at"] == "2026-11-24T14:00:00+00:00"


@pytest.mark.parametrize(("answered", "verdict"), [("2026-11-30T17:00", "met"), ("2026-12-01T09:00", "late")])
def test_M8_feedback_is_due_a_week_after_the_report_was_delivered(post: Post, answered: str, verdict: str) -> None:
    """Delivered on Monday 23 November: due on Monday 30 November, late on 1 December."""
    post.at("2026-12-02T12:00:00-05:00")
    post.send(delivered("2026-11-23T10:00", "lead_generation", "conversion_rates", "campaign_performance"))
    assert occurrence(post, "2026-11-23")["feedback"]["due_on"] == "2026-11-30"
    post.send(event("report.answered", local(answered), "2026-11-23"))
    assert occurrence(post, "2026-11-23")["feedback"]["verdict"] == verdict


def test_M10_eighteen_of_twenty_attended_and_the_two_others_are_named(post: Post) -> None:
    """90 %, with two names open."""
    post.at("2027-03-09T12:00:00-05:00")
    for number in range(20):
        who = f"spring/rep-{number}"
        invited = event("training.invited", local("2027-03-01T09:00"), who, session="spring", name=f"Rep {number}")
        told = [invited] if number >= 18 else [invited, event("training.attended", local("2027-03-08T10:00"), who)]
        post.send(*told)
    tally = post.standing("training_attendance")["report"]["groups"]["spring"]["attendance"]
    assert (tally["done"], tally["of"], tally["percent"], tally["open"]) == (18, 20, 90, ["Rep 18", "Rep 19"])


def test_S1_24_hours_by_the_clock_and_24_hours_of_coverage_are_both_shown(post: Post) -> None:
    """From Friday 16:00 it is Saturday 16:00, and with coverage from 9 to 17 it is later; both say which they are."""
    post.at("2026-12-04T17:00:00-05:00")
    lead = {"job_title": "CMO", "headquarters": "Boston"}
    post.send(event("lead.created", local("2026-12-04T16:00"), **lead))
    elapsed = clock(post, "sdr_leads", "touch_since_creation")
    coverage = clock(post, "sdr_leads", "touch_in_coverage")
    assert elapsed["breach_time"] == "2026-12-05T21:00:00+00:00"  # Saturday 16:00 in New York
    assert coverage["breach_time"] == "2026-12-09T21:00:00+00:00"  # Wednesday 16:00
    assert (elapsed["goal"], coverage["goal"]) == ("24 hours", "24 business_hours")


@pytest.mark.parametrize(("seconds", "verdict"), [("59.999", "met"), ("60.000", "breached")])
def test_S2_a_chat_is_answered_in_less_than_a_minute(post: Post, seconds: str, verdict: str) -> None:
    """To the millisecond: a minute exactly is too late."""
    post.at("2026-12-01T12:00:00-05:00")
    opened = datetime.fromisoformat(local("2026-12-01T10:00:00"))
    answered = opened + timedelta(seconds=float(seconds))
    post.send(
        event("chat.opened", opened.isoformat(timespec="milliseconds"), "chat-1"),
        event("chat.answered", answered.isoformat(timespec="milliseconds"), "chat-1"),
    )
    assert clock(post, "chat_response", "first_answer", "chat-1")["verdict"] == verdict


def test_S2_500_events_of_one_second_keep_their_order(post: Post) -> None:
    """Posted in any order, each answer still belongs after its own question, two milliseconds apart."""
    post.at("2026-12-01T12:00:00-05:00")
    start = datetime.fromisoformat(local("2026-12-01T10:00:00")).astimezone(UTC)
    told = []
    for number in range(250):
        opened = start + timedelta(milliseconds=4 * number)
        told.append(event("chat.opened", opened.isoformat(), f"chat-{number}"))
        told.append(event("chat.answered", (opened + timedelta(milliseconds=2)).isoformat(), f"chat-{number}"))
    random.Random(1).shuffle(told)
    for some in range(0, 500, 50):
        assert post.send(*told[some : some + 50]).status_code == 202
    report = post.standing("chat_response", most="250")["report"]
    assert report["counts"]["first_answer"]["verdicts"] == {"met": 250}
    lasted = {
        item["clocks"]["first_answer"]["completed_cycles"][0]["elapsed_time"]["millis"] for item in report["items"]
    }
    assert lasted == {2}


def test_S3_42_calls_and_39_emails_are_in_the_band_as_a_whole_and_amber_in_a_part(post: Post) -> None:
    """81 activities are within 80 to 100; 39 e-mails are not within 40 to 50."""
    post.at("2026-12-02T08:00:00-05:00")
    many(post, "activity.made", 42, "2026-12-01T10:00", kind="call", by="ana")
    many(post, "activity.made", 39, "2026-12-01T11:00", kind="email", by="ana")
    [target] = post.standing("sdr_activities", day="2026-12-01")["report"]["targets"]
    assert (target["count"], target["state"], target["light"], target["each"]) == (81, "met", "amber", "ana")
    assert [(part["of"], part["count"], part["light"]) for part in target["parts"]] == [
        ("call", 42, "green"),
        ("email", 39, "red"),
    ]


def test_S5_a_form_lead_without_a_title_is_accepted_as_an_exception_and_exceptions_are_counted(post: Post) -> None:
    """Its score outweighs what it lacks, and it comes first; a list lead without a title is not taken on."""
    post.at("2026-12-01T12:00:00-05:00")
    at = local("2026-12-01T10:00")
    post.send(
        event("lead.created", at, "lead-1", source="web_form", headquarters="Boston"),
        event("lead.created", at, "lead-2", source="list", headquarters="Boston"),
        event("lead.created", at, "lead-3", source="list", headquarters="Boston", job_title="CMO"),
    )
    report = post.standing("sdr_leads")["report"]
    taken = {item["subject"]: item["accepted"] for item in report["items"]}
    assert taken["lead-1"] == {
        "outcome": "exception",
        "score": 60,
        "lacks": ["job_title"],
        "priority": True,
        "bonus": False,
    }
    assert (taken["lead-2"]["outcome"], taken["lead-3"]["outcome"]) == ("rejected", "accepted")
    assert report["acceptance"] == {"accepted": 1, "exception": 1, "rejected": 1}


def test_S7_a_high_score_lead_shows_its_bonus_tag(post: Post) -> None:
    """90 points earn the incentive and 60 do not; what is not taken on never does."""
    post.at("2026-12-01T12:00:00-05:00")
    at = local("2026-12-01T10:00")
    known = {"headquarters": "Boston", "job_title": "CMO"}
    post.send(
        event("lead.created", at, "lead-1", source="web_form", icp=True, **known),
        event("lead.created", at, "lead-2", source="web_form", **known),
        event("lead.created", at, "lead-3", source="web_form", icp=True, consent=False, **known),
    )
    taken = {item["subject"]: item["accepted"] for item in post.standing("sdr_leads")["report"]["items"]}
    assert (taken["lead-1"]["score"], taken["lead-1"]["bonus"]) == (90, True)
    assert (taken["lead-2"]["score"], taken["lead-2"]["bonus"]) == (60, False)
    assert (taken["lead-3"]["outcome"], taken["lead-3"]["bonus"]) == ("rejected", False)
    shown = list(details(standing(post.runtime, post.runtime.commitments()["sdr_leads"]).report, most=9))
    assert "lead-1: accepted, score 90, priority, bonus" in shown


def test_S11_first_touch_is_shown_from_assignment_and_from_creation(post: Post) -> None:
    """Created at nine, assigned at eleven, touched at noon: three hours, and one."""
    post.at("2026-12-01T13:00:00-05:00")
    lead = {"job_title": "CMO", "headquarters": "Boston", "icp": True}
    post.send(
        event("lead.created", local("2026-12-01T09:00"), **lead),
        event("lead.assigned", local("2026-12-01T11:00")),
        event("lead.touched", local("2026-12-01T12:00")),
    )
    assert clock(post, "sdr_leads", "touch_since_creation")["elapsed_time"]["friendly"] == "3h"
    assert clock(post, "sdr_leads", "touch_since_assignment")["elapsed_time"]["friendly"] == "1h"
