"""Goals that were missed and whom that is to be told, once for each cycle of a clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.core.clock_rule import ClockRule
from service.core.cycles import Clock, Cycle
from service.core.explain import listed


@dataclass(frozen=True, slots=True)
class Breach:
    """One missed goal that somebody is to hear of."""

    key: str
    """Unlike that of any other cycle of any other clock of the same subject."""
    what: str
    """Which clock, and what was promised until when."""
    notify: tuple[str, ...]
    """Roles, as the template names them."""

    def told(self, holders: Mapping[str, str]) -> str:
        """The sentence, with whoever holds the roles: role → name."""
        roles = [f"{role.removeprefix('role:').replace('_', ' ')} ({_holder(role, holders)})" for role in self.notify]
        return f"{self.what}. To be told: {listed(roles)}."


def breaches(clocks: Mapping[str, Clock], rules: Mapping[str, ClockRule]) -> Iterator[Breach]:
    """Every cycle that missed its goal, of clocks that say who is to hear of it."""
    for name, clock in clocks.items():
        rule = rules[name]
        if rule.on_breach:
            missed = (cycle for cycle in clock.cycles if cycle.breached)
            yield from (_breach(name, rule, cycle) for cycle in missed)


def _breach(name: str, rule: ClockRule, cycle: Cycle) -> Breach:
    label = rule.label or name.replace("_", " ").capitalize()
    until = f", until {cycle.breach_time:%Y-%m-%d %H:%M} UTC" if cycle.breach_time else ""
    what = f"{label} is late: {cycle.goal.replace('_', ' ')} agreed{until}"
    return Breach(f"{name}-{cycle.start_time:%Y%m%dT%H%M%S.%f}", what, tuple(told.notify for told in rule.on_breach))


def _holder(role: str, holders: Mapping[str, str]) -> str:
    return holders.get(role.removeprefix("role:")) or "nobody holds this role"
