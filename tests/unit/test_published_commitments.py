"""Commitments are published like templates: a version never changes, and judges what ended while it was in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from service import publishing
from service.catalogue import Catalogue
from service.commitments import standing
from service.core.agreement import AgreementReport
from service.core.cadence import CadenceReport
from service.core.event import Event
from service.core.quota import QuotaReport
from service.settings import STARTER_TEMPLATES
from service.store import events, published
from service.store.engine import reading, transaction
from service.store.tables import PublishedTemplate
from tests.posting import Post, post_office
from tests.unit.test_catalogue import CALENDARS
from tests.unit.test_commitment_files import AGREEMENT, POSTS, REPORT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one commitment of each kind."""
    found = tmp_path / "templates"
    found.mkdir()
    (found / "calendars.yaml").write_text(CALENDARS)
    for name, text in (("report", REPORT), ("posts", POSTS), ("follow_up", AGREEMENT)):
        (found / f"{name}.yaml").write_text(f"# Agreed in spring.\n{text}")
    return found


def edit(folder: Path, name: str, *changes: tuple[str, str]) -> None:
    """Change a file."""
    path = folder / f"{name}.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


def apply(engine: sa.Engine, folder: Path) -> list[str]:
    """What is published, and what is refused."""
    steps = publishing.apply(engine, Catalogue.load(folder), by="ana")
    return [step.refusal or step.name for step in steps if step.refusal or step.due]


def test_a_changed_commitment_becomes_a_new_version(store_engine: sa.Engine, folder: Path) -> None:
    """Once, with a number of its own, told in words; the file comes back byte for byte."""
    assert apply(store_engine, folder) == ["follow_up v1", "posts v1", "report v1"]
    assert apply(store_engine, folder) == []
    edit(folder, "posts", ("at_least: 4", "at_least: 5"))
    assert apply(store_engine, folder) == ["posts v1 is published with other content; write version: 2"]
    assert publishing.commitments_in_use(store_engine)["posts"].version == 1
    edit(folder, "posts", ("version: 1", "version: 2"))
    with reading(store_engine) as session:
        [step] = [step for step in publishing.steps(session, Catalogue.load(folder)) if step.due]
    assert step.changes() == ["`targets` reads differently"]
    assert apply(store_engine, folder) == ["posts v2"]
    found = publishing.commitments_in_use(store_engine)
    assert {name: one.version for name, one in found.items()} == {"follow_up": 1, "posts": 2, "report": 1}
    assert found == Catalogue.load(folder).commitments
    assert publishing.all_in_use(store_engine) == {}
    with reading(store_engine) as session:
        row = published.newest_of(session, "posts")
    assert row is not None
    assert row.text == (folder / "posts.yaml").read_text()


def test_what_is_withdrawn_is_in_use_no_more(store_engine: sa.Engine, folder: Path) -> None:
    """A file that is deleted says nothing; a version that says so ends it, and a later one takes it up again."""
    apply(store_engine, folder)
    text = (folder / "posts.yaml").read_text()
    (folder / "posts.yaml").unlink()
    apply(store_engine, folder)
    assert "posts" in publishing.commitments_in_use(store_engine)
    (folder / "posts.yaml").write_text(text.replace("version: 1", "version: 2\nwithdrawn: true"))
    assert apply(store_engine, folder) == ["posts v2"]
    assert "posts" not in publishing.commitments_in_use(store_engine)
    (folder / "posts.yaml").write_text(text.replace("version: 1", "version: 3"))
    assert apply(store_engine, folder) == ["posts v3"]
    assert "posts" in publishing.commitments_in_use(store_engine)


def test_a_name_is_of_one_kind_for_ever(store_engine: sa.Engine, folder: Path) -> None:
    """A template by the name of a commitment would be read as one by those who ask for either."""
    apply(store_engine, folder)
    template = (
        "id: posts\nversion: 2\ntitle: Posts\ncalendar: office\ncontacts: {mops: role:a, sales: role:b}\n"
        "tasks:\n  write: {title: Write, party: ops, duration: 1 business_day}\n"
    )
    (folder / "posts.yaml").write_text(template)
    wrong = "posts is published as another kind of thing; give this one an id of its own"
    assert apply(store_engine, folder) == [wrong]
    assert publishing.in_use(store_engine, "posts") is None


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """An installation on 15 December 2026 with the starter pack, first published some time ago."""
    with post_office(tmp_path, monkeypatch) as found:
        found.at("2026-12-15T15:00:00+00:00")
        yield found


def amended(post: Post, name: str, since: datetime, *changes: tuple[str, str]) -> None:
    """Publish a second version, as if it had been done then."""
    text = (STARTER_TEMPLATES / f"{name}.yaml").read_text()
    for old, new in (("version: 1", "version: 2"), *changes):
        assert old in text
        text = text.replace(old, new)
    folder = post.runtime.settings.source.parent / f"{name}-2"
    folder.mkdir()
    (folder / "calendars.yaml").write_text((STARTER_TEMPLATES / "calendars.yaml").read_text())
    (folder / f"{name}.yaml").write_text(text)
    catalogue = Catalogue.load(folder)
    assert catalogue.problems == []
    content = catalogue.commitments[name].model_dump(mode="json", exclude_defaults=True)
    row = PublishedTemplate(
        id=name, version=2, digest="2", text=text, content=content, published_by="ana", published_at=since
    )
    with transaction(post.runtime.engine) as session:
        published.add(session, row)


def happened(session: Session, told: Sequence[tuple[str, str, str]]) -> None:
    """Events as another system posts them: type, instant, subject."""
    found = [
        Event(f"{kind}/{subject}/{at}", kind, datetime.fromisoformat(at), subject, {}) for kind, at, subject in told
    ]
    events.add(session, "crm", found, found[0].at)


def test_a_closed_clock_keeps_the_verdict_of_its_version(post: Post) -> None:
    """30 hours were late while 24 were agreed; since 36 are, the next lead is in time and an open one judged anew."""
    amended(post, "lead_follow_up", datetime(2026, 12, 8, tzinfo=UTC), ('{target: "24 hours"}', '{target: "36 hours"}'))
    with transaction(post.runtime.engine) as session:
        happened(
            session,
            [
                ("lead.created", "2026-12-01T09:00:00+00:00", "before"),
                ("lead.touched", "2026-12-02T15:00:00+00:00", "before"),
                ("lead.created", "2026-12-07T20:00:00+00:00", "across"),
                ("lead.touched", "2026-12-09T02:00:00+00:00", "across"),
                ("lead.created", "2026-12-14T09:00:00+00:00", "open"),
            ],
        )
    report = standing(post.runtime, post.runtime.commitments()["lead_follow_up"]).report
    assert isinstance(report, AgreementReport)
    told = {item.subject: item.clocks["first_touch"].cycles[0] for item in report.items}
    judged = {subject: (cycle.verdict, cycle.version) for subject, cycle in told.items()}
    assert judged == {"before": ("breached", "v1"), "across": ("met", "v2"), "open": ("at_risk", "v2")}


def test_a_period_that_is_over_is_judged_by_the_version_of_its_end(post: Post) -> None:
    """November owed four posts; December owes six."""
    amended(
        post,
        "content_quota",
        datetime(2026, 12, 3, tzinfo=UTC),
        ("at_least: 4}", "at_least: 6}"),
    )

    def owed(day: date | None) -> tuple[int, int | None]:
        found = standing(post.runtime, post.runtime.commitments()["content_quota"], day)
        assert isinstance(found.report, QuotaReport)
        [posts] = [target for target in found.report.targets if target.of == "blog_post"]
        return found.commitment.version, posts.at_least

    assert owed(date(2026, 11, 10)) == (1, 4)
    assert owed(None) == owed(date(2026, 12, 10)) == (2, 6)


def test_what_fell_before_a_version_is_judged_by_the_one_before(post: Post) -> None:
    """Reports were due on Mondays until Thursdays were agreed: each week has one, and the next is a Thursday."""
    weekday = ("BYDAY=MO", "BYDAY=TH")
    amended(post, "reporting", datetime(2026, 12, 9, 12, tzinfo=UTC), weekday)
    with transaction(post.runtime.engine) as session:
        happened(session, [("report.delivered", "2026-11-23T15:00:00+00:00", "2026-11-23")])
    report = standing(post.runtime, post.runtime.commitments()["reporting"]).report
    assert isinstance(report, CadenceReport)
    assert [one.id for one in report.occurrences] == [
        "2026-11-23",
        "2026-11-30",
        "2026-12-07",
        "2026-12-10",
        "2026-12-17",
    ]
    assert {one.tasks[0].why.rpartition(" ")[2] for one in report.occurrences[:3]} == {"v1"}
