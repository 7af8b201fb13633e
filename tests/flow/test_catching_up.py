"""Sweeps and later attempts: they find what was missed, and cost no more the longer something is broken."""

from __future__ import annotations

import time

import sqlalchemy as sa
from dbos import DBOS

from connectors.errors import AccessDenied, Unreachable
from service import intake, workflows
from service.bootstrap import working
from service.store import changes
from service.store.engine import reading, transaction
from service.store.tables import ChangeRow
from tests.desk import NOW, Desk


def rows(desk: Desk) -> list[str]:
    """The state of every change."""
    with reading(desk.runtime.engine) as session:
        return sorted(session.execute(sa.select(ChangeRow.state)).scalars())  # type: ignore[call-overload]


def answered(desk: Desk) -> None:
    """Until no run has anything to do."""
    for _ in range(1000):
        with reading(desk.runtime.engine) as session:
            if not changes.partitions(session):
                return
        time.sleep(0.02)
    raise AssertionError(rows(desk))


def test_a_project_that_is_gone_does_not_stop_the_sweep_of_the_others(desk: Desk) -> None:
    """What changed elsewhere is found, and the ledger tells which project is not."""
    desk.tracker.gone.add("P")
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    with working(desk.runtime):
        workflows.sweep_now(desk.runtime)
        answered(desk)
    assert len(desk.tracker.under(request)) == 5
    assert any("P" in line for line in desk.latest("sweep"))


def test_what_a_sweep_found_while_access_was_denied_is_handled_by_a_later_one(desk: Desk) -> None:
    """No delivery tells of it, so there is nothing that a person could replay."""
    request = desk.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
    desk.tracker.fails = lambda _moment, what: AccessDenied("token expired") if what == "read" else None
    with working(desk.runtime):
        for _ in range(3):
            workflows.sweep_now(desk.runtime)
            answered(desk)
        assert rows(desk) == ["parked"]
        desk.tracker.fails = lambda _moment, _what: None
        desk.tracker.unchanged = True
        workflows.sweep_now(desk.runtime)
        answered(desk)
    assert len(desk.tracker.under(request)) == 5
    assert rows(desk) == []


def test_a_campaign_that_fails_for_hours_has_one_later_attempt_waiting(desk: Desk) -> None:
    """However many hints and sweeps ask for it meanwhile."""
    request = desk.imports()
    desk.tracker.fails = lambda _moment, what: Unreachable("off") if what == "read" else None
    with working(desk.runtime):
        for _ in range(3):
            with transaction(desk.runtime.engine) as session:
                workflows.enqueue(session, intake.ask(session, "memory", [request]))
            before = len(desk.latest("delayed"))
            while len(desk.latest("delayed")) == before:
                time.sleep(0.02)
        assert len(DBOS.list_workflows(status="DELAYED", queue_name=workflows.QUEUE)) == 1
