"""Jira's words and values as ours, and ours as Jira's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.contract import Account, AccountId, Mark, NewTask, Patch, Status, TaskId
from connectors.errors import AccessDenied, NotFound, OutcomeUnknown, RateLimited, Rejected
from connectors.jira import adf, failures, mapping
from connectors.jira.settings import JiraSettings
from connectors.registry import installed
from connectors.titles import one_line

DAY = date(2027, 1, 21)
MARK = Mark("spring", "copy")


def status(name: str, category: str) -> dict[str, Any]:
    """A status as Jira tells it."""
    return {"name": name, "statusCategory": {"key": category}}


@pytest.mark.parametrize(
    ("name", "category", "resolution", "ours"),
    [
        ("To Do", "new", None, Status.TODO),
        ("Zu erledigen", "new", None, Status.TODO),
        ("In Progress", "indeterminate", None, Status.DOING),
        ("Waiting for legal", "indeterminate", None, Status.WAITING),
        ("Blocked", "new", None, Status.WAITING),
        ("On hold", "indeterminate", None, Status.WAITING),
        ("Done", "done", None, Status.DONE),
        ("Done", "done", "Done", Status.DONE),
        ("Done", "done", "Won't Do", Status.DROPPED),
        ("Closed", "done", "Declined", Status.DROPPED),
        ("Cancelled", "done", None, Status.DROPPED),
        ("Canceled", "done", None, Status.DROPPED),
        ("Won\N{RIGHT SINGLE QUOTATION MARK}t do", "done", None, Status.DROPPED),
        ("Rejected", "done", None, Status.DROPPED),
        ("Declined", "done", None, Status.DROPPED),
        ("Rejected", "new", None, Status.TODO),
        ("Odd", "undefined", None, Status.TODO),
        ("Live", "done", "Won't Do", Status.DONE),
        ("LIVE", "indeterminate", None, Status.DONE),
    ],
)
def test_a_status_is_read_by_configuration_then_name_then_category(
    name: str, category: str, resolution: str | None, ours: Status
) -> None:
    """Names differ from site to site; the three categories do not."""
    statuses = mapping.StatusMap({"Live": Status.DONE})
    assert statuses.of(status(name, category), {"name": resolution} if resolution else None) is ours


def reader() -> mapping.IssueReader:
    """A site that calls its start date field 10015."""
    names = {"customfield_1": "Region", "customfield_2": "Briefing", "duedate": "Due date"}
    return mapping.IssueReader("https://x.example", mapping.StatusMap({}), names, "customfield_10015")


def test_an_issue_is_read_with_everything_it_holds() -> None:
    """From the shape that a bulk fetch answers."""
    task = reader().task(
        {
            "id": "10010",
            "key": "MKT-7",
            "properties": {"tminus.mark": {"campaign": "spring", "key": "copy"}},
            "fields": {
                "summary": "Write the copy",
                "status": status("In Progress", "indeterminate"),
                "description": adf.from_markdown("One **two**\n\n- three"),
                "duedate": "2027-01-21",
                "customfield_10015": "2027-01-14",
                "assignee": {"accountId": "a1", "displayName": "Dana"},
                "reporter": {"accountId": "a2", "displayName": "Rita", "emailAddress": "rita@example.com"},
                "parent": {"id": "10001", "key": "MKT-1"},
                "created": "2026-11-23T09:00:00.000+0100",
                "project": {"key": "MKT", "name": "Marketing"},
                "issuetype": {"name": "Sub-task"},
                "labels": ["tminus-spring"],
                "resolution": None,
            },
        }
    )
    assert (task.id, task.label, task.url) == ("10010", "MKT-7", "https://x.example/browse/MKT-7")
    assert (task.title, task.text) == ("Write the copy", "One two\n- three")
    assert (task.status, task.status_name) == (Status.DOING, "In Progress")
    assert (task.due_on, task.start_on) == (DAY, date(2027, 1, 14))
    assert task.owner == Account(AccountId("a1"), "Dana")
    assert task.requester == Account(AccountId("a2"), "Rita", "rita@example.com")
    assert (task.parent, task.mark, task.project) == ("10001", MARK, "MKT")
    assert task.created_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert task.fields["issue_type"] == "Sub-task"
    assert task.fields["labels"] == ["tminus-spring"]
    assert task.fields["Due date"] == "2027-01-21"
    assert task.fields["resolution"] is None


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("text", "text"),
        (4.5, 4.5),
        (True, True),
        ("2027-01-21", "2027-01-21"),
        ({"id": "1", "value": "EMEA"}, "EMEA"),
        ({"value": "EMEA", "child": {"value": "France"}}, "EMEA / France"),
        ([{"value": "EMEA"}, {"value": "APAC"}], ["EMEA", "APAC"]),
        ({"accountId": "a1", "displayName": "Dana"}, "Dana"),
        ({"name": "High", "id": "2"}, "High"),
        ({"requestType": {"name": "Ask for a webinar"}, "currentStatus": {}}, "Ask for a webinar"),
        ({"type": "doc", "version": 1, "content": []}, ""),
        ([], []),
    ],
)
def test_a_field_is_told_as_a_plain_value_under_its_id_and_its_name(value: Any, plain: Any) -> None:
    """So that a template never sees Jira's objects."""
    fields = reader().task({"id": "1", "key": "A-1", "fields": {"customfield_1": value}}).fields
    assert fields["customfield_1"] == plain
    assert fields["Region"] == plain


def test_what_holds_nothing_to_tell_is_left_out_and_what_is_promised_is_there() -> None:
    """Progress bars say nothing, empty fields that they are there; project, type, form and labels always stand."""
    fields = reader().task({"id": "1", "key": "A-1", "fields": {"customfield_1": None, "p": {"total": 0}}}).fields
    always = {"project": None, "issue_type": None, "form": None, "labels": []}
    assert fields == {"customfield_1": None, "Region": None} | always


def test_the_portal_form_of_a_service_request_is_its_form() -> None:
    """Routes can match on it."""
    value = {"requestType": {"name": "Ask for a webinar"}}
    assert reader().task({"id": "1", "key": "A-1", "fields": {"customfield_9": value}}).fields["form"] == (
        "Ask for a webinar"
    )


@pytest.mark.parametrize(
    "odd", [{}, {"tminus.mark": None}, {"tminus.mark": {"campaign": "x"}}, {"tminus.mark": {"campaign": 1, "key": "x"}}]
)
def test_a_property_that_is_not_our_mark_is_no_mark(odd: dict[str, Any]) -> None:
    """Other apps write properties too."""
    assert mapping.mark_in(odd) is None


def place(*fields: str) -> mapping.Place:
    """A create screen with these fields."""
    return mapping.Place(
        project="MKT", type_id="5", parent=TaskId("10001"), fields=fields, start_field="customfield_10015"
    )


TASK = NewTask(mark=MARK, title="Write\nthe copy", text="Nicely.", owner=AccountId("a1"), start_on=DAY, due_on=DAY)


def test_a_new_issue_carries_all_that_its_screen_takes() -> None:
    """One call makes it whole, mark included."""
    row = mapping.new_issue(TASK, place("description", "labels", "assignee", "duedate", "customfield_10015"))
    assert row["fields"] == {
        "project": {"key": "MKT"},
        "issuetype": {"id": "5"},
        "summary": "Write the copy",
        "parent": {"id": "10001"},
        "labels": ["tminus-spring"],
        "assignee": {"accountId": "a1"},
        "duedate": "2027-01-21",
        "customfield_10015": "2027-01-21",
        "description": adf.from_markdown("Nicely."),
    }
    assert row["properties"] == [{"key": "tminus.mark", "value": {"campaign": "spring", "key": "copy"}}]


def test_dates_that_the_screen_does_not_take_go_into_the_description() -> None:
    """The people who do the task still read them."""
    row = mapping.new_issue(TASK, place("description", "duedate"), without={"duedate"})
    assert row["fields"].keys() == {"project", "issuetype", "summary", "parent", "description"}
    assert adf.to_text(row["fields"]["description"]) == "Nicely.\nStart: 2027-01-21\nDue: 2027-01-21"


def test_a_title_is_cut_to_what_jira_takes() -> None:
    """255 characters on one line."""
    assert one_line("a\r\n b\t c " + "x" * 300) == "a b c " + "x" * 249


def test_an_edit_writes_only_what_the_patch_holds() -> None:
    """None means leave alone; without a start date field on the site there is none to write."""
    assert mapping.changed_fields(Patch(), "s") == {}
    assert mapping.changed_fields(Patch(start_on=DAY, due_on=DAY), None) == {"duedate": "2027-01-21"}
    assert mapping.changed_fields(Patch(title="A", owner=AccountId("a1"), start_on=DAY), "s") == {
        "summary": "A",
        "assignee": {"accountId": "a1"},
        "s": "2027-01-21",
    }


def test_a_document_becomes_plain_text_line_by_line() -> None:
    """Headings, lists, tables, breaks, mentions and links keep their words."""
    document = adf.from_markdown("# Head\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| c | d |\n\n> quote\n\n`code`")
    document["content"].append(
        {
            "type": "paragraph",
            "content": [
                {"type": "mention", "attrs": {"text": "@Dana"}},
                {"type": "hardBreak"},
                {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
            ],
        }
    )
    assert adf.to_text(document).splitlines() == [
        "Head",
        "- one",
        "- two",
        "a b",
        "c d",
        "quote",
        "code",
        "@Dana",
        "https://x.example",
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"errorMessages": ["No."], "errors": {"duedate": "Not a date."}}', "No.; duedate: Not a date."),
        ('{"errorMessages": [], "errors": {}}', '{"errorMessages": [], "errors": {}}'),
        ('{"message": "Basic auth is off."}', "Basic auth is off."),
        ("<html>\n  <b>It&#39;s a bad\n gateway</b>", "It's a bad gateway"),
        ("", "no reason given"),
        ("[1]", "[1]"),
    ],
)
def test_a_refusal_keeps_jiras_words(body: str, words: str) -> None:
    """They are what a person acts on."""
    assert failures.words(body) == words


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, Rejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (409, Rejected),
        (410, NotFound),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (503, OutcomeUnknown),
        (302, Rejected),
    ],
)
def test_a_status_code_becomes_the_error_with_its_remedy(code: int, kind: type[Exception]) -> None:
    """The same for both clients, since both end here."""
    headers = {"Retry-After": "7", "RateLimit-Reason": "jira-burst-based"}
    error = failures.from_answer(code, "{}", headers)
    assert type(error) is kind
    if isinstance(error, RateLimited):
        assert (error.retry_after, error.reason) == (7, "jira-burst-based")


BASE: dict[str, Any] = {"url": "https://x.example/", "email": "a@example.com", "token": "t", "projects": ["MKT"]}


def test_settings_know_where_people_open_issues() -> None:
    """Behind a gateway that is another address."""
    assert JiraSettings.model_validate(BASE).site == "https://x.example"
    assert JiraSettings.model_validate({**BASE, "browse_url": "https://y.example"}).site == "https://y.example"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "x.example"}, "write it like https://"),
        ({"url": "ftp://x.example"}, "write it like https://"),
        ({"url": "https://x.example/?a=1"}, "without a query"),
        ({"url": "https://me:secret@x.example"}, "must not hold credentials"),
        ({"email": None}, "needs `email`"),
        ({"token": " "}, "the token is empty"),
        ({"projects": []}, "at least one project"),
        ({"statuses": {"Live": "finished"}}, "todo"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_mistake_in_the_settings_is_told_in_a_sentence(wrong: dict[str, Any], told: str) -> None:
    """And the token never stands in it."""
    with pytest.raises(ValidationError) as caught:
        JiraSettings.model_validate({**BASE, "token": "t0ps3cret", **wrong})
    assert told in str(caught.value)
    assert "t0ps3cret" not in str(caught.value)


def test_the_connector_is_found_by_its_folder() -> None:
    """Nothing else has to know its name."""
    assert installed()["jira"].settings is JiraSettings
