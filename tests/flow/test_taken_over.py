"""A late task goes to somebody else where its clock says so: once, by the rules of assignment, told on the task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import Account, AccountId
from service import breaches, sync
from service.core.assigning import Role
from service.runtime import Runtime
from service.settings import STARTER_TEMPLATES, AwayDays, Person
from service.store import ledger
from service.store.engine import reading
from tests.memory_tracker import DANA, MemoryTracker
from tests.posting import post_office
from tests.standing_office import Office, standing_office

GOAL = 'goals: [{target: "24 hours"}]\n    warn_at'
REASSIGNED = (GOAL, GOAL.replace("\n", "\n    on_breach: [{reassign: round_robin}]\n"))
WHY = "First touch since creation, 24 hours by the clock is late: 24 hours agreed, until 2026-11-24 16:00 UTC."


def with_team(runtime: Runtime, tracker: MemoryTracker, role: str, **away: AwayDays) -> Runtime:
    """Ana, Ben and Cem share the role."""
    people = dict(runtime.settings.people)
    for number, name in enumerate(("Ana", "Ben", "Cem"), start=11):
        email = f"{name.lower()}@example.com"
        days = (away[name],) if name in away else ()
        people[name.lower()] = Person(name=name, email=email, away=days)
        tracker.people += (Account(AccountId(str(number)), name, email),)
    roles = {**runtime.settings.roles, role: Role(pool=("ana", "ben", "cem"))}
    return replace(runtime, settings=runtime.settings.model_copy(update={"people": people, "roles": roles}))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The starter pack's agreement on SDR leads, with one lead that has to be answered by a person."""
    with standing_office(("sdr_leads", REASSIGNED), tmp_path, monkeypatch) as found:
        facts = {"job_title": "CTO", "headquarters": "Ulm", "source": "web_form", "icp": False}
        found.clock[0] = datetime(2026, 11, 23, 18, tzinfo=UTC)
        found.tell("lead.created", "2026-11-23T16:00:00+00:00", "lead-1", **facts)
        found.tell("lead.responded", "2026-11-23T17:00:00+00:00", "lead-1")
        yield found


def at(office: Office, text: str) -> tuple[str, list[str]]:
    """A run at that time: who has the lead then, and what is said on its task."""
    office.clock[0] = datetime.fromisoformat(f"2026-11-{text}:00+00:00")
    office.run()
    task = office.tracker.under(office.under)["answer.lead-1"]
    return task.owner.name if task.owner else "nobody", office.tracker.comments(task.id)


def test_a_late_lead_goes_to_the_next_who_is_there(office: Office) -> None:
    """In working hours only, not to Ben who is away, once, and told on the task and in the ledger."""
    office.runtime = with_team(
        office.runtime, office.tracker, "sales", Ben=AwayDays.model_validate({"from": "2026-11-25", "to": "2026-11-27"})
    )
    said = f"**{WHY} Cem takes it over.**"
    assert at(office, "23T18:00") == ("Ana", [])
    assert at(office, "25T02:00") == ("Ana", [])
    assert at(office, "25T15:00") == ("Cem", [said])
    assert at(office, "25T15:05") == ("Cem", [said])
    with reading(office.runtime.engine) as session:
        told = [line.sentence for line in ledger.latest(session)]
    assert "“Answer the lead: lead-1” goes to Cem of “sales”; passed over: Ben is away until Fri 27 Nov 2026." in told
    assert f"“Answer the lead: lead-1”: {WHY} Cem takes it over." in told
    assert not [line for line in told if "is now owned by" in line]


def test_a_lost_reply_takes_no_second_turn(office: Office) -> None:
    """The tracker had changed the owner already: the next run says so and goes no further."""
    office.runtime = with_team(office.runtime, office.tracker, "sales")
    at(office, "23T18:00")
    lost = [RuntimeError("the line is dead")]
    office.tracker.fails = lambda moment, what: lost.pop() if (moment, what) == ("after", "update") and lost else None
    with pytest.raises(RuntimeError):
        at(office, "25T15:00")
    assert at(office, "25T15:05") == ("Ben", [f"**{WHY} Ben takes it over.**"])
    assert at(office, "25T15:10") == ("Ben", [f"**{WHY} Ben takes it over.**"])


def test_whom_the_tracker_refuses_is_passed_over_by_the_next_run(office: Office) -> None:
    """Nothing is said on the task until somebody really has it."""
    office.runtime = with_team(office.runtime, office.tracker, "sales")
    at(office, "23T18:00")
    office.tracker.refuses = lambda what, _task: what == "update"
    assert at(office, "25T15:00") == ("Ana", [])
    office.tracker.refuses = lambda _what, _task: False
    office.tracker.people = tuple(known for known in office.tracker.people if known.name != "Ben")
    assert at(office, "25T15:05") == ("Cem", [f"**{WHY} Cem takes it over.**"])


def test_where_nobody_else_holds_the_role_the_fallback_takes_it(office: Office) -> None:
    """Ana has the fallback role; as long as Dana has both, a person has to find somebody, and is told so once."""
    assert at(office, "23T18:00") == ("Dana Ops", [])
    nobody = f"**{WHY}** Meant for “sales”: Dana Ops has it now: please assign it."
    assert at(office, "25T15:00") == ("Dana Ops", [nobody])
    assert at(office, "25T15:05") == ("Dana Ops", [nobody])
    office.runtime = with_team(office.runtime, office.tracker, "mops_lead")
    office.tell("lead.touched", "2026-11-25T16:00:00+00:00", "lead-1")
    office.tell("lead.created", "2026-11-25T17:00:00+00:00", "lead-1")
    owner, said = at(office, "30T15:00")
    assert owner == "Ana"
    assert said[1].endswith("Ana takes it over.** Meant for “sales”: Dana Ops has it now; Ana stands in.")


@pytest.mark.parametrize("what", ["touched", "finished"])
def test_what_is_owed_no_more_stays_with_its_owner(office: Office, what: str) -> None:
    """The lead was touched, late but before working hours, or its task is done."""
    office.runtime = with_team(office.runtime, office.tracker, "sales")
    at(office, "23T18:00")
    if what == "touched":
        office.tell("lead.touched", "2026-11-25T03:00:00+00:00", "lead-1")
    else:
        office.finish("answer.lead-1")
    assert at(office, "25T15:00") == ("Ana", [])


def test_a_late_task_of_a_campaign_goes_to_the_role_that_its_clock_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The send is late, so it goes to the leads' pool, once; the sweep asks for the run that does it."""
    text = (STARTER_TEMPLATES / "email_send.yaml").read_text()
    stop = "stop: send.done\n"
    assert stop in text
    text = text.replace(stop, f"{stop}    on_breach: [{{reassign: role:rescue}}]\n", 1)
    with post_office(tmp_path, monkeypatch, files=[("email_send.yaml", text)]) as post:
        tracker = MemoryTracker()
        runtime = with_team(replace(post.runtime, trackers={"memory": tracker}), tracker, "rescue")
        fields = {"section": "E-mails", "audience": "EMEA", "subject_line": "Hello", "email_copy": "copy.docx"}
        request = tracker.file("Hello", fields=fields, created_at=post.now)
        for _ in range(2):
            sync.run(runtime, "memory", request)

        def owner() -> str:
            found = tracker.under(request)["send"].owner
            return found.name if found else "nobody"

        assert (owner(), breaches.unsaid(runtime, "memory")) == (DANA.name, set())
        post.clock[0] = datetime(2026, 12, 10, 15, tzinfo=UTC)
        assert breaches.unsaid(runtime, "memory") == {request}
        for _ in range(2):
            sync.run(runtime, "memory", request)
            assert breaches.unsaid(runtime, "memory") == set()
            assert owner() == "Ana"
        [said] = [said for said in tracker.comments(tracker.under(request)["send"].id) if "late" in said]
        assert said.endswith("Ana takes it over.**")
