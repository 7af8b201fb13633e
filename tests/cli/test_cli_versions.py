"""`tminus templates apply`, `diff`, `export` and `list`, as people type them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.settings import STARTER_TEMPLATES
from service.store.secrets import new_key
from tests.desk import CONFIG


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A team's own templates, named in the settings."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(STARTER_TEMPLATES, tmp_path / "ours", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (tmp_path / "ours").glob("*.yaml"):
        if path.stem not in ("calendars", "webinar", "list_import"):
            path.unlink()
    (tmp_path / "tminus.yaml").write_text(f"{CONFIG.format(folder=tmp_path)}\ntemplates: ours\n")
    return tmp_path / "ours"


def tminus(*words: str) -> Result:
    """One command in the working folder."""
    return CliRunner().invoke(app, ["templates", *words])


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Change a file of the folder."""
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_applying_twice_publishes_once(folder: Path) -> None:
    """The second time says that there is nothing to publish."""
    first, second = tminus("apply", "--by", "ana"), tminus("apply")
    assert (first.exit_code, sorted(first.stdout.splitlines())) == (
        0,
        ["list_import v1 is published", "webinar v1 is published"],
    )
    assert (second.exit_code, second.stdout) == (0, "Nothing to publish.\n")
    listed = tminus("list").stdout.splitlines()
    assert [line.split()[:2] + line.split()[-1:] for line in listed] == [
        ["list_import", "v1", "ana"],
        ["webinar", "v1", "ana"],
    ]


def test_an_edit_without_a_new_number_is_refused_and_the_rest_applied(folder: Path) -> None:
    """Exit status 1, the number to write, and the other template is published."""
    tminus("apply")
    edit(folder / "webinar.yaml", ("title: Webinar\n", "title: Online event\n"))
    edit(folder / "list_import.yaml", ("version: 1", "version: 2"))
    result = tminus("apply")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "list_import v2 is published",
        "webinar v1 is published with other content; write version: 2",
    ]


def test_a_template_that_takes_from_another_follows_it_with_a_number_of_its_own(folder: Path) -> None:
    """Until then it stays exactly as it was published, and that is told."""
    shutil.copy(STARTER_TEMPLATES / "event.yaml", folder)
    shutil.copy(STARTER_TEMPLATES / "email_send.yaml", folder)
    tminus("apply")
    edit(folder / "webinar.yaml", ("version: 1", "version: 2"))
    told = tminus("apply").stdout.splitlines()
    takes = "it takes from `webinar` v2 instead of v1"
    assert told == [f"email_send v1 stays as it was published; with a new version, {takes}", "webinar v2 is published"]
    edit(folder / "email_send.yaml", ("version: 1", "version: 2"))
    assert tminus("diff").stdout.splitlines()[:2] == ["email_send v1 → v2", f"  {takes}"]


def test_a_broken_file_is_told_with_its_line_and_the_rest_applied(folder: Path) -> None:
    """Nothing is half published."""
    edit(folder / "webinar.yaml", ("party: ops", "party: opps"))
    result = tminus("apply")
    assert result.exit_code == 1
    assert "list_import v1 is published" in result.stdout
    assert "webinar.yaml:" in result.stdout
    assert "webinar v1" not in result.stdout


def test_the_difference_is_shown_before_it_is_published(folder: Path) -> None:
    """In words and line by line, and nothing is published by looking."""
    tminus("apply")
    edit(folder / "webinar.yaml", ("version: 1", "version: 2"), ("title: Webinar\n", "title: Online event\n"))
    shown = tminus("diff")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:2] == ["webinar v1 → v2", "  `title` is Online event instead of Webinar"]
    assert "-title: Webinar" in shown.stdout.splitlines()
    assert "+title: Online event" in shown.stdout.splitlines()
    assert "list_import" not in shown.stdout
    assert tminus("diff").stdout == shown.stdout
    tminus("apply")
    assert tminus("diff").stdout == "Nothing differs from what is published.\n"


def test_a_new_template_is_told_as_new(folder: Path) -> None:
    """Before anything is published there is nothing to compare with."""
    assert tminus("diff").stdout.splitlines() == ["list_import v1 is new", "webinar v1 is new"]


def test_an_export_is_the_file_byte_for_byte(folder: Path) -> None:
    """Comments stay, and an older version comes back by its number."""
    first = (folder / "webinar.yaml").read_bytes()
    tminus("apply")
    edit(folder / "webinar.yaml", ("version: 1", "version: 2  # for the new platform"))
    tminus("apply")
    assert tminus("export", "webinar").stdout_bytes == (folder / "webinar.yaml").read_bytes()
    assert tminus("export", "webinar", "--version", "1").stdout_bytes == first


def test_commitments_are_published_beside_templates(folder: Path) -> None:
    """Applied, listed, compared and exported by the same commands."""
    shutil.copy(STARTER_TEMPLATES / "content_quota.yaml", folder)
    assert "content_quota v1 is published" in tminus("apply").stdout
    quota = folder / "content_quota.yaml"
    edit(quota, ("version: 1", "version: 2"), ("title: ", "# Since spring.\ntitle: "))
    assert tminus("diff").stdout.splitlines()[:2] == [
        "content_quota v1 → v2",
        "  only comments or the way of writing differ",
    ]
    assert tminus("apply").stdout.splitlines() == ["content_quota v2 is published"]
    assert tminus("export", "content_quota").stdout_bytes == quota.read_bytes()
    assert [line.split()[:2] for line in tminus("list").stdout.splitlines()][:2] == [
        ["content_quota", "v1"],
        ["content_quota", "v2"],
    ]
    assert "- blog posts: at least 4 a month\n" in tminus("catalogue").stdout
    assert CliRunner().invoke(app, ["templates", "migrate", "content_quota"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "webiner"), "nothing called `webiner` is published\n    did you mean `webinar`?"),
        (("export", "webinar", "--version", "7"), "webinar v7 was never published\n    the newest is v1"),
        (("apply", "nowhere"), "there is no folder nowhere"),
    ],
)
def test_what_is_not_there_is_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    """Exit status 2 and what to do."""
    tminus("apply")
    result = tminus(*words)
    assert result.exit_code == 2
    assert said in result.stderr
