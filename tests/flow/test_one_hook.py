"""One hook for all projects, where the vendor calls one address of ours: made, kept, changed, renewed and ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

import tests.house
from connectors.contract import Hook
from service import keeper
from service.connect import Connected, base_of, connect, watch
from service.disconnect import disconnect
from service.runtime import Runtime
from service.store import hooks, sweeps
from service.store.engine import reading, transaction
from service.store.tables import HookRow, Sweep
from tests.desk import NOW, Desk
from tests.house import House, house
from tests.signed_in import agree

APP_SECRET = "the-app's-own"


@pytest.fixture
def one(desk: Desk) -> Desk:
    """A tracker of that kind."""
    desk.tracker.one_hook, desk.tracker.app_secret = True, APP_SECRET
    return desk


def connected(desk: Desk) -> list[Connected]:
    """What `tminus connect` says."""
    return list(connect(desk.runtime, "memory"))


def row(desk: Desk) -> HookRow:
    """Our only hook."""
    with reading(desk.runtime.engine) as session:
        [found] = hooks.of_connection(session, "memory")
    return found


def listed(desk: Desk) -> Hook:
    """The vendor's only one."""
    [found] = desk.tracker.hooks()
    return found


def with_projects(desk: Desk, *projects: str) -> Desk:
    """The same installation after somebody changed the settings."""
    connection = desk.runtime.settings.connections["memory"]
    changed = connection.model_copy(update={"settings": connection.settings.model_copy(update={"projects": projects})})
    settings = desk.runtime.settings.model_copy(update={"connections": {"memory": changed}})
    return Desk(replace(desk.runtime, settings=settings), desk.tracker)


def test_connecting_twice_makes_one_hook_for_all_projects(one: Desk) -> None:
    """Its calls are checked with the app's secret, not with one of ours."""
    [made] = connected(one)
    assert (made.project, made.sentence, made.ok) == ("P, Q", "hook made", True)
    assert listed(one).projects == ("P", "Q")
    assert hooks.secret_of(row(one), one.runtime.vault) == APP_SECRET
    before = listed(one)
    assert [again.sentence for again in connected(one)] == ["hook is already there"]
    assert listed(one) == before


def test_another_list_of_projects_makes_it_anew_at_the_same_address(one: Desk) -> None:
    """Where that fails the old one goes on telling."""
    connected(one)
    before = row(one)
    more = with_projects(one, "P", "Q", "R")
    one.tracker.refuses = lambda what, _: what == "add_hook"
    assert [made.ok for made in connected(more)] == [False]
    assert listed(one).projects == ("P", "Q")
    assert row(one).project == "P, Q"
    one.tracker.refuses = lambda *_: False
    [made] = connected(more)
    assert (made.project, made.sentence) == ("P, Q, R", "hook made anew")
    assert (row(one).id, listed(one).target) == (before.id, before.target)
    assert listed(one).projects == ("P", "Q", "R")


def test_a_project_of_a_campaigns_own_is_heard_of_too(one: Desk) -> None:
    """By the same hook; a second campaign that asks for it changes nothing."""
    connected(one)
    made = watch(one.runtime, "memory", "OWN")
    assert made
    assert made.ok
    assert listed(one).projects == ("P", "Q", "OWN")
    assert watch(one.runtime, "memory", "OWN") is None


def test_a_service_that_moved_takes_the_old_address_away_first(one: Desk) -> None:
    """Since the vendor calls no two."""
    connected(one)
    old = row(one)
    with transaction(one.runtime.engine) as session:
        old.target = "http://elsewhere.example/hooks/1"
        session.add(old)
    there = listed(one)
    one.tracker.subscribed[there.id] = replace(there, target=old.target)
    assert [made.sentence for made in connected(one)] == ["hook made"]
    assert listed(one).target == row(one).target
    assert listed(one).target.startswith(base_of(one.runtime))


def test_a_new_secret_of_the_app_is_taken_over(one: Desk) -> None:
    """By `tminus connect` at once, and by the keeper within the hour."""
    connected(one)
    for secret, look in (("second", connected), ("third", lambda desk: keeper.look_after(desk.runtime, "memory"))):
        one.tracker.subscribed = {name: replace(hook, secret=secret) for name, hook in one.tracker.subscribed.items()}
        look(one)
        assert hooks.secret_of(row(one), one.runtime.vault) == secret


def test_a_hook_that_was_entered_by_hand_gives_way(one: Desk) -> None:
    """It is told which address to have removed there."""
    with transaction(one.runtime.engine) as session:
        by_hand = HookRow(connection="memory", project="P", target=f"{base_of(one.runtime)}1", state="active")
        session.add(by_hand)
        target = by_hand.target
    made, told = connected(one)
    assert made.ok
    assert target in told.sentence
    assert row(one).project == "P, Q"


def test_a_hook_that_is_gone_is_made_again_and_every_project_is_read_from_then_on(one: Desk) -> None:
    """At the same address, and it is not taken for silent at once."""
    connected(one)
    with transaction(one.runtime.engine) as session:
        hooks.delivered(session, [row(one).id], NOW - timedelta(hours=2))
        for project in ("P", "Q"):
            sweeps.read(session, Sweep(connection="memory", project=project, until=NOW, moved_at=NOW))
    one.tracker.subscribed.clear()
    assert keeper.look_after(one.runtime, "memory")
    assert listed(one).target == row(one).target
    with reading(one.runtime.engine) as session:
        found = [sweeps.of_project(session, "memory", project) for project in ("P", "Q")]
    assert [sweep.until for sweep in found if sweep] == [NOW - timedelta(hours=2)] * 2
    later: Runtime = replace(one.runtime, now=lambda: NOW + timedelta(hours=3))
    assert not keeper.look_after(later, "memory")


def test_a_hook_that_ends_soon_is_renewed_and_one_that_fails_is_made_again(one: Desk) -> None:
    """The old one goes first, as the vendor takes no second address."""
    connected(one)
    there = listed(one)
    one.tracker.subscribed[there.id] = replace(there, expires_at=NOW + timedelta(days=6))
    keeper.look_after(one.runtime, "memory")
    assert listed(one).expires_at is None
    assert "Renewed the hook for P, Q" in one.latest("hook")[0]
    one.tracker.subscribed[there.id] = replace(there, healthy=False, problem="503")
    keeper.look_after(one.runtime, "memory")
    assert keeper.look_after(one.runtime, "memory")
    assert listed(one).healthy
    assert listed(one).id != there.id
    assert row(one).problem is None


def test_disconnecting_ends_it(one: Desk) -> None:
    """And connecting makes it again."""
    connected(one)
    assert [(left.project, left.sentence) for left in disconnect(one.runtime, "memory")] == [("P, Q", "hook removed")]
    assert one.tracker.hooks() == []
    assert [made.sentence for made in connected(one)] == ["hook made"]


@pytest.fixture
def signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A whole installation that is signed in to Jira with OAuth."""
    token = "email: tminus@example.com\n    token: ${{JIRA_TOKEN}}\n    projects: [MKT]"
    app = "auth: oauth\n    auth_url: {jira.url}\n    api_url: {jira.url}\n    client_id: sim-client"
    app += "\n    client_secret: ${{JIRA_TOKEN}}\n    projects: [MKT, WEB]"
    assert token in tests.house.CONFIG
    monkeypatch.setattr(tests.house, "CONFIG", tests.house.CONFIG.replace(token, app))
    with house(tmp_path, f"sqlite:///{tmp_path}/tminus.db", monkeypatch, hooks=False) as home:
        home.jira.desk.client_secret = "sim-token"
        agree(home.jira, home.runtime.tokens["jira"])
        yield home


def test_a_request_in_jira_becomes_a_campaign_by_the_apps_own_webhook(signed_in: House) -> None:
    """Both projects are heard of; whoever has no token of the app is turned away, and after leaving nobody is heard."""
    home = signed_in
    [made] = connect(home.runtime, "jira")
    assert (made.project, made.sentence) == ("MKT, WEB", "hook made")
    assert [again.sentence for again in connect(home.runtime, "jira")] == ["hook is already there"]
    assert home.jira.hooks.list() == []
    key = home.jira.file_request("List Import", "Leads")
    home.running(key)
    home.jira.transition(home.jira.children(key)[0].key, "Done")
    home.until(lambda: home.jira.issue(key).status == "In Progress")
    heard = len(home.deliveries())
    home.jira.file_request("Task", "Elsewhere", project="WEB")
    home.until(lambda: len(home.deliveries()) > heard)
    assert {status for _, status in home.jira.dynamic.deliveries} == {202}
    [hook] = home.jira.dynamic.list()
    body = json.dumps({"webhookEvent": "jira:issue_updated", "issue": {"key": key}}).encode()
    for sent in (
        {},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": f"Bearer {home.runtime.tokens['jira'].token()}"},
    ):
        assert httpx.post(hook["url"], content=body, headers=sent).status_code == 401
    assert [left.sentence for left in disconnect(home.runtime, "jira")] == ["hook removed"]
    assert home.jira.dynamic.list() == []


def test_a_webhook_of_the_app_is_renewed_and_made_again_at_the_real_tracker(signed_in: House) -> None:
    """A week before its thirty days are over; past them, it is gone and made anew."""
    home = signed_in
    assert [made.ok for made in connect(home.runtime, "jira")] == [True]
    [before] = home.jira.dynamic.list()

    def after(days: int) -> bool:
        home.jira.clock.offset = timedelta(days=days)
        home.jira.desk.expire()
        now = home.jira.clock.now
        return keeper.look_after(replace(home.runtime, now=now), "jira")

    assert not after(20)
    assert home.jira.dynamic.list() == [before]
    assert not after(24)
    [renewed] = home.jira.dynamic.list()
    assert (renewed["id"], renewed["url"]) == (before["id"], before["url"])
    assert renewed["expirationDate"] > before["expirationDate"]
    assert after(60)
    [again] = home.jira.dynamic.list()
    assert again["url"] == before["url"]
    assert again["id"] != before["id"]
