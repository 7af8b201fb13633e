"""Time that counts from the day on which a request was filed, from the tracker to the plan."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.desk import NOW, Desk, publish_webinar


@pytest.fixture
def answering(desk: Desk, tmp_path: Path) -> Desk:
    """Its webinars have one more task, which is owed so long after they were asked for."""
    task = '  answer: {title: Answer, party: ops, due: "10 business_days after request.created"}\n'
    publish_webinar(desk, tmp_path, lambda text: text.replace("\ntasks:\n", f"\ntasks:\n{task}"))
    return desk


def test_a_task_counted_from_the_filing_is_not_put_off_by_a_late_date(answering: Desk) -> None:
    """Filed on Monday 16 November without a date, complete a week later: the answer is owed by 2 December."""
    desk = answering
    fields = {"section": "Webinars", "Webinar date": None}
    request = desk.tracker.file("Spring webinar", fields=fields, created_at=NOW - timedelta(days=7))
    desk.run(request)
    assert desk.campaign(request).state == "waiting_for_input"
    desk.move(request, "2027-03-18")
    desk.settled(request)
    assert desk.campaign(request).complete_on == NOW.date()
    # Ten business days, of which 26 and 27 November are none.
    assert desk.tracker.under(request)["answer"].due_on == date(2026, 12, 2)
    desk.move(request, "2027-03-25")
    desk.settled(request)
    assert desk.tracker.under(request)["answer"].due_on == date(2026, 12, 2)
