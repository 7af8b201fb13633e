"""Publishing: what becomes a version, what is refused, and that a version never changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from service import publishing
from service.catalogue import Catalogue
from service.store import published
from service.store.engine import reading
from tests.unit.test_catalogue import CALENDARS

LETTER = """\
# Asked for by the board.
id: letter
version: 1
title: Letter
calendar: office
contacts: {mops: role:lead, sales: role:sales}
turnaround: "5 business_days after request.complete"
tasks:
  write:
    title: Write it
    party: ops
    duration: "2 business_days"   # with the proof-reading
  send: {title: Send it, party: sales, duration: "1 business_day", depends_on: [write]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one template and its calendar."""
    found = tmp_path / "templates"
    found.mkdir()
    (found / "calendars.yaml").write_text(CALENDARS)
    (found / "letter.yaml").write_text(LETTER)
    return found


def write(folder: Path, *changes: tuple[str, str], name: str = "letter") -> None:
    """The letter, changed."""
    text = LETTER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{name}.yaml").write_text(text)


def apply(engine: sa.Engine, folder: Path) -> list[str]:
    """What is published, and what is refused."""
    steps = publishing.apply(engine, Catalogue.load(folder), by="ana")
    return [step.refusal or step.name for step in steps if step.refusal or step.due]


def test_publishing_twice_publishes_once(store_engine: sa.Engine, folder: Path) -> None:
    """The second time there is nothing to do."""
    assert apply(store_engine, folder) == ["letter v1"]
    assert apply(store_engine, folder) == []
    with reading(store_engine) as session:
        assert [(row.id, row.version, row.published_by) for row in published.listing(session)] == [("letter", 1, "ana")]


def test_what_is_published_is_what_was_written(store_engine: sa.Engine, folder: Path) -> None:
    """Byte for byte: comments, a byte-order mark and the line ends of another system too."""
    text = "\ufeff" + LETTER.replace("\n", "\r\n")
    (folder / "letter.yaml").write_bytes(text.encode())
    assert apply(store_engine, folder) == ["letter v1"]
    with reading(store_engine) as session:
        row = published.get(session, "letter", 1)
    assert row is not None
    assert row.text == text


def test_a_version_never_changes(store_engine: sa.Engine, folder: Path) -> None:
    """The same number with other content is refused with the number to write, and the published one stays in use."""
    apply(store_engine, folder)
    write(folder, ("2 business_days", "3 business_days"))
    assert apply(store_engine, folder) == ["letter v1 is published with other content; write version: 2"]
    in_use = publishing.in_use(store_engine, "letter")
    assert in_use is not None
    assert str(in_use.tasks["write"].duration) == "2 business_days"


def test_a_comment_is_content_too(store_engine: sa.Engine, folder: Path) -> None:
    """What is exported must be what was published, so a new comment needs a new number."""
    apply(store_engine, folder)
    write(folder, ("# Asked for by the board.", "# Asked for by nobody."))
    assert apply(store_engine, folder) == ["letter v1 is published with other content; write version: 2"]


def test_a_newer_version_takes_over(store_engine: sa.Engine, folder: Path) -> None:
    """Both stay readable, the newest is in use, and numbers may be left out."""
    apply(store_engine, folder)
    write(folder, ("version: 1", "version: 5"))
    assert apply(store_engine, folder) == ["letter v5"]
    assert {name: template.version for name, template in publishing.all_in_use(store_engine).items()} == {"letter": 5}
    with reading(store_engine) as session:
        assert [row.version for row in published.listing(session)] == [1, 5]


def test_an_older_number_is_refused(store_engine: sa.Engine, folder: Path) -> None:
    """Going back is a new version with the old content."""
    write(folder, ("version: 1", "version: 4"))
    apply(store_engine, folder)
    write(folder)
    assert apply(store_engine, folder) == ["letter v1 is older than v4, which is published; write version: 5"]


@pytest.mark.parametrize(
    ("contacts", "wanted"),
    [
        ("{mops: role:lead}", "sales: role:<who>"),
        ("{sales: role:sales}", "mops: role:<who>"),
        ("{}", "mops: role:<who>, sales: role:<who>"),
    ],
)
def test_nobody_to_ask_is_refused(store_engine: sa.Engine, folder: Path, contacts: str, wanted: str) -> None:
    """A template is published with both contacts or not at all."""
    write(folder, ("{mops: role:lead, sales: role:sales}", contacts))
    assert apply(store_engine, folder) == [f"letter does not say whom to ask; add to `contacts`: {wanted}"]
    assert publishing.in_use(store_engine, "letter") is None


def test_a_broken_file_stops_no_other(store_engine: sa.Engine, folder: Path) -> None:
    """The good ones are published beside it, and it keeps the version that was published before."""
    write(folder, ("id: letter", "id: memo"), name="memo")
    assert apply(store_engine, folder) == ["letter v1", "memo v1"]
    write(folder, ("party: ops", "party: opps"), ("version: 1", "version: 2"))
    write(folder, ("id: letter", "id: memo"), ("version: 1", "version: 2"), name="memo")
    assert apply(store_engine, folder) == ["memo v2"]
    assert {name: template.version for name, template in publishing.all_in_use(store_engine).items()} == {
        "letter": 1,
        "memo": 2,
    }


def test_a_file_that_extends_another_follows_it_only_with_a_new_number(store_engine: sa.Engine, folder: Path) -> None:
    """What the base says is content of both."""
    (folder / "card.yaml").write_text("id: card\nversion: 1\nextends: letter\ntitle: Card\n")
    assert apply(store_engine, folder) == ["card v1", "letter v1"]
    write(folder, ("version: 1", "version: 2"), ("2 business_days", "3 business_days"))
    assert apply(store_engine, folder) == ["card v1 is published with other content; write version: 2", "letter v2"]


def test_the_difference_is_told_in_words(store_engine: sa.Engine, folder: Path) -> None:
    """New, gone and different fields, each by its place in the file."""
    apply(store_engine, folder)
    write(
        folder,
        ("version: 1", "version: 2"),
        ("2 business_days", "3 business_days"),
        ("title: Letter", "title: Letter\nscope: One page"),
        ("  send: {", "  fold: {title: Fold it, party: ops, duration: 1 business_day}\n  post: {"),
    )
    with reading(store_engine) as session:
        (step,) = publishing.steps(session, Catalogue.load(folder))
    assert step.changes() == [
        "`tasks.write.duration` is 3 business_days instead of 2 business_days",
        "`tasks.send` is gone",
        "`tasks.fold` is new",
        "`tasks.post` is new",
        "`scope` is new: One page",
    ]
