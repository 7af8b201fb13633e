"""Clocks: how long something has taken and whether that is in time, as a pure function of what happened.

Nothing is ever added up and stored. A late event, a changed priority or a corrected rule is one more thing to read, and
events may come in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from service.core.calendar import Calendar
from service.core.clock_rule import ClockRule, Goal
from service.core.cycles import Alert, Clock, Cycle, Segment, SegmentState, State, Verdict
from service.core.event import TAKES_BACK, Event
from service.core.hours import ALWAYS, MICROSECOND, OpenHours, Pause, instant, moment, open_hours, united

SAID_NOTHING = "unknown"
"""Stands for the party while no event has said who is waited for."""
_AWAY = "cancelled for a while"
"""A fact of our own, which no event can tell as facts have a dot: the time stands still."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a clock, from an instant on: a new version of the template, or a changed calendar."""

    rule: ClockRule
    calendar: Calendar
    version: str = ""
    since: datetime | None = None
    """None: from the beginning."""


def read_clock(events: Iterable[Event], terms: Terms | Sequence[Terms], now: datetime) -> Clock:
    """The clock at an instant. What happened later, or arrived twice, changes nothing.

    With several terms each event means what the terms of its instant say, and a cycle is judged from its start by the
    terms at its end: a closed one is never judged anew. One whose cancelling is taken back goes on as after a pause.
    """
    history = [terms] if isinstance(terms, Terms) else sorted(terms, key=_since)
    cycles: list[Cycle] = []
    run: _Run | None = None
    cancelled: _Run | None = None
    facts: dict[str, Any] = {}
    for event in _in_order(events, history, now):
        facts = facts | event.facts()
        at, rule = instant(event.at), _in_force(history, event.at).rule
        if run is None and cancelled and TAKES_BACK.get(event.type) in rule.cancel:
            cycles.pop()
            run, cancelled = cancelled.goes_on(at, facts), None
            continue
        if run is None:
            if event.type in rule.start:
                run, cancelled = _Run(at, [(at, facts)]), None
            continue
        run.known.append((at, facts))
        if event.type in rule.stop:
            cycles.append(_judge(run, _in_force(history, event.at), at, "stopped"))
            run = None
        elif event.type in (*rule.cancel, *rule.reset):
            cycles.append(_judge(run, _in_force(history, event.at), at, "cancelled"))
            run, cancelled = (_Run(at, [(at, facts)]), None) if event.type in rule.reset else (None, run)
    if run:
        cycles.append(_judge(run, _in_force(history, now), instant(now), None))
    return Clock(tuple(cycles))


class _Run(NamedTuple):
    """A cycle that has begun, and what was known of it from when on."""

    start: int
    known: list[tuple[int, Mapping[str, Any]]]

    def goes_on(self, at: int, facts: Mapping[str, Any]) -> _Run:
        """After it was cancelled by the last of what is known."""
        *before, (since, then) = self.known
        return _Run(self.start, [*before, (since, {**then, _AWAY: True}), (at, facts)])


def _since(terms: Terms) -> tuple[bool, int]:
    return terms.since is not None, instant(terms.since) if terms.since else 0


def _in_force(history: Sequence[Terms], at: datetime) -> Terms:
    return next((terms for terms in reversed(history) if terms.since is None or terms.since <= at), history[0])


def _in_order(events: Iterable[Event], history: Sequence[Terms], now: datetime) -> Iterator[Event]:
    """As they happened; what says something comes before what starts, and starting before stopping, at one instant."""

    def place(event: Event) -> tuple[datetime, int, str, str, str]:
        rule = _in_force(history, event.at).rule
        roles = (rule.start, rule.reset, rule.stop, rule.cancel)
        rank = next((number for number, types in enumerate(roles, start=1) if event.type in types), 0)
        return event.at, rank, event.id, event.type, repr(sorted(event.facts().items()))

    seen: set[str] = set()
    for event in sorted((event for event in events if event.at <= now), key=place):
        if event.id not in seen:
            seen.add(event.id)
            yield event


def _judge(run: _Run, terms: Terms, end: int, ended: Literal["stopped", "cancelled"] | None) -> Cycle:
    rule, calendar = terms.rule, terms.calendar
    facts = run.known[-1][1]
    pauses = list(_pauses(run, rule))
    measure = _Measure.of(rule.goal(facts), calendar, run.start, end, pauses)
    segments = tuple(_segments(run, rule, measure.hours, end))
    alerts = tuple(_alerts(rule, calendar, measure, end))
    return Cycle(
        state=ended or _state(rule.pauses(facts), measure.hours.is_open(end)),
        verdict=_verdict(measure, alerts, ended),
        goal=str(measure.goal),
        start_time=moment(run.start),
        stop_time=moment(end) if ended else None,
        breach_time=None if measure.due is None else moment(measure.due),
        goal_duration=measure.budget * MICROSECOND,
        elapsed_time=measure.elapsed * MICROSECOND,
        remaining_time=(measure.budget - measure.elapsed) * MICROSECOND,
        business_elapsed_time=open_hours(calendar).elapsed(run.start, end, pauses) * MICROSECOND,
        wall_elapsed_time=(end - run.start) * MICROSECOND,
        elapsed_by_party=_by_party(segments),
        segments=segments,
        warnings=alerts,
        version=terms.version,
        calendar_digest=calendar.digest,
    )


def _state(paused: bool, is_open: bool) -> State:
    if paused:
        return "paused"
    return "running" if is_open else "outside_hours"


def _verdict(
    measure: _Measure, alerts: Sequence[Alert], ended: Literal["stopped", "cancelled"] | None
) -> Verdict | None:
    if ended == "cancelled":
        return None
    if measure.over:
        return "breached"
    if ended:
        return "met"
    return "at_risk" if any(measure.elapsed >= measure.portion(alert.share) for alert in alerts) else "on_track"


@dataclass(frozen=True, slots=True)
class _Measure:
    """A goal held against the time from start to end."""

    goal: Goal
    hours: OpenHours
    start: int
    pauses: Sequence[Pause]
    elapsed: int
    budget: int
    due: int | None

    @classmethod
    def of(cls, goal: Goal, calendar: Calendar, start: int, end: int, pauses: Sequence[Pause]) -> _Measure:
        hours = open_hours(calendar if goal.amount.in_open_hours else ALWAYS)
        elapsed = hours.elapsed(start, end, pauses)
        length = goal.amount.length
        if length is not None:
            budget = length // MICROSECOND
            return cls(goal, hours, start, pauses, elapsed, budget, hours.due(start, budget, pauses))
        due = _closing_after(calendar, hours, start, goal.amount.value, pauses)
        if due is not None:
            return cls(goal, hours, start, pauses, elapsed, hours.elapsed(start, due, pauses), due)
        ended = [(begins, end if until is None else until) for begins, until in pauses]
        as_if = _closing_after(calendar, hours, start, goal.amount.value, ended)
        return cls(goal, hours, start, pauses, elapsed, hours.elapsed(start, as_if or end, ended), None)

    @property
    def over(self) -> bool:
        return self.elapsed >= self.budget if self.goal.under else self.elapsed > self.budget

    def portion(self, share: float) -> int:
        return round(self.budget * share)


def _closing_after(calendar: Calendar, hours: OpenHours, start: int, days: int, pauses: Sequence[Pause]) -> int | None:
    """Closing time of the n-th working day. A pause before it adds its working days, unless it cost no open time.

    None when a pause that still lasts began before.
    """
    day = calendar.shift(calendar.received_on(moment(start)), days)
    for begins, until in united((max(begins, start), until) for begins, until in pauses):
        if begins >= hours.closing(day):
            break
        if until is None:
            return None
        if hours.elapsed(begins, until):
            lost = calendar.working_days_between(calendar.date_of(moment(begins)), calendar.date_of(moment(until)))
            day = calendar.shift(day, lost)
    return hours.closing(day)


def _pauses(run: _Run, rule: ClockRule) -> Iterator[Pause]:
    """When the facts told the clock to stand still; a goal or rule that changed later looks back to the start."""
    since: int | None = None
    for at, facts in run.known:
        if _stands_still(rule, facts):
            since = at if since is None else since
        elif since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, None


def _stands_still(rule: ClockRule, facts: Mapping[str, Any]) -> bool:
    return _AWAY in facts or rule.pauses(facts)


def _segments(run: _Run, rule: ClockRule, hours: OpenHours, end: int) -> Iterator[Segment]:
    """The life of a cycle without a hole, neighbours always differing."""
    last: Segment | None = None
    for begins, until, state, waiting_on in _pieces(run, rule, hours, end):
        if last and (last.state, last.waiting_on) == (state, waiting_on):
            last = Segment(state, last.begins, moment(until), waiting_on)
            continue
        if last:
            yield last
        last = Segment(state, moment(begins), moment(until), waiting_on)
    if last:
        yield last


def _pieces(run: _Run, rule: ClockRule, hours: OpenHours, end: int) -> Iterator[tuple[int, int, SegmentState, str]]:
    ends = [at for at, _ in run.known[1:]] + [end]
    for (begins, facts), until in zip(run.known, ends, strict=True):
        waiting_on = str(facts.get(f"{rule.about}.waiting_on") or SAID_NOTHING)
        if until > begins and _stands_still(rule, facts):
            yield begins, until, "paused", waiting_on
        else:
            for opens, closes, is_open in hours.stretches(begins, until):
                yield opens, closes, "running" if is_open else "outside_hours", waiting_on


def _by_party(segments: Iterable[Segment]) -> dict[str, timedelta]:
    parts: dict[str, timedelta] = {}
    for segment in segments:
        if segment.state == "running":
            parts[segment.waiting_on] = parts.get(segment.waiting_on, timedelta()) + (segment.ends - segment.begins)
    return parts


def _alerts(rule: ClockRule, calendar: Calendar, measure: _Measure, end: int) -> Iterator[Alert]:
    """Each share of the goal when it is used up, put off to the next opening where that falls into the night."""
    for share in rule.warn_at:
        used_up = measure.hours.due(measure.start, measure.portion(share), measure.pauses)
        at = None if used_up is None else open_hours(calendar).within(used_up)
        yield Alert(share, None if at is None else moment(at), at is not None and at <= end)
