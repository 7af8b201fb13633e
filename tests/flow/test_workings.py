"""What keeps an installation going: retention, parking, later attempts, and the router."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import col

from connectors.retrying import PASSING
from connectors.signing import sign
from service import looking, sync, workflows
from service.store import hooks, inbox
from service.store.engine import is_sqlite, reading, transaction
from service.store.tables import ChangeRow, Inbox
from tests.house import House


def test_old_deliveries_are_dropped_and_parked_ones_kept(at_home: House) -> None:
    """Handled ones with their changes after thirty days; what waits for a person never."""
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    old = at_home.runtime.now() - workflows.KEEP_DELIVERIES - timedelta(days=1)
    with transaction(at_home.runtime.engine) as session:
        session.execute(sa.update(Inbox).values(received_at=old))
        session.execute(sa.update(ChangeRow).values(at=old))
    parked = at_home.deliveries()[0].id
    with transaction(at_home.runtime.engine) as session:
        inbox.park(session, parked, "wait")
    workflows.run_retention_step("now")
    assert [delivery.id for delivery in at_home.deliveries()] == [parked]


def test_a_signed_body_that_cannot_be_read_is_parked_and_stops_nobody(at_home: House) -> None:
    """Nothing verified is thrown away, and the next delivery is routed as ever."""
    with reading(at_home.runtime.engine) as session:
        [hook] = hooks.of_connection(session, "jira")
        secret = hooks.secret_of(hook, at_home.runtime.vault)
    assert secret
    bad = [b"not json", b"\xff\xfe", b"[]"]
    event = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "%s"}}'
    bad += [event % name for name in (b"\\ud800", b"9\\u0000", b"9" * 5000)]
    for body in bad:
        answer = at_home.post(hook.target, body, {"X-Hub-Signature": f"sha256={sign(secret, body)}"})
        assert answer == 202
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    reasons = [row.reason for row in at_home.deliveries() if row.body in bad]
    assert len(reasons) == len(bad)
    assert all(reason and reason.startswith("the body cannot be read") for reason in reasons)


def test_a_run_that_fails_for_the_moment_is_tried_again_later(at_home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deliveries wait for it, and the ledger says why."""
    monkeypatch.setattr(looking, "_pause", lambda _attempt: 0.2)
    real, failed = sync.run, []

    def unlucky(*words: object) -> sync.Outcome:
        if len(failed) < 2:
            failed.append(words)
            raise PASSING[1]("the site is down for the moment")
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(sync, "run", unlucky)
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    assert len(failed) == 2
    assert at_home.jira.children(key)
    assert any("the site is down for the moment" in line for line in at_home.story())


def test_a_run_that_stumbles_over_our_own_mistake_is_parked_with_it(
    at_home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And can be replayed once that is mended."""

    def broken(*_: object) -> sync.Outcome:
        raise ZeroDivisionError("oops")

    with monkeypatch.context() as patched:
        patched.setattr(sync, "run", broken)
        key = at_home.jira.file_request("List Import", "Leads")
        at_home.until(lambda: any("ZeroDivisionError: oops" in (row.reason or "") for row in at_home.deliveries()))
    at_home.replay()
    at_home.running(key)
    assert at_home.jira.children(key)


def test_a_delivery_for_a_connection_that_was_taken_out_of_the_settings_is_parked(at_home: House) -> None:
    """It may come back."""
    with transaction(at_home.runtime.engine) as session:
        session.add(Inbox(connection="gone", hook_id="h", key="k", body=b"{}", received_at=at_home.runtime.now()))
    at_home.worker.ring()
    at_home.quiet()
    with reading(at_home.runtime.engine) as session:
        [row] = session.execute(sa.select(col(Inbox.reason)).where(col(Inbox.connection) == "gone"))
    assert "no longer in the settings" in row.reason


def test_a_run_that_has_not_begun_is_not_asked_for_twice(at_home: House) -> None:
    """It will answer what is new as well, so that a flood of changes leaves one run waiting for each campaign."""
    engine = at_home.runtime.engine
    names = map(sa.column, ("status", "queue_name", "queue_partition_key"))
    runs = sa.table("workflow_status", *names, schema=None if is_sqlite(engine) else "dbos")
    ours = runs.c.queue_name == workflows.QUEUE  # a sweep may be waiting, too
    waiting = sa.select(runs.c.queue_partition_key).where(runs.c.status == "ENQUEUED", ours)
    with transaction(engine) as session:
        for _ in range(10):
            workflows.enqueue(session, ["jira:1", "jira:2"])
        assert sorted(session.execute(waiting).scalars()) == ["jira:1", "jira:2"]
    at_home.quiet()


def test_a_storm_of_webhooks_is_stored_first_and_then_answered_by_few_runs(at_home: House) -> None:
    """While hundreds pour in, runs wait and the engine looks for them less often; afterwards all is as before."""
    key = at_home.jira.file_request("List Import", "Leads")
    at_home.running(key)
    child = at_home.jira.children(key)[0]
    before, ids = len(at_home.jira.log), at_home.deliveries()[-1].hook_id
    body = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "%s", "key": "%s"}}'
    told = body % (str(child.id).encode(), child.key.encode())
    storm = 3 * workflows.STORM
    with transaction(at_home.runtime.engine) as session:
        rows = [Inbox(connection="jira", hook_id=ids, key=f"storm-{number}", body=told) for number in range(storm)]
        session.add_all(rows)
    at_home.worker.ring()
    at_home.quiet()
    handled = [row for row in at_home.deliveries() if row.key.startswith("storm-")]
    assert {row.state for row in handled} == {"handled"}
    assert len(handled) == storm
    assert len(at_home.jira.log) - before <= 4
    at_home.until(workflows._bell.calm.is_set)
