"""What a template comes to for one request: rounds, other templates' rules and tasks, more time for more work."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.catalogue import Catalogue
from service.core.calendar import Calendar
from service.core.effective import effective
from service.core.plan import Facts, InputProblems, Plan, make_plan, read_inputs
from service.core.template import Template

MONDAY = date(2026, 11, 23)
OFFICE = Calendar(name="office")
CALENDARS = """
office: {time_zone: UTC, working_hours: {mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"]}}
"""
SHOW = """
id: show
version: 2
title: Show
calendar: office
inputs: {show_date: {type: date, required: true}}
lead_time: "6 weeks before inputs.show_date"
tasks:
  test: {title: Test, party: ops, duration: "2 business_days", mode: alap}
  invite: {title: Invite, party: ops, depends_on: [test], due: "3 weeks before inputs.show_date"}
min_gaps:
  - {from: test, to: invite, at_least: "1 week"}
"""
SEND = """
id: send
version: 3
title: Send
calendar: office
inputs:
  cta: {type: enum, values: [none, show], default: none}
  cta_date: {type: date, label: Date of the event, required: {field: inputs.cta, equals: show}}
  emails: {type: int, default: 1, min: 1, max: 9}
  integration: {type: bool, default: false}
turnaround: "7 business_days after request.complete"
modifiers:
  - {because: extra e-mail, count: inputs.emails, beyond: 1, add: "1 business_day", to: [turnaround, build]}
  - because: new integration
    when: {field: inputs.integration, equals: true}
    add: "2 business_days"
    to: [turnaround]
inherit:
  - when: {field: inputs.cta, in: [show]}
    template_from: inputs.cta
    inputs: {show_date: inputs.cta_date}
    tasks: {build: test, go: invite}
tasks:
  build: {title: Build, party: ops, duration: "3 business_days"}
  go: {title: Go, party: ops, duration: "1 business_day", depends_on: [build]}
"""
ROUNDS = """
id: rounds
version: 1
title: Rounds
calendar: office
inputs:
  count: {type: int, default: 2, max: 3}
  day: {type: date, required: true}
tasks:
  list: {title: Get the list, party: stakeholder, duration: "1 business_day"}
  report: {title: Report, party: ops, depends_on: [mail_send]}
groups:
  mail:
    title: Invitation
    repeat: inputs.count
    tasks:
      copy: {title: Copy, party: stakeholder, duration: "1 business_day", depends_on: [list, previous.send]}
      send:
        title: Send
        party: ops
        depends_on: [copy]
        each_due: ["3 weeks before inputs.day", "2 weeks before inputs.day", "1 week before inputs.day"]
"""
BUNDLE = """
id: bundle
version: 1
title: Bundle
calendar: office
inputs:
  launch: {type: date, required: true}
  with_show: {type: bool, default: true}
turnaround: "3-4 weeks after request.complete"
tasks:
  brief: {title: Brief, party: ops, duration: "1 business_day"}
  ready: {title: Ready, party: ops, depends_on: [brief]}
children:
  mail: {template: send, title: E-mail, depends_on: [brief], before: [ready], inputs: {emails: 2}}
  event: {template: show, when: {field: inputs.with_show, equals: true}, inputs: {show_date: inputs.launch}}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Four templates that know each other."""
    files = {"calendars": CALENDARS, "show": SHOW, "send": SEND, "rounds": ROUNDS, "bundle": BUNDLE}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    found = Catalogue.load(tmp_path)
    assert not found.problems
    return found


def planned(template: Template, **raw: Any) -> Plan:
    """Asked for on Monday, on a calendar without holidays."""
    inputs = read_inputs(template, raw, MONDAY)
    return make_plan(template, OFFICE, Facts(inputs=inputs, complete_on=MONDAY, today=MONDAY))


def due(plan: Plan) -> dict[str, date]:
    """Every task's due date."""
    return {task.key: task.due_on for task in plan.tasks}


def test_each_addend_lengthens_the_promise_and_is_told(catalogue: Catalogue) -> None:
    """Three e-mails and an integration make 7 + 2 + 2 = 11 business days."""
    plan = planned(catalogue.templates["send"], emails=3, integration="yes")
    assert plan.promised_on == date(2026, 12, 8)
    assert plan.promise.startswith(
        "7 business days + 2 (2 times extra e-mail) + 2 (new integration) = 11 business days after the request"
    )
    assert {task.key: task.start_on for task in plan.tasks}["build"] == date(2026, 11, 24)
    assert due(plan)["build"] == date(2026, 11, 30)


def test_without_more_work_nothing_is_added(catalogue: Catalogue) -> None:
    """One e-mail without an integration is promised as agreed."""
    plan = planned(catalogue.templates["send"])
    assert plan.promised_on == date(2026, 12, 2)
    assert plan.promise.startswith("7 business days after the request was complete (Mon 23 Nov 2026)")


def test_an_inherited_agreement_binds_the_mapped_tasks(catalogue: Catalogue) -> None:
    """An e-mail about a show keeps the show's lead time, its invitation date and the gap for testing."""
    plan = planned(catalogue.templates["send"], cta="show", cta_date="2027-01-21")
    assert plan.request_by == date(2026, 12, 10)
    assert due(plan) == {"build": date(2026, 11, 26), "go": date(2026, 12, 31)}
    assert {task.key: task.slack for task in plan.tasks}["build"] == 20  # it must be done by 24 Dec, a week before
    assert plan.verdict == "planned"


def test_an_inherited_lead_time_that_is_missed_is_told(catalogue: Catalogue) -> None:
    """The date of the event is too near for the show's agreement, though the e-mail alone would do."""
    plan = planned(catalogue.templates["send"], cta="show", cta_date="2027-01-03")
    assert not plan.feasible
    assert any("6 weeks are agreed" in problem for problem in plan.problems)


def test_the_strictest_of_two_agreements_leaves_our_turnaround_too(catalogue: Catalogue) -> None:
    """The send keeps 7 business days of distance from the request; with `replace` only the other agreement holds."""
    template = catalogue.templates["send"]
    inputs = read_inputs(template, {"cta": "show", "cta_date": "2027-01-21"}, MONDAY)
    own = [gap for gap in effective(template, inputs).gaps if gap.origin == "Send v3"]
    assert [(gap.before, gap.after, str(gap.span)) for gap in own] == [("request.complete", "go", "7 business_days")]
    rules = tuple(rule.model_copy(update={"mode": "replace"}) for rule in template.inherit)
    replaced = effective(template.model_copy(update={"inherit": rules}), inputs)
    assert {gap.origin for gap in replaced.gaps} == {"Show v2"}
    assert replaced.turnaround is None


def test_a_date_that_only_some_requests_need_is_missed_by_name(catalogue: Catalogue) -> None:
    """Mentioning a show without its date names the field that is missing."""
    with pytest.raises(InputProblems) as caught:
        read_inputs(catalogue.templates["send"], {"cta": "show"}, MONDAY)
    assert [(one.field, str(one)) for one in caught.value.problems] == [("cta_date", "Date of the event is missing")]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_group_is_made_as_often_as_the_request_says(catalogue: Catalogue, count: int) -> None:
    """Every round has its own date, waits for the round before, and keeps its key whatever the number is."""
    plan = planned(catalogue.templates["rounds"], count=count, day="2027-02-01")
    tasks = {task.key: task for task in plan.tasks}
    days = [date(2027, 1, 11), date(2027, 1, 18), date(2027, 1, 25)]
    assert [tasks[f"mail_{n}_send"].due_on for n in range(1, count + 1)] == days[:count]
    assert f"mail_{count + 1}_send" not in tasks
    assert tasks["mail_1_copy"].depends_on == ("list",)
    assert tasks["mail_1_copy"].title == "Invitation 1: Copy"
    if count > 1:
        assert set(tasks["mail_2_copy"].depends_on) == {"list", "mail_1_send"}
    assert set(tasks["report"].depends_on) == {f"mail_{n}_send" for n in range(1, count + 1)}


def test_more_rounds_than_the_template_knows_are_refused(catalogue: Catalogue) -> None:
    """The most is told."""
    with pytest.raises(InputProblems, match="4 is too many; 3 at most"):
        read_inputs(catalogue.templates["rounds"], {"count": 4, "day": "2027-02-01"}, MONDAY)


def test_children_bring_their_tasks_under_their_own_names(catalogue: Catalogue) -> None:
    """Keys and titles tell the part, the brief comes first, and the fixed inputs hold."""
    plan = planned(catalogue.templates["bundle"], launch="2027-01-21")
    tasks = {task.key: task for task in plan.tasks}
    assert set(tasks) == {"brief", "ready", "mail_build", "mail_go", "event_test", "event_invite"}
    assert tasks["ready"].depends_on == ("brief", "mail_go")
    assert tasks["mail_build"].title == "E-mail: Build"
    assert tasks["mail_build"].depends_on == ("brief",)
    assert tasks["mail_build"].due_on == date(2026, 11, 30)  # 1 day for the brief, 3 + 1 for the second e-mail
    assert tasks["event_invite"].due_on == date(2026, 12, 31)
    assert (plan.target_on, plan.promised_on) == (date(2026, 12, 14), date(2026, 12, 21))


def test_a_part_after_the_promised_day_is_flagged(catalogue: Catalogue) -> None:
    """The invitation for a late launch lies behind the four weeks that were promised."""
    plan = planned(catalogue.templates["bundle"], launch="2027-01-21")
    assert plan.verdict == "flagged"
    assert any("Promised for Mon 21 Dec 2026" in problem and "Invite" in problem for problem in plan.problems)


def test_a_part_that_is_not_wanted_brings_no_task(catalogue: Catalogue) -> None:
    """The condition on the whole part decides."""
    plan = planned(catalogue.templates["bundle"], launch="2027-01-21", with_show="no")
    assert {task.key for task in plan.tasks} == {"brief", "ready", "mail_build", "mail_go"}


def test_a_template_survives_being_frozen(catalogue: Catalogue) -> None:
    """What a campaign keeps is read back with everything that it takes from others."""
    for template in catalogue.templates.values():
        frozen = template.model_dump(mode="json", exclude_defaults=True)
        assert Template.model_validate(frozen) == template


BASE = SHOW.replace("id: show", "id: base")
CHILD = """
id: small
version: 1
title: Small show
extends: base
lead_time: "4 weeks before inputs.show_date"
tasks:
  test: {duration: "1 business_day"}
  invite: null
min_gaps: []
"""


def test_a_template_extends_another(tmp_path: Path) -> None:
    """Fields override by key, a task set to null is left out, and the rest is the base's."""
    for name, text in {"calendars": CALENDARS, "base": BASE, "small": CHILD}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    catalogue = Catalogue.load(tmp_path)
    assert not catalogue.problems
    small = catalogue.templates["small"]
    assert list(small.tasks) == ["test"]
    assert (small.tasks["test"].title, str(small.tasks["test"].duration)) == ("Test", "1 business_day")
    assert str(small.lead_time) == "4 weeks before inputs.show_date"
    assert small.inputs == catalogue.templates["base"].inputs


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("small", "extends: base", "extends: bas", "there is no template `bas` to extend"),
        ("base", "id: base", "id: base\nextends: small", "only one level is possible"),
        ("send", "template_from: inputs.cta", "template_from: sho", "no usable template `sho`; did you mean `show`"),
        ("send", "template_from: inputs.cta", "template_from: inputs.emails", "is not an enum input"),
        ("send", "go: invite", "go: invitation", "a task `invitation`; did you mean `invite`"),
        (
            "send",
            "{show_date: inputs.cta_date}",
            "{show: inputs.cta_date}",
            "an input `show`; did you mean `show_date`",
        ),
        ("send", "to: [turnaround]", "to: [turn_around]", "`turn_around` is neither a task nor a promise"),
        ("send", 'add: "2 business_days"', 'add: "2 weeks"', "cannot be added to `turnaround`"),
        ("send", "count: inputs.emails", "count: inputs.email", "is not an int input; did you mean `inputs.emails`"),
        ("rounds", "repeat: inputs.count", "repeat: inputs.day", "`inputs.day` is not an int input"),
        ("rounds", ", max: 3", "", "needs a `max` of at least 1"),
        ("rounds", ', "1 week before inputs.day"', "", "3 rounds are possible, and `each_due` has 2"),
        ("rounds", "previous.send", "previous.sent", "the group has no task `sent`; did you mean `send`"),
        ("rounds", "depends_on: [mail_send]", "depends_on: [mails_send]", "unknown task `mails_send`"),
        ("show", "depends_on: [test]", "depends_on: [test], blackout: [mon, tue, wed]", "has every working day"),
        ("bundle", "template: show", "template: shows", "no usable template `shows` for this; did you mean `show`"),
        ("bundle", "inputs: {show_date: inputs.launch}", "inputs: {}", "`show` needs its date `show_date`"),
        ("bundle", "{emails: 2}", "{mails: 2}", "`send` has no input `mails`; did you mean `emails`"),
        ("bundle", "depends_on: [brief]", "depends_on: [briefing]", "no task `briefing`; did you mean `brief`"),
        ("bundle", "before: [ready]", "before: [reddy]", "there is no task `reddy`; did you mean `ready`"),
        ("bundle", "before: [ready]", "before: [brief]", "`brief` waits for itself"),
        ("bundle", "3-4 weeks", "4-3 weeks", "a range goes from the smaller amount to the greater"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_rest_stays(
    tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    """One bad file is refused with its reason; those that do not need it stay usable."""
    files = {"calendars": CALENDARS, "base": BASE, "small": CHILD, "show": SHOW, "send": SEND, "rounds": ROUNDS}
    files["bundle"] = BUNDLE
    assert old in files[name]
    files[name] = files[name].replace(old, new)
    for file, text in files.items():
        (tmp_path / f"{file}.yaml").write_text(text)
    catalogue = Catalogue.load(tmp_path)
    told = [problem for problem in catalogue.problems if words in str(problem)]
    assert told, catalogue.problems
    assert all(problem.line > 1 for problem in told)
    assert ("show" in catalogue.templates) == (name != "show")
