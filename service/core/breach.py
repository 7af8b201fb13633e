"""Goals that were missed, whom that is to be told and whose task it takes away, once for each cycle of a clock."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from service.core.clock_rule import ClockRule
from service.core.cycles import Clock, Cycle
from service.core.explain import listed


@dataclass(frozen=True, slots=True)
class Breach:
    """One missed goal that somebody is to hear of."""

    key: str
    """Unlike that of any other cycle of any other clock of the same subject."""
    clock: str
    running: bool
    """What was promised is still owed."""
    what: str
    """Which clock, and what was promised until when."""
    notify: tuple[str, ...]
    """Roles, as the template names them."""
    reassign: str | None
    """Who takes the late task over, as the template names them."""

    def told(self, holders: Mapping[str, str]) -> str:
        """The sentence, with whoever holds the roles: role → name."""
        roles = [f"{role.removeprefix('role:').replace('_', ' ')} ({_holder(role, holders)})" for role in self.notify]
        return f"{self.what}. To be told: {listed(roles)}." if roles else f"{self.what}."


def breaches(clocks: Mapping[str, Clock], rules: Mapping[str, ClockRule]) -> Iterator[Breach]:
    """Every cycle that missed its goal, of clocks that say what is to be done then."""
    for name, clock in clocks.items():
        rule = rules[name]
        if rule.on_breach:
            missed = (cycle for cycle in clock.cycles if cycle.breached)
            yield from (_breach(name, rule, cycle) for cycle in missed)


def ending_task(rule: ClockRule, tasks: Container[str]) -> str | None:
    """The task of a template with which a clock stops: `send` where that is `send.done`."""
    named = (event.rpartition(".")[0] for event in rule.stop)
    return next((task for task in named if task in tasks), None)


def _breach(name: str, rule: ClockRule, cycle: Cycle) -> Breach:
    label = rule.label or name.replace("_", " ").capitalize()
    until = f", until {cycle.breach_time:%Y-%m-%d %H:%M} UTC" if cycle.breach_time else ""
    what = f"{label} is late: {cycle.goal.replace('_', ' ')} agreed{until}"
    return Breach(
        key=f"{name}-{cycle.start_time:%Y%m%dT%H%M%S.%f}",
        clock=name,
        running=cycle.stop_time is None,
        what=what,
        notify=tuple(done.notify for done in rule.on_breach if done.notify),
        reassign=rule.reassigns,
    )


def _holder(role: str, holders: Mapping[str, str]) -> str:
    return holders.get(role.removeprefix("role:")) or "nobody holds this role"
