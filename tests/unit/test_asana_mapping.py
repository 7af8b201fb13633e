"""Asana's records in our words, and ours in Asana's."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from connectors.asana import richtext
from connectors.asana.mapping import gid_in, new_task_body, patch_body, task_of
from connectors.asana.settings import AsanaSettings
from connectors.contract import Account, AccountId, Mark, NewTask, Patch, Status
from service.core.fingerprints import shown

MARK = Mark("c1", "book-room")
IN_NOTES = {"body", "strong", "em", "u", "s", "code", "ol", "ul", "li", "a", "blockquote", "pre", "h1", "h2", "hr"}
IN_COMMENTS = IN_NOTES - {"h1", "h2", "hr"}
MARKDOWN = """# Title
## Part *one*
Some **bold**, _soft_, ~~gone~~ and `x < y` & more\\
second line, [a link](https://example.com/?a=1&b=2 "t"), [bad](javascript:alert(1)), ![pic](https://example.com/p.png)

- one
- two
  1. inner

> quoted
> - with a list

```python
if a < b: pass
```
***
<script>alert("x")</script> \x0b done
"""


def settings(**more: Any) -> AsanaSettings:
    """A connection with as little as it needs, and `more`."""
    return AsanaSettings(projects=("1",), token=SecretStr("t"), workspace="1", **more)


def task(**more: Any) -> dict[str, Any]:
    """A task record."""
    return {"gid": "7", "name": "Book room", "completed": False, **more}


def status_of(row: dict[str, Any], of: AsanaSettings | None = None) -> tuple[Status, str]:
    """As what it reads, and Asana's word for it."""
    found = task_of(row, of or settings(), {})
    return found.status, found.status_name


def test_without_a_status_field_a_task_is_complete_or_not() -> None:
    """Asana itself has no other status."""
    assert status_of(task()) == (Status.TODO, "Incomplete")
    assert status_of(task(completed=True)) == (Status.DONE, "Completed")


def test_an_approval_that_was_refused_is_not_done() -> None:
    """Asana calls rejected approvals completed; a plan must not take that for consent."""
    assert status_of(task(completed=True, approval_status="approved")) == (Status.DONE, "Completed")
    assert status_of(task(completed=True, approval_status="rejected")) == (Status.DROPPED, "rejected")
    assert status_of(task(completed=True, approval_status="changes_requested")) == (Status.WAITING, "changes_requested")


def test_the_status_field_speaks_while_the_task_is_open() -> None:
    """A tick closes whatever the field says, but the field tells dropped from done."""
    of = settings(status_field="50", statuses={"Working": "doing", "Cancelled": "dropped", "Done": "done"})

    def row(option: str | None, completed: bool) -> dict[str, Any]:
        field = {"gid": "50", "name": "Stage", "type": "enum", "enum_value": option and {"gid": "1", "name": option}}
        return task(completed=completed, custom_fields=[field])

    assert status_of(row("Working", False), of) == (Status.DOING, "Working")
    assert status_of(row("Working", True), of) == (Status.DONE, "Completed")
    assert status_of(row("Cancelled", True), of) == (Status.DROPPED, "Cancelled")
    assert status_of(row("Unheard of", False), of) == (Status.TODO, "Incomplete")
    assert status_of(row(None, True), of) == (Status.DONE, "Completed")


def test_every_kind_of_custom_field_is_a_plain_value() -> None:
    """By gid and by name, so that templates may use either."""
    row = task(
        custom_fields=[
            {"gid": "1", "name": "Text", "type": "text", "text_value": "a"},
            {"gid": "2", "name": "Number", "type": "number", "number_value": 2.5},
            {"gid": "3", "name": "Enum", "type": "enum", "enum_value": {"gid": "31", "name": "High"}},
            {"gid": "4", "name": "Multi", "type": "multi_enum", "multi_enum_values": [{"gid": "41", "name": "x"}]},
            {"gid": "5", "name": "Date", "type": "date", "date_value": {"date": "2027-01-21", "date_time": None}},
            {"gid": "6", "name": "People", "type": "people", "people_value": [{"gid": "61", "name": "Ada"}]},
            {"gid": "8", "name": "Formula", "type": "formula", "display_value": "12 %"},
            {"gid": "9", "name": "Empty", "type": "date", "date_value": None},
        ]
    )
    fields = task_of(row, settings(), {}).fields
    assert {
        name: fields[name] for name in ("Text", "Number", "Enum", "Multi", "Date", "People", "Formula", "Empty")
    } == {
        "Text": "a",
        "Number": 2.5,
        "Enum": "High",
        "Multi": ["x"],
        "Date": "2027-01-21",
        "People": ["Ada"],
        "Formula": "12 %",
        "Empty": None,
    }
    assert fields["5"] == "2027-01-21"


def test_where_the_task_stands_and_which_form_made_it() -> None:
    """Routes match on the section in the first project and on the form's name."""
    row = task(
        notes="When:\n2027-01-21\n\n———\nThis task was submitted through Webinar request\nhttps://form.asana.com/?k=1",
        projects=[{"gid": "10"}, {"gid": "11"}],
        memberships=[
            {"project": {"gid": "11"}, "section": {"gid": "1", "name": "Elsewhere"}},
            {"project": {"gid": "10"}, "section": {"gid": "2", "name": "Requests"}},
        ],
        tags=[{"gid": "5", "name": "webinar"}],
    )
    found = task_of(row, settings(), {})
    assert found.project == "10"
    assert {name: found.fields[name] for name in ("project", "section", "form", "tags")} == {
        "project": "10",
        "section": "Requests",
        "form": "Webinar request",
        "tags": ["webinar"],
    }


def test_a_task_in_several_projects_stands_in_those_that_are_looked_after() -> None:
    """Asana promises no order, and somebody's own project must not hide the one in which requests are filed."""
    row = task(
        projects=[{"gid": "10"}, {"gid": "11"}, {"gid": "12"}],
        memberships=[
            {"project": {"gid": gid}, "section": {"gid": f"{gid}0", "name": name}}
            for gid, name in {"10": "My week", "11": "Webinars", "12": "Later"}.items()
        ],
    )

    def places(*served: str) -> tuple[object, ...]:
        found = task_of(row, settings().model_copy(update={"projects": served}), {})
        return found.project, found.fields["project"], found.fields["section"]

    assert places("11") == ("11", "11", "Webinars")
    assert places("12", "11") == ("11", ["11", "12"], ["Webinars", "Later"])
    assert places("99") == ("10", "10", "My week")


def test_the_fields_that_rules_may_name_are_always_there() -> None:
    """A bare record has them, too."""
    fields = task_of(task(), settings(), {}).fields
    assert (fields["project"], fields["section"], fields["form"], fields["tags"]) == (None, None, None, [])


def test_people_are_known_by_the_directory_and_else_by_what_the_record_says() -> None:
    """The record itself has no e-mail addresses."""
    ada = Account(AccountId("61"), "Ada", "ada@example.com")
    found = task_of(task(assignee={"gid": "61"}, created_by={"gid": "62", "name": "Bo"}), settings(), {"61": ada})
    assert found.owner == ada
    assert found.requester == Account(AccountId("62"), "Bo", None)


def test_our_mark_is_the_last_one_and_no_part_of_the_text() -> None:
    """A person may quote another task's mark above ours."""
    found = task_of(task(notes=f"As in tminus:c0:old\n\nDo it.\n\n{MARK}"), settings(), {})
    assert found.mark == MARK
    assert found.text == "As in tminus:c0:old\n\nDo it."


def test_a_mark_is_found_in_rich_text_and_in_external_data() -> None:
    """Whichever of them the token may read."""
    rich = richtext.notes("Hello", MARK)
    assert task_of(task(html_notes=rich), settings(), {}).mark == MARK
    assert task_of(task(external={"gid": str(MARK), "data": "x"}), settings(oauth=True), {}).mark == MARK


def test_a_new_task_carries_everything_in_one_body() -> None:
    """The create is the only call, so nothing may be left for later."""
    new = NewTask(
        mark=MARK,
        title="Book room",
        text="Ask **Ada**",
        owner=AccountId("61"),
        start_on=date(2027, 1, 4),
        due_on=date(2027, 1, 8),
    )
    assert new_task_body(new, settings(), project="10") == {
        "name": "Book room",
        "html_notes": "<body>Ask <strong>Ada</strong>\n\n<em>tminus:c1:book-room</em></body>",
        "resource_subtype": "default_task",
        "assignee": "61",
        "projects": ["10"],
        "due_on": "2027-01-08",
        "start_on": "2027-01-04",
    }


def test_titles_are_written_as_every_tracker_keeps_them() -> None:
    """One line of 255 characters, as we remember them: else a person would seem to have changed it."""
    long = "Approve:\n  " + "x" * 2_000
    wanted = "Approve: " + "x" * 246
    assert new_task_body(NewTask(mark=MARK, title=long), settings(), project=None)["name"] == wanted
    assert patch_body(Patch(title=long), None)["name"] == wanted == shown(long)


def test_with_oauth_the_mark_is_out_of_sight() -> None:
    """Only an OAuth token may write `external`."""
    body = new_task_body(NewTask(mark=MARK, title="x", text="y"), settings(oauth=True), project=None)
    assert body["external"] == {"gid": "tminus:c1:book-room", "data": "book-room"}
    assert body["html_notes"] == "<body>y</body>"


@pytest.mark.parametrize(
    ("start", "due", "milestone", "sent"),
    [
        (date(2027, 1, 4), date(2027, 1, 8), False, {"start_on": "2027-01-04", "due_on": "2027-01-08"}),
        (date(2027, 1, 8), date(2027, 1, 8), False, {"due_on": "2027-01-08"}),
        (date(2027, 1, 9), date(2027, 1, 8), False, {"due_on": "2027-01-08"}),
        (date(2027, 1, 4), None, False, {}),
        (date(2027, 1, 4), date(2027, 1, 8), True, {"due_on": "2027-01-08"}),
    ],
)
def test_a_start_is_sent_only_where_asana_takes_it(
    start: date, due: date | None, milestone: bool, sent: dict[str, str]
) -> None:
    """Asana refuses a start without a later due date, and any start of a milestone."""
    new = NewTask(mark=MARK, title="x", start_on=start, due_on=due, milestone=milestone)
    body = new_task_body(new, settings(), project=None)
    assert {name: value for name, value in body.items() if name.endswith("_on")} == sent


def test_a_patch_writes_only_what_it_names() -> None:
    """A start that is not before the due date is cleared, as Asana would refuse both."""
    day, later = date(2027, 1, 8), date(2027, 1, 9)
    assert patch_body(Patch(title="New"), None) == {"name": "New"}
    assert patch_body(Patch(owner=AccountId("6")), None) == {"assignee": "6"}
    assert patch_body(Patch(due_on=later), later) == {"due_on": "2027-01-09"}
    assert patch_body(Patch(start_on=day), later) == {"due_on": "2027-01-09", "start_on": "2027-01-08"}
    assert patch_body(Patch(start_on=day, due_on=day), day) == {"due_on": "2027-01-08", "start_on": None}


@pytest.mark.parametrize(
    ("typed", "gid"),
    [
        ("1207", "1207"),
        (" 1207 ", "1207"),
        ("https://app.asana.com/0/55/1207", "1207"),
        ("https://app.asana.com/0/55/1207/f", "1207"),
        ("https://app.asana.com/0/0/1207/f", "1207"),
        ("https://app.asana.com/1/3/project/55/task/1207?focus=true", "1207"),
        ("https://app.asana.com/1/3/task/1207/comment/9", "1207"),
        ("https://app.asana.com/1/3/inbox/4/item/1207/story/9", "1207"),
        ("MKT-12", None),
        ("https://example.com/nothing", None),
        ("", None),
    ],
)
def test_a_task_is_found_in_what_people_type(typed: str, gid: str | None) -> None:
    """Gids and the web addresses of past and present Asana."""
    assert gid_in(typed) == gid


def tags(rich: str) -> set[str]:
    """Every tag in it; fails where it is not XML."""
    return {element.tag for element in ElementTree.fromstring(rich).iter()}


def test_markdown_becomes_the_few_tags_that_asana_takes() -> None:
    """Notes may have headings and rules, comments may not, and neither anything else."""
    notes, comment = richtext.notes(MARKDOWN, MARK), richtext.comment(MARKDOWN, MARK)
    assert tags(notes) == IN_NOTES - {"u"}
    assert tags(comment) == IN_COMMENTS - {"u"}
    assert "javascript" not in notes
    assert '<a href="https://example.com/?a=1&amp;b=2">a link</a>' in notes
    assert "&lt;script&gt;" in notes


def test_line_breaks_are_line_breaks_and_blocks_bring_their_own() -> None:
    """Asana shows every line break that stands in the text."""
    assert richtext.notes("a\n\nb\n\n- c\n- d\n\ne") == "<body>a\n\nb<ul><li>c</li><li>d</li></ul>e</body>"
    assert richtext.notes("") == "<body></body>"


def test_blocks_that_asana_refuses_inside_others_are_flattened() -> None:
    """A list item holds no code block, and a quote no list."""
    assert "<pre>" not in richtext.notes("- a\n\n      code\n")
    assert "<li>" not in richtext.notes("> - a\n> - b")


def test_a_picture_in_the_words_of_a_link_is_no_link_of_its_own() -> None:
    """Asana refuses a link inside another."""
    rich = richtext.notes("[![logo](https://example.com/l.png) home](https://example.com)")
    assert rich == '<body><a href="https://example.com">logo home</a></body>'


@given(st.text())
def test_any_text_becomes_valid_xml_with_the_mark_as_its_last_word(text: str) -> None:
    """Whatever a person types, the create is not refused for its notes and the task is found again."""
    for rich, allowed in ((richtext.notes(text, MARK), IN_NOTES), (richtext.comment(text, MARK), IN_COMMENTS)):
        assert tags(rich) <= allowed
        assert re.split(r"\s+", richtext.plain(rich).strip())[-1] == str(MARK)


def test_settings_that_cannot_work_are_refused() -> None:
    """With the reason, before anything is called."""
    with pytest.raises(ValidationError, match="belong together"):
        settings(status_field="5")
    with pytest.raises(ValidationError, match="must start with https"):
        settings(url="app.asana.com")
    assert settings(url="https://app.asana.com/api/1.0/").url == "https://app.asana.com/api/1.0"


def test_the_plan_decides_the_calls_a_minute_unless_told_otherwise() -> None:
    """150 on a free workspace, 1,500 on a paid one."""
    assert [settings(plan=plan).limits.total[0].calls for plan in ("free", "paid")] == [150, 1_500]
    assert settings(rate=7).limits.total[0].calls == 7
