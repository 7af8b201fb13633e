"""What a quota owes in a period, what was counted, and whether the pace is enough: a pure function of its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from service.core.calendar import Calendar
from service.core.commitment import Counted, Every, Quota, Target
from service.core.event import TAKES_BACK, Event, in_order
from service.core.explain import long_day
from service.core.poisson import at_least

State = Literal["on_track", "at_risk", "missed", "met"]
Light = Literal["green", "amber", "red"]
WORST: tuple[State, ...] = ("missed", "at_risk", "on_track", "met")
_LIGHTS: tuple[Light, ...] = ("red", "amber", "green")
EVEN_ODDS = 0.5


@dataclass(frozen=True, slots=True)
class Stretch:
    """One period: from the first day up to, and without, the day after its last one."""

    name: str
    """`2026-11-23`, `2026-W48`, `2026-11` or `2026-Q4`."""
    first: date
    after: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """How one target stands."""

    of: str | None
    label: str
    each: str | None
    """For whom it is counted, where the quota is counted for each apart."""
    count: int
    at_least: int | None
    at_most: int | None
    expected: int
    """What an even pace would have brought by now."""
    behind: int
    """How many are missing to that."""
    state: State
    light: Light
    """Amber also where the whole is fine and a part of it is not."""
    notes: tuple[str, ...]
    """How the number was arrived at, where it is not the one in the file."""
    parts: tuple[TargetState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReport:
    """How a quota stands in one period."""

    verdict: State
    light: Light
    period: Stretch
    over: bool
    business_days: int
    elapsed: int
    """Business days that are over."""
    targets: tuple[TargetState, ...]
    missed: tuple[str, ...]
    """What of it is missed."""


def stretch_of(every: Every, day: date) -> Stretch:
    """The period in which a day lies; weeks begin on Monday."""
    match every:
        case "day":
            return Stretch(day.isoformat(), day, day + timedelta(days=1))
        case "week":
            first = day - timedelta(days=day.weekday())
            year, week, _ = day.isocalendar()
            return Stretch(f"{year}-W{week:02}", first, first + timedelta(days=7))
        case "month":
            return Stretch(f"{day:%Y-%m}", day.replace(day=1), _month(day, 1))
        case "quarter":
            first = day.replace(day=1, month=day.month - (day.month - 1) % 3)
            return Stretch(f"{day.year}-Q{(day.month + 2) // 3}", first, _month(first, 3))


def time_zone_of(quota: Quota, calendar: Calendar) -> ZoneInfo:
    """Whose midnight ends a period."""
    return ZoneInfo(quota.period.time_zone or calendar.time_zone)


def evaluate(quota: Quota, calendar: Calendar, events: Sequence[Event], now: datetime, day: date) -> QuotaReport:
    """How it stands at `now` in the period in which `day` lies. Each thing counts once in a period, by its first event.

    `events` are those of the period; of all periods since `starts_on` where it carries over.
    """
    zone = time_zone_of(quota, calendar)
    tally = _Tally(quota, calendar, zone, [event for event in in_order(events) if event.at <= now])
    period = stretch_of(quota.period.every, day)
    today = now.astimezone(zone).date()
    clock = _Clock(calendar, period, today)
    targets = tuple(_targets(tally, clock))
    worst = worst_of(target.state for target in targets)
    return QuotaReport(
        verdict=worst,
        light=_dimmest(target.light for target in targets),
        period=period,
        over=clock.over,
        business_days=clock.all_days,
        elapsed=clock.elapsed,
        targets=targets,
        missed=tuple(_named(target) for target in targets if target.state == "missed"),
    )


def worst_of(states: Iterable[State]) -> State:
    """The one that says most; `met` where there is none."""
    return min(states, key=WORST.index, default="met")


@dataclass(frozen=True, slots=True)
class _Clock:
    """Where in a period we stand, in business days."""

    calendar: Calendar
    period: Stretch
    today: date

    @property
    def over(self) -> bool:
        return self.today >= self.period.after

    @property
    def all_days(self) -> int:
        return _working(self.calendar, self.period.first, self.period.after)

    @property
    def elapsed(self) -> int:
        """A day counts once it is over."""
        end = min(max(self.today, self.period.first), self.period.after)
        return _working(self.calendar, self.period.first, end)


class _Tally:
    """The things that count, by period, by whom, and by kind."""

    def __init__(self, quota: Quota, calendar: Calendar, zone: ZoneInfo, events: Sequence[Event]) -> None:
        self.quota, self.calendar, self.zone = quota, calendar, zone
        self._counts: dict[tuple[str, str | None, str | None], int] = defaultdict(int)
        self.groups: set[str | None] = set()
        self.first: date | None = quota.starts_on
        self._count(events)

    def of(self, period: Stretch, each: str | None, kind: str | None) -> int:
        return self._counts[period.name, each, kind]

    def _count(self, events: Sequence[Event]) -> None:
        counted = self.quota.counted_when
        name = counted.distinct or f"{counted.about}.id"
        out = _taken_out(counted, name, events)
        seen: set[tuple[str, Any]] = set()
        for event in events:
            facts = event.facts()
            thing = facts.get(name)
            if event.type != counted.event or thing is None or thing in out or not _fits(counted, facts):
                continue
            day = event.at.astimezone(self.zone).date()
            period = stretch_of(self.quota.period.every, day)
            if (period.name, thing) in seen or (self.quota.starts_on and day < self.quota.starts_on):
                continue
            seen.add((period.name, thing))
            self._add(period, facts)

    def _add(self, period: Stretch, facts: Mapping[str, Any]) -> None:
        each = str(facts.get(self.quota.each, "nobody")) if self.quota.each else None
        self.groups.add(each)
        kind = facts.get(self.quota.by)
        self._counts[period.name, each, None] += 1
        if kind is not None:
            self._counts[period.name, each, str(kind)] += 1


def _taken_out(counted: Counted, name: str, events: Iterable[Event]) -> set[Any]:
    """The things that do not count any more, as far as that was not taken back."""
    out: set[Any] = set()
    for event in in_order(events):
        thing = event.facts().get(_same(name, event))
        if event.type == counted.unless:
            out.add(thing)
        elif TAKES_BACK.get(event.type) == counted.unless:
            out.discard(thing)
    return out


def _fits(counted: Counted, facts: dict[str, Any]) -> bool:
    return counted.where is None or counted.where.holds(facts)


def _same(name: str, event: Event) -> str:
    """The same fact as another type of event tells it: `content.id` for `campaign.id`."""
    return f"{event.about}.{name.partition('.')[2]}"


def _targets(tally: _Tally, clock: _Clock) -> Iterator[TargetState]:
    groups = sorted(tally.groups, key=str) if tally.quota.each else [None]
    for each in groups:
        for target in tally.quota.targets:
            yield _state(tally, clock, target, each)


def _state(tally: _Tally, clock: _Clock, target: Target, each: str | None) -> TargetState:
    count = tally.of(clock.period, each, target.of)
    owed, notes = _owed(tally, clock.period, target, each)
    parts = tuple(_state(tally, clock, part, each) for part in target.parts)
    state = _judge(count, owed, target.at_most, clock)
    expected = (owed or 0) * clock.elapsed // clock.all_days if clock.all_days else 0
    return TargetState(
        of=target.of,
        label=target.label,
        each=each,
        count=count,
        at_least=owed,
        at_most=target.at_most,
        expected=expected,
        behind=max(0, expected - count),
        state=state,
        light=_light(state, parts),
        notes=notes,
        parts=parts,
    )


def _judge(count: int, owed: int | None, at_most: int | None, clock: _Clock) -> State:
    if at_most is not None and count > at_most:
        return "missed"
    enough = owed is None or count >= owed
    if clock.over:
        return "met" if enough else "missed"
    if enough:
        return "met" if at_most is None else "on_track"
    if not clock.elapsed:
        return "on_track"
    rate = count / clock.elapsed
    odds = at_least((owed or 0) - count, rate * (clock.all_days - clock.elapsed))
    return "at_risk" if odds < EVEN_ODDS else "on_track"


def _light(state: State, parts: Sequence[TargetState]) -> Light:
    if state == "missed":
        return "red"
    fine = state != "at_risk" and all(part.light == "green" for part in parts)
    return "green" if fine else "amber"


def _dimmest(lights: Iterable[Light]) -> Light:
    return min(lights, key=_LIGHTS.index, default="green")


def _owed(tally: _Tally, period: Stretch, target: Target, each: str | None) -> tuple[int | None, tuple[str, ...]]:
    """What this period owes after its first share and what it was handed, and how that came about."""
    if target.at_least is None:
        return None, ()
    start, carry_over = tally.quota.starts_on, tally.quota.carry_over
    if start is None:
        return target.at_least, ()
    if period.after <= start:
        return 0, (f"owed from {long_day(start)} on",)
    if carry_over == "none":
        return _share(tally, period, target.at_least, start)
    owed, notes, handed = 0, tuple[str, ...](), 0
    for stretch in _stretches(tally.quota.period.every, start, period):
        share, notes = _share(tally, stretch, target.at_least, start)
        owed = max(0, share + handed)
        if handed:
            notes = (*notes, f"{abs(handed)} {'more' if handed > 0 else 'fewer'}, carried over")
        handed = _handed_on(carry_over, owed - tally.of(stretch, each, target.of))
    return owed, notes


def _stretches(every: Every, start: date, last: Stretch) -> Iterator[Stretch]:
    """The periods from the one in which `start` lies up to `last`."""
    stretch = stretch_of(every, start)
    while stretch.first <= last.first:
        yield stretch
        stretch = stretch_of(every, stretch.after)


def _handed_on(carry_over: str, missing: int) -> int:
    """What a period adds to the next one's target."""
    return max(0, missing) if carry_over == "deficit" else min(0, missing)


def _share(tally: _Tally, period: Stretch, owed: int, start: date) -> tuple[int, tuple[str, ...]]:
    if tally.quota.first_period == "full" or start <= period.first:
        return owed, ()
    days = _working(tally.calendar, period.first, period.after)
    left = _working(tally.calendar, start, period.after)
    share = owed * left // days if days else 0
    return share, (f"{share} of {owed}: from {long_day(start)}, {left} of {days} business days",)


def _working(calendar: Calendar, first: date, after: date) -> int:
    """Business days from `first` up to, and without, `after`."""
    day = timedelta(days=1)
    return calendar.working_days_between(first - day, after - day)


def _named(target: TargetState) -> str:
    return f"{target.label} of {target.each}" if target.each else target.label


def _month(day: date, months: int) -> date:
    """The first of the month so many months later."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
