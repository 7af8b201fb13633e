"""Clock rows: a rule as ops write it and events as they come, and the verdict that the row demands."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from service.calendars import CalendarRecipe
from service.core.clock_rule import ClockRule
from service.core.clocks import Terms, read_clock
from service.core.cycles import Cycle
from service.core.event import Event

ZONE = ZoneInfo("America/New_York")
WRITTEN = """\
calendars:
  always: {time_zone: UTC, working_hours: always}
  coverage:
    time_zone: America/New_York
    working_hours:
      mon: ["09:00-17:00"]
      tue: ["09:00-17:00"]
      wed: ["09:00-17:00"]
      thu: ["09:00-17:00"]
      fri: ["09:00-17:00"]
clocks:
  first_touch:
    calendar: always
    start: lead.created
    stop: lead.touched
    goals: [{target: "24 hours"}]
  sdr_elapsed:
    label: 24 hours, day and night
    calendar: coverage
    start: lead.created
    stop: lead.touched
    goals: [{target: "24 hours"}]
  sdr_coverage:
    label: 24 hours of coverage
    calendar: coverage
    start: lead.created
    stop: lead.touched
    goals: [{target: "24 business_hours"}]
  chat:
    calendar: coverage
    start: chat.opened
    stop: chat.answered
    goals: [{under: "1 business_minute"}]
"""
FILE = YAML(typ="safe", pure=True).load(WRITTEN)


def terms(name: str) -> Terms:
    """A clock of the file with its frozen calendar."""
    rule = ClockRule.model_validate(FILE["clocks"][name])
    recipe = CalendarRecipe.model_validate(FILE["calendars"][rule.calendar])
    return Terms(rule, recipe.freeze(str(rule.calendar), range(2026, 2029)))


def event(kind: str, when: str, **data: Any) -> Event:
    """An event about one lead or chat, by New York's clocks."""
    return Event(f"{kind} {when}", kind, datetime.fromisoformat(when).replace(tzinfo=ZONE), "L-1", data)


def cycle(name: str, *events: Event, now: str = "2027-12-31T00:00") -> Cycle:
    """What the clock says."""
    found = read_clock(events, terms(name), datetime.fromisoformat(now).replace(tzinfo=ZONE)).current
    assert found
    return found


def due(found: Cycle) -> str:
    """By New York's clocks."""
    assert found.breach_time
    return found.breach_time.astimezone(ZONE).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(("touched", "verdict"), [("08:59:59", "met"), ("09:00:01", "breached")])
def test_M2_sales_contact_within_24_hours_split_by_who_was_waited_for(touched: str, verdict: str) -> None:
    """Created at 09:00, assigned at 09:30, touched the next day; 30 minutes are the system's."""
    found = cycle(
        "first_touch",
        event("lead.created", "2026-12-07T09:00", waiting_on="system"),
        event("lead.assigned", "2026-12-07T09:30", waiting_on="sales"),
        event("lead.touched", f"2026-12-08T{touched}"),
    )
    assert found.verdict == verdict
    assert found.elapsed_by_party["system"] == timedelta(minutes=30)
    assert found.elapsed_by_party["sales"] == found.elapsed_time - timedelta(minutes=30)


def test_M2_24_hours_over_the_spring_switch() -> None:
    """From Saturday 2027-03-13 20:00 to Sunday 2027-03-14 21:00 by the clocks on the wall."""
    assert due(cycle("first_touch", event("lead.created", "2027-03-13T20:00"))) == "Sun 2027-03-14 21:00"


def test_S1_leads_within_24_hours_elapsed_or_in_coverage() -> None:
    """Friday 16:00 and 24 hours is Saturday 16:00; in coverage hours it is later; both say which they are."""
    created = event("lead.created", "2026-12-04T16:00")
    assert due(cycle("sdr_elapsed", created)) == "Sat 2026-12-05 16:00"
    assert due(cycle("sdr_coverage", created)) == "Wed 2026-12-09 16:00"
    assert [terms(name).rule.label for name in ("sdr_elapsed", "sdr_coverage")] == [
        "24 hours, day and night",
        "24 hours of coverage",
    ]


@pytest.mark.parametrize(("answered", "verdict"), [("10:00:59.999", "met"), ("10:01:00.000", "breached")])
def test_S2_a_chat_is_answered_in_under_a_minute(answered: str, verdict: str) -> None:
    """59.999 seconds are met, 60.000 are a breach."""
    opened = event("chat.opened", "2026-12-07T10:00:00.000")
    assert cycle("chat", opened, event("chat.answered", f"2026-12-07T{answered}")).verdict == verdict


def test_S2_a_chat_outside_coverage_waits_for_the_opening() -> None:
    """Opened at 22:00, it is due a minute after nine; answered at 09:00:30 it is met."""
    opened = event("chat.opened", "2026-12-07T22:00:00")
    assert cycle("chat", opened, now="2026-12-07T23:00").state == "outside_hours"
    assert due(cycle("chat", opened)) == "Tue 2026-12-08 09:01"
    assert cycle("chat", opened, event("chat.answered", "2026-12-08T09:00:30")).verdict == "met"


def test_S2_500_events_a_second_keep_their_order() -> None:
    """250 openings and answers, two milliseconds apart and arriving in any order, are 250 cycles."""
    start = datetime(2026, 12, 7, 10, tzinfo=ZONE)
    events = [
        Event(f"e{number}", kind, start + timedelta(milliseconds=2 * number), "C-1")
        for number, kind in enumerate(["chat.opened", "chat.answered"] * 250)
    ]
    random.Random(7).shuffle(events)
    cycles = read_clock(events, terms("chat"), start + timedelta(seconds=2)).cycles
    assert [found.elapsed_time for found in cycles] == [timedelta(milliseconds=2)] * 250
    assert {found.verdict for found in cycles} == {"met"}
