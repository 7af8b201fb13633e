"""The sentences: why a date is what it is, and why a plan is not possible. Words only, no arithmetic of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from service.core.calendar import Calendar
from service.core.effective import Addend
from service.core.offsets import Promise, Span
from service.core.schedule import Bounds, Edge, Notice, Reason, Squeezed

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def long_day(day: date) -> str:
    """`Wed 23 Dec 2026`, whatever the machine's language."""
    return f"{_WEEKDAYS[day.weekday()]} {short_day(day)} {day.year}"


def short_day(day: date) -> str:
    """`23 Dec`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def amount(span: Span) -> str:
    """`3 business days`."""
    return str(span).replace("_", " ")


def business_days(count: int) -> str:
    """`1 business day`, `3 business days`."""
    return amount(Span(count, "business_days"))


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def skipped(calendar: Calendar, low: date, high: date) -> str:
    """`; skipped 26 and 27 Nov (Thanksgiving Day, Day after Thanksgiving)`, or nothing."""
    runs: list[list[tuple[date, str]]] = []
    for day, name in calendar.closed_days(low, high):
        if runs and not calendar.working_days_between(runs[-1][-1][0], day):
            runs[-1].append((day, name))
        else:
            runs.append([(day, name)])
    return f"; skipped {listed([_run(run) for run in runs])}" if runs else ""


def _run(run: Sequence[tuple[date, str]]) -> str:
    days = [day for day, _ in run]
    names = ", ".join(dict.fromkeys(name for _, name in run))
    if len(days) > 2:
        text = f"{short_day(days[0])} to {short_day(days[-1])}"
    elif len(days) == 2 and days[0].month == days[1].month:
        text = f"{days[0].day} and {short_day(days[1])}"
    else:
        text = " and ".join(map(short_day, days))
    return f"{text} ({names})"


def closed(calendar: Calendar, day: date) -> str:
    """Why no work is done that day, with the holiday's name."""
    return f"closed ({calendar.holidays[day]})" if day in calendar.holidays else "not a working day"


def promised(
    calendar: Calendar, complete: date, promise: Promise, day: date, agreed: Promise | None, addends: Sequence[Addend]
) -> str:
    """`7 business days + 2 (2 times extra e-mail) = 9 business days after the request was complete (…) is …`."""
    total = amount(promise.commit.span)
    if addends and agreed:
        base = amount(agreed.commit.span)
        total = " + ".join([base, *map(str, addends)]) + f" = {total}"
    counted = skipped(calendar, complete, day) if promise.commit.unit == "business_days" else ""
    return f"{total} after the request was complete ({long_day(complete)}) is {long_day(day)}{counted}."


@dataclass(frozen=True, slots=True)
class Narrator:
    """Explains one solved network in the titles that people know."""

    bounds: Bounds
    names: Mapping[str, str]
    pins: Mapping[str, date]
    done: Mapping[str, date]

    @property
    def calendar(self) -> Calendar:
        """The calendar of the network."""
        return self.bounds.network.calendar

    def why(self, key: str, due: date, reason: Reason | None, dates: Mapping[str, date]) -> str:
        """One sentence for the date of a task; `dates` are the planned dates of all tasks."""
        if late := self.bounds.late_by(key) if key in self.bounds.earliest else 0:
            return self._late(key, late)
        if key in self.done:
            return f"Done on {long_day(due)}."
        if key in self.pins:
            return f"Fixed on {long_day(due)} by a person."
        if reason is None:
            return self._on_anchor(key, due)
        return f"{self._told(key, due, reason, dates)}."

    def _on_anchor(self, key: str, due: date) -> str:
        anchor = self.bounds.network.nodes[key].anchor or ""
        asked = self.bounds.fixed[anchor]
        if asked == due:
            return f"On {self.names[anchor]} itself, {long_day(due)}."
        side = "after" if due > asked else "before"
        return f"{self._rounded(f'{self.names[anchor]}, {long_day(asked)},', asked, due, side)}."

    def _late(self, key: str, late: int) -> str:
        bounds = self.bounds
        latest, earliest = bounds.latest[key], bounds.earliest[key]
        assert latest is not None  # noqa: S101 - a task without a latest date is never late
        dates = {key: day for key, day in bounds.latest.items() if day is not None}
        needed = self._told(key, latest, bounds.held_by[key], dates)
        paced = self._told(key, earliest, bounds.pushed_by[key], bounds.earliest)
        return f"{needed}, but {_lower(paced)}: {business_days(late)} too late."

    def _told(self, key: str, due: date, reason: Reason, dates: Mapping[str, date]) -> str:
        """The date and what decided it, without the full stop."""
        if isinstance(reason, Edge):
            return self._edge(key, due, reason, dates)
        net = self.bounds.network
        node = net.nodes[key]
        if reason == "work":
            if node.duration:
                text = f"{business_days(node.duration)} after the request was complete ({long_day(net.begin)})"
                return f"{text} is {long_day(due)}{skipped(self.calendar, net.begin, due)}"
            return f"Possible as soon as the request is complete: {long_day(due)}"
        if reason == "today":
            return f"Still open and planned no earlier than today: {long_day(due)}"
        return f"{'Not before' if reason == 'not_before' else 'Not after'} {long_day(due)}, as the template says"

    def _edge(self, key: str, due: date, edge: Edge, dates: Mapping[str, date]) -> str:
        forward = edge.after == key
        other = edge.before if forward else edge.after
        base = self.bounds.fixed.get(other) or dates[other]
        work = edge.work(self.bounds.network.nodes.get(edge.after))
        side = "after" if forward else "before"
        raw = edge.span.after(base, self.calendar, 1 if forward else -1)
        if not forward and (edge.span.unit == "months" or (work and edge.span.unit != "business_days")):
            # Counted back through months of different length, or a gap and then work, no single day can be told.
            return f"{self._sum(edge.span, work)} before {self._named(other, base)} is at the latest {long_day(due)}"
        raw = self.calendar.shift(raw, work if forward else -work)
        total = self._sum(edge.span, work)
        if not total:
            if raw == due:
                return f"The same day as {self._named(other, base)}"
            return self._rounded(f"The day of {self.names[other]}, {long_day(raw)},", raw, due, side)
        start = f"{total} {side} {self._named(other, base)}"
        if raw != due:
            return self._rounded(f"{start} is {long_day(raw)},", raw, due, side, verb="")
        low, high = sorted((base, due))
        counted = skipped(self.calendar, low, high) if work or edge.span.unit == "business_days" else ""
        return f"{start} is {long_day(due)}{counted}"

    def _rounded(self, start: str, raw: date, due: date, side: str, verb: str = " is") -> str:
        return f"{start}{verb} {closed(self.calendar, raw)}; the working day {side} is {long_day(due)}"

    def _sum(self, span: Span, work: int) -> str:
        if span.unit == "business_days":
            span, work = Span(span.value + work, "business_days"), 0
        parts = [amount(span)] if span.value else []
        return " and ".join([*parts, business_days(work)] if work else parts)

    def _named(self, key: str, day: date) -> str:
        return f"{self.names[key]} ({long_day(day)})"

    def chain(self) -> tuple[str, frozenset[str]]:
        """Why the plan is late: what is needed by when, what is possible by when; and the tasks it speaks of."""
        bounds = self.bounds
        worst = max(bounds.late, key=lambda key: (bounds.late_by(key), bounds.latest[key], key))
        needs, needed = self._needed(worst)
        steps = self._steps(worst)
        paced = ", ".join(f"{self.names[key]} {long_day(bounds.earliest[key])}" for key in steps)
        origin = self._origin(steps[0])
        text = f"{needs}. {origin}: {paced}: {business_days(bounds.late_by(worst))} too late."
        return text, needed | frozenset(steps)

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
        work = reason.work(self.bounds.network.nodes.get(reason.after))
        total = self._sum(reason.span, work)
        day = self.bounds.fixed.get(reason.after)
        name = f"{self.names[reason.after]}, {long_day(day)}" if day else self.names[reason.after]
        fixed = ", fixed by a person" if reason.after in self.pins else ""
        return f"{total} before {name}{fixed}" if total else f"not after {name}{fixed}"

    def _steps(self, key: str) -> list[str]:
        """The tasks that push this one, first to last."""
        steps = [key]
        while isinstance(reason := self.bounds.pushed_by[steps[0]], Edge) and reason.before in self.bounds.pushed_by:
            steps.insert(0, reason.before)
        return steps

    def _origin(self, key: str) -> str:
        reason = self.bounds.pushed_by[key]
        if isinstance(reason, Edge):
            return f"After {self._named(reason.before, self.bounds.fixed[reason.before])}"
        net = self.bounds.network
        return f"From {long_day(net.today if reason == 'today' else net.begin)} on"

    def also_late(self, told: frozenset[str]) -> str | None:
        """The late tasks that the chain did not speak of."""
        rest = [key for key in self.bounds.late if key not in told]
        parts = [f"{self.names[key]} ({business_days(self.bounds.late_by(key))})" for key in rest]
        return f"Also too late: {listed(parts)}." if parts else None

    def short_notice(self, notice: Notice, complete: date) -> str:
        """How much notice was given, and how much is agreed."""
        day = self.bounds.fixed[notice.anchor]
        given, last = (day - complete).days, notice.span.before(day, self.calendar)
        gave = f"{given} days before" if given > 0 else "not before"
        return (
            f"The request was complete on {long_day(complete)}, {gave} {self._named(notice.anchor, day)}; "
            f"{amount(notice.span)} are agreed, so it was due by {long_day(last)}: {(complete - last).days} days short."
        )

    def overdue(self, key: str, possible: date, promised: date) -> str:
        """The whole request cannot be done when it was promised."""
        late = self.calendar.working_days_between(promised, possible)
        return (
            f"Promised for {long_day(promised)}, but {self.names[key]} can be done on {long_day(possible)} at the "
            f"agreed pace: {business_days(late)} too late."
        )

    def conflict(self, edge: Edge) -> str:
        """A date that a person fixed, against a rule; the date is kept."""
        fixed, net = self.bounds.fixed, self.bounds.network
        work = edge.work(net.nodes.get(edge.after))
        if edge.before in self.pins:
            day, other, side = edge.latest(fixed[edge.after], work, self.calendar, fixed=True), edge.after, "before"
            key, late = edge.before, self.calendar.working_days_between(day, fixed[edge.before])
        else:
            day = self.calendar.next(edge.earliest(fixed[edge.before], work, self.calendar))
            key, other, side = edge.after, edge.before, "after"
            late = self.calendar.working_days_between(fixed[edge.after], day)
        total = self._sum(edge.span, work)
        rule = f"{total} {side}" if total else f"not {'after' if side == 'before' else 'before'}"
        return (
            f"{self.names[key]} is fixed on {long_day(fixed[key])} by a person and stays there, but {rule} "
            f"{self._named(other, fixed[other])} is {long_day(day)}: {business_days(late)} too "
            f"{'late' if side == 'before' else 'early'}."
        )

    def compressed(self, what: Squeezed, before: int, after: int) -> str:
        """`Flow build: 2 business days instead of 3`."""
        if isinstance(what, str):
            return f"{self.names[what]}: {business_days(after)} instead of {before}"
        edge = next(edge for edge in self.bounds.network.edges if (edge.before, edge.after) == what)
        gap = amount(Span(after, edge.span.unit))
        return f"From {self.names[what[0]]} to {self.names[what[1]]}: {gap} instead of {before}"


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def won_back(compressions: Iterable[str], won: int, needed: int) -> str:
    """What the agreed compressions achieve when they are not enough."""
    cuts = "; ".join(compressions)
    if not cuts:
        return "None of the agreed compressions helps."
    return f"The agreed compressions ({cuts}) win back {won} of the {business_days(needed)}."
