"""Files of commitments: what a tired person writes is refused with its line, and the rest stays usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.catalogue import Catalogue
from service.core.commitment import Cadence, Quota

CALENDARS = 'office: {time_zone: Europe/Berlin, working_hours: {mon: ["09:00-17:00"]}}\n'
REPORT = """\
kind: cadence
id: report
version: 1
title: Weekly report
calendar: office
rrule: "FREQ=WEEKLY;BYDAY=MO;BYHOUR=10"
tasks:
  write: {title: Write it, party: ops, due: "0 business_days after occurrence", sections: [leads]}
  answer: {title: Answer it, party: sales, due: "1 week after write.done"}
"""
POSTS = """\
kind: quota
id: posts
version: 1
title: Posts
calendar: office
period: {every: month}
counted_when: {event: content.published, distinct: content.id}
targets:
  - {of: blog_post, at_least: 4}
  - {at_least: 80, at_most: 100, parts: [{of: call, at_least: 40}]}
carry_over: none
"""


def load(folder: Path, **files: str) -> Catalogue:
    """A catalogue of these files."""
    (folder / "calendars.yaml").write_text(CALENDARS)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return Catalogue.load(folder)


def test_commitments_stand_beside_templates(tmp_path: Path) -> None:
    """Each kind is read as what it is."""
    catalogue = load(tmp_path, report=REPORT, posts=POSTS)
    assert catalogue.problems == []
    assert {name: type(found) for name, found in catalogue.commitments.items()} == {"posts": Quota, "report": Cadence}
    assert catalogue.templates == {}


def test_a_commitment_survives_being_stored(tmp_path: Path) -> None:
    """Written as JSON and read again it is the same."""
    report = load(tmp_path, report=REPORT).commitments["report"]
    assert type(report).model_validate(report.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == report


BAD = [  # file, what is replaced, by what, the line and words of the complaint
    (POSTS, "every: month", "every: month, time_zone: Europe/Berlun", 6, "did you mean `Europe/Berlin`?"),
    (POSTS, "carry_over: none", "starts_on: 31.12.2026", 11, "`31.12.2026` is not a date; write it as year-month-day"),
    (REPORT, "kind: cadence", "kind: cadense", 1, "did you mean `cadence`?"),
    (REPORT, "rrule:", "rule:", 6, "unknown field `rule`; did you mean `rrule`?"),
    (REPORT, "FREQ=WEEKLY;BYDAY=MO;BYHOUR=10", "every Monday at 10", 6, "says nothing; write it like `BYDAY=MO`"),
    (REPORT, "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", 6, "write `starts_on`"),
    (REPORT, "after occurrence", "after ocurrence", 8, "`ocurrence` is not known; did you mean `occurrence`?"),
    (REPORT, "after write.done", "after wirte.done", 9, "did you mean `write.done`?"),
    (REPORT, "after write.done", "after answer.done", 9, "`answer` waits for itself"),
    (REPORT, "1 week after write.done", "1 week before write.done", 9, "nobody knows beforehand"),
    (REPORT, "1 week after", "24 hours after", 9, "`hours` is clock time"),
    (REPORT, "party: sales, ", "", 9, "`answer` has no party"),
    (REPORT, "calendar: office", "calendar: ofice", 5, "did you mean `office`?"),
    (REPORT, "title: Weekly report", "title: Weekly report\nstarts_on: 2026-02-31", 5, "there is no day 2026-02-31"),
    (POSTS, "every: month", "every: fortnight", 6, "not `fortnight`"),
    (POSTS, "event: content.published", "event: published", 7, "is not the name of an event"),
    (POSTS, "distinct: content.id", "distinct: post.id", 7, "did you mean `content.id`?"),
    (POSTS, "at_least: 4", "atleast: 4", 9, "did you mean `at_least`?"),
    (POSTS, ", at_least: 4", "", 9, "a target says `at_least`, `at_most` or both"),
    (POSTS, "at_most: 100", "at_most: 70", 10, "at least 80 and at most 70 cannot both be kept"),
    (POSTS, "carry_over: none", "carry_over: deficit\nstarts_on: 2026-01-01", 10, "cannot be kept with `carry_over"),
    (POSTS, "carry_over: none", "first_period: prorate", 11, "write `starts_on`"),
    (
        POSTS,
        "carry_over: none",
        "tasks: {post: {title: Post, party: ops, of: blog_pots}}",
        11,
        "did you mean `blog_post`?",
    ),
]


@pytest.mark.parametrize(("text", "old", "new", "line", "said"), BAD, ids=[row[2][:40] for row in BAD])
def test_a_bad_commitment_is_refused_with_its_line(
    tmp_path: Path, text: str, old: str, new: str, line: int, said: str
) -> None:
    """The file, the line, and what was probably meant; the good one beside it stays usable."""
    assert old in text
    good = (POSTS if text is REPORT else REPORT).replace("id: ", "id: good_")
    catalogue = load(tmp_path, bad=text.replace(old, new, 1), good=good)
    assert [name[:5] for name in catalogue.commitments] == ["good_"]
    problem = catalogue.problems[0]
    assert (Path(problem.file).name, problem.line) == ("bad.yaml", line), problem
    assert said in problem.message


def test_a_name_belongs_to_one_file(tmp_path: Path) -> None:
    """The second file of the same id is refused."""
    catalogue = load(tmp_path, one=REPORT, two=REPORT)
    assert [(Path(p.file).name, p.line) for p in catalogue.problems] == [("two.yaml", 2)]


AGREEMENT = """\
kind: agreement
id: follow_up
version: 1
title: Follow-up
calendar: office
report_by: lead.campaign
clocks:
  touch:
    calendar: office
    start: lead.created
    stop: lead.touched
    goals:
      - {when: {field: lead.source, equals: form}, target: "48 hours"}
      - {target: "24 hours"}
tasks:
  call: {title: Call, party: sales, on: lead.responded, due: "1 business_day after lead.responded"}
"""
BAD_AGREEMENTS = [  # what is replaced, by what, the line and words of the complaint
    ("    calendar: office", "    calendar: ofice", 9, "did you mean `office`?"),
    ("stop: lead.touched", "stop: lead.created", 8, "cannot mean two things"),
    ('target: "24 hours"', 'target: "1 week"', 14, "a clock counts"),
    ("lead.source", "led.source", 7, "no event of this agreement tells `led.source`; did you mean `lead`?"),
    ("day after lead.responded", "day after lead.created", 16, "it is counted `after lead.responded`"),
    ("report_by: lead.campaign", "report_by: campaign", 6, "is not a fact"),
    ("on: lead.responded", "on: responded", 16, "is not the name of an event"),
]


@pytest.mark.parametrize(("old", "new", "line", "said"), BAD_AGREEMENTS, ids=[row[1][:40] for row in BAD_AGREEMENTS])
def test_a_bad_agreement_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    """Clocks, facts and events that cannot be meant."""
    assert old in AGREEMENT
    assert load(tmp_path, good=AGREEMENT).problems == []
    catalogue = load(tmp_path, good=AGREEMENT.replace(old, new, 1))
    assert catalogue.commitments == {}
    problem = catalogue.problems[0]
    assert problem.line == line, problem
    assert said in problem.message


def test_an_agreement_agrees_on_something(tmp_path: Path) -> None:
    """Without clocks and tasks it would be empty words."""
    catalogue = load(tmp_path, empty=AGREEMENT.partition("clocks:")[0])
    assert "needs `clocks` or `tasks`" in catalogue.problems[0].message


TEMPLATE = """\
id: letter
version: 1
title: Letter
calendar: office
tasks:
  send: {title: Send, party: ops, duration: "1 business_day"}
clocks:
  resolution: {start: request.complete, stop: send.done, goals: [{target: "5 business_days"}]}
"""


def test_the_clocks_of_a_template_run_by_its_own_tasks(tmp_path: Path) -> None:
    """A task that is not there is refused with the one that is meant."""
    assert load(tmp_path, letter=TEMPLATE).problems == []
    [problem] = load(tmp_path, letter=TEMPLATE.replace("send.done", "sent.done")).problems
    assert (problem.line, problem.message) == (8, "`sent.done`: there is no task `sent`; did you mean `send`?")
    [problem] = load(tmp_path, letter=TEMPLATE.replace("{start:", "{calendar: ofice, start:")).problems
    assert "there is no usable calendar `ofice`" in problem.message


TAKEN = "on_breach: [{reassign: round_robin}]"


def test_only_a_task_can_be_taken_over(tmp_path: Path) -> None:
    """Where the clock is about no task of a tracker, `reassign` is refused with the reason and its line."""

    def refused(text: str) -> tuple[int | None, str]:
        [problem] = load(tmp_path, one=text).problems
        return problem.line, problem.message

    clock = '      - {target: "24 hours"}\n'
    late = AGREEMENT.replace(clock, f"{clock}    {TAKEN}\n")
    filed = f"{late}file: {{connection: jira, under: MKT-7}}\n"
    nowhere = (
        "`reassign`: without `file` nothing of this agreement stands in a tracker, so there is no task to take over"
    )
    assert refused(late) == (15, f"{nowhere}; write `notify`")
    assert load(tmp_path, one=filed).problems == []
    about_chats = filed.replace("lead.responded", "chat.opened")
    other = "`reassign`: no entry of `tasks` makes a task for a lead, so there is none to take over"
    assert refused(about_chats) == (15, f"{other}; write `notify`")
    letter = TEMPLATE.replace("goals:", f"{TAKEN}, goals:")
    assert load(tmp_path, one=letter).problems == []
    none = "`reassign`: no task of this template stops the clock, so there is none to take over"
    line, message = refused(letter.replace("stop: send.done", "stop: ops.first_reply"))
    assert (line, message) == (8, f"{none}; write `notify`, or a `stop` such as `send.done`")
