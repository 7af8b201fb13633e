"""Calendars as ops write them in `calendars.yaml`, and how they become plain data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from typing import Annotated, Literal, get_args

import holidays as holiday_data
from pydantic import AfterValidator, BaseModel, ConfigDict

from service.config_file import Document
from service.core.calendar import Calendar
from service.mistakes import CatalogueProblem, refusal, validated

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WINDOW = re.compile(r"(?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)")


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


def read_calendars(document: Document) -> tuple[dict[str, CalendarRecipe], list[CatalogueProblem]]:
    """The usable calendars of the file, and what is wrong with the others."""
    recipes: dict[str, CalendarRecipe] = {}
    problems: list[CatalogueProblem] = []
    for name, written in document.data.items():
        recipe, found = validated(document, CalendarRecipe, written, (name,))
        problems += found
        if recipe is None:
            continue
        try:
            recipe.freeze(name, years=())
        except ValueError as wrong:
            problems.append(refusal(document, (name,), str(wrong)))
        else:
            recipes[name] = recipe
    return recipes, problems
