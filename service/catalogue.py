"""The catalogue: templates and calendars read from YAML. A bad file is refused with its line and what was meant, and
the rest stay usable.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import holidays as holiday_data
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.tokens import ScalarToken

from service.config_file import ConfigError, Document, Loc, read
from service.core.calendar import Calendar
from service.core.checking import flaws
from service.core.offsets import did_you_mean
from service.core.template import Template

CALENDARS = "calendars.yaml"
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WINDOW = re.compile(r"(?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)")
_UNQUOTED = re.compile(r"\d{1,2}:\d\d(-\d{1,2}:\d\d)?")


def _is_time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"`{text}` is not a time of day; write it like '17:00'")
    return text


def _is_window(text: str) -> str:
    found = _WINDOW.fullmatch(text)
    ends = (found["opens"], found["closes"].replace("24:00", "23:59")) if found else ()
    if not found or not all(map(_TIME.fullmatch, ends)):
        raise ValueError(f"`{text}` is not a stretch of a day; write it like '09:00-17:00'")
    if found["opens"] >= found["closes"]:
        raise ValueError(f"`{text}` ends before it begins; a night shift is two stretches, one for each day")
    return text


Windows = tuple[Annotated[str, AfterValidator(_is_window)], ...]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holidays(_Part):
    """Which days a company is closed: a country's list, and the company's own changes to it."""

    country: str | None = None
    """Two letters, as ISO 3166 has them."""
    subdivision: str | None = None
    """As the `holidays` library names it: `BY`, not `DE-BY`."""
    categories: tuple[str, ...] = ("public",)
    add: Mapping[date, str] = {}
    remove: tuple[date, ...] = ()


class CalendarRecipe(_Part):
    """One calendar as ops write it."""

    time_zone: str
    working_hours: Mapping[Weekday, Windows]
    """A missing weekday is closed."""
    cutoff: Annotated[str, AfterValidator(_is_time)] | None = None
    holidays: Holidays = Holidays()
    exceptions: Mapping[date, Windows] = {}
    """Replaces a day, whatever else it is: half days, make-up days; no hours at all means closed."""

    def freeze(self, name: str, years: Iterable[int]) -> Calendar:
        """The calendar as plain data, with the holidays of these years; raises `ValueError` where it cannot work."""
        rules = self.holidays
        closed = frozen_holidays(rules.country, rules.subdivision, rules.categories, rules.add, rules.remove, years)
        closed |= {day: "Closed" for day, hours in self.exceptions.items() if not hours}
        made_up = {day for day, hours in self.exceptions.items() if hours}
        return Calendar(
            name=name,
            weekmask="".join("1" if self.working_hours.get(day) else "0" for day in get_args(Weekday)),
            holidays={day: why for day, why in closed.items() if day not in made_up},
            extra_working_days=frozenset(made_up),
            time_zone=self.time_zone,
            cutoff=time.fromisoformat(self.cutoff) if self.cutoff else None,
        )


def frozen_holidays(
    country: str | None,
    subdivision: str | None,
    categories: Collection[str],
    add: Mapping[date, str],
    remove: Collection[date],
    years: Iterable[int],
) -> dict[date, str]:
    """Closed days and their names as plain data, so that a later release of the library moves no running plan.

    Raises `ValueError` for a country, subdivision or category that the library does not know.
    https://holidays.readthedocs.io/en/latest/
    """
    days: dict[date, str] = {}
    if country is not None:
        try:
            found = holiday_data.country_holidays(
                country, subdiv=subdivision, categories=tuple(categories), years=tuple(years)
            )
        except (NotImplementedError, ValueError) as unknown:
            raise ValueError(f"the holidays are not known: {unknown}") from None
        days = {day: name for day, name in found.items() if day not in remove}
    return days | dict(add)


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """Why a file, or part of it, cannot be used."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


M = TypeVar("M", bound=BaseModel)


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
            if found := list(_unquoted_times(path)):
                catalogue.problems.extend(found)
            elif path.name == CALENDARS:
                catalogue._add_calendars(document)
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

    def _add_calendars(self, document: Document) -> None:
        for name, written in document.data.items():
            recipe = self._valid(document, CalendarRecipe, written, (name,))
            if recipe is None:
                continue
            try:
                recipe.freeze(name, years=())
            except ValueError as wrong:
                self._refuse(document, (name,), str(wrong))
            else:
                self.calendars[name] = recipe

    def _add_template(self, document: Document) -> None:
        template = self._valid(document, Template, document.data)
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

    def _valid(self, document: Document, model: type[M], written: Any, at: Loc = ()) -> M | None:
        try:
            return model.model_validate(written)
        except ValidationError as error:
            # A misspelt field is also a missing one; the misspelling says more, so it is told first.
            for details in sorted(error.errors(include_url=False), key=lambda details: details["type"] == "missing"):
                path: Loc = tuple(part for part in details["loc"] if part != "[key]")
                words = _words(details["type"], details["msg"], path, details["input"], model)
                self._refuse(document, (*at, *path), words)
            return None

    def _refuse(self, document: Document, path: Loc, message: str) -> None:
        self.problems.append(CatalogueProblem(str(document.path), document.line(path), message))


def _unquoted_times(path: Path) -> Iterator[CatalogueProblem]:
    for token in YAML(pure=True).scan(path.read_text(encoding="utf-8-sig")):
        if isinstance(token, ScalarToken) and token.plain and _UNQUOTED.fullmatch(token.value):
            advice = f"write '{token.value}' in quotes, because many YAML readers take it for a number"
            yield CatalogueProblem(str(path), token.start_mark.line + 1, advice)


def _words(kind: str, said: str, path: Loc, given: Any, model: type[BaseModel]) -> str:
    """pydantic's complaint in plain words."""
    name = ".".join(map(str, path))
    if kind == "missing" and path[-1] == "party":
        return f"`{path[-2]}` has no party; say who owes it: requester, stakeholder, ops, sales or external"
    if kind == "missing":
        return f"`{name}` is missing"
    if kind == "extra_forbidden":
        return f"unknown field `{path[-1]}`{did_you_mean(str(path[-1]), _fields_at(model, path[:-1]))}"
    if kind == "string_pattern_mismatch" and "role:" in said:
        return f"`{name}` names a role, like `role:ops`, not `{given}`"
    if kind == "string_pattern_mismatch":
        return f"`{given}` is not a name: use small letters, digits and _, a letter first"
    if kind == "literal_error":
        allowed = said.removeprefix("Input should be ")
        guess = did_you_mean(str(given), re.findall("'(.+?)'", allowed))
        return f"`{name}` is {allowed}, not `{given}`{guess}"
    words = said.removeprefix("Value error, ").removeprefix("Input ")
    return f"`{name}`: {words}" if words[:1] != "`" else words


def _fields_at(model: type[BaseModel], path: Loc) -> list[str]:
    """The field names that the part at this place may have; keys that people chose are stepped over."""
    for part in path:
        by_name = {info.alias or name: info for name, info in model.model_fields.items()}
        if part in by_name:
            model = _model_in(by_name[str(part)].annotation) or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
