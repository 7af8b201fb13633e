"""Each run tells what it came to and cost: in the log for operators, in the ledger for everybody, under one id."""

from __future__ import annotations

import logging

import pytest

from connectors.tally import SINCE_START
from service import workflows
from service.run_log import finished
from service.store import ledger
from service.store.engine import reading
from service.store.tables import Ledger
from service.why import tell
from tests.house import House, in_weeks


def story_of(home: House, label: str) -> list[Ledger]:
    """The ledger's lines of that request's campaign."""
    campaign = home.running(label)
    with reading(home.runtime.engine) as session:
        return ledger.of_campaign(session, campaign.id)


def test_a_run_is_one_line_of_the_log_with_outcome_and_cost(at_home: House, caplog: pytest.LogCaptureFixture) -> None:
    """Its request id leads to the campaign's lines in the ledger, and its deliveries to the inbox."""
    with caplog.at_level(logging.INFO, logger="service.run_log"):
        key = at_home.jira.file_request("Webinar", "Told", {"Webinar date": in_weeks(12)})
        story = story_of(at_home, key)
    campaign = at_home.campaign(key)
    assert campaign
    records = [record for record in caplog.records if getattr(record, "campaign", None) == campaign.id]
    launch = next(record for record in records if "Planned" in record.reason)
    assert (launch.outcome, launch.failed_calls) == ("handled", 0)
    assert launch.calls >= 3
    assert launch.seconds > 0
    assert set(launch.deliveries) <= {row.id for row in at_home.deliveries()}
    mine = [line for line in story if line.request_id == launch.request_id]
    assert {"planned", "CreateTask", ledger.CALLS} <= {line.kind for line in mine}
    assert [line.kind for line in story if line.request_id is None] == []


def test_the_ledger_says_what_a_run_cost_and_why_leaves_that_out(at_home: House) -> None:
    """People who ask why want to know what happened."""
    key = at_home.asana.file_request("Told too", section="List imports")
    [*_, cost] = [line.sentence for line in story_of(at_home, key) if line.kind == ledger.CALLS]
    assert cost.startswith("That took ")
    assert "to asana (" in cost
    told = tell(at_home.runtime, key)
    assert told
    assert not any("That took" in line for line in told.lines)


def test_a_run_that_finds_nothing_to_do_leaves_no_line_in_the_ledger(at_home: House) -> None:
    """Ten thousand quiet campaigns are looked at every night."""
    key = at_home.jira.file_request("List Import", "Quiet")
    before = len(story_of(at_home, key))
    counted, calls = finished.by_outcome()["handled"][0], sum(SINCE_START.copy().calls.values())
    workflows.sweep_now(at_home.runtime, full=True)
    at_home.quiet()
    assert len(story_of(at_home, key)) == before
    assert finished.by_outcome()["handled"][0] > counted
    assert sum(SINCE_START.copy().calls.values()) > calls
