"""The catalogue: what is wrong with a file is told with its line, and the rest stay usable."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from service.calendars import frozen_holidays
from service.catalogue import Catalogue
from service.core.effective import effective

CALENDARS = """\
office:
  time_zone: Europe/Berlin
  working_hours: {mon: ["09:00-12:00", "13:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"], thu: ["09:00-17:00"]}
  cutoff: "16:00"
  holidays:
    country: DE
    subdivision: BY
    categories: [public, catholic]
    add: {"2026-12-24": Christmas Eve}
    remove: ["2026-05-01"]
  exceptions:
    "2026-12-05": ["09:00-12:00"]
    "2026-12-07": []
"""

TEMPLATE = """\
id: letter
version: 1
title: Letter
calendar: office
inputs:
  send_date: {type: date, movable: true}
  tone: {type: enum, values: [warm, plain], default: warm}
lead_time: "2 weeks before inputs.send_date"
feasibility:
  try: [compress, shift, reject]
  compress: [{task: write, min: "1 business_day"}]
tasks:
  write:
    title: Write
    party: requester
    duration: "3 business_days"
  read:
    title: Read
    party: ops
    duration: "1 business_day"
    depends_on: [write]
    when: {field: inputs.tone, in: [plain]}
  send:
    title: Send
    party: ops
    depends_on: [{task: read, lag: "1 day"}]
    due: "0 business_days before inputs.send_date"
min_gaps:
  - {from: write, to: send, at_least: "1 week"}
clocks:
  reply:
    start: request.complete
    stop: [send.done, request.answered]
    pause: [{status_in: [waiting, legal]}]
    goals: [{when: {field: request.tone, equals: plain}, target: "2 business_days"}, {target: "3 business_days"}]
"""


def load(folder: Path, template: str = TEMPLATE, calendars: str = CALENDARS, **more: str) -> Catalogue:
    """A catalogue of these files."""
    (folder / "calendars.yaml").write_text(calendars)
    (folder / "letter.yaml").write_text(template)
    for name, text in more.items():
        (folder / f"{name}.yaml").write_text(text)
    return Catalogue.load(folder)


def test_a_good_folder_has_no_problems(tmp_path: Path) -> None:
    """Every template and calendar is there, and nothing is complained about."""
    catalogue = load(tmp_path)
    assert catalogue.problems == []
    assert list(catalogue.templates) == ["letter"]


def test_a_template_survives_being_stored(tmp_path: Path) -> None:
    """A stored template without its defaults reads back as the same template, with the same fingerprint."""
    template = load(tmp_path).templates["letter"]
    again = type(template).model_validate(template.model_dump(mode="json", exclude_defaults=True))
    assert again == template
    assert again.digest == template.digest


def test_a_calendar_is_frozen_with_the_years_around_a_date(tmp_path: Path) -> None:
    """Country, region and the company's own days are in it, from the year before to two years after."""
    catalogue = load(tmp_path)
    calendar = catalogue.calendar_of(catalogue.templates["letter"], around=date(2026, 11, 23))
    assert calendar.weekmask == "1111000"
    assert calendar.holidays[date(2026, 8, 15)]
    assert calendar.holidays[date(2026, 12, 24)] == "Christmas Eve"
    assert date(2026, 5, 1) not in calendar.holidays
    assert {day.year for day in calendar.holidays} == {2025, 2026, 2027, 2028}
    assert calendar.is_working(date(2026, 12, 5))
    assert not calendar.is_working(date(2026, 12, 7))
    assert calendar is catalogue.calendar_of(catalogue.templates["letter"], around=date(2026, 3, 1))


def test_holidays_keep_their_names_and_the_observed_days() -> None:
    """A US holiday on a Saturday is also closed on the day it is observed."""
    days = frozen_holidays("US", None, ["public"], {}, [], [2027])
    assert days[date(2027, 12, 24)] == "Christmas Day (observed)"
    assert frozen_holidays(None, None, [], {date(2027, 1, 4): "Move"}, [], [2027]) == {date(2027, 1, 4): "Move"}


def changed(old: str, new: str, text: str = TEMPLATE) -> str:
    """The text with one thing written otherwise."""
    assert old in text
    return text.replace(old, new, 1)


BAD_TEMPLATES = [  # what is replaced, by what, the line and words of the complaint
    ("title: Letter", "titel: Letter", 3, "unknown field `titel`; did you mean `title`?"),
    ("title: Letter\n", "", 1, "`title` is missing"),
    ("title: Letter", "title: Letter: to all", 3, "a colon ends a name here; put a text that has one into quotes"),
    ("title: Letter", 'title: "Let\x07ter"', 3, "the character U+0007 cannot be seen"),
    ("title: Write", 'title: " "', 14, "`write` needs a title"),
    ("version: 1", "version: 20261123123000", 2, "less than or equal to 2147483647"),
    ("version: 1", "version: new", 2, "`version` is a whole number, not `new`"),
    ("version: 1", "version: 1\nversion: 2", 3, "`version` stands here a second time"),
    ("    title: Write", "\ttitle: Write", 14, "a tab cannot indent YAML"),
    ("    party: requester\n", "", 13, "`write` has no party; say who owes it"),
    ("party: requester", "party: requester\n    blackout: [thursday]", 16, "`tasks.write.blackout.0` is 'mon', 'tue'"),
    ("party: requester", "party: opps", 15, "not `opps`; did you mean `ops`?"),
    ("party: requester", "partie: requester", 15, "unknown field `partie`; did you mean `party`?"),
    ("3 business_days", "3 busines_days", 16, "`busines_days` is not a unit; did you mean `business_days`?"),
    ("3 business_days", "3 workdays", 16, "`workdays` is not a unit; did you mean `business_days`?"),
    ("3 business_days", "3 weeks", 16, "`3 weeks`: work is counted in `business_days`"),
    ("3 business_days", "24 hours", 16, "`hours` is clock time"),
    (
        "depends_on: [write]",
        "depends_on: [wriet]",
        21,
        "`read` depends on an unknown task `wriet`; did you mean `write`?",
    ),
    ("depends_on: [write]", "depends_on: write", 21, "a list is meant; write `[write]`"),
    ("depends_on: [write]", "not_before: 20270131", 21, "`20270131` is not a date; write it as year-month-day"),
    (
        "depends_on: [write]",
        "not_before: 2027-02-02\n    not_after: 2027-02-01",
        22,
        "`read` cannot be due after 2027-02-02 and before 2027-02-01",
    ),
    ("depends_on: [write]", "depends_on: [send]", 23, "these tasks wait for each other: send → read → send"),
    (
        'due: "0 business_days before inputs.send_date"',
        "due: 1 day before inputs.sent_date",
        27,
        "did you mean `inputs.send_date`?",
    ),
    ('due: "0', 'due: "-1', 27, "is negative"),
    (
        'due: "0 business_days before inputs.send_date"',
        "due: 1 day after inputs.tone",
        27,
        "is of type enum; a date is needed",
    ),
    ("field: inputs.tone", "field: inputs.town", 22, "is not an input of this template; did you mean `inputs.tone`?"),
    ("in: [plain]", "in: [plain], equals: warm", 22, "write `field` with one of"),
    ("in: [plain]", "in: [plane]", 22, "`inputs.tone` is warm, plain, never `plane`; did you mean `plain`?"),
    ("in: [plain]", "in: []", 22, "need something in their list"),
    ("inputs.tone, in: [plain]", "inputs.send_date, equals: 2027-01-04", 22, "ask whether it `exists`"),
    ("start: request.complete", "start: request.completed", 31, "did you mean `request.complete`?"),
    ("stop: [send.done,", "stop: [send.dnoe,", 31, "nobody tells `send.dnoe`; did you mean `send.done`?"),
    ("[waiting, legal]", "[watiing]", 34, "`watiing` is no status; did you mean `waiting`?"),
    ("field: request.tone", "field: inputs.tone", 31, "a clock reads what events tell; write `request.tone`"),
    ("from: write", "from: wrote", 29, "`wrote` is not known; did you mean `write`?"),
    ('at_least: "1 week"', 'at_least: "1 week before x"', 29, "should be an amount only"),
    ('lead_time: "2 weeks before', 'lead_time: "2 weeks after', 8, "a lead time is counted `before"),
    ("try: [compress, shift, reject]", "try: [compress, shift]", 10, "one that always works: `flag` or `reject`"),
    ("try: [compress, shift, reject]", "try: []", 10, "nothing stands there; at least one entry is needed"),
    ("try: [compress, shift, reject]", "try: [flagg]", 10, "not `flagg`; did you mean `flag`?"),
    ("try: [compress, shift, reject]", "try: [shift, reject]", 10, "need each other"),
    ("movable: true", "required: false", 10, "`shift` needs a date input that is `movable: true`"),
    ('min: "1 business_day"', 'min: "3 business_days"', 11, "must be less than `3 business_days`"),
    ("task: write, min", "task: wrote, min", 11, "there is no task `wrote`; did you mean `write`?"),
    ("task: write, min", "tasks: [write, raed], min", 11, "there is no task `raed`; did you mean `read`?"),
    ("task: write, min", "tasks: [write, read], min", 11, "must be less than `1 business_day`"),
    ("task: write, min", "tasks: [write, read], task: write, min", 11, "name either `task`, several `tasks`, or"),
    ("values: [warm, plain], ", "", 7, "an enum needs them"),
    ("default: warm", "default: wram", 7, "'wram' is not one of warm, plain; did you mean `warm`?"),
    ("default: warm", "default: warm, required: true", 7, "is required and has a default"),
    ("type: enum", "type: list", 7, "not `list`"),
    ("title: Send", "title: Send\n    owner: ops", 25, "names a role, like `role:ops`, not `ops`"),
    ("title: Send", "title: Send\n    pinned: inputs.send_date", 28, "cannot have a due rule as well"),
    ("  send:\n", "  Send it:\n", 23, "is not a name"),
    ("title: Letter", "title: Letter\nextends: letter", 4, "a template cannot extend itself"),
    ("  write:\n", "  write:\n  wrote:\n", 13, "something with fields is meant"),
    ("calendar: office", "calendar: offices", 4, "there is no usable calendar `offices`; did you mean `office`?"),
    (
        "title: Letter",
        "title: Letter\nturnaround: 3 days before inputs.send_date",
        4,
        "counted `after request.complete`",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), BAD_TEMPLATES, ids=[row[1][:40] for row in BAD_TEMPLATES])
def test_a_bad_template_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """The file, the line, and what was probably meant; the good template beside it stays usable."""
    catalogue = load(tmp_path, changed(old, new), other=changed("id: letter", "id: other"))
    assert list(catalogue.templates) == ["other"]
    problem = catalogue.problems[0]
    assert (Path(problem.file).name, problem.line) == ("letter.yaml", line), problem
    assert said in problem.message
    assert str(problem).startswith(f"{tmp_path}/letter.yaml:{line}: ")


ROUNDS = """\
id: letters
version: 1
title: Letters
calendar: office
inputs:
  day: {type: date}
  count: {type: int, max: 3}
  signed: {type: bool}
  about: {type: text}
tasks:
  page_2_write: {title: Write, party: ops, duration: "1 business_day"}
  cover_read: {title: Read, party: ops, duration: "1 business_day", when: {field: inputs.signed, equals: true}}
groups:
  sheet:
    title: Sheet
    repeat: inputs.count
    when: {field: inputs.count, in: [1, 2, 3]}
    tasks: {write: {title: Write, party: ops, duration: "1 business_day"}}
children:
  letter: {template: letter, inputs: {send_date: inputs.day, tone: plain}, when: {field: inputs.about, equals: "7"}}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("  sheet:", "  page:", 18, "two tasks have the key `page_2_write`, one of them as a round of `page`"),
        ("  letter: {", "  cover: {", 20, "two tasks have the key `cover_read`, one of them as a part of `cover`"),
        ("equals: true", "equals: yes", 12, "`inputs.signed` is `true` or `false`, never `yes`"),
        ("in: [1, 2, 3]", "in: [1, 2, 4]", 17, "`inputs.count` is never 4: 4 is too many; 3 at most"),
        ("in: [1, 2, 3]", 'in: ["1"]', 17, "is a whole number, never `1`; write it as a number, without quotes"),
        ('equals: "7"', "equals: 7", 20, "`inputs.about` is text, never `7`; write it in quotes"),
        ("tone: plain", "tone: plane", 20, "`tone` of `letter` is warm, plain, never `plane`; did you mean `plain`?"),
        ("inputs.day", "2027-01-04", 20, "`send_date` of `letter` is a date of the request; write `inputs.<ours>`"),
        ("inputs.day", "inputs.about", 20, "`send_date` of `letter` is of type date, and `inputs.about` of type text"),
        ("template: letter", "template: letters", 20, "no usable template `letters` for this; did you mean `letter`?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_never_be_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """Values that no answer has, keys that two tasks would share, and what another template cannot be given."""
    assert load(tmp_path, letters=ROUNDS).problems == []
    [problem] = load(tmp_path, letters=changed(old, new, ROUNDS)).problems
    assert (Path(problem.file).name, problem.line) == ("letters.yaml", line), problem
    assert said in problem.message


def test_a_modifier_makes_a_task_of_a_part_longer(tmp_path: Path) -> None:
    """By its key in this template; a key that the part does not have is refused with what was meant."""
    more = 'modifiers: [{because: more, count: inputs.count, add: "1 business_day", to: [letter_write]}]\n'
    catalogue = load(tmp_path, letters=ROUNDS + more)
    assert catalogue.problems == []
    known = effective(catalogue.templates["letters"], {"count": 2, "signed": False, "about": "7"})
    assert str(known.tasks["letter_write"].duration) == "5 business_days"
    [problem] = load(tmp_path, letters=ROUNDS + more.replace("_write", "_wriet")).problems
    assert "no part has a task `letter_wriet`; did you mean `letter_write`?" in str(problem)


def test_a_template_of_a_bad_calendar_is_told_too(tmp_path: Path) -> None:
    """A calendar that cannot work is told with its line, and so is each template that names it."""
    catalogue = load(tmp_path, calendars=changed("Europe/Berlin", "Europe/Munich", CALENDARS))
    first, last = catalogue.problems
    assert (Path(first.file).name, first.line) == ("calendars.yaml", 2)
    assert "no usable calendar `office`" in last.message
    assert catalogue.templates == {}


def test_two_files_cannot_be_the_same_template(tmp_path: Path) -> None:
    """The second file of one id is refused and the first stays."""
    catalogue = load(tmp_path, other=TEMPLATE)
    assert list(catalogue.templates) == ["letter"]
    assert [(Path(p.file).name, p.line) for p in catalogue.problems] == [("other.yaml", 1)]


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Three mistakes make three problems."""
    text = changed("depends_on: [write]", "depends_on: [wrong]", changed("from: write", "from: wrong"))
    catalogue = load(tmp_path, changed("field: inputs.tone", "field: tone", text))
    assert [problem.line for problem in catalogue.problems] == [21, 22, 29]
