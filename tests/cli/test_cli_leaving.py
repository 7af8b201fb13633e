"""`tminus replay` of many, and `tminus disconnect`, beside a running service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.store import hooks, inbox
from service.store.engine import reading, transaction
from service.store.tables import ChangeRow, Inbox, now
from tests.house import House, house


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for the module."""
    folder = tmp_path_factory.mktemp("leaving")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found,
    ):
        yield found


def tminus(home: House, *words: str) -> Result:
    """Run a command with the installation's settings."""
    return CliRunner().invoke(app, [*words, "--config", str(home.config)])


def park(home: House, request: str, days_ago: int) -> str:
    """A delivery of this request's campaign, parked so long ago; returns its id."""
    campaign = home.campaign(request)
    assert campaign
    with transaction(home.runtime.engine) as session:
        body = f'{{"webhookEvent": "jira:issue_updated", "issue": {{"id": "{campaign.request_task}"}}}}'.encode()
        received, key = now() - timedelta(days=days_ago), f"{request}-{days_ago}"
        row = Inbox(connection="jira", hook_id="h", key=key, body=body, received_at=received, routed=True)
        session.add(row)
        session.flush()
        partition = f"jira:{campaign.request_task}"
        session.add(ChangeRow(inbox_id=row.id, partition=partition, kind="updated", state="parked"))
        inbox.park(session, row.id, "the tracker said no")
    return row.id


def still_parked(home: House) -> set[str]:
    """Their ids."""
    with reading(home.runtime.engine) as session:
        return {row.id for row in inbox.parked(session)}


def test_parked_deliveries_are_chosen_by_campaign_and_by_day(home: House) -> None:
    """What is not chosen stays parked; both together choose what fits both."""
    one, other = (home.jira.file_request("List Import", title) for title in ("One", "Other"))
    for key in (one, other):
        home.running(key)
    old, young, others = park(home, one, 9), park(home, one, 1), park(home, other, 1)
    week_ago = f"{now() - timedelta(days=7):%Y-%m-%d}"
    result = tminus(home, "replay", "--campaign", one, "--since", week_ago)
    assert "1 will be run again" in result.stdout, result.stderr
    assert still_parked(home) & {old, young, others} == {old, others}
    assert "1 will be run again" in tminus(home, "replay", "--since", week_ago).stdout
    assert still_parked(home) & {old, others} == {old}
    assert "1 will be run again" in tminus(home, "replay", "--campaign", one).stdout
    assert old not in still_parked(home)
    unknown = tminus(home, "replay", "--campaign", "MKT-999")
    assert (unknown.exit_code, "there is no campaign for `MKT-999`" in unknown.stderr) == (2, True)


def test_disconnect_ends_the_hooks_of_both_trackers_and_can_be_run_twice(home: House) -> None:
    """What calls the old address afterwards is told that nobody is there; tasks stay."""
    key = home.jira.file_request("List Import", "Stays")
    home.running(key)
    with reading(home.runtime.engine) as session:
        [hook] = hooks.of_connection(session, "jira")
    first = tminus(home, "disconnect")
    assert first.exit_code == 0, first.stdout
    assert first.stdout.count("hook removed") == 2
    assert home.jira.hooks.list() == []
    assert not home.asana.hooks.all
    home.until(lambda: home.post(hook.target, b"{}", {}) == 404)
    assert home.jira.children(key)
    second = tminus(home, "disconnect", "jira")
    assert (second.exit_code, "jira: there is no hook of ours" in second.stdout) == (0, True)


def test_disconnect_goes_on_to_the_next_tracker_where_one_refuses_us(home: House) -> None:
    """It says which, exits with 1, and finishes the next time."""
    assert tminus(home, "connect").exit_code == 0
    tokens = dict(home.jira.site.tokens)
    home.jira.site.tokens.clear()
    refused = tminus(home, "disconnect")
    home.jira.site.tokens.update(tokens)
    assert refused.exit_code == 1
    assert "jira: MKT: hook could not be removed" in refused.stdout
    assert "asana" in refused.stdout
    assert not home.asana.hooks.all
    assert "hook removed" in tminus(home, "disconnect", "jira").stdout
