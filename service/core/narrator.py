"""Why dates are what they are and why a plan is not possible, told of one solved network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from service.core.because import NOTHING, Because
from service.core.blackout import NO_BLACKOUT
from service.core.calendar import Calendar
from service.core.explain import amount, business_days, closed, closed_runs, in_words, listed, long_day
from service.core.network import COMPLETE, CREATED, Edge, Network, Notice, Squeezed
from service.core.offsets import Rounding, Span
from service.core.schedule import Bounds, Reason

_ONE_DAY = timedelta(days=1)
_HAPPENED = {COMPLETE: "the request was complete", CREATED: "the request was filed"}


@dataclass(frozen=True, slots=True)
class Narrator:
    """Explains one solved network in the titles that people know."""

    bounds: Bounds
    names: Mapping[str, str]
    pins: Mapping[str, date]
    done: Mapping[str, date]

    @property
    def _net(self) -> Network:
        return self.bounds.network

    def because(self, key: str, due: date, reason: Reason | None, dates: Mapping[str, date]) -> Because:
        """Why the task has its planned date; `dates` are the planned dates of all tasks."""
        if key in self.bounds.earliest and self.bounds.late_by(key):
            return self._late(key, due)
        if key in self.done:
            return Because(rule="done", due=due, base_on=due)
        if key in self.pins:
            return Because(rule="pinned", due=due, base_on=due)
        if reason is None:
            node = self._net.nodes[key]
            anchor = node.anchor or ""
            asked = self.bounds.fixed[anchor]
            return Because(
                rule="on",
                due=due,
                base=self.names[anchor],
                base_on=asked,
                source=node.origin,
                **self._rounded(key, due, asked, node.rounding),
            )
        return self.step(key, due, reason, dates)

    def held(self, key: str, due: date, to: date, reason: Reason, dates: Mapping[str, date], least: Span) -> Because:
        """Why the task is left where it was, although it would be due on `to`; `least` is a move that is made."""
        backward = isinstance(reason, Edge) and reason.before == key
        moved = self.step(key, to, reason, self.bounds.latest if backward else dates)
        return Because(rule="held", due=due, base_on=due, span=least, parts=(moved,), source=moved.source)

    def _late(self, key: str, due: date) -> Because:
        bounds, today = self.bounds, self._net.today
        latest = bounds.latest[key]
        assert latest is not None  # noqa: S101 - a task without a latest date is never late
        needed = self.step(key, latest, bounds.held_by[key], bounds.latest)
        paced = self.step(key, bounds.earliest[key], bounds.pushed_by[key], bounds.earliest)
        return Because(
            rule="late",
            due=due,
            base_on=today,
            calendar=self._net.calendar_of(key).name,
            rounding="next",
            blackout=self._passed_over(key, today, self._net.first_due(key, today)),
            late_by=bounds.late_by(key),
            parts=(needed, paced),
            source=needed.source or paced.source,
        )

    def step(self, key: str, due: date, reason: Reason, dates: Mapping[str, date | None]) -> Because:
        """One step of the counting, from the day of what decided it; `dates` are those of the other tasks."""
        net = self._net
        node = net.nodes[key]
        if isinstance(reason, Edge):
            return self._edge(key, due, reason, dates)
        if reason == "work":
            return Because(
                rule="after",
                due=due,
                base=self._base(COMPLETE, node.duration),
                base_on=net.begin,
                work=node.duration,
                source=node.origin,
                **self._counted(key, due, net.begin, NOTHING, node.duration, net.calendar_of(key)),
            )
        if reason == "begun":
            return self._since(key, due, node.begun, "it was begun")
        if reason == "start_not_before":
            return self._since(key, due, node.start_not_before, "its earliest start")
        if reason == "today":
            return Because(rule="today", due=due, base_on=net.today, **self._rounded(key, due, net.today, "next"))
        bound = node.not_before if reason == "not_before" else node.not_after
        assert bound is not None  # noqa: S101 - it decided the date
        nearest: Rounding = "next" if reason == "not_before" else "previous"
        rounded = self._rounded(key, due, bound, nearest)
        return Because(rule=reason, due=due, base_on=bound, source=node.origin, **rounded)

    def _since(self, key: str, due: date, start: date | None, what: str) -> Because:
        node, calendar = self._net.nodes[key], self._net.calendar_of(key)
        assert start is not None  # noqa: S101 - it decided the date
        # The first day of the work counts.
        begun, work = calendar.next(start), max(0, node.duration - 1)
        return Because(
            rule="after",
            due=due,
            base=what if work else "its start",
            base_on=begun,
            work=work,
            source=node.origin,
            **self._counted(key, due, begun, NOTHING, work, calendar),
        )

    def _edge(self, key: str, due: date, edge: Edge, dates: Mapping[str, date | None]) -> Because:
        net, fixed = self._net, self.bounds.fixed
        forward = edge.after == key
        other = edge.before if forward else edge.after
        base_on = fixed.get(other) or dates[other]
        assert base_on is not None  # noqa: S101 - what decides a date has one
        limit = None if forward else net.held_to(edge, base_on, fixed=other in fixed)
        work, calendar = net.terms(edge)
        return Because(
            rule="after" if forward else "before",
            due=due,
            base=self._base(other, edge.span.value + work),
            base_on=base_on,
            fixed_base=forward or other in fixed,
            span=edge.span,
            work=work,
            source=edge.origin,
            **self._counted(key, due, base_on, edge.span, work, calendar, limit, forward=forward),
        )

    def _counted(
        self,
        key: str,
        due: date,
        base_on: date,
        span: Span,
        work: int,
        calendar: Calendar,
        limit: date | None = None,
        *,
        forward: bool = True,
    ) -> dict[str, Any]:
        """The day that the amount comes to; where counting back does not lead to the date, none can be told.

        `limit` is the last day before the rounding from which the base can be reached.
        """
        sign = 1 if forward else -1
        in_days = span.unit == "business_days"
        begin = base_on if in_days else span.after(base_on, calendar, sign)
        worked = work + (span.value if in_days else 0)
        day = calendar.shift(begin, sign * worked)
        low, high = (begin, day) if forward else (day, begin - _ONE_DAY)
        said = self._rounded(key, due, day, "next" if forward else "previous", limit)
        said["counted_in"] = calendar.name
        said["elsewhere"] = bool(worked) and calendar.name != self._net.calendar.name
        nearest = self._net.first_due if forward else self._net.last_due
        if nearest(key, day) != due:
            return said | {"counted": None, "closed": ""}
        said["skipped"] = closed_runs(calendar, low, high) if worked else ()
        return said

    def _rounded(self, key: str, due: date, day: date, rounding: Rounding, limit: date | None = None) -> dict[str, Any]:
        """The day before the rounding, and what stood in its way."""
        calendar = self._net.calendar_of(key)
        reason = ""
        if rounding != "keep" and day != due:
            reason = "a blackout day" if calendar.is_working(day) else closed(calendar, day)
        return {
            "calendar": calendar.name,
            "rounding": rounding,
            "counted": day,
            "closed": reason,
            "blackout": self._passed_over(key, limit or day, due),
        }

    def _passed_over(self, key: str, day: date, due: date) -> tuple[date, ...]:
        blackout = self._net.nodes[key].blackout
        if blackout is NO_BLACKOUT:
            return ()
        low, high = sorted((day, due))
        return tuple(blackout.within(low, high, self._net.calendar_of(key)))

    def chain(self) -> tuple[str, frozenset[str]]:
        """Why the plan is late: what is needed by when, what is possible by when; and the tasks it speaks of."""
        bounds = self.bounds
        worst = max(bounds.late, key=lambda key: (bounds.late_by(key), bounds.latest[key], key))
        needs, needed = self._needed(worst)
        steps = self._steps(worst)
        paced = ", ".join(f"{self.names[key]} {long_day(bounds.earliest[key])}" for key in steps)
        origin = self._origin(steps[0])
        text = f"{needs}. {origin}: {paced}: {business_days(bounds.late_by(worst))} too late.{self._past(steps)}"
        return text, needed | frozenset(steps)

    def _past(self, steps: Sequence[str]) -> str:
        """Of the tasks that push, those that were needed before today; the last one first."""
        days = [(key, day) for key in reversed(steps) if (day := self.bounds.latest[key]) and day < self._net.today]
        named = [f"{self.names[key]} by {long_day(day)}" for key, day in days]
        return f" Already past: {listed(named)}." if named else ""

    def _needed(self, key: str) -> tuple[str, frozenset[str]]:
        """From what holds the dates down to the task: `First invite is needed by …, so Flow test by …`."""
        path: list[tuple[str, Reason]] = []
        reason: Reason
        while True:
            reason = self.bounds.held_by[key]
            path.append((key, reason))
            if not isinstance(reason, Edge) or reason.after in self.bounds.fixed:
                break
            key = reason.after
        parts = []
        for step, (name, held) in enumerate(reversed(path)):
            day = self.bounds.latest[name]
            assert day is not None  # noqa: S101 - what holds a task has a latest date
            needed = "must be done by" if step == 0 else "by"
            parts.append(f"{self.names[name]} {needed} {long_day(day)} ({self._because(held)})")
        return ", so ".join(parts), frozenset(name for name, _ in path)

    def _because(self, reason: Reason) -> str:
        if not isinstance(reason, Edge):
            return "not after that day, as the template says"
        work, _ = self._net.terms(reason)
        total = in_words(reason.span, work)
        day = self.bounds.fixed.get(reason.after)
        name = f"{self.names[reason.after]}, {long_day(day)}" if day else self.names[reason.after]
        fixed = ", fixed by a person" if reason.after in self.pins else ""
        return f"{total} before {name}{fixed}" if total else f"not after {name}{fixed}"

    def _steps(self, key: str) -> list[str]:
        """The tasks that push this one, first to last."""
        steps = [key]
        while isinstance(reason := self.bounds.pushed_by[steps[-1]], Edge) and reason.before in self.bounds.pushed_by:
            steps.append(reason.before)
        return steps[::-1]

    def _origin(self, key: str) -> str:
        reason = self.bounds.pushed_by[key]
        if isinstance(reason, Edge):
            return f"After {self._named(reason.before, self.bounds.fixed[reason.before])}"
        net = self._net
        if reason == "not_before":
            return f"{self._named(key, net.nodes[key].not_before or net.begin)} at the earliest, as the template says"
        if reason == "start_not_before":
            first = net.nodes[key].start_not_before or net.begin
            return f"{self.names[key]} begun on {long_day(first)} at the earliest, as the template says"
        if reason == "begun":
            return f"Begun on {long_day(net.nodes[key].begun or net.begin)}"
        return f"From {long_day(net.today if reason == 'today' else net.begin)} on"

    def also_late(self, told: frozenset[str]) -> str | None:
        """The late tasks that the chain did not speak of."""
        rest = [key for key in self.bounds.late if key not in told]
        parts = [f"{self.names[key]} ({business_days(self.bounds.late_by(key))})" for key in rest]
        return f"Also too late: {listed(parts)}." if parts else None

    def short_notice(self, notice: Notice, complete: date) -> str:
        """How much notice was given, and how much is agreed."""
        day = self.bounds.fixed[notice.anchor]
        given, last = (day - complete).days, notice.span.before(day, self._net.calendar)
        gave = f"{amount(Span(given, 'days'))} before" if given > 0 else "not before"
        short = amount(Span((complete - last).days, "days"))
        agreed = f"{amount(notice.span)} {'is' if notice.span.value == 1 else 'are'} agreed"
        return (
            f"The request was complete on {long_day(complete)}, {gave} {self._named(notice.anchor, day)}; "
            f"{agreed}, so it was due by {long_day(last)}: {short} short."
        )

    def overdue(self, key: str, possible: date, promised: date) -> str:
        """The whole request cannot be done when it was promised."""
        late = self._net.calendar.working_days_between(promised, possible)
        return (
            f"Promised for {long_day(promised)}, but {self.names[key]} can be done on {long_day(possible)} at the "
            f"agreed pace: {business_days(late)} too late."
        )

    def overtaken(self, done: str, still_open: Sequence[str]) -> str:
        """Something was done before what it should have waited for."""
        names = [self.names[key] for key in still_open]
        return f"{self.names[done]} was done while {listed(names)} {'is' if len(names) == 1 else 'are'} still open."

    def conflict(self, edge: Edge) -> str:
        """A date that a person fixed or the request says, against a rule; the date is kept."""
        fixed, net = self.bounds.fixed, self._net
        key = edge.before if edge.before in self.pins else edge.after
        calendar = net.calendar_of(key)
        if key == edge.before:
            other, side = edge.after, "before"
            day = net.last_due(key, net.held_to(edge, fixed[other], fixed=True))
            late = calendar.working_days_between(day, fixed[key])
        else:
            other, side = edge.before, "after"
            least = net.pushed_to(edge, fixed[other])
            day = net.first_due(key, least) if key in net.nodes else calendar.next(least)
            late = calendar.working_days_between(fixed[key], day)
        work, _ = net.terms(edge)
        total = in_words(edge.span, work)
        named = self._named(other, fixed[other])
        wrong_side = "after" if side == "before" else "before"
        rule = f"{total} {side} {named} is {long_day(day)}" if total else f"it may not be {wrong_side} {named}"
        # From a working day to a rest day after it there is no business day to tell.
        by = business_days(late) if late else amount(Span(abs((fixed[key] - day).days), "days"))
        stands = f"on {long_day(fixed[key])}"
        if key in self.pins:
            stands = f"fixed {stands} by a person and stays there"
        return f"{self.names[key]} is {stands}, but {rule}: {by} too {'late' if side == 'before' else 'early'}."

    def compressed(self, what: Squeezed, before: int, after: int) -> str:
        """`Flow build: 2 business days instead of 3`."""
        if isinstance(what, str):
            return f"{self.names[what]}: {business_days(after)} instead of {before}"
        edge = next(edge for edge in self._net.edges if (edge.before, edge.after) == what)
        gap = amount(Span(after, edge.span.unit))
        return f"From {self.names[what[0]]} to {self.names[what[1]]}: {gap} instead of {before}"

    def _named(self, key: str, day: date) -> str:
        return f"{self.names[key]} ({long_day(day)})"

    def _base(self, name: str, amount_of_time: int) -> str:
        """So long after the request was complete, or on the day of the complete request."""
        return _HAPPENED.get(name, self.names[name]) if amount_of_time else self.names[name]
