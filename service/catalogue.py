"""The catalogue: templates and calendars read from YAML. A bad file is refused with its line and what was meant, and
the rest stay usable.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from service.calendars import CalendarRecipe, read_calendars
from service.commitment_files import is_commitment, read_commitment
from service.config_file import ConfigError, Document, Loc, read
from service.core.calendar import Calendar
from service.core.checking import Flaw, flaws
from service.core.commitment import Commitment
from service.core.effective import every_task
from service.core.library_checks import flaws_among, taken_from
from service.core.offsets import did_you_mean
from service.core.template import Template
from service.core.wiring import blackout_of
from service.mistakes import CatalogueProblem, refusal, unquoted_times, validated

CALENDARS = "calendars.yaml"


@dataclass(frozen=True)
class Catalogue:
    """The usable templates, commitments and calendars of a folder, and what is wrong with the others."""

    templates: dict[str, Template]
    calendars: dict[str, CalendarRecipe]
    problems: list[CatalogueProblem]
    sources: dict[str, tuple[Document, ...]] = field(default_factory=dict)
    """Template or commitment → its file, and the file that it extends."""
    commitments: dict[str, Commitment] = field(default_factory=dict)
    published: Callable[[str], CalendarRecipe | None] = field(default=lambda _: None, repr=False, compare=False)
    """Where to ask for a calendar that the folder did not have when it was read."""
    _frozen: dict[tuple[str, int], Calendar] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, folder: Path) -> Catalogue:
        """Every `*.yaml` of the folder: one template or commitment each, and the calendars in `calendars.yaml`."""
        with _nothing_collected():
            return cls._load(folder)

    @classmethod
    def _load(cls, folder: Path) -> Catalogue:
        catalogue = cls({}, {}, [])
        documents = []
        for path in sorted(folder.glob("*.yml")):
            catalogue.problems.append(CatalogueProblem(str(path), None, "it is not read; call it `.yaml`"))
        for path in sorted(folder.glob("*.yaml"), key=lambda path: (path.name != CALENDARS, path.name)):
            try:
                document = read(path)
            except ConfigError as error:
                catalogue.problems.extend(
                    CatalogueProblem(problem.file, problem.line, f"{problem.message}; {problem.remedy}")
                    for problem in error.problems
                )
                continue
            if path.name == CALENDARS:
                recipes, problems = read_calendars(document)
                catalogue.calendars.update(recipes)
                catalogue.problems.extend(problems)
            elif found := list(unquoted_times(document)):
                catalogue.problems.extend(found)
            else:
                documents.append(document)
        catalogue._add_templates([document for document in documents if not is_commitment(document)])
        for document in filter(is_commitment, documents):
            catalogue._add_commitment(document)
        return catalogue

    def calendar_of(self, template: Template, around: date) -> Calendar:
        """The template's calendar with the holidays from the year before `around` to two years after it.

        The calendars that single tasks count in stand beside it.
        """
        calendar = self.calendar_named(template.calendar, around)
        others = {name for part in _parts(template) for _, name in _calendars_of(part)} - {template.calendar}
        beside = {name: self.calendar_named(name, around) for name in sorted(others)}
        return replace(calendar, beside=beside) if beside else calendar

    def calendar_named(self, name: str, around: date) -> Calendar:
        """This calendar with the holidays from the year before `around` to two years after it."""
        key = name, around.year
        if not self.has_calendar(name):
            raise LookupError(f"there is no usable calendar `{name}`, neither in the folder nor published")
        if key not in self._frozen:
            years = range(around.year - 1, around.year + 3)
            self._frozen[key] = self.calendars[name].freeze(name, years)
        return self._frozen[key]

    def has_calendar(self, name: str) -> bool:
        """Whether there is one of this name: in the folder, or published since by another process."""
        if name not in self.calendars and (recipe := self.published(name)):
            self.calendars[name] = recipe
        return name in self.calendars

    def calendars_named(self) -> set[str]:
        """Those that its usable templates and commitments name."""
        named = {
            name for template in self.templates.values() for part in _parts(template) for _, name in _calendars_of(part)
        }
        return named | {name for commitment in self.commitments.values() for name in commitment.calendars().values()}

    def _add_commitment(self, document: Document) -> None:
        commitment, problems = read_commitment(document, self.calendars)
        self.problems.extend(problems)
        if commitment and (commitment.id in self.templates or commitment.id in self.commitments):
            self._refuse(document, ("id",), f"another file is `{commitment.id}` already")
        elif commitment:
            self.commitments[commitment.id] = commitment
            self.sources[commitment.id] = (document,)

    def _add_templates(self, documents: Sequence[Document]) -> None:
        by_id = {str(document.data.get("id")): document for document in reversed(documents)}
        for document in documents:
            base = by_id.get(str(document.data.get("extends")))
            self._add_template(_Written(document, None if base is document else base))
        self._join(by_id)

    def _add_template(self, written: _Written) -> None:
        document = written.document
        if problem := written.problem():
            self._refuse(document, ("extends",), problem)
            return
        if "library" in document.data:
            self._refuse(document, ("library",), "unknown field `library`")
            return
        template, problems = validated(document, Template, written.data)
        self.problems.extend(problems)
        if template is None:
            return
        found = [(written.place(flaw.path), flaw) for flaw in flaws(template)]
        for place, flaw in sorted(found, key=lambda item: item[0].line(item[1].path)):
            self._refuse(place, flaw.path, flaw.message)
        for flaw in self._calendar_flaws(template):
            self._refuse(document, flaw.path, flaw.message)
            found.append((document, flaw))
        if template.id in self.templates:
            self._refuse(document, ("id",), f"another file is the template `{template.id}` already")
        elif not found:
            self.templates[template.id] = template
            self.sources[template.id] = written.files

    def _calendar_flaws(self, template: Template) -> Iterator[Flaw]:
        for at, name in _calendars_of(template):
            if name not in self.calendars:
                yield Flaw(at, f"there is no usable calendar `{name}`{did_you_mean(name, self.calendars)}")
        for _, at, task in every_task(template):
            recipe = self.calendars.get(task.calendar or template.calendar)
            if task.blackout and recipe and not blackout_of(task).leaves_a_day(recipe.freeze("", years=())):
                yield Flaw((*at, "blackout"), f"`{at[-1]}` could never be due: its blackout has every working day")

    def _join(self, documents: Mapping[str, Document]) -> None:
        """Give every template the others whose rules or tasks it takes; one that takes from a bad one is bad too."""
        alone = dict(self.templates)
        while bad := {name: found for name, one in alone.items() if (found := flaws_among(one, alone))}:
            for name, found in bad.items():
                for flaw in found:
                    self._refuse(documents[name], flaw.path, flaw.message)
                del alone[name], self.templates[name]
        for name, template in alone.items():
            self.templates[name] = template.model_copy(update={"library": _library(template, alone)})

    def _refuse(self, document: Document, path: Loc, message: str) -> None:
        self.problems.append(refusal(document, path, message))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Everything that is read stays, so looking for garbage meanwhile is a quarter of the time for nothing."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _library(template: Template, others: Mapping[str, Template]) -> dict[str, Template]:
    """The templates it names, each with those that it names in turn; what is inherited from stands alone."""
    named = {name for index, _ in enumerate(template.inherit) for name in taken_from(template, index)}
    library = {name: others[name].model_copy(update={"inherit": (), "children": {}}) for name in sorted(named)}
    for child in template.children.values():
        other = others[child.template]
        library[other.id] = other.model_copy(update={"library": _library(other, others)})
    return library


def _parts(template: Template) -> Iterator[Template]:
    """The template and every other one whose tasks are part of it."""
    yield template
    for child in template.children.values():
        yield from _parts(template.library[child.template])


def _calendars_of(template: Template) -> Iterator[tuple[Loc, str]]:
    yield ("calendar",), template.calendar
    for _, at, task in every_task(template):
        if task.calendar is not None:
            yield (*at, "calendar"), task.calendar
    for name, rule in template.clocks.items():
        if rule.calendar is not None:
            yield ("clocks", name, "calendar"), rule.calendar


@dataclass(frozen=True)
class _Written:
    """One file, and the file that it extends: the same fields where it says nothing else, keys it sets to null gone."""

    document: Document
    base: Document | None

    @property
    def files(self) -> tuple[Document, ...]:
        """Its own, and its base's."""
        return (self.document, self.base) if self.base else (self.document,)

    def problem(self) -> str | None:
        """Why it cannot be read together with its base."""
        name = self.document.data.get("extends")
        if name is None:
            return None
        if name == self.document.data.get("id"):
            return "a template cannot extend itself"
        if self.base is None:
            return f"there is no template `{name}` to extend"
        if "extends" in self.base.data:
            return f"`{name}` extends another template itself; only one level is possible"
        return None

    @cached_property
    def data(self) -> dict[str, Any]:
        """Both, merged: mappings key by key, everything else as the extending file has it."""
        if self.base is None:
            return dict(self.document.data)
        base = {name: value for name, value in self.base.data.items() if name not in ("id", "version")}
        return _merged(base, self.document.data)

    def place(self, path: Loc) -> Document:
        """The file in which this stands."""
        return (
            self.base
            if self.base and not _has(self.document.data, path) and _has(self.base.data, path)
            else self.document
        )


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        before = merged.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return {name: value for name, value in merged.items() if value is not None}


def _has(data: Any, path: Loc) -> bool:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
