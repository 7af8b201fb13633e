"""What a commitment's verdict was made from, line by line for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.core.agreement import AgreementReport, Item
from service.core.cadence import CadenceReport, OwedTask
from service.core.clocks import SAID_NOTHING
from service.core.cycles import Clock, Cycle, friendly
from service.core.explain import listed, long_day
from service.core.quota import QuotaReport, TargetState
from service.core.standing import Report


def details(report: Report, most: int) -> Iterator[str]:
    """One line for each thing; of many leads or chats the `most` urgent."""
    match report:
        case CadenceReport():
            yield from _cadence(report)
        case QuotaReport():
            yield f"{long_day(report.period.first)} to {long_day(report.period.last)}"
            for target in report.targets:
                yield from _target(target, "")
        case AgreementReport():
            for group, clocks in report.groups.items():
                for clock, tally in clocks.items():
                    told = [f"{count} {_words(verdict)}" for verdict, count in sorted(tally.verdicts.items())]
                    names = f"; open: {listed(tally.open)}" if tally.open else ""
                    yield f"{group}: {_words(clock)}: {listed(told) or 'none'}, {tally.percent} % done{names}"
            for item in report.items[:most]:
                yield from _item(item)
            if len(report.items) > most:
                yield f"… and {len(report.items) - most} more"


def _cadence(report: CadenceReport) -> Iterator[str]:
    for occurrence in report.occurrences:
        yield f"{long_day(occurrence.at.date())}, {occurrence.at:%H:%M}"
        for task in occurrence.tasks:
            yield f"    {_task(task)}"


def _task(task: OwedTask) -> str:
    told = [f"done {long_day(task.done_at.date())}" if task.done_at else "open", _words(task.verdict)]
    if task.missing:
        told.append(f"without {_words(listed(task.missing))}")
    if task.waits_for:
        told.append(f"waits for {_words(task.waits_for)}")
    return f"{task.title} ({task.party}, {task.owner}), due {long_day(task.due_on)}: {', '.join(told)}"


def _target(target: TargetState, indent: str) -> Iterator[str]:
    band = " to ".join(str(bound) for bound in (target.at_least, target.at_most) if bound is not None)
    name = f"{target.label} of {target.each}" if target.each else target.label
    pace = f"expected by now {target.expected}" + (f", behind {target.behind}" if target.behind else "")
    notes = f" ({'; '.join(target.notes)})" if target.notes else ""
    yield f"{indent}{name}: {target.count} of {band}, {pace}: {_words(target.state)}, {target.light}{notes}"
    for part in target.parts:
        yield from _target(part, indent + "    ")


def _item(item: Item) -> Iterator[str]:
    taken = ""
    if item.accepted:
        lacks = f", lacks {_words(listed(item.accepted.lacks))}" if item.accepted.lacks else ""
        first = ", priority" if item.accepted.priority else ""
        bonus = ", bonus" if item.accepted.bonus else ""
        taken = f": {item.accepted.outcome}, score {item.accepted.score}{lacks}{first}{bonus}"
    yield f"{item.subject}{taken}"
    yield from (f"    {line}" for line in clock_lines(item.clocks))


def clock_lines(clocks: Mapping[str, Clock]) -> Iterator[str]:
    """One for each clock that has begun: verdict, how long of how much, and who was waited for."""
    for name, clock in clocks.items():
        if clock.current:
            yield f"{_words(name)}: {_cycle(clock.current)}"


def _cycle(cycle: Cycle) -> str:
    due = f", due {cycle.breach_time:%Y-%m-%d %H:%M}Z" if cycle.breach_time and not cycle.stop_time else ""
    spent = {party: amount for party, amount in cycle.elapsed_by_party.items() if party != SAID_NOTHING}
    parties = listed([f"{party} {friendly(amount)}" for party, amount in spent.items()])
    verdict = _words(cycle.verdict or cycle.state)
    return f"{verdict}, {friendly(cycle.elapsed_time)} of {cycle.goal}{due}{f' ({parties})' if parties else ''}"


def _words(name: str) -> str:
    return name.replace("_", " ")
