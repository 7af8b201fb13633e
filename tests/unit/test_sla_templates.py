"""What the SLA text says of templates: the plan that a request gets, to the day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from service.catalogue import Catalogue
from service.core.plan import Facts, Plan, make_plan
from service.previewing import preview

MONDAY, SATURDAY = date(2027, 3, 1), date(2027, 3, 6)
HOURS = ", ".join(f'{day}: ["09:00-17:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))
CALENDARS = f"""
office: {{time_zone: America/New_York, working_hours: {{{HOURS}}}}}
strict: {{time_zone: America/New_York, working_hours: {{{HOURS}}}, cutoff: "16:00"}}
"""


def loaded(folder: Path, template: str) -> Catalogue:
    """A folder with one more template, that says only what matters here."""
    head = "id: work\nversion: 1\ntitle: Work\n"
    (folder / "calendars.yaml").write_text(CALENDARS)
    (folder / "work.yaml").write_text(head + template)
    catalogue = Catalogue.load(folder)
    assert not catalogue.problems
    return catalogue


def planned(folder: Path, template: str, asked_on: date = MONDAY, **inputs: Any) -> Plan:
    """The plan that this template makes of a request."""
    catalogue = loaded(folder, template)
    return preview(catalogue.templates["work"], catalogue, inputs, asked_on)


def due(plan: Plan) -> dict[str, date]:
    """Every task's due date."""
    return {task.key: task.due_on for task in plan.tasks}


LEFT_OUT = """
calendar: office
inputs: {checked: {type: bool, default: false}}
tasks:
  a: {title: A, party: ops, duration: "1 business_day"}
  check:
    {title: Check, party: ops, duration: "1 business_day", depends_on: [a], when: {field: inputs.checked, equals: true}}
  b: {title: B, party: ops, duration: "1 business_day", depends_on: [check, {task: a, lag: "5 business_days"}]}
"""


def test_a_step_left_out_takes_no_other_wait_with_it(tmp_path: Path) -> None:
    """B waits 5 business days after A on its own account, whether or not it also inherits A from the step left out."""
    left_out, made = planned(tmp_path, LEFT_OUT), planned(tmp_path, LEFT_OUT, checked=True)
    assert due(left_out)["b"] == due(made)["b"] == date(2027, 3, 10)
    assert left_out.tasks[-1].depends_on == ("a",)


def test_many_steps_left_out_side_by_side_are_each_passed_once(tmp_path: Path) -> None:
    """Of two hundred steps left out, in pairs that each wait for the pair before, nothing but A is left to wait for."""
    only = "when: {field: inputs.all, equals: true}"
    steps = [
        f"{side}{n}: {{title: S, party: ops, depends_on: [{f'l{n - 1}, r{n - 1}' if n else 'a'}], {only}}}"
        for n in range(100)
        for side in "lr"
    ]
    tasks = [
        'a: {title: A, party: ops, duration: "2 business_days"}',
        *steps,
        'b: {title: B, party: ops, duration: "1 business_day", depends_on: [l99, r99]}',
    ]
    inputs = "inputs: {all: {type: bool, default: false}}"
    plan = planned(tmp_path, "\n  ".join([f"calendar: office\n{inputs}\ntasks:", *tasks]))
    assert due(plan) == {"a": date(2027, 3, 3), "b": date(2027, 3, 4)}


def test_a_preview_counts_a_rest_day_as_the_cut_off_does(tmp_path: Path) -> None:
    """With a cut-off, what is asked for on a Saturday counts from Monday; without one, from the Saturday itself."""
    tasks = 'tasks: {a: {title: A, party: ops, duration: "1 business_day"}}\n'
    strict = planned(tmp_path, f"calendar: strict\n{tasks}", SATURDAY)
    assert (strict.planned_on, strict.complete_on, due(strict)["a"]) == (SATURDAY, date(2027, 3, 8), date(2027, 3, 9))
    office = planned(tmp_path, f"calendar: office\n{tasks}", SATURDAY)
    assert (office.complete_on, due(office)["a"]) == (SATURDAY, date(2027, 3, 8))


TWO_DATES = """
calendar: office
inputs:
  send: {type: date, required: true}
  launch: {type: date, required: true}
tasks:
  invite: {title: Invite, party: ops, pinned: inputs.send}
  show: {title: Show, party: ops, pinned: inputs.launch}
min_gaps: [{from: invite, to: show, at_least: "3 weeks"}]
"""


def test_two_dates_of_a_request_that_break_a_rule_are_told(tmp_path: Path) -> None:
    """Nothing can be moved between an invitation and a launch that are both fixed, so somebody must agree."""
    kept = planned(tmp_path, TWO_DATES, send="2027-03-03", launch="2027-03-24")
    assert (kept.verdict, kept.feasible, kept.problems) == ("planned", True, ())
    broken = planned(tmp_path, TWO_DATES, send="2027-03-04", launch="2027-03-24")
    assert (broken.verdict, broken.feasible) == ("flagged", False)
    [problem] = broken.problems
    assert problem == (
        "“Show” is on Wed 24 Mar 2027, but 3 weeks after “Invite” (Thu 4 Mar 2027) is Thu 25 Mar 2027: "
        "1 business day too early."
    )


def test_a_rule_between_two_inputs_is_held_like_one_between_tasks(tmp_path: Path) -> None:
    """A gap may lie between two dates of the request, without any task at its ends."""
    between = TWO_DATES.replace("from: invite, to: show", "from: inputs.send, to: inputs.launch")
    [problem] = planned(tmp_path, between, send="2027-03-04", launch="2027-03-24").problems
    assert problem == (
        "Launch is on Wed 24 Mar 2027, but 3 weeks after Send (Thu 4 Mar 2027) is Thu 25 Mar 2027: "
        "1 business day too early."
    )


ROUNDS = """
calendar: office
inputs:
  mails: {type: int, default: 1, min: 0, max: 2}
  day: {type: date, default: "2027-03-31"}
tasks:
  brief: {title: Brief, party: ops, duration: "1 business_day"}
  list: {title: List, party: ops, duration: "4 business_days", depends_on: [brief]}
  report: {title: Report, party: ops, depends_on: [mail_send]}
  close: {title: Close, party: ops, depends_on: [mail_send, list]}
groups:
  mail:
    title: Mail
    repeat: inputs.mails
    tasks:
      copy: {title: Copy, party: ops, duration: "1 business_day", depends_on: [list]}
      send: {title: Send, party: ops, duration: "1 business_day", depends_on: [copy, brief]}
"""


def test_rounds_that_are_not_made_leave_what_they_waited_for(tmp_path: Path) -> None:
    """Whoever waited for them waits for their predecessors, of which those that lie further ahead are not named."""
    plan = planned(tmp_path, ROUNDS, mails=0)
    assert due(plan) == {key: date(2027, 3, 2 if key == "brief" else 8) for key in ("brief", "list", "report", "close")}
    waits = {task.key: task.depends_on for task in plan.tasks}
    assert waits["report"] == waits["close"] == ("list",)
    assert due(planned(tmp_path, ROUNDS, mails=1))["report"] == date(2027, 3, 10)


WITH_PART = """
calendar: office
inputs: {mail: {type: bool, default: true}}
tasks:
  brief: {title: Brief, party: ops, duration: "3 business_days"}
  launch: {title: Launch, party: ops, duration: "1 business_day"}
children:
  mail: {template: mail, depends_on: [brief], before: [launch], when: {field: inputs.mail, equals: true}}
"""


def test_a_part_that_is_not_wanted_hands_on_what_it_waited_for(tmp_path: Path) -> None:
    """The launch comes after the brief, whether the e-mail between them is wanted or not."""
    (tmp_path / "mail.yaml").write_text(
        "id: mail\nversion: 1\ntitle: E-mail\ncalendar: office\n"
        'tasks: {send: {title: Send, party: ops, duration: "1 business_day"}}\n'
    )
    assert due(planned(tmp_path, WITH_PART))["launch"] == date(2027, 3, 8)
    without = planned(tmp_path, WITH_PART, mail=False)
    assert due(without) == {"brief": date(2027, 3, 4), "launch": date(2027, 3, 5)}


MOVING = """
calendar: office
inputs: {launch: {type: date, required: true, movable: true}}
feasibility: {try: [shift, reject]}
tasks:
  build: {title: Build, party: ops, duration: "10 business_days"}
  live:
    {title: Live, party: ops, depends_on: [build], not_before: "1 week before inputs.launch", not_after: inputs.launch}
"""


def test_bounds_that_hang_on_the_date_move_with_it(tmp_path: Path) -> None:
    """The earliest date is looked for with the bounds of that date, not of the one that was asked for."""
    plan = planned(tmp_path, MOVING, launch="2027-03-05")
    assert (plan.verdict, plan.earliest_anchor) == ("shift_proposed", ("launch", date(2027, 3, 15)))
    assert due(plan) == {"build": date(2027, 3, 15), "live": date(2027, 3, 15)}


SHIFT_FIRST = """
calendar: office
inputs: {launch: {type: date, required: true, movable: true}}
feasibility: {try: [shift, compress, reject], compress: [{task: build, min: "2 business_days"}]}
tasks:
  build: {title: Build, party: ops, duration: "5 business_days"}
  live: {title: Live, party: ops, depends_on: [build], due: "0 days before inputs.launch"}
"""


def test_a_shift_that_is_tried_first_compresses_nothing(tmp_path: Path) -> None:
    """The ways out are tried in their order, so the date moves as far as the agreed pace needs."""
    shifted = planned(tmp_path, SHIFT_FIRST, launch="2027-03-05")
    assert (shifted.verdict, shifted.compressions) == ("shift_proposed", ())
    assert shifted.earliest_anchor == ("launch", date(2027, 3, 8))
    compressed = planned(tmp_path, SHIFT_FIRST.replace("shift, compress", "compress, shift"), launch="2027-03-05")
    assert (compressed.verdict, due(compressed)["live"]) == ("compressed", date(2027, 3, 5))


def test_one_month_is_agreed(tmp_path: Path) -> None:
    """A notice of one unit is told in the singular."""
    tasks = (
        'tasks: {live: {title: Live, party: ops, pinned: inputs.launch}}\nlead_time: "1 month before inputs.launch"\n'
    )
    inputs = "calendar: office\ninputs: {launch: {type: date, required: true}}\n"
    [problem] = planned(tmp_path, inputs + tasks, launch="2027-03-31").problems
    assert problem.endswith("; 1 month is agreed, so it was due by Sun 28 Feb 2027: 1 day short.")


def test_a_date_on_the_wrong_side_of_another_is_told_as_that(tmp_path: Path) -> None:
    """Where a rule asks for no time in between, the sentence says which date may not come first."""
    waits = TWO_DATES.replace("pinned: inputs.launch}", "pinned: inputs.launch, depends_on: [invite]}").split(
        "min_gaps"
    )[0]
    [problem] = planned(tmp_path, waits, send="2027-04-01", launch="2027-03-24").problems
    assert problem == (
        "“Show” is on Wed 24 Mar 2027, but it may not be before “Invite” (Thu 1 Apr 2027): 6 business days too early."
    )


def test_a_date_that_is_wrong_by_a_rest_day_alone_is_told_in_days(tmp_path: Path) -> None:
    """An invitation fixed on Saturday by a person and needed on Friday is no business day late, but a day."""
    catalogue = loaded(
        tmp_path,
        "calendar: office\ninputs: {launch: {type: date, required: true}}\n"
        'tasks: {invite: {title: Invite, party: ops, due: "3 weeks before inputs.launch"}}\n',
    )
    template = catalogue.templates["work"]
    facts = Facts(inputs={"launch": date(2027, 3, 26)}, complete_on=MONDAY, today=MONDAY, pins={"invite": SATURDAY})
    [problem] = make_plan(template, catalogue.calendar_of(template, around=MONDAY), facts).problems
    assert problem.endswith("but 3 weeks before Launch (Fri 26 Mar 2027) is Fri 5 Mar 2027: 1 day too late.")


SIDE_BY_SIDE = """
calendar: office
inputs: {day: {type: date}}
feasibility: {try: [compress, reject], compress: [{tasks: [page, copy], min: "2 business_days"}]}
tasks:
  page: {title: Page, party: ops, duration: "4 business_days"}
  copy: {title: Copy, party: ops, duration: "4 business_days"}
  live: {title: Live, party: ops, due: "0 days before inputs.day", depends_on: [page, copy]}
"""


def test_tasks_side_by_side_are_cut_together(tmp_path: Path) -> None:
    """Cutting one of the two alone would win nothing; both are told, each no shorter than it must be."""
    plan = planned(tmp_path, SIDE_BY_SIDE, day="2027-03-04")
    assert (plan.verdict, due(plan)["live"]) == ("compressed", date(2027, 3, 4))
    assert plan.compressions == (
        "“Page”: 3 business days instead of 4",
        "“Copy”: 3 business days instead of 4",
    )
    assert planned(tmp_path, SIDE_BY_SIDE, day="2027-03-02").verdict == "rejected"
