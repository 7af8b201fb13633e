"""Rows R5, A13, A14, A15 and A16: a launch that moves, and a template that changes under campaigns that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Status, Task, TaskId
from connectors.errors import Unreachable
from service import migrate
from service.core.plan import Plan
from service.core.template import Template
from service.store import published
from service.store.engine import transaction
from service.store.tables import PublishedTemplate
from tests.desk import Desk, memory_desk

LEGAL = {"title": "Have the copy checked", "party": "ops", "duration": "2 business_days", "depends_on": ["email_copy"]}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An installation of which each run is started by hand."""
    with memory_desk(tmp_path, monkeypatch) as found:
        yield found


def publish(desk: Desk, change: Callable[[dict[str, Any]], None], template: str = "webinar") -> Template:
    """The next version of a template, as ops would publish it."""
    content = desk.runtime.template(template).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content["version"] += 1
    change(content)
    new = Template.model_validate(content)
    row = PublishedTemplate(
        id=new.id,
        version=new.version,
        digest=new.digest,
        text="",
        content=new.model_dump(mode="json", exclude_defaults=True),
        published_by="ops",
    )
    with transaction(desk.runtime.engine) as session:
        published.add(session, row)
    return new


def second(content: dict[str, Any]) -> None:
    """One task more, one less, one with another title, words and owner, one that takes longer."""
    tasks = content["tasks"]
    tasks["copy_check"] = LEGAL
    tasks["email_copy"] |= {"title": "Write every e-mail", "description": "In **two** languages."}
    tasks["landing_page"]["duration"] = "6 business_days"
    tasks["flow_build"]["owner"] = "role:mops_lead"
    del tasks["reminder"]
    for task in tasks.values():
        task["depends_on"] = [wait for wait in task.get("depends_on", []) if "reminder" not in str(wait)]


def go(desk: Desk, request: TaskId, target: Template) -> list[migrate.Step]:
    """The command with `--apply`, and the run that follows."""
    steps = migrate.steps(desk.runtime, target, (), calendar=False)
    migrate.apply(desk.runtime, steps, "lee")
    desk.settled(request)
    return steps


def back(desk: Desk, request: TaskId) -> list[migrate.Step]:
    """The command with `--rollback --apply`, and the run that follows."""
    steps = migrate.steps_back(desk.runtime, "webinar", ())
    migrate.roll_back(desk.runtime, steps, "lee")
    desk.settled(request)
    return steps


def shown(desk: Desk, request: TaskId) -> dict[str, tuple[Any, ...]]:
    """What people see of each task that is not dropped."""
    tasks = desk.tracker.under(request)
    open_ones = {key: task for key, task in tasks.items() if task.status is not Status.DROPPED}
    return {key: (t.title, t.text, t.owner, t.start_on, t.due_on, t.status) for key, t in open_ones.items()}


def task(desk: Desk, request: TaskId, key: str) -> Task:
    """One planned task as the tracker has it."""
    return desk.tracker.under(request)[key]


def test_R5_only_open_steps_move_with_one_message_and_a_pinned_date_stays(desk: Desk) -> None:
    """Three months later, fourteen notifications fewer."""
    request = desk.webinar()
    desk.tracker.act(task(desk, request, "intake").id, status=Status.DONE)
    pin = task(desk, request, "first_invite").due_on
    assert pin
    desk.tracker.act(task(desk, request, "first_invite").id, due_on=pin - timedelta(days=2))
    desk.settled(request)
    before, said = shown(desk, request), len(desk.tracker.comments(request))
    desk.move(request, "2027-06-17")
    desk.settled(request)
    after = shown(desk, request)
    assert after["intake"] == before["intake"]
    assert task(desk, request, "first_invite").due_on == pin - timedelta(days=2)
    new = desk.tracker.comments(request)[said:]
    assert len(new) == 1
    assert "The request changed: webinar date is now 2027-06-17." in new[0]
    assert [key for key in before if f"- {before[key][0]}: " in new[0]] == [
        key for key in before if before[key][4] != after[key][4]
    ]


def test_A13_a_new_version_reaches_running_campaigns_only_when_it_is_brought_to_them(desk: Desk) -> None:
    """Until then nothing differs, a preview writes nothing, and what it says is what is then done."""
    request = desk.webinar()
    before = shown(desk, request)
    target = publish(desk, second)
    desk.settled(request)
    assert shown(desk, request) == before
    writes = len(desk.tracker.writes)
    [step] = go(desk, request, target)
    assert step.foreseen
    assert step.foreseen.revision
    told = "\n".join(step.foreseen.revision.lines())
    assert writes < len(desk.tracker.writes)
    after = shown(desk, request)
    assert after["copy_check"][0] == "Have the copy checked"
    assert "New: Have the copy checked" in told
    assert "reminder" not in after
    assert f"Dropped: {before['reminder'][0]}" in told
    assert "`tasks.landing_page.duration` is 6 business_days instead of 4 business_days" in step.causes
    dropped = task(desk, request, "reminder").id
    assert "webinar v2 has no such task" in desk.tracker.comments(dropped)[-1]
    assert (after["email_copy"][0], "two" in after["email_copy"][1]) == ("Write every e-mail", True)
    assert "is called “Write every e-mail” now, has other instructions" in told
    assert f"“{before['flow_build'][0]}” goes to mops lead." in told
    assert all(row.why.count("Webinar v2") for row in step.foreseen.revision.moved)
    plan = Plan.from_dict(desk.campaign(request).plan or {})
    assert {t.key: t.due_on for t in plan.tasks} == {key: after[key][4] for key in after}
    [comment] = [text for text in desk.tracker.comments(request) if "is v2 instead of v1 now" in text]
    assert told.splitlines()[0] in comment


def test_A14_a_second_apply_writes_nothing_and_doubles_nothing(desk: Desk) -> None:
    """No campaign is left to be brought anywhere."""
    request = desk.webinar()
    target = publish(desk, second)
    go(desk, request, target)
    writes, tasks = len(desk.tracker.writes), len(desk.tracker.tasks)
    assert go(desk, request, target) == []
    desk.run(request)
    assert (len(desk.tracker.writes), len(desk.tracker.tasks)) == (writes, tasks)


def test_A14_manual_edits_pins_and_finished_work_survive(desk: Desk) -> None:
    """A title, words, an owner and a date that a person changed are theirs, and the comment says so."""
    request = desk.webinar()
    copy, build, page = (task(desk, request, key).id for key in ("email_copy", "flow_build", "landing_page"))
    desk.tracker.act(copy, title="Copy by Ada", text="Ada knows.")
    desk.tracker.act(build, owner=None)
    desk.tracker.act(page, due_on=date(2027, 1, 4))
    desk.tracker.act(task(desk, request, "reminder").id, status=Status.DONE)
    desk.settled(request)
    go(desk, request, publish(desk, second))
    assert (task(desk, request, "email_copy").title, task(desk, request, "email_copy").text) == (
        "Copy by Ada",
        "Ada knows.",
    )
    assert task(desk, request, "flow_build").owner is None
    assert task(desk, request, "landing_page").due_on == date(2027, 1, 4)
    assert task(desk, request, "reminder").status is Status.DONE
    [comment] = [text for text in desk.tracker.comments(request) if "is v2 instead of v1 now" in text]
    assert "title and instructions of “Copy by Ada”" in comment
    assert "owner of “" in comment


def test_A14_a_rollback_is_exact(desk: Desk) -> None:
    """Titles, words, owners and dates as before; what was made is dropped, what was dropped is open again."""
    request = desk.webinar()
    before, campaign = shown(desk, request), desk.campaign(request)
    target = publish(desk, second)
    go(desk, request, target)
    made = task(desk, request, "copy_check")
    desk.tracker.act(task(desk, request, "intake").id, status=Status.DOING)
    desk.settled(request)
    back(desk, request)
    after = shown(desk, request)
    assert after.pop("intake")[:5] == before.pop("intake")[:5]
    assert after == before
    assert desk.tracker.tasks[made.id].status is Status.DROPPED
    stored = desk.campaign(request)
    assert (stored.template_version, stored.template_snapshot) == ("1", campaign.template_snapshot)
    assert stored.plan == campaign.plan
    assert back(desk, request) == []
    go(desk, request, target)
    assert task(desk, request, "copy_check").id == made.id


@pytest.mark.parametrize(("moment", "spared"), [("after", 0), ("before", 2), ("after", 5)])
def test_A14_a_process_that_ends_half_way_leaves_nothing_behind(desk: Desk, moment: str, spared: int) -> None:
    """There and back, broken off at every fourth write: the same end, no write of ours taken for a person's."""

    def fail(at: str, _what: str) -> Unreachable | None:
        return Unreachable("gone for lunch") if at == moment and next(writes) % 4 == 3 and next(left) > 0 else None

    def settled(act: Callable[[], object]) -> None:
        nonlocal writes, left
        writes, left = count(spared), count(6, -1)
        desk.tracker.fails = fail
        for _ in range(12):
            with suppress(Unreachable):
                act()
                desk.run(request)
        assert next(left) < 6, "nothing was broken off"
        desk.tracker.fails = lambda _moment, _what: None
        desk.settled(request)

    writes, left = count(), count()
    request = desk.webinar()
    before = shown(desk, request)
    target = publish(desk, second)

    def there() -> None:
        migrate.apply(desk.runtime, migrate.steps(desk.runtime, target, (), calendar=False), "lee")

    def home() -> None:
        migrate.roll_back(desk.runtime, migrate.steps_back(desk.runtime, "webinar", ()), "lee")

    settled(there)
    after = shown(desk, request)
    assert (after["email_copy"][0], "copy_check" in after, "reminder" in after) == ("Write every e-mail", True, False)
    settled(home)
    assert shown(desk, request) == before
    assert not any(link.pinned_on for link in desk.links(request).values())
    assert {"renamed", "reassigned", "pinned"}.isdisjoint(desk.story(request))


def test_A14_what_a_person_changed_after_a_migration_survives_its_rollback(desk: Desk) -> None:
    """A title that was ours to change is theirs now."""
    request = desk.webinar()
    go(desk, request, publish(desk, second))
    desk.tracker.act(task(desk, request, "email_copy").id, title="Ada's copy")
    desk.settled(request)
    back(desk, request)
    assert task(desk, request, "email_copy").title == "Ada's copy"


def test_A15_a_version_that_asks_for_more_than_the_request_says_is_refused_aloud(desk: Desk) -> None:
    """The campaign stays as it is, and everybody can read why."""

    def ask_more(content: dict[str, Any]) -> None:
        content["inputs"]["budget"] = {"type": "int", "required": True}

    request = desk.webinar()
    before = shown(desk, request)
    [step] = go(desk, request, publish(desk, ask_more))
    assert step.problem == "Budget is missing"
    assert shown(desk, request) == before
    assert desk.campaign(request).template_version == "1"


def test_A16_the_frozen_calendar_stays_unless_it_is_asked_for(desk: Desk) -> None:
    """A template that counts in another calendar needs that said."""

    def elsewhere(content: dict[str, Any]) -> None:
        content["calendar"] = next(name for name in desk.runtime.catalogue.calendars if name != content["calendar"])

    desk.webinar()
    target = publish(desk, elsewhere)
    [step] = migrate.steps(desk.runtime, target, (), calendar=False)
    assert "--calendar" in (step.problem or "")
    [step] = migrate.steps(desk.runtime, target, (), calendar=True)
    assert step.problem is None
