"""Rows G1 to G16, E1 to E4 and M9 of the feature list: a request of the starter pack in, its plan out."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from service.catalogue import Catalogue
from service.core.effective import every_task
from service.core.kept import kept
from service.core.plan import InputProblems
from service.core.raci import raci
from service.settings import STARTER_TEMPLATES
from tests.acceptance.pack import PACK, PLAIN, asked, due, last, received, tasks, told

LIST = {"list_file": "https://files.example.com/leads.csv"}
WEBINAR = "2027-01-21"


def test_G1_a_list_import_takes_three_business_days() -> None:
    """The steps of both parties, Monday 30 November over Thanksgiving, and the cut-off to the minute."""
    plan = asked("list_import", **LIST)
    steps = ["file_received", "hygiene_check", "import_list", "import_qa", "confirm"]
    assert [(task.key, task.party) for task in plan.tasks] == [
        (key, "requester" if key == "file_received" else "ops") for key in steps
    ]
    assert last(plan) == "2026-11-30"
    assert plan.promised_on == date(2026, 11, 30)
    assert last(asked("list_import", calendar=PLAIN, **LIST)) == "2026-11-26"
    before, after = (received("list_import", f"2026-12-04T{time}") for time in ("16:59", "17:01"))
    assert last(asked("list_import", before, **LIST)) == "2026-12-09"
    assert last(asked("list_import", after, **LIST)) == "2026-12-10"


@pytest.mark.parametrize(
    ("template", "raw", "expected", "without_holidays"),
    [
        ("content_syndication", {"content": "paper.pdf", "vendor": "Spread Ltd"}, "2026-12-02", "2026-11-30"),
        ("nurture_email", {"email_copy": "copy.docx", "program": "Welcome"}, "2026-12-01", "2026-11-27"),
        ("email_send", {}, "2026-12-04", "2026-12-02"),
    ],
    ids=["G2", "G3", "G4"],
)
def test_G2_G3_G4_so_many_business_days_after_the_complete_request(
    template: str, raw: dict[str, str], expected: str, without_holidays: str
) -> None:
    """Content syndication takes five, a nurture e-mail four, an e-mail send seven; promised and planned alike."""
    plan = asked(template, **raw)
    assert (last(plan), str(plan.promised_on), plan.verdict) == (expected, expected, "planned")
    assert last(asked(template, calendar=PLAIN, **raw)) == without_holidays


def test_G5_an_email_with_a_webinar_cta_keeps_both_agreements() -> None:
    """Asked for by 10 December, sent by 23 December and seven business days after T at the earliest."""
    plan = asked("email_send", secondary_cta="webinar", cta_date=WEBINAR)
    assert plan.verdict == "planned"
    assert plan.request_by == date(2026, 12, 10)
    assert due(plan)["send"] == "2026-12-23"
    assert due(plan)["send"] >= last(asked("email_send"))
    late = asked("email_send", date(2026, 12, 11), secondary_cta="webinar", cta_date=WEBINAR)
    assert told(late, "1 day short")
    assert (
        asked("email_send", date(2026, 12, 10), secondary_cta="webinar", cta_date=WEBINAR).request_by == plan.request_by
    )


def test_G5_the_agreement_on_events_holds_for_an_event_cta() -> None:
    """The same through the other template: the invitation three weeks before, never on a Thursday of its own rules."""
    plan = asked("email_send", secondary_cta="event", cta_date="2027-03-02")
    assert (plan.request_by, due(plan)["send"]) == (date(2027, 1, 19), "2027-02-09")


def test_G5_a_cta_without_a_date_is_refused_by_name_and_none_is_a_plain_email() -> None:
    """The field that is missing is named; without a CTA only the seven business days hold."""
    with pytest.raises(InputProblems) as refused:
        asked("email_send", secondary_cta="webinar")
    assert [(one.field, one.message) for one in refused.value.problems] == [
        ("cta_date", "Date of the webinar or event is missing")
    ]
    plain = asked("email_send", secondary_cta="none")
    assert (plain.request_by, last(plain)) == (None, "2026-12-04")


def test_G6_a_nurture_program_is_asked_for_four_weeks_before_its_first_send() -> None:
    """By 14 December for 11 January; a day later is one day short and gets the next day proposed."""
    first_send = "2027-01-11"
    plan = asked("nurture_program", date(2026, 12, 14), first_send=first_send)
    assert (plan.request_by, plan.verdict) == (date(2026, 12, 14), "planned")
    late = asked("nurture_program", date(2026, 12, 15), first_send=first_send)
    assert (late.feasible, late.verdict) == (False, "shift_proposed")
    assert told(late, "1 day short")
    assert late.earliest_anchor == ("first_send", date(2027, 1, 12))


def test_G7_a_webinar_is_asked_for_six_weeks_before() -> None:
    """By 10 December for 21 January; asked on T the first one that can be granted is 4 January."""
    assert asked("webinar", webinar_date=WEBINAR).request_by == date(2026, 12, 10)
    assert asked("webinar", webinar_date="2026-12-01").earliest_anchor == ("webinar_date", date(2027, 1, 4))
    assert asked("webinar", webinar_date="2027-01-04").feasible
    assert not asked("webinar", webinar_date="2027-01-03").feasible


def test_G8_first_invite_rolls_back_over_the_christmas_closure() -> None:
    """Three weeks before 21 January is closed, so it goes out on Wednesday 23 December and never on 4 January."""
    invite = tasks(asked("webinar", webinar_date=WEBINAR))["first_invite"]
    assert invite.due_on == date(2026, 12, 23)
    assert "Thu 31 Dec 2026, closed (Year-end closing)" in invite.why


def test_G9_the_flow_is_tested_a_week_before_the_invitation_wherever_that_goes() -> None:
    """16 December for an invitation on the 23rd; 14 December when a person sends it on the 21st."""
    assert due(asked("webinar", webinar_date=WEBINAR))["flow_test"] == "2026-12-16"
    moved = asked("webinar", webinar_date=WEBINAR, pins={"first_invite": date(2026, 12, 21)})
    assert due(moved)["flow_test"] == "2026-12-14"


def test_G9_an_invitation_sent_before_the_test_is_a_risk() -> None:
    """Done while the test is open: the plan says so by both names."""
    plan = asked("webinar", webinar_date=WEBINAR, done={"first_invite": date(2026, 12, 7)}, today=date(2026, 12, 7))
    assert told(plan, "“Send the first invitation” was done while “Test the whole flow” is still open")


def test_G10_an_event_is_asked_for_six_weeks_before_and_announced_three_weeks_before() -> None:
    """2 March: asked for by 19 January, invited to by 9 February; the test is a step that can be left out."""
    plan = asked("event", event_date="2027-03-02")
    assert (plan.request_by, due(plan)["first_invite"]) == (date(2027, 1, 19), "2027-02-09")
    assert "flow_test" in due(plan)
    assert "flow_test" not in due(asked("event", event_date="2027-03-02", flow_test="no"))


def test_G10_nobody_is_invited_to_an_event_on_a_thursday() -> None:
    """For a Thursday event the three weeks end on a Thursday, so the invitation goes out the day before."""
    invite = tasks(asked("event", event_date="2027-03-04"))["first_invite"]
    assert invite.due_on == date(2027, 2, 10)


def test_G11_a_basic_email_takes_two_to_three_business_days() -> None:
    """Aimed at 25 November, promised for the 30th: that day is met, late in the range; the day after is missed."""
    plan = asked("basic_email", email_copy="copy.docx", audience="Newsletter")
    assert (plan.target_on, plan.promised_on, last(plan)) == (date(2026, 11, 25), date(2026, 11, 30), "2026-11-25")
    days = [date(2026, 11, 25), date(2026, 11, 30), date(2026, 12, 1)]
    assert [kept(plan, day) for day in days] == ["met", "met_late_in_range", "missed"]


def test_G12_a_multichannel_campaign_takes_three_to_four_weeks() -> None:
    """Aimed at 14 December, promised for the 21st; the launch is as late as the last of its parts."""
    plan = asked("multichannel_campaign", brief="brief.docx", nurture="yes", syndication="yes", vendor="Spread Ltd")
    assert (plan.target_on, plan.promised_on) == (date(2026, 12, 14), date(2026, 12, 21))
    parts = {
        key: day for key, day in due(plan).items() if key.startswith(("email_", "nurture_", "syndication_", "ads_"))
    }
    assert {key.split("_")[0] for key in parts} == {"email", "nurture", "syndication", "ads"}
    assert due(plan)["launch"] == last(plan) == max(parts.values())
    assert plan.verdict == "planned"


def test_G12_no_part_goes_past_the_promise_without_a_flag() -> None:
    """A webinar in March lies behind every promise that is made today."""
    plan = asked("multichannel_campaign", brief="brief.docx", webinar="yes", webinar_date="2027-03-11")
    assert (plan.verdict, plan.feasible) == ("flagged", False)
    assert told(plan, "“Webinar: Send the follow-ups”")


@pytest.mark.parametrize(("registration", "expected"), [("yes", 4), ("no", 0)])
def test_G13_registration_brings_all_of_its_subtasks_or_none(registration: str, expected: int) -> None:
    """Landing page, form, confirmation and reminder, each with an owner and a due date."""
    plan = tasks(asked("event", event_date="2027-03-02", registration=registration))
    found = [plan[key] for key in ("landing_page", "registration_form", "confirmation", "reminder") if key in plan]
    assert len(found) == expected
    assert all(task.owner and task.due_on for task in found)


def test_G15_what_is_excluded_goes_to_a_person() -> None:
    """Goal, scope and exclusions stand in every template; an e-mail with a custom landing page is not planned."""
    assert all(one.goal and one.scope and one.exclusions for one in PACK.templates.values())
    plan = asked("email_send", custom_landing_page="yes")
    assert (plan.verdict, plan.feasible) == ("excluded", False)
    assert told(plan, "does not cover this: a custom landing page")


def test_G16_no_step_is_without_a_party_and_a_rule_for_its_date() -> None:
    """None of the pack's steps is an orphan, and each has somebody responsible and somebody accountable or informed."""
    for template in PACK.templates.values():
        for _, _, task in every_task(template):
            each_due = getattr(task, "each_due", ())
            assert task.party
            assert task.due or each_due or task.pinned or task.duration.value or task.depends_on
        table = raci(template)
        assert table
        assert all(row.responsible for row in table)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("    party: requester\n", "`file_received` has no party; say who owes it"),
        ('    due: "0 business_days after request.complete"\n', "nothing says when `file_received` is due"),
    ],
)
def test_G16_a_step_without_a_party_or_a_due_rule_is_refused_with_its_line(
    tmp_path: Path, line: str, words: str
) -> None:
    """The template cannot be used, and so not be published, until the step has both."""
    for name in ("calendars", "list_import"):
        shutil.copy(STARTER_TEMPLATES / f"{name}.yaml", tmp_path)
    file = tmp_path / "list_import.yaml"
    assert line in file.read_text()
    file.write_text(file.read_text().replace(line, ""))
    catalogue = Catalogue.load(tmp_path)
    assert not catalogue.templates
    [problem] = [str(problem) for problem in catalogue.problems]
    assert words in problem
    assert re.search(r"list_import\.yaml:\d+: ", problem)


def test_E3_each_addend_of_complexity_is_shown() -> None:
    """Three e-mails and an integration: 7 + 2 + 2 = 11 business days, and the work takes as long as the promise."""
    plan = asked("email_send", emails=3, new_integration="yes")
    assert plan.promise.startswith(
        "7 business days + 2 (2 times extra e-mail) + 2 (new integration) = 11 business days"
    )
    assert last(plan) == str(plan.promised_on) == "2026-12-10"
    assert "1 (suppression or segment work) = 8" in asked("email_send", audience_work="yes").promise


@pytest.mark.parametrize("count", [3, 2])
def test_E4_every_invitation_and_follow_up_is_a_dated_group(count: int) -> None:
    """N further invitations: N groups, each with a date of its own and the same keys whatever N is."""
    plan = asked("webinar", webinar_date=WEBINAR, further_invitations=count, further_follow_ups=count, lists=count)
    days = due(plan)
    expected = ["2027-01-07", "2027-01-14", "2027-01-19"][:count]
    assert [days[f"invitation_{number}_send"] for number in range(1, count + 1)] == expected
    assert f"invitation_{count + 1}_send" not in days
    for group, step in (("follow_up", "send"), ("list", "import")):
        assert len([key for key in days if key.startswith(f"{group}_") and key.endswith(f"_{step}")]) == count
    assert plan.verdict == "planned"


def test_M9_the_training_is_one_week_before_the_launch() -> None:
    """For a launch on 15 March by 8 March, and everybody's attendance is on record before the launch."""
    plan = asked("training", launch_date="2027-03-15")
    assert due(plan)["training"] == "2027-03-08"
    assert due(plan)["training"] < due(plan)["attendance"] < "2027-03-15"
