"""Whether a request was done when it was promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connectors.contract import Status
from service.core.kept import compared, kept, told
from service.core.merge import Agreed, LinkView
from service.core.plan import Plan
from tests.acceptance.pack import asked

LATE = "Done on Thu 26 Nov 2026, promised for Mon 30 Nov 2026: met, late in the agreed range"


def plan() -> Plan:
    """A basic e-mail: aimed at 25 November, promised for the 30th."""
    return asked("basic_email", email_copy="copy.docx", audience="Newsletter")


@pytest.mark.parametrize(
    ("done_on", "sentence"),
    [
        (date(2026, 11, 25), "Done on Wed 25 Nov 2026, promised for Mon 30 Nov 2026: met."),
        (
            date(2026, 11, 26),
            f"{LATE}, whose near end was Wed 25 Nov 2026.",
        ),
        (date(2026, 12, 1), "Done on Tue 1 Dec 2026, promised for Mon 30 Nov 2026: missed."),
    ],
)
def test_the_verdict_is_told_in_one_sentence(done_on: date, sentence: str) -> None:
    """Met, met late in the range, or missed, with all the days it rests on."""
    assert told(plan(), done_on) == sentence


def test_what_was_promised_for_no_day_has_no_verdict() -> None:
    """A webinar has a lead time and no turnaround."""
    webinar = asked("webinar", webinar_date="2027-01-21")
    assert (kept(webinar, date(2027, 1, 22)), told(webinar, date(2027, 1, 22))) == (None, None)


def test_a_single_day_that_was_promised_has_no_late_part() -> None:
    """Without a range it is met or missed."""
    single = replace(plan(), target_on=None)
    assert kept(single, date(2026, 11, 30)) == "met"


def done(key: str, day: int, due: int) -> LinkView:
    """A task that was done on that day of December, when it was due on the other."""
    agreed = Agreed(status=Status.DONE, due_on=date(2026, 12, due))
    return LinkView(key=key, state="made", done_on=date(2026, 12, day), agreed=agreed)


def test_what_was_in_time_is_told_by_the_first_plan_and_by_the_last() -> None:
    """One came late for both, one only for the first, and one was not in the first at all."""
    first = {"brief": "2026-12-01", "copy": "2026-12-02", "build": "2026-12-03", "never_made": "2026-12-09"}
    links = [done("brief", 1, 1), done("copy", 3, 2), done("build", 7, 7), done("extra", 8, 8)]
    assert compared(first, {link.key: link for link in links}) == (
        "In time by the first plan, which ended on Thu 3 Dec 2026: 1 of 3 tasks; "
        "by the dates that stood when they were done: 3 of 4 tasks."
    )


def test_a_campaign_that_is_older_than_its_first_plan_is_not_compared() -> None:
    """Of one that began before first plans were kept, nothing is told."""
    assert compared({}, {"brief": done("brief", 1, 1)}) is None
