"""The catalogue: templates and calendars read from YAML. A bad file is refused with its line and what was meant, and
the rest stay usable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from service.calendars import CalendarRecipe, read_calendars
from service.config_file import ConfigError, Document, Loc, read
from service.core.calendar import Calendar
from service.core.checking import flaws
from service.core.offsets import did_you_mean
from service.core.template import Template
from service.mistakes import CatalogueProblem, refusal, unquoted_times, validated

CALENDARS = "calendars.yaml"


@dataclass(frozen=True)
class Catalogue:
    """The usable templates and calendars of a folder, and what is wrong with the others."""

    templates: dict[str, Template]
    calendars: dict[str, CalendarRecipe]
    problems: list[CatalogueProblem]
    _frozen: dict[tuple[str, int], Calendar] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, folder: Path) -> Catalogue:
        """Every `*.yaml` of the folder: one template each, and the calendars in `calendars.yaml`."""
        catalogue = cls({}, {}, [])
        for path in sorted(folder.glob("*.yaml"), key=lambda path: (path.name != CALENDARS, path.name)):
            try:
                document = read(path)
            except ConfigError as error:
                catalogue.problems.extend(
                    CatalogueProblem(problem.file, problem.line, f"{problem.message}; {problem.remedy}")
                    for problem in error.problems
                )
                continue
            if found := list(unquoted_times(document)):
                catalogue.problems.extend(found)
            elif path.name == CALENDARS:
                recipes, problems = read_calendars(document)
                catalogue.calendars.update(recipes)
                catalogue.problems.extend(problems)
            else:
                catalogue._add_template(document)
        return catalogue

    def calendar_of(self, template: Template, around: date) -> Calendar:
        """The template's calendar with the holidays from the year before `around` to two years after it."""
        key = template.calendar, around.year
        if key not in self._frozen:
            years = range(around.year - 1, around.year + 3)
            self._frozen[key] = self.calendars[template.calendar].freeze(template.calendar, years)
        return self._frozen[key]

    def _add_template(self, document: Document) -> None:
        template, problems = validated(document, Template, document.data)
        self.problems.extend(problems)
        if template is None:
            return
        found = flaws(template)
        for flaw in found:
            self._refuse(document, flaw.path, flaw.message)
        if template.calendar not in self.calendars:
            guess = did_you_mean(template.calendar, self.calendars)
            self._refuse(document, ("calendar",), f"there is no usable calendar `{template.calendar}`{guess}")
        elif template.id in self.templates:
            self._refuse(document, ("id",), f"another file is the template `{template.id}` already")
        elif not found:
            self.templates[template.id] = template

    def _refuse(self, document: Document, path: Loc, message: str) -> None:
        self.problems.append(refusal(document, path, message))
