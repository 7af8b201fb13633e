"""The commands that run an installation, each in a process of its own beside a running service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.signing import sign
from service import workflows
from service.store import hooks, inbox
from service.store.engine import reading, transaction
from service.store.secrets import Vault, new_key
from tests.house import House, house, in_weeks


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for the module."""
    folder = tmp_path_factory.mktemp("operate")
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found,
    ):
        yield found


def tminus(home: House, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does."""
    command = [str(Path(sys.executable).with_name("tminus")), *words, "--config", str(home.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_connect_can_be_run_twice(home: House) -> None:
    """The second time it finds the hooks that are there, and makes none."""
    result = tminus(home, "connect")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("hook is already there") == 2
    assert len(home.jira.hooks.list()) == 1
    assert len(home.asana.hooks.all) == 1


def test_connect_makes_a_hook_again_that_the_tracker_dropped(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asana deletes hooks that fail for a day."""
    monkeypatch.setattr(workflows, "keep_hooks", lambda _: None)  # every ten minutes the worker would be first
    [hook] = home.asana.hooks.all.values()
    home.asana.hooks.delete(hook)
    assert "The hook for" in tminus(home, "doctor").stdout
    result = tminus(home, "connect", "asana")
    assert "hook made" in result.stdout
    assert len(home.asana.hooks.all) == 1


def test_connect_goes_on_to_the_next_tracker_where_one_refuses_us(home: House) -> None:
    """It says which, and exits with 1."""
    tokens = dict(home.jira.site.tokens)
    home.jira.site.tokens.clear()
    result = tminus(home, "connect")
    home.jira.site.tokens.update(tokens)
    assert result.returncode == 1
    assert "jira: Jira answered 401" in result.stdout
    assert "asana: signed in as" in result.stdout


def test_doctor_finds_nothing_wrong_with_a_healthy_installation(home: House) -> None:
    """And says so."""
    result = tminus(home, "doctor")
    assert (result.returncode, result.stdout) == (0, "Nothing is wrong.\n")


def test_doctor_names_what_is_wrong_and_the_remedy(home: House) -> None:
    """A person who left, a field that was taken off the screen, a token that was revoked."""
    home.jira.site.remove_from_screen("duedate")
    tokens = dict(home.jira.site.tokens)
    home.jira.site.tokens.clear()
    broken = tminus(home, "doctor")
    home.jira.site.tokens.update(tokens)
    assert broken.returncode == 1
    assert "Create a new API token" in broken.stdout
    screen = tminus(home, "doctor")
    assert "due date" in screen.stdout.lower()


def test_doctor_tells_of_secrets_that_another_key_has_sealed(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore without the key: every webhook is refused, although the trackers' hooks are there."""
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    told = tminus(home, "doctor").stdout
    assert f"jira: The hook for MKT: {hooks.UNOPENED}.\n" in told
    assert "`tminus disconnect jira` and `tminus connect jira` make another hook" in told
    with reading(home.runtime.engine) as session:
        [words] = hooks.problems(session, "jira", Vault([new_key()]))
        assert hooks.problems(session, "jira", home.runtime.vault) == []
    assert words == f"jira: the hook for MKT: {hooks.UNOPENED}"


def test_campaigns_lists_them_and_tells_one_with_its_story(home: House) -> None:
    """Plan beside reality, then what happened; a program gets each row on one line, brackets and all."""
    title = "[/EMEA] Spring webinar, with a title that is longer than terminals are wide: plans that survive"
    key = home.jira.file_request("Webinar", title, {"Webinar date": in_weeks(12)})
    home.running(key)
    [listed] = [line for line in tminus(home, "campaigns").stdout.splitlines() if line.startswith(key)]
    assert title in listed
    assert "0/" in listed
    assert home.jira.url in listed
    told = tminus(home, "campaigns", key).stdout
    assert title in told.splitlines()[0]
    [invitation] = [line for line in told.splitlines() if "Send the first invitation  " in line]
    assert "Dana Ops" in invitation
    assert "asks for webinar" in told
    unknown = tminus(home, "campaigns", "MKT-999")
    assert unknown.returncode == 2
    assert "there is no campaign for `MKT-999`" in unknown.stderr


def test_a_parked_delivery_is_listed_and_replayed(home: House) -> None:
    """It runs from the start again."""
    home.quiet()
    delivery = next(row for row in home.deliveries() if row.connection == "jira")
    with transaction(home.runtime.engine) as session:
        inbox.park(session, delivery.id, "the tracker said no")
    [row] = [line for line in tminus(home, "replay").stdout.splitlines() if "the tracker said no" in line]
    assert "jira  MKT-" in row
    assert "1 will be run again" in tminus(home, "replay", delivery.id).stdout
    home.until(lambda: next(row for row in home.deliveries() if row.id == delivery.id).state == "handled")
    assert "no parked delivery has the id" in tminus(home, "replay", "nonsense").stderr


def test_a_parked_delivery_for_which_nobody_waits_is_dismissed(home: House) -> None:
    """As a form that asked for what cannot be; the others stay parked, and which one has to be said."""
    home.quiet()
    rows = [row.id for row in home.deliveries() if row.connection == "jira"][:2]
    with transaction(home.runtime.engine) as session:
        for row in rows:
            inbox.park(session, row, "never to be")
    assert "--dismiss needs to know which" in tminus(home, "replay", "--dismiss").stderr
    assert "1 will not be run again" in tminus(home, "replay", rows[0], "--dismiss").stdout
    home.quiet()
    found = {row.id: (row.state, row.reason) for row in home.deliveries() if row.id in rows}
    assert found[rows[0]][0] == "ignored"
    assert (found[rows[0]][1] or "").startswith("dismissed by ")
    assert found[rows[1]] == ("parked", "never to be")
    assert "1 will not be run again" in tminus(home, "replay", "--all", "--dismiss").stdout
    assert "Nothing is parked." in tminus(home, "replay").stdout


def test_sweep_asks_for_runs(home: House) -> None:
    """It says of how many tasks; with --full every campaign is among them."""
    key = home.jira.file_request("List Import", "Leads to sweep")
    home.running(key)
    told = tminus(home, "sweep", "--full").stdout
    assert "tasks will be looked at" in told
    assert int(told.split()[0]) > 0


def test_budget_tells_where_the_calls_went(home: House) -> None:
    """Once the worker has written down what it counted."""
    home.running(home.jira.file_request("List Import", "Leads to count"))
    told = home.until(lambda: "launch" in (found := tminus(home, "budget").stdout) and found)
    assert re.search(r"^jira: [\d,]+ calls in 24 hours: .*launch \d+%", told, re.MULTILINE)
    assert "refused with 429: 0" in told


def test_a_second_worker_on_sqlite_is_refused(home: House) -> None:
    """One file, one worker; the message says which process and what to do."""
    result = tminus(home, "work")
    assert result.returncode == 2
    assert "already works on" in result.stderr


def test_the_service_says_whether_it_is_ready(home: House) -> None:
    """Counts and states, never contents."""
    with urllib.request.urlopen(f"{home.url}/readyz") as answer:
        told = json.load(answer)
    assert told["status"] == "ok"
    assert told["hooks"] == "all active"


def test_a_hook_that_only_a_person_may_make_is_spelled_out_and_then_works(home: House) -> None:
    """Without the right to administer Jira, connect tells address, events, filter and the secret to enter."""
    administrator = home.jira.site.me
    administrator.denied.add("ADMINISTER")
    for hook in list(home.jira.hooks.list()):
        home.jira.hooks.delete(hook["self"].rsplit("/", 1)[1])
    with transaction(home.runtime.engine) as session:
        for row in hooks.of_connection(session, "jira"):
            row.state = "gone"
            session.add(row)
    result = tminus(home, "connect", "jira")
    assert result.returncode == 0, result.stderr
    assert "nothing has come yet" in tminus(home, "doctor").stdout
    told = re.search(r"URL (\S+);.*Secret to enter there \(shown only now\): (\S+)", result.stdout, re.DOTALL)
    assert told
    target, secret = told.groups()
    body = b'{"webhookEvent": "jira:issue_updated", "issue": {"id": "1", "key": "MKT-1"}}'
    signed = urllib.request.Request(target, body, {"X-Hub-Signature": f"sha256={sign(secret, body)}"})
    with urllib.request.urlopen(signed) as answer:
        assert answer.status == 202
    assert "nothing has come yet" not in tminus(home, "doctor").stdout
    administrator.denied.discard("ADMINISTER")
