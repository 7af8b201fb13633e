"""Calendars as ops write them in `calendars.yaml`, and how they become plain data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args
from zoneinfo import available_timezones

import holidays as holiday_data
from holidays.registry import COUNTRIES
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from service.company_days import CompanyDays
from service.config_file import Document
from service.core.calendar import ALL_DAY, Calendar, Window, Windows
from service.mistakes import CatalogueProblem, refusal, unquoted_times, validated

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _check_country(country: str | None, subdivision: str | None, categories: Collection[str]) -> None:
    """Raises `ValueError`, with what was probably meant, before the library does without."""
    if country is None:
        if subdivision is not None:
            raise ValueError(f"the subdivision `{subdivision}` needs its country, such as `country: US`")
        return
    known = holiday_data.list_supported_countries(include_aliases=False)
    if country not in known:
        codes = {spelling.lower(): code for _, code, *others in COUNTRIES.values() for spelling in (code, *others)}
        codes |= {name: entry[1] for name, entry in COUNTRIES.items()}
        raise ValueError(f"the holidays of the country `{country}` are not known{_guess(country, codes, codes)}")
    entity = getattr(holiday_data, country)
    if subdivision is not None and subdivision not in (names := (*entity.subdivisions, *entity.subdivisions_aliases)):
        short = subdivision.removeprefix(f"{country}-")
        guess = f"; did you mean `{short}`?" if short in names else _guess(subdivision, names)
        raise ValueError(f"`{country}` has no subdivision `{subdivision}`{guess or _one_of(entity.subdivisions)}")
    for category in categories:
        if category not in entity.supported_categories:
            guess = _guess(category, entity.supported_categories) or _one_of(entity.supported_categories)
            raise ValueError(f"`{country}` has no holidays of the category `{category}`{guess}")


def _guess(word: str, known: Iterable[str], stands_for: Mapping[str, str] | None = None) -> str:
    """`; did you mean `x`?` when something known is close, whatever the case of its letters; else nothing."""
    spellings = {name.lower(): name for name in known}
    close = get_close_matches(word.lower().replace(" ", "_"), spellings, n=1, cutoff=0.6)
    if not close:
        return ""
    meant = spellings[close[0]]
    return f"; did you mean `{(stands_for or {}).get(meant, meant)}`?"


def _one_of(names: Sequence[Any]) -> str:
    return f"; use {', '.join(map(str, names))}" if names else ""


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError(f"`{text}` is not a time of day; write it like '17:00'")
    return text


def _window(written: object) -> Window:
    return written if isinstance(written, Window) else Window.parse(str(written))


def _apart(windows: Windows) -> Windows:
    ordered = tuple(sorted(windows))
    for one, other in pairwise(ordered):
        if other.opens < one.closes:
            raise ValueError(f"`{one}` and `{other}` overlap")
    return ordered


def _day(written: object) -> date:
    try:
        return written if isinstance(written, date) else date.fromisoformat(str(written))
    except ValueError:
        raise ValueError(f"there is no day `{written}`; write year-month-day, like '2026-12-24'") from None


def _named_days(written: object) -> object:
    return dict.fromkeys(written, "Closed") if isinstance(written, list) else written


def _week(written: object) -> object:
    if written == "always":
        return dict.fromkeys(get_args(Weekday), ALL_DAY)
    if isinstance(written, str):
        raise ValueError(f"`{written}` is not a week; write the hours of each weekday, or `always`")
    return written


def known_zone(name: str) -> str:
    """The name of a time zone; raises `ValueError` with what was probably meant."""
    if name not in available_timezones():
        raise ValueError(f"`{name}` is not a time zone{_guess(name, available_timezones())}")
    return name


def _beside(name: object, info: ValidationInfo) -> CompanyDays:
    context = info.context or {}
    if "company_days" in context:
        return CompanyDays.parse(str(name), context["company_days"])
    return CompanyDays.read(Path(context.get("folder", ".")) / str(name))


Day: TypeAlias = Annotated[date, BeforeValidator(_day)]
_Text = {"type": "string"}
WrittenWindow: TypeAlias = Annotated[Window, PlainValidator(_window), PlainSerializer(str), WithJsonSchema(_Text)]
WrittenWindows: TypeAlias = Annotated[tuple[WrittenWindow, ...], AfterValidator(_apart)]
IcsFile: TypeAlias = Annotated[CompanyDays, PlainValidator(_beside), PlainSerializer(str), WithJsonSchema(_Text)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holidays(_Part):
    """Which days a company is closed: a country's list, and the company's own changes to it."""

    country: str | None = None
    """Two letters, as ISO 3166 has them."""
    subdivision: str | None = None
    """As the `holidays` library names it: `BY`, not `DE-BY`."""
    categories: tuple[str, ...] = ("public",)
    ics: IcsFile | None = None
    """A calendar file beside this one: its all-day events are closed days."""
    add: Annotated[Mapping[Day, str], BeforeValidator(_named_days)] = {}
    remove: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _country_is_known(self) -> Holidays:
        _check_country(self.country, self.subdivision, self.categories)
        return self


class CalendarRecipe(_Part):
    """One calendar as ops write it."""

    time_zone: Annotated[str, AfterValidator(known_zone)]
    working_hours: Annotated[Mapping[Weekday, WrittenWindows], BeforeValidator(_week)]
    """The hours of each weekday, a missing one is closed; or the word `always`."""
    cutoff: Annotated[str, AfterValidator(_time)] | None = None
    holidays: Holidays = Holidays()
    exceptions: Mapping[Day, WrittenWindows] = {}
    """Replaces a day, whatever else it is: half days, make-up days; no hours at all means closed."""

    def written(self) -> dict[str, Any]:
        """As plain data, without the calendar file that it names."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def company_days(self) -> str | None:
        """What stands in the calendar file that it names."""
        return self.holidays.ics.text if self.holidays.ics else None

    @classmethod
    def read(cls, written: Mapping[str, Any], company_days: str | None) -> CalendarRecipe:
        """From plain data and the calendar file that it names; raises `ValueError` where it means nothing here."""
        return cls.model_validate(written, context={"company_days": company_days})

    def freeze(self, name: str, years: Iterable[int]) -> Calendar:
        """The calendar as plain data, with the holidays of these years; raises `ValueError` where it cannot work."""
        rules, years = self.holidays, tuple(years)
        closed = frozen_holidays(rules.country, rules.subdivision, rules.categories, rules.add, rules.remove, years)
        company = rules.ics.closed(years) if rules.ics else {}
        week = tuple(self.working_hours.get(day, ()) for day in get_args(Weekday))
        return Calendar(
            name=name,
            weekmask="".join("1" if hours else "0" for hours in week),
            holidays={day: why for day, why in company.items() if day not in rules.remove} | closed,
            working_hours=week,
            exceptions=self.exceptions,
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
    _check_country(country, subdivision, categories)
    if country is not None:
        found = holiday_data.country_holidays(
            country, subdiv=subdivision, categories=tuple(categories), years=tuple(years)
        )
        days = {day: name for day, name in found.items() if day not in remove}
    return days | dict(add)


def read_calendars(document: Document) -> tuple[dict[str, CalendarRecipe], list[CatalogueProblem]]:
    """The usable calendars of the file, and what is wrong with the others."""
    recipes: dict[str, CalendarRecipe] = {}
    unquoted = list(unquoted_times(document))
    problems = list(unquoted)
    lines = sorted(document.line((name,)) for name in document.data)
    spoiled = {max((line for line in lines if line <= found.line), default=0) for found in unquoted if found.line}
    for name, written in document.data.items():
        if document.line((name,)) in spoiled:
            continue  # the line to mend has been told, and what it would be taken for is of no interest
        recipe, found = validated(document, CalendarRecipe, written, (name,), context={"folder": document.path.parent})
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
