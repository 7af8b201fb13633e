"""Whether a request was done when it was promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from service.core.kept import kept, told
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
