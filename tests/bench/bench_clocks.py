"""How fast a working calendar answers how much open time there was with three pauses, from the table of its hours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

from service.core.calendar import Calendar, Window
from service.core.clock_rule import ClockRule
from service.core.clocks import Terms, read_clock
from service.core.event import Event
from service.core.hours import HOUR, Pause, instant, open_hours
from tests.bench.figures import Figure

ROUNDS = 5
OFFICE = Calendar(
    name="bench",
    working_hours=((Window.parse("09:00-12:00"), Window.parse("13:00-17:00")),) * 5 + ((), ()),
    holidays={date(2026, 11, 26): "Thanksgiving Day", date(2026, 12, 25): "Christmas Day"},
    time_zone="America/New_York",
)
JANUARY = datetime(2026, 1, 5, 15, tzinfo=UTC)


def questions(count: int) -> list[tuple[int, int, list[Pause]]]:
    """Clocks of up to twenty days in one year, each with three pauses of up to a day."""
    chance, start = random.Random(2026), instant(JANUARY)
    asked = []
    for _ in range(count):
        begins = start + chance.randrange(330 * 24) * HOUR
        pauses = sorted(begins + chance.randrange(10 * 24) * HOUR for _ in range(3))
        ends = begins + chance.randrange(24, 20 * 24) * HOUR
        asked.append((begins, ends, [(at, at + chance.randrange(1, 24) * HOUR) for at in pauses]))
    return asked


def evaluations_per_second(count: int = 50_000) -> float:
    """Elapsed open time with three pauses, the best of several rounds on one core."""
    asked, elapsed = questions(count), open_hours(OFFICE).elapsed

    def all_of_them() -> None:
        for start, end, pauses in asked:
            elapsed(start, end, pauses)

    return count / _best(all_of_them)


def whole_clocks_per_second(count: int = 300) -> float:
    """Clocks read from eight events, with three pauses, segments and warnings: for comparison."""
    rule = {"start": "lead.created", "stop": "lead.touched", "pause": "defaults", "warn_at": [0.5, 0.8]}
    terms = Terms(ClockRule.model_validate(rule | {"goals": [{"target": "16 business_hours"}]}), OFFICE)
    kinds = ["lead.created", *["lead.changed"] * 6, "lead.touched"]
    events = [
        Event(str(hour), kind, JANUARY + timedelta(hours=hour), "L-1", {"status": "waiting" if hour % 2 else "doing"})
        for hour, kind in enumerate(kinds)
    ]
    now = JANUARY + timedelta(days=3)

    def all_of_them() -> None:
        for _ in range(count):
            read_clock(events, terms, now)

    return count / _best(all_of_them)


def _best(run: Callable[[], object]) -> float:
    """Seconds of the fastest round, the first of which only fills the tables."""
    times = []
    for _ in range(ROUNDS + 1):
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return min(times[1:])


def measure() -> Iterator[Figure]:
    """The promise of the calendar, and beside it what a whole clock takes."""
    clocks, whole = evaluations_per_second(), whole_clocks_per_second()
    beside = f"whole clocks, read from eight events with segments and warnings: {whole:,.0f}/s"
    yield Figure(
        "open time with three pauses, from the hours' table",
        f"{clocks:,.0f}/s",
        "≥ 200,000/s",
        clocks >= 200_000,
        beside,
    )
