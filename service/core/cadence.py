"""What a cadence owes and what of it has been delivered: a pure function of its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from service.core.calendar import Calendar
from service.core.commitment import OCCURRENCE, Cadence, CadenceTask
from service.core.event import Event, in_order
from service.core.explain import amount, long_day
from service.core.offsets import rounded

TaskVerdict = Literal["on_track", "met", "late"]
AHEAD = timedelta(days=400)
"""How far to look for the next occurrence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedTask:
    """One task of one occurrence."""

    key: str
    """Stable: `2026-11-23.report`."""
    task: str
    title: str
    party: str
    owner: str
    due_on: date
    why: str
    waits_for: str | None
    """The task that must be done before this one is owed; None once it is."""
    done_at: datetime | None
    missing: tuple[str, ...]
    """Sections that were not in what was delivered."""
    verdict: TaskVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that a cadence falls due."""

    id: str
    """The day that the rule names, whatever it was rounded to: the subject of the events that deliver it."""
    at: datetime
    tasks: tuple[OwedTask, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CadenceReport:
    """How a cadence stands."""

    verdict: TaskVerdict
    """`late` while anything late is still owed."""
    delivered: int
    in_time: int
    late: int
    """Tasks delivered late, or late and still owed."""
    occurrences: tuple[Occurrence, ...]
    """Those of the stretch asked for, oldest first, and the next one."""


def evaluate(
    cadence: Cadence,
    calendar: Calendar,
    events: Sequence[Event],
    now: datetime,
    since: date,
    former: Sequence[tuple[Cadence, Calendar, datetime]] = (),
) -> CadenceReport:
    """Its occurrences from `since` on (an aware `now` ends them), judged by the events that are known.

    Where it has no first day, nothing is owed before the first event. `former`: the versions before this one, oldest
    first, each with its calendar and up to when it was in force; they judge what fell until then.
    """
    found: list[Occurrence] = []
    begins = datetime.min.replace(tzinfo=UTC)
    for version, its_calendar, ends in (*former, (cadence, calendar, datetime.max.replace(tzinfo=UTC))):
        fallen = _occurrences(version, its_calendar, events, now, since)
        found += [one for one in fallen if begins <= one.at < ends]
        begins = ends
    tasks = [task for occurrence in found for task in occurrence.tasks]
    open_late = any(task.verdict == "late" and task.done_at is None for task in tasks)
    return CadenceReport(
        verdict="late" if open_late else "on_track",
        delivered=sum(task.done_at is not None for task in tasks),
        in_time=sum(task.verdict == "met" for task in tasks),
        late=sum(task.verdict == "late" for task in tasks),
        occurrences=tuple(found),
    )


def _occurrences(
    cadence: Cadence, calendar: Calendar, events: Sequence[Event], now: datetime, since: date
) -> Iterator[Occurrence]:
    first = cadence.starts_on or min((date_of(event) or date.max for event in events), default=calendar.date_of(now))
    for day in _days(cadence, calendar, max(first, since), now):
        yield _occurrence(cadence, calendar, day, events, now)


def date_of(event: Event) -> date | None:
    """The occurrence that an event names; None where its subject is no day."""
    try:
        return date.fromisoformat(event.subject)
    except ValueError:
        return None


def falls_on(cadence: Cadence, calendar: Calendar, day: date) -> datetime:
    """The instant of the occurrence that the rule puts on this day, rounded to a working day where it says so.

    Wall time: 10:00 stays 10:00 across a change of clocks, and one that is left out is an hour later (PEP 495).
    """
    moved = rounded(day, cadence.on_non_working_day, calendar)
    return datetime.combine(moved, cadence.rrule.at, ZoneInfo(calendar.time_zone))


def _days(cadence: Cadence, calendar: Calendar, since: date, now: datetime) -> Iterator[date]:
    """Those that have come, and the next one."""
    today = calendar.date_of(now)
    for day in cadence.rrule.days(cadence.starts_on, since, max(today, since) + AHEAD):
        yield day
        if falls_on(cadence, calendar, day) > now:
            return


def _occurrence(cadence: Cadence, calendar: Calendar, day: date, events: Iterable[Event], now: datetime) -> Occurrence:
    at = falls_on(cadence, calendar, day)
    about = [event for event in in_order(events) if date_of(event) == day and event.at <= now]
    counting = _Counting(cadence, calendar, day, at.date(), about, calendar.date_of(now))
    return Occurrence(id=day.isoformat(), at=at, tasks=tuple(counting.owed(name) for name in cadence.tasks))


@dataclass(frozen=True, slots=True)
class _Counting:
    """One occurrence being counted."""

    cadence: Cadence
    calendar: Calendar
    day: date
    falls: date
    events: Sequence[Event]
    today: date

    def owed(self, name: str) -> OwedTask:
        task = self.cadence.tasks[name]
        done_at, missing = self._delivered(name)
        due_on, why = self._due(task)
        waits_for = self._waits_for(task)
        return OwedTask(
            key=f"{self.day.isoformat()}.{name}",
            task=name,
            title=task.title,
            party=task.party,
            owner=task.role,
            due_on=due_on,
            why=why,
            waits_for=waits_for,
            done_at=done_at,
            missing=missing,
            verdict=self._verdict(due_on, done_at, waits_for),
        )

    def _verdict(self, due_on: date, done_at: datetime | None, waits_for: str | None) -> TaskVerdict:
        if done_at is not None:
            return "met" if self.calendar.date_of(done_at) <= due_on else "late"
        return "late" if waits_for is None and self.today > due_on else "on_track"

    def _delivered(self, name: str) -> tuple[datetime | None, tuple[str, ...]]:
        """When it was whole, and what is missing while it is not; parts may come one after the other."""
        wanted, there = self.cadence.tasks[name].sections, set[str]()
        told = [event for event in self.events if event.type == self.cadence.event_of(name)]
        for event in told:
            sections = event.data.get("sections")
            there.update(sections if isinstance(sections, list | tuple) else ())
            if there.issuperset(wanted):
                return event.at, ()
        return None, tuple(section for section in wanted if section not in there) if told else ()

    def _due(self, task: CadenceTask) -> tuple[date, str]:
        """Counted from what was done once it was, before that from what is planned."""
        anchor, name = self._anchor(task.due.ref)
        due_on = task.due.date_from(anchor, self.calendar)
        after = f"{amount(task.due.span)} {task.due.direction} " if task.due.value else "On "
        return due_on, f"{after}{name} ({long_day(anchor)}); {self.cadence.title} v{self.cadence.version}"

    def _anchor(self, ref: str) -> tuple[date, str]:
        if ref == OCCURRENCE:
            return self.falls, "the day it falls on"
        name, _, point = ref.partition(".")
        title = f"“{self.cadence.tasks[name].title}”"
        done_at, _missing = self._delivered(name)
        if point == "done" and done_at is not None:
            return self.calendar.date_of(done_at), f"{title} was done"
        return self._due(self.cadence.tasks[name])[0], f"{title} is due"

    def _waits_for(self, task: CadenceTask) -> str | None:
        name, _, point = task.due.ref.partition(".")
        return name if point == "done" and self._delivered(name)[0] is None else None
