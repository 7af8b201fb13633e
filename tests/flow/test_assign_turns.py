"""Turns that last: through runs that break off, restarts, and workers that choose side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.contract import Status
from connectors.errors import TrackerError
from service.core.assigning import Candidate, choose
from service.core.merge import Agreed, LinkView
from service.store import assignments, campaigns, links, people
from service.store.engine import reading, transaction
from service.store.tables import Campaign, campaign_id
from tests.office import Office, days, office, owner

STEP = "title: Step {}, party: ops, owner: 'role:builder', duration: 1 business_day"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office with Ana, Ben and Cem, whose requests are two tasks each."""
    with office(tmp_path, monkeypatch) as found:
        found.hire("ana", "ben", "cem")
        found.roles["builder"] = {"pool": ["ana", "ben", "cem"]}
        found.template("page", one=STEP.format(1), two=STEP.format(2))
        yield found


def owners(at: Office, key: str) -> list[str]:
    """Of both steps."""
    return [owner(task) for _, task in sorted(at.subtasks(key).items())]


def breaks_off(at: Office) -> None:
    """From now on runs end after the choices, where the create screen is read."""
    at.jira.knobs.only, at.jira.knobs.error_status, at.jira.knobs.error_before = "createmeta", 400, 1.0


def test_a_run_that_is_repeated_takes_no_further_turn(at: Office) -> None:
    """Whatever broke off, the task goes to whom it was given first, and the next campaign goes on from there."""
    breaks_off(at)
    key = at.jira.file_request("Story", "Please", {"List file": "page"})
    for _ in range(2):
        with pytest.raises(TrackerError):
            at.run(key)
        assert len(at.told("assigned")) == 2
        at.restart()
    at.jira.knobs.error_before = 0.0
    at.run(key)
    assert owners(at, key) == ["ana", "ben"]
    assert len(at.told("assigned")) == 2
    assert [owner(task) for _, task in sorted(at.ask("page").items())] == ["cem", "ana"]


def test_a_choice_falls_when_its_person_has_left_the_role(at: Office) -> None:
    """Between two attempts the settings changed: who is in the pool now gets the task."""
    breaks_off(at)
    key = at.jira.file_request("Story", "Please", {"List file": "page"})
    with pytest.raises(TrackerError):
        at.run(key)
    at.roles["builder"] = {"pool": ["ben", "cem"]}
    at.restart()
    at.jira.knobs.error_before = 0.0
    at.run(key)
    assert owners(at, key) == ["cem", "ben"]


def test_the_least_busy_gets_the_next(at: Office) -> None:
    """Counted over all campaigns and within the plan itself; a person's reassigning counts too."""
    at.roles["builder"] = {"pool": ["ana", "ben", "cem"], "rule": "least_busy"}
    assert [owner(task) for _, task in sorted(at.ask("page").items())] == ["ana", "ben"]
    assert [owner(task) for _, task in sorted(at.ask("page").items())] == ["cem", "ana"]
    at.jira.edit(at.jira.children("MKT-1")[0].key, {"assignee": "ben@example.com"})
    at.run("MKT-1")
    assert [owner(task) for _, task in sorted(at.ask("page").items())] == ["ana", "cem"]


def test_where_nobody_can_be_assigned_a_person_is_asked(at: Office) -> None:
    """The tracker takes no owner at all: the tasks stand, each with a comment, and nobody is taken for gone."""
    assert [owner(task) for _, task in sorted(at.ask("page").items())] == ["ana", "ben"]
    for name in ("ana", "ben", "cem", "lead"):
        at.jira.site.unassignable(f"{name}@example.com")
    tasks = at.ask("page")
    assert {owner(task) for task in tasks.values()} == {"nobody"}
    assert all("Please assign this" in " ".join(task.comments) for task in tasks.values())
    assert at.told("people") == []


def test_a_fixed_owner_who_is_away_keeps_the_task_and_it_says_so(at: Office) -> None:
    """A fixed role is its person, there or not."""
    at.hire("ana", away=[days(-1, 40)])
    at.roles["builder"] = "ana"
    task = at.ask("page")["Step 1"]
    assert owner(task) == "ana"
    assert "Ana is away until" in task.text


def test_workers_that_choose_at_once_never_give_one_turn_twice(store_engine: sa.Engine) -> None:
    """On either database; the pointer stands where the last of them left it."""
    names = ["a", "b", "c"]
    everybody = [Candidate(name=name, title=name, assignable=True) for name in names]

    def take(_: int) -> str:
        with transaction(store_engine) as session:
            assignments.one_at_a_time(session)
            name = str(choose("round_robin", everybody, assignments.turns(session).get("pool")).name)
            assignments.take_turn(session, "pool", name)
            return name

    with ThreadPoolExecutor(max_workers=6) as pool:
        got = Counter(pool.map(take, range(30)))
    assert got == {"a": 10, "b": 10, "c": 10}
    with reading(store_engine) as session:
        assert assignments.turns(session) == {"pool": "c"}


def test_open_subtasks_are_counted_by_who_owns_them_now(store_engine: sa.Engine) -> None:
    """On every connection; done and dropped ones do not count, choices about to be made do, those of a cancelled
    campaign do not.
    """
    with transaction(store_engine) as session:
        people.remember(session, "jira", "ana@example.com", account_id="1")
        people.remember(session, "asana", "ana@example.com", account_id="7")
        running = [("jira", "1", "running"), ("asana", "7", "running")]
        for connection, account, state in [*running, ("jira", "1", "cancelled")]:
            mine = new_campaign(connection, state)
            campaigns.save(session, mine)
            for status in Status:
                links.intend(session, mine.id, connection, [status.value])
                agreed = Agreed(title="x", status=status, owner=account)
                links.save(session, mine.id, connection, [LinkView(key=status.value, state="made", agreed=agreed)])
            links.intend(session, mine.id, connection, ["soon"])
            for key in ("soon", "sooner", "todo"):
                assignments.remember(session, mine.id, key, "ana", None)
    with reading(store_engine) as session:
        found = assignments.busy(session, {"ana": "Ana@example.com", "ben": "ben@example.com"})
    made = 3 * 3  # todo, doing and waiting, of three campaigns
    assert found == {"ana": made + 2 * 2}


def new_campaign(connection: str, state: str) -> Campaign:
    """As it is stored."""
    task = f"{connection}-{state}"
    return Campaign(
        id=campaign_id(connection, task),
        connection=connection,
        request_task=task,
        request_label=task,
        request_url="",
        title="",
        template="webinar",
        template_version="1",
        state=state,
    )
