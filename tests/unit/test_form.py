"""What a form posts becomes a request, or every wrong field is named."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from service.core.form import FormMap, WrongSubmission, read, request_of

FORM = FormMap(
    fields={"topic": "title", "when": "Webinar date", "due": "due_on", "why": "text", "who.name": "text"},
    optional=("why", "who.name", "due"),
    always={"issue_type": "Webinar"},
)
POSTED = {"id": "s-1", "topic": "Spring\n webinar", "when": "2027-03-18", "other": {"not": "asked for"}}


def posted(**more: Any) -> bytes:
    """A body with these fields changed; None takes one out."""
    return json.dumps({name: value for name, value in (POSTED | more).items() if value is not None}).encode()


def wrong(body: bytes) -> dict[str, str]:
    """Field → problem."""
    with pytest.raises(WrongSubmission) as caught:
        read(FORM, body)
    return {each.field: each.problem for each in caught.value.problems}


def test_fields_go_where_the_map_says() -> None:
    """A title is one line; what is the same for each submission comes along; what nobody asked for does not."""
    asked = request_of(FORM, read(FORM, posted(due="2027-03-01", why="Because")).values)
    assert (asked.title, asked.text, asked.due_on) == ("Spring webinar", "Because", date(2027, 3, 1))
    assert asked.fields == {"issue_type": "Webinar", "Webinar date": "2027-03-18"}


def test_several_fields_in_the_text_keep_their_names() -> None:
    """A full stop leads into nested objects, and a list is read as its entries."""
    asked = request_of(FORM, read(FORM, posted(why=["a", 2, True], who={"name": "Rita"})).values)
    assert asked.text == "**why**: a, 2, Yes\n\n**who.name**: Rita"


def test_what_people_type_stands_in_the_text_as_they_typed_it() -> None:
    """Texts are Markdown; a form's answers are not."""
    asked = request_of(FORM, read(FORM, posted(why="Dear <First Name>,\n*hello*")).values)
    assert asked.text == "Dear \\<First Name\\>,  \n\\*hello\\*"


def test_a_submission_is_known_again_by_its_id() -> None:
    """Whatever else it says."""
    assert read(FORM, posted()).key == read(FORM, posted(topic="Another")).key != read(FORM, posted(id="s-2")).key


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (posted(topic=None), {"topic": "is missing or empty"}),
        (posted(topic="  ", when=""), {"topic": "is missing or empty", "when": "is missing or empty"}),
        (posted(id=None), {"id": "is missing or empty"}),
        (posted(id="x" * 201), {"id": "is a text of at most 200 characters"}),
        (posted(due="soon"), {"due": "should be a day, written as year-month-day: 2026-12-24"}),
        (posted(topic="a\x00b"), {"topic": "holds a character that no text may hold"}),
        (posted(topic="x" * 10_001), {"topic": "has more than 10000 characters"}),
        (b"{", {"": "the body is not JSON in UTF-8"}),
        (b"[" * 100_000, {"": "the body is not JSON in UTF-8"}),
        (b"\xff", {"": "the body is not JSON in UTF-8"}),
        (b"[]", {"": "the body is a JSON object"}),
    ],
)
def test_every_wrong_field_is_named(body: bytes, fields: dict[str, str]) -> None:
    """The sender learns all of it at once."""
    assert wrong(body) == fields


def test_a_field_that_is_no_value_is_refused() -> None:
    """An object has no place in a tracker's field."""
    assert "should be text" in wrong(posted(topic={"a": 1}))["topic"]
    assert "should be text" in wrong(posted(topic=[[1]]))["topic"]
