"""Whether a template can be kept at exactly its own lead time or turnaround, and in which week that is hardest. Pure.

Every usual way of filling in the request that changes the plan is tried, on every working day of one week without
holidays. The tightest of them is then tried on every working day of the year ahead, with the holidays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any

from service.core.calendar import Calendar
from service.core.condition import Condition
from service.core.effective import Effective, effective, excluded
from service.core.explain import amount, business_days, listed, long_day
from service.core.inputs import typed
from service.core.offsets import Span
from service.core.plan import Facts, last_open, make_plan
from service.core.schedule import bounds
from service.core.template import Feasibility, Input, Template
from service.core.wiring import wire

MOST_CASES = 24
"""Ways of filling in a request that are tried; where there are more, one answer is varied at a time."""
YEAR = timedelta(days=365)
_FAR = timedelta(days=400)
"""Where a date lies that no lead time counts back from, so that it stands in nobody's way."""
_COUNTED = {"lead_time", "turnaround", "modifiers", "tasks", "groups", "min_gaps"}
_MONTHS = re.compile(r'"(?:\d+-)?(\d+ months?)(?: (?:before|after) \S+)?"')
_NAMED = re.compile(r"inputs\.(\w+)")


@dataclass(frozen=True, slots=True)
class Trial:
    """One request that comes exactly as late as the agreement allows."""

    answers: Mapping[str, Any]
    """What it says, apart from the dates that follow from the lead time."""
    asked_on: date
    terms: str
    """What is kept: `6 weeks before Webinar date`."""
    facts: Facts
    """The whole request."""
    spare: int
    """Working days left over; negative where so many are missing."""
    chain: str = ""
    """Why it cannot be kept, in words."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found out about one template."""

    name: str
    proof: Trial | None
    """The tightest request without holidays; None where nothing is promised."""
    worst: Trial | None
    """The tightest day of the year ahead; None where the proof failed already."""
    limit: Trial | None
    """The tightest request that asks for as many of everything as it may; None where nothing is counted."""
    in_months: tuple[str, ...] = ()
    """The amounts that are counted in months."""

    @property
    def proved(self) -> bool:
        """Whether the agreement can be kept at all."""
        return self.proof is None or self.proof.spare >= 0

    def sentences(self) -> Iterator[str]:
        """The report for people."""
        yield from self._proof()
        if self.in_months:
            amounts = listed(self.in_months)
            yield f"    Months differ in length, so that on and back again is not always the same day: {amounts}."

    def _proof(self) -> Iterator[str]:
        if self.proof is None:
            yield f"{self.name} promises no time, so there is nothing to prove."
            return
        if self.worst is None:
            yield f"{self.name} cannot be kept at {_asked(self.proof)}: {_spare(self.proof)}. {self.proof.chain}"
            return
        yield f"{self.name} can be kept at {_asked(self.proof)}: {_spare(self.proof)}."
        if self.limit and self.limit.spare < 0:
            yield f"    Not at its limits, {_asked(self.limit)}: {_spare(self.limit)}. {self.limit.chain}"
        monday = self.worst.asked_on - timedelta(days=self.worst.asked_on.weekday())
        asked = f"a request of {long_day(self.worst.asked_on)} has {_spare(self.worst)}"
        yield f"    Hardest week: the one of {long_day(monday)}; {asked}. {self.worst.chain}".rstrip()


def lint(template: Template, calendar: Calendar, today: date) -> Report:
    """Prove the template on its calendar without holidays, then look for the hardest week from today on.

    The calendar must know the holidays of the next two years.
    """
    year, week = _Days(template, calendar), _Days(template, _without_holidays(calendar))
    proof = week.tightest(_cases(template), today, timedelta(days=6))
    months = tuple(dict.fromkeys(_MONTHS.findall(template.model_dump_json(include=_COUNTED))))
    if proof is None or proof.spare < 0:
        return Report(template.name, proof, worst=None, limit=None, in_months=months)
    most = {name: entry.max for name, entry in template.inputs.items() if entry.max is not None}
    full = [{**case, **most} for case in _cases(template)] if most else []
    return Report(
        template.name,
        proof,
        worst=year.tightest([proof.answers], today, YEAR),
        limit=week.tightest(full, proof.asked_on, timedelta()),
        in_months=months,
    )


def _without_holidays(calendar: Calendar) -> Calendar:
    beside = {name: _without_holidays(other) for name, other in calendar.beside.items()}
    return replace(calendar, holidays={}, exceptions={}, extra_working_days=frozenset(), beside=beside)


@dataclass(frozen=True, slots=True)
class _Days:
    """Requests for one template on one calendar."""

    template: Template
    calendar: Calendar

    def tightest(self, cases: Iterable[Mapping[str, Any]], first: date, period: timedelta) -> Trial | None:
        """Of all these requests on all working days of the period the one with the least to spare."""
        days = (first + timedelta(days=count) for count in range(period.days + 1))
        worked = [day for day in days if self.calendar.is_working(day)]
        trials = (self._trial(case, day) for case in cases for day in worked)
        found = min(filter(None, trials), key=lambda trial: trial.spare, default=None)
        return replace(found, chain=self._chain(found)) if found and found.spare < 0 else found

    def _trial(self, answers: Mapping[str, Any], day: date) -> Trial | None:
        """The request of that day; None where it is promised nothing, or is not covered."""
        inputs = _filled(self.template, answers, day)
        known = effective(self.template, inputs)
        terms = _terms(self.template, known)
        if not terms or excluded(self.template, inputs):
            return None
        first: dict[str, date] = {}
        for term in known.lead_times:
            name, earliest = term.offset.ref.removeprefix("inputs."), self._first_day(term.offset.span, day)
            first[name] = max(earliest, first.get(name, earliest))
        facts = Facts(inputs={**inputs, **first}, complete_on=day, today=day)
        return Trial(answers, day, listed(terms), facts, self._spare(known, facts))

    def _first_day(self, span: Span, asked_on: date) -> date:
        """The first date for which a request of that day comes early enough."""
        day = span.after(asked_on, self.calendar)
        while span.before(day, self.calendar) < asked_on:  # months of different length
            day += timedelta(days=1)
        return day

    def _spare(self, known: Effective, facts: Facts) -> int:
        found = bounds(wire(self.template, known, self.calendar, facts))
        spare = [slack for key in found.earliest if (slack := found.slack(key)) is not None]
        last = last_open(found, known, self.template)
        if known.turnaround and last:
            promised = known.turnaround.commit.date_from(facts.complete_on, self.calendar)
            late = self.calendar.working_days_between(promised, last[1])
            spare.append(self.calendar.working_days_between(last[1], promised) - late)
        return min(spare, default=0)

    def _chain(self, trial: Trial) -> str:
        # No way out is looked for: the chain is wanted as it was asked for.
        relaxed = self.template.model_copy(update={"feasibility": Feasibility()})
        return make_plan(relaxed, self.calendar, trial.facts).problems[0]


def _filled(template: Template, answers: Mapping[str, Any], asked_on: date) -> dict[str, Any]:
    """Every input of a complete request; what is needed and not answered is anything, a date lies far ahead."""
    counted = {template.lead_time.ref.removeprefix("inputs.")} if template.lead_time else set()
    inputs: dict[str, Any] = {name: answers.get(name, _usual(entry)) for name, entry in template.inputs.items()}
    for name, entry in template.inputs.items():
        wanted = entry.required.holds(inputs) if isinstance(entry.required, Condition) else entry.required
        if inputs[name] is None and (wanted or name in counted):
            inputs[name] = asked_on + _FAR if entry.type == "date" else _some(entry)
    return inputs


def _usual(entry: Input) -> Any:
    return None if entry.default is None else typed(entry, entry.default)


def _some(entry: Input) -> Any:
    """Anything that the input takes."""
    return {"bool": True, "int": entry.min or 1, "enum": next(iter(entry.values), None)}.get(entry.type, "any")


def _terms(template: Template, known: Effective) -> list[str]:
    terms = [
        f"{amount(term.offset.span)} before {template.label(term.offset.ref.removeprefix('inputs.'))}"
        for term in known.lead_times
    ]
    if known.turnaround:
        terms.append(f"{amount(known.turnaround.commit.span)} after the complete request")
    return terms


def _cases(template: Template) -> list[dict[str, Any]]:
    """The answers that change a plan, combined."""
    text = template.model_dump_json(exclude={"exclusions", "library"}, by_alias=True)
    choices = {name: _choices(template.inputs[name]) for name in dict.fromkeys(_NAMED.findall(text))}
    choices = {name: values for name, values in choices.items() if values}
    every = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
    count = 1
    for values in choices.values():
        count *= len(values)
    if count <= MOST_CASES:
        return list(every)
    first = {name: values[0] for name, values in choices.items()}
    return [first, *({**first, name: value} for name, values in choices.items() for value in values[1:])]


def _choices(entry: Input) -> list[Any]:
    """The values of an input that lead to different plans; nothing where any value will do."""
    match entry.type:
        case "bool":
            return [True, False]
        case "enum":
            return list(entry.values)
        case _:
            return []


def _asked(trial: Trial) -> str:
    said = ", ".join(f"{name}: {_word(value)}" for name, value in trial.answers.items())
    return f"{trial.terms} ({said})" if said else trial.terms


def _spare(trial: Trial) -> str:
    if trial.spare < 0:
        return f"{business_days(-trial.spare)} too few"
    return f"{business_days(trial.spare)} to spare" if trial.spare else "nothing to spare"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
