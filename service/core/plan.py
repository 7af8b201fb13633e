"""Template and request in, plan out: the wanted tasks with dates, owners and the reason for every date. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256

from service.core import explain
from service.core.because import Because, sentence
from service.core.calendar import Calendar
from service.core.effective import Effective, effective, excluded
from service.core.feasibility import earliest_anchor, squeeze
from service.core.inputs import InputProblem, InputProblems, read_inputs
from service.core.instructions import instructions
from service.core.narrator import Narrator
from service.core.network import COMPLETE, CREATED, Edge, Network, Squeezed
from service.core.planned import Plan, PlannedTask, Verdict, jsonable
from service.core.schedule import Bounds, Running, Schedule, bounds, schedule
from service.core.template import Policy, Template
from service.core.wiring import Facts, overtaken, squeezes, wire

__all__ = ["Facts", "InputProblem", "InputProblems", "Plan", "PlannedTask", "Verdict", "make_plan", "read_inputs"]


def make_plan(template: Template, calendar: Calendar, facts: Facts, *, replan: bool = False) -> Plan:
    """The plan of this request.

    A first plan that is not possible follows the template's feasibility policies, the first that works. A running
    campaign (something is done or pinned, or `replan`) is never rejected or moved: what is late is flagged, and a date
    that a person fixed is kept even where it breaks a rule.
    """
    return _Case(template, calendar, facts, running=replan or bool(facts.done or facts.pins)).plan()


def last_open(found: Bounds, known: Effective, template: Template) -> tuple[str, date] | None:
    """The open task that is done last, and the day it can be.

    The tasks of another template's part are held to the day they are planned for: a date of their own may be later.
    """
    days = dict(found.earliest)
    parts = {key for key, origin in known.origins.items() if origin != template.name}
    if parts:
        days |= {key: day for key, day in schedule(found).due.items() if key in parts}
    return max(days.items(), key=lambda item: (item[1], item[0]), default=None)


@dataclass(frozen=True)
class _Case:
    """One request being planned."""

    template: Template
    calendar: Calendar
    facts: Facts
    running: bool

    @cached_property
    def known(self) -> Effective:
        """The template as it holds for this request."""
        return effective(self.template, self.facts.inputs)

    @cached_property
    def network(self) -> Network:
        return wire(self.template, self.known, self.calendar, self.facts)

    @cached_property
    def asked(self) -> Bounds:
        """The request exactly as it was asked for."""
        return bounds(self.network)

    @cached_property
    def squeezed(self) -> tuple[Bounds, dict[Squeezed, int]]:
        """After the agreed compressions, if the template has any."""
        return squeeze(self.asked, squeezes(self.template, self.network))

    @cached_property
    def conflicts(self) -> list[Edge]:
        """The rules that two fixed dates break: one that a person fixed, or dates of the request among themselves."""
        fixed, done = self.asked.fixed, self.facts.done.keys()
        pins = self.facts.pins.keys() - done
        return [
            edge
            for edge in self.network.edges
            if (edge.before in pins or edge.after in pins or done.isdisjoint((edge.before, edge.after)))
            and edge.before in fixed
            and edge.after in fixed
            and self._breaks(edge, fixed[edge.before], fixed[edge.after])
        ]

    @cached_property
    def overtaken(self) -> Mapping[str, Sequence[str]]:
        """Finished tasks that should have waited for what is still open."""
        return overtaken(self.known, self.facts.done, self.facts.dropped)

    @property
    def _at_risk(self) -> bool:
        return bool(self.conflicts or self._overdue or self.overtaken)

    def _breaks(self, edge: Edge, before: date, after: date) -> bool:
        # A person may fix a rest day, from which counting on and counting back differ: keeping one of the two will do.
        net = self.network
        return before > net.held_to(edge, after, fixed=True) and net.pushed_to(edge, before) > after

    @cached_property
    def possible_from(self) -> tuple[str, date] | None:
        """The first date of the movable input for which the plan is possible, cut if that comes before a shift."""
        name = self.template.movable
        if name is None or f"inputs.{name}" not in self.network.anchors:
            return None
        ways = self.template.feasibility.try_
        shift_first = "compress" in ways and "shift" in ways[: ways.index("compress")]
        items = [] if shift_first else squeezes(self.template, self.network)
        day = earliest_anchor(self.asked, f"inputs.{name}", items)
        return (name, day) if day else None

    def plan(self) -> Plan:
        if self._excluded and not self.running:
            return self._as("excluded", self.asked)
        if self.asked.feasible and not self._at_risk:
            return self._as("planned", self.asked)
        if self.asked.feasible:
            return self._as("flagged", self.asked)
        policies = self.template.feasibility.try_
        if self.running:
            policies = tuple(policy for policy in policies if policy == "compress")
        ways: dict[Policy, Callable[[], Plan | None]] = {
            "compress": self._compressed,
            "shift": self._shifted,
            "reject": lambda: self._as("rejected", self.asked),
            "flag": self._flagged,
        }
        plans = (ways[policy]() for policy in (*policies, "flag"))
        return next(plan for plan in plans if plan is not None)

    def _compressed(self) -> Plan | None:
        found, changes = self.squeezed
        verdict: Verdict = "flagged" if self.conflicts or self.overtaken else "compressed"
        return self._as(verdict, found, changes) if found.feasible else None

    def _shifted(self) -> Plan | None:
        if self.possible_from is None:
            return None
        name, day = self.possible_from
        facts = replace(self.facts, inputs={**self.facts.inputs, name: day})
        return replace(
            make_plan(self.template, self.calendar, facts),
            inputs=jsonable(self.facts.inputs),
            request_by=self._request_by,
            feasible=False,
            verdict="shift_proposed",
            shortfall=self._shortfall,
            problems=tuple(self._problems(feasible=False)),
            earliest_anchor=self.possible_from,
        )

    def _flagged(self) -> Plan:
        # What the compressions win is kept even where it is not enough: the plan is less late with them.
        return self._as("flagged", *self.squeezed)

    def _as(self, verdict: Verdict, found: Bounds, changes: Mapping[Squeezed, int] | None = None) -> Plan:
        template, facts = self.template, self.facts
        feasible = found.feasible and not self.conflicts and not self._overdue and verdict != "excluded"
        return Plan(
            template=template.id,
            version=template.version,
            digest=sha256(f"{template.digest} {self.calendar.digest}".encode()).hexdigest()[:16],
            inputs=jsonable(facts.inputs),
            complete_on=facts.complete_on,
            planned_on=facts.today,
            request_by=self._request_by,
            promised_on=self._promised,
            target_on=self._aimed_at,
            promise=self._promise,
            tasks=self._tasks(schedule(found, self._before)),
            feasible=feasible,
            verdict=verdict,
            shortfall=self._shortfall,
            problems=tuple(self._problems(feasible=found.feasible)),
            earliest_anchor=None if found.feasible else self.possible_from,
            compressions=self._compressions(changes or {}),
            critical=found.critical(),
        )

    @property
    def _before(self) -> Running | None:
        least = self.template.reschedule.min_move
        return Running(self.facts.was, self.facts.done, least) if least and self.running else None

    @property
    def _shortfall(self) -> int:
        last, promised = self._overdue, self._promised
        overdue = self.calendar.working_days_between(promised, last[1]) if last and promised else 0
        return max(self.asked.shortfall, overdue)

    @property
    def _request_by(self) -> date | None:
        anchors = self.network.anchors
        terms = [term.offset for term in self.known.lead_times if term.offset.ref in anchors]
        return min((term.span.before(anchors[term.ref], self.calendar) for term in terms), default=None)

    @cached_property
    def _promised(self) -> date | None:
        promise = self.known.turnaround
        return promise.commit.date_from(self.facts.complete_on, self.calendar) if promise else None

    @property
    def _aimed_at(self) -> date | None:
        promise = self.known.turnaround
        if promise is None or promise.target is None:
            return None
        return promise.aimed_at().date_from(self.facts.complete_on, self.calendar)

    @property
    def _promise(self) -> str:
        promise, agreed = self.known.turnaround, self.template.turnaround
        if promise is None or self._promised is None:
            return ""
        return explain.promised(
            self.calendar, self.facts.complete_on, promise, self._promised, agreed, self.known.addends
        )

    @cached_property
    def _excluded(self) -> list[str]:
        return excluded(self.template, self.facts.inputs)

    @cached_property
    def _overdue(self) -> tuple[str, date] | None:
        """The last open task and the day it can be done, when that is after the promised day."""
        last = last_open(self.asked, self.known, self.template) if self._promised else None
        return last if last and self._promised and last[1] > self._promised else None

    def _tasks(self, dated: Schedule) -> tuple[PlannedTask, ...]:
        narrator = self._narrator(dated.bounds)
        rank = {key: index for index, key in enumerate(self._ranked())}
        keys = sorted(dated.due, key=lambda key: (dated.due[key], rank[key]))
        return tuple(self._task(key, dated, narrator) for key in keys)

    def _ranked(self) -> list[str]:
        """Keys by how many tasks stand before them in a row, then by name: the order of the file changes nothing."""
        depth: dict[str, int] = {}
        for key in self.network.order:
            before = (depth[edge.before] for edge in self.network.incoming[key] if edge.before in depth)
            depth[key] = 1 + max(before, default=0)
        return sorted(depth, key=lambda key: (depth[key], key))

    def _task(self, key: str, dated: Schedule, narrator: Narrator) -> PlannedTask:
        recipe, found = self.known.tasks[key], dated.bounds
        waits = [edge.before for edge in self.network.incoming[key] if edge.kind == "depends_on"]
        because = self._because(key, dated, narrator)
        slack = found.slack(key)
        return PlannedTask(
            key=key,
            title=recipe.title,
            text=instructions(recipe, self.template, self.facts.inputs),
            party=recipe.party,
            owner=recipe.role,
            start_on=dated.start[key],
            due_on=dated.due[key],
            depends_on=tuple(dict.fromkeys(waits)),
            milestone=recipe.duration.value == 0,
            slack=None if slack is None else max(slack, 0),
            late_by=found.late_by(key) if key in found.earliest else 0,
            pinned=key in self.facts.pins and key not in self.facts.done,
            why=sentence(because),
            because=because.as_dict(),
        )

    def _because(self, key: str, dated: Schedule, narrator: Narrator) -> Because:
        due, least = dated.due[key], self.template.reschedule.min_move
        if least and key in dated.held:
            return narrator.held(key, due, dated.held[key], dated.reason[key], dated.due, least)
        return narrator.because(key, due, dated.reason.get(key), dated.due)

    def _narrator(self, found: Bounds) -> Narrator:
        names = {f"inputs.{name}": self.template.label(name) for name in self.template.inputs}
        names |= {key: f"“{self.known.tasks[key].title}”" for key in self.network.nodes}
        names |= {COMPLETE: "the complete request", CREATED: "the filed request"}
        return Narrator(found, names, self.facts.pins, self.facts.done)

    def _compressions(self, changes: Mapping[Squeezed, int]) -> tuple[str, ...]:
        narrator = self._narrator(self.asked)
        return tuple(narrator.compressed(what, self.network.size(what), value) for what, value in changes.items())

    def _problems(self, *, feasible: bool) -> list[str]:
        """What stands against the plan as it was asked for; when it is feasible only what a person's dates break."""
        narrator = self._narrator(self.asked)
        if self._excluded and not self.running:
            return [f"The agreement does not cover this: {what}." for what in self._excluded]
        problems = [f"The agreement does not cover this: {what}." for what in self._excluded]
        problems += [narrator.conflict(edge) for edge in self.conflicts]
        problems += [narrator.overtaken(key, still_open) for key, still_open in self.overtaken.items()]
        if self._overdue and self._promised:
            problems.append(narrator.overdue(*self._overdue, self._promised))
        if feasible:
            return problems
        if self.asked.late:
            chain, told = narrator.chain()
            problems += [chain, *filter(None, [narrator.also_late(told)])]
        problems += [narrator.short_notice(notice, self.facts.complete_on) for notice in self.network.short_notice()]
        if self.asked.late and self.template.feasibility.compress:
            found, changes = self.squeezed
            won = self.asked.shortfall - found.shortfall
            problems.append(explain.won_back(self._compressions(changes), won, self.asked.shortfall))
        return problems
