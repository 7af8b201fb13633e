"""What the documents say exists: links lead somewhere, commands and targets are real, and nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from service.cli import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("connectors/*/README.md")])

CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    """The names GitHub gives to a page's headings."""
    headings = HEADING.findall(CODE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def _broken(page: Path) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.is_relative_to(ROOT) or not there.exists():
            yield f"{_name(page)} links to {target}, which is not there"
        elif anchor and anchor not in _anchors(there):
            yield f"{_name(page)} links to {target}, but that page has no such heading"


def _commands() -> set[str]:
    """Every command with its group, as people type it."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[str]:
        if isinstance(command, TyperGroup):
            for name, inner in command.commands.items():
                yield from walk(inner, (*words, name))
        else:
            yield " ".join(words)

    return set(walk(typer.main.get_command(app), ("tminus",)))


def test_every_link_between_documents_leads_somewhere() -> None:
    """A reader who follows a link finds the page and the heading."""
    assert [problem for page in PAGES for problem in _broken(page)] == []


def test_every_command_is_in_the_reference() -> None:
    """A command that no page names does not exist for its users."""
    reference = (ROOT / "docs/reference/cli.md").read_text()
    assert sorted(command for command in _commands() if f"`{command}" not in reference) == []


def test_every_command_that_a_document_names_exists() -> None:
    """A reader can type what the pages show."""
    known = _commands()
    groups = {command.rpartition(" ")[0] for command in known}
    named = {
        (_name(page), words)
        for page in PAGES
        for words in re.findall(r"(?:^|[`$] ?)(tminus [a-z][a-z-]*(?: [a-z][a-z-]*)?)", page.read_text(), re.MULTILINE)
    }

    def exists(words: str) -> bool:
        without_argument = " ".join(words.split()[:2])
        return words in known | groups or without_argument in known

    assert sorted((page, words) for page, words in named if not exists(words)) == []


def test_every_make_target_that_a_document_names_exists() -> None:
    """`make …` in a page is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (_name(page), target)
        for page in PAGES
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert [(page, target) for page, target in named if target not in targets] == []


def test_every_make_target_is_explained() -> None:
    """`make help` and CONTRIBUTING leave no target out."""
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    explained = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert phony == explained
    contributing = (ROOT / "docs/CONTRIBUTING.md").read_text()
    assert [target for target in phony - {"help"} if f"make {target}" not in contributing] == []


def test_every_connector_says_how_to_use_it_and_what_is_missing() -> None:
    """Each tracker's folder has its README and its quality list."""
    folders = [init.parent for init in ROOT.glob("connectors/*/__init__.py")]
    assert [_name(f) for f in folders for name in ("README.md", "quality.yaml") if not (f / name).is_file()] == []


def test_every_decision_says_what_was_turned_down() -> None:
    """A decision has a sentence to quote, what forces it, what we do, what was turned down and what it costs."""
    parts = ("\n> ", "## What forces us", "## What we do", "## What was turned down", "## What it costs")
    decisions = sorted(ROOT.glob("docs/decisions/*.md"))
    assert [(d.name, part.strip()) for d in decisions for part in parts if part not in d.read_text()] == []


def test_the_changelog_is_open_for_the_next_change() -> None:
    """Its first heading is Unreleased, so that a change has a place for its line."""
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
