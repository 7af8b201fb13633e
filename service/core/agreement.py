"""How an agreement stands: the clocks of every lead or chat under it, as a pure function of the events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.core.acceptance import Accepted, judge
from service.core.calendar import Calendar
from service.core.clocks import Terms, read_clock
from service.core.commitment import Agreement
from service.core.cycles import Clock, Verdict
from service.core.event import Event, facts_of

WORST: tuple[Verdict, ...] = ("breached", "at_risk", "on_track", "met")
NO_GROUP = "none"
MOST_NAMES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One lead or chat."""

    subject: str
    facts: Mapping[str, Any]
    group: str | None
    accepted: Accepted | None
    """None where the agreement has no rules of acceptance."""
    clocks: Mapping[str, Clock]
    """Those that have begun; none of what was rejected."""
    calls: Mapping[str, datetime]
    """Tasks that it makes necessary, and since when."""

    @property
    def verdict(self) -> Verdict | None:
        """The worst of its clocks; None where none was judged."""
        return worst(clock.verdict for clock in self.clocks.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of one clock stand how."""

    verdicts: Mapping[str, int]
    done: int
    """Stopped, in time or not."""
    of: int
    """All that were not cancelled."""
    open: tuple[str, ...]
    """Whose is still running: their names where an event told one, else their subjects."""

    @property
    def percent(self) -> int:
        """Done, of all; 100 where there is none."""
        return 100 * self.done // self.of if self.of else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """How all of them stand."""

    verdict: Verdict
    """The worst of what is still open; `on_track` where nothing is."""
    counts: Mapping[str, Tally]
    """By clock."""
    groups: Mapping[str, Mapping[str, Tally]]
    """The same for each of `report_by`."""
    acceptance: Mapping[str, int]
    """accepted, exception and rejected."""
    items: tuple[Item, ...]
    """The worst first, then in the order in which they began."""


def evaluate(
    agreement: Agreement,
    calendars: Mapping[str, Calendar],
    events: Iterable[Event],
    now: datetime,
    former: Sequence[tuple[Agreement, datetime]] = (),
) -> AgreementReport:
    """`events` are everything told of the items; an item that no event of the agreement began is left out.

    `former`: the versions before this one, oldest first, each up to when it was in force; what ended then is judged by
    it.
    """
    terms = {name: _terms(name, agreement, calendars, former) for name in agreement.clocks}
    begins = agreement.begins_with().union(*(one.begins_with() for one, _ in former))
    told: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.at <= now:
            told[event.subject].append(event)
    found = (_item(agreement, terms, begins, subject, its, now) for subject, its in told.items())
    items = [item for item in found if item]
    groups = sorted({item.group for item in items if item.group is not None})
    return AgreementReport(
        verdict=worst(_open_verdicts(items)) or "on_track",
        counts=_counts(agreement, items),
        groups={group: _counts(agreement, [item for item in items if item.group == group]) for group in groups},
        acceptance=Counter(item.accepted.outcome for item in items if item.accepted),
        items=tuple(sorted(items, key=_worst_first)),
    )


def worst(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """The one that says most; None where nothing was judged."""
    return min((verdict for verdict in verdicts if verdict), key=WORST.index, default=None)


def _terms(
    name: str,
    agreement: Agreement,
    calendars: Mapping[str, Calendar],
    former: Sequence[tuple[Agreement, datetime]],
) -> list[Terms]:
    """What every version says of a clock, and from when on."""
    versions = [*(one for one, _ in former), agreement]
    starts = [None, *(until for _, until in former)]
    return [
        Terms(rule, calendars[rule.calendar or one.calendar], f"v{one.version}", since)
        for one, since in zip(versions, starts, strict=True)
        if (rule := one.clocks.get(name))
    ]


def _item(
    agreement: Agreement,
    terms: Mapping[str, Sequence[Terms]],
    begins: Collection[str],
    subject: str,
    events: Sequence[Event],
    now: datetime,
) -> Item | None:
    if not any(event.type in begins for event in events):
        return None
    facts = facts_of(events)
    accepted = judge(agreement.acceptance, facts) if agreement.acceptance else None
    clocks: dict[str, Clock] = {}
    if accepted is None or accepted.outcome != "rejected":
        for name in agreement.clocks:
            clock = read_clock(events, terms[name], now)
            if clock.cycles:
                clocks[name] = clock
    calls = {
        name: min(event.at for event in events if event.type == task.on)
        for name, task in agreement.tasks.items()
        if any(event.type == task.on for event in events) and (task.when is None or task.when.holds(facts))
    }
    group = str(facts.get(agreement.report_by, NO_GROUP)) if agreement.report_by else None
    return Item(subject=subject, facts=facts, group=group, accepted=accepted, clocks=clocks, calls=calls)


def _open_verdicts(items: Iterable[Item]) -> Iterable[Verdict | None]:
    for item in items:
        for clock in item.clocks.values():
            if clock.current and clock.current.stop_time is None:
                yield clock.verdict


def _counts(agreement: Agreement, items: Sequence[Item]) -> dict[str, Tally]:
    return {name: _tally(items, name, rule.about) for name, rule in agreement.clocks.items()}


def _tally(items: Sequence[Item], clock: str, about: str) -> Tally:
    judged = [item for item in items if clock in item.clocks and item.clocks[clock].verdict]
    still = [item for item in judged if item.clocks[clock].state != "stopped"]
    return Tally(
        verdicts=Counter(str(item.clocks[clock].verdict) for item in judged),
        done=len(judged) - len(still),
        of=len(judged),
        open=tuple(str(item.facts.get(f"{about}.name") or item.subject) for item in still[:MOST_NAMES]),
    )


def _worst_first(item: Item) -> tuple[int, list[datetime], str]:
    verdict = item.verdict
    starts = [clock.current.start_time for clock in item.clocks.values() if clock.current]
    return WORST.index(verdict) if verdict else len(WORST), sorted(starts)[:1], item.subject
