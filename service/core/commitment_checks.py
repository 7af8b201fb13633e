"""Whether a commitment makes sense: every name known, nothing waiting for itself, every number possible."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from service.core.checking import Flaw, Path
from service.core.commitment import OCCURRENCE, Agreement, Cadence, Commitment, Quota, Target
from service.core.network import Cycle
from service.core.offsets import did_you_mean


def flaws(commitment: Commitment) -> list[Flaw]:
    """Everything wrong with it; nothing where it can be followed."""
    match commitment:
        case Cadence():
            return list(_cadence(commitment)) or list(_cycles(commitment))
        case Quota():
            return list(_quota(commitment))
        case Agreement():
            return list(_agreement(commitment))
    return []


def _cadence(cadence: Cadence) -> Iterator[Flaw]:
    if cadence.rrule.interval > 1 and cadence.starts_on is None:
        every = f"`INTERVAL={cadence.rrule.interval}` counts from a first day"
        yield Flaw(("rrule",), f'{every}; write `starts_on`, such as "2027-01-04"')
    for name, task in cadence.tasks.items():
        at = ("tasks", name, "due")
        after, _, point = task.due.ref.partition(".")
        if task.due.ref == OCCURRENCE:
            continue
        if after not in cadence.tasks or point not in ("done", "due"):
            known = (OCCURRENCE, *(f"{other}.{what}" for other in cadence.tasks for what in ("done", "due")))
            yield Flaw(at, f"`{task.due.ref}` is not known{did_you_mean(task.due.ref, known)}")
        elif point == "done" and task.due.direction == "before":
            yield Flaw(at, f"`{task.due}`: nobody knows beforehand when it will be done; count from `{after}.due`")


def _cycles(cadence: Cadence) -> Iterator[Flaw]:
    after = {name: {task.due.ref.partition(".")[0]} - {OCCURRENCE} for name, task in cadence.tasks.items()}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as cycle:
        names = list(reversed(cycle.args[1]))
        yield Flaw(("tasks", names[0], "due"), str(Cycle(names)))


def _quota(quota: Quota) -> Iterator[Flaw]:
    if quota.starts_on is None:
        for field, value, plain in (
            ("carry_over", quota.carry_over, "none"),
            ("first_period", quota.first_period, "full"),
        ):
            if value != plain:
                yield Flaw((field,), f"`{field}: {value}` counts from a first day; write `starts_on`")
    for position, target in enumerate(quota.targets):
        yield from _target(quota, target, ("targets", position))
    known = [target.of for target in _all_targets(quota.targets) if target.of]
    for name, task in quota.tasks.items():
        if task.of not in known:
            yield Flaw(("tasks", name, "of"), f"there is no target of `{task.of}`{did_you_mean(task.of, known)}")
    yield from _facts(quota)


def _target(quota: Quota, target: Target, at: Path) -> Iterator[Flaw]:
    low, high = target.at_least, target.at_most
    if low is None and high is None:
        yield Flaw(at, "a target says `at_least`, `at_most` or both")
    elif low is not None and high is not None and low > high:
        yield Flaw(at, f"at least {low} and at most {high} cannot both be kept")
    if high is not None and quota.carry_over != "none":
        yield Flaw((*at, "at_most"), f"`at_most` cannot be kept with `carry_over: {quota.carry_over}`")
    for position, part in enumerate(target.parts):
        yield from _target(quota, part, (*at, "parts", position))


def _facts(quota: Quota) -> Iterator[Flaw]:
    """Facts are told by the event that counts, so they are about the same thing."""
    counted = quota.counted_when
    named = [
        (("counted_when", "distinct"), counted.distinct),
        (("counted_when", "by"), counted.by),
        (("each",), quota.each),
    ]
    named += [(("counted_when", "where"), field) for field in (counted.where.fields() if counted.where else ())]
    for at, fact in named:
        if fact and fact.partition(".")[0] != counted.about:
            rest = fact.partition(".")[2] or "id"
            yield Flaw(at, f"`{counted.event}` does not tell `{fact}`; did you mean `{counted.about}.{rest}`?")


def _agreement(agreement: Agreement) -> Iterator[Flaw]:
    for name, task in agreement.tasks.items():
        if task.due.ref != task.on or task.due.direction == "before":
            yield Flaw(("tasks", name, "due"), f"`{task.due}`: it is counted `after {task.on}`")
    for name, rule in agreement.clocks.items():
        if rule.reassigns and (why := _nothing_to_take_over(agreement, rule.about)):
            yield Flaw(("clocks", name, "on_breach"), f"`reassign`: {why}; write `notify`")
    about = {event.partition(".")[0] for event in agreement.listens_to()}
    for field in agreement.fields():
        entity = field.partition(".")[0]
        if entity not in about:
            words = f"no event of this agreement tells `{field}`{did_you_mean(entity, about)}"
            yield Flaw(("clocks",) if agreement.clocks else ("tasks",), words)


def _nothing_to_take_over(agreement: Agreement, about: str) -> str | None:
    if agreement.file is None:
        return "without `file` nothing of this agreement stands in a tracker, so there is no task to take over"
    if not any(task.on.partition(".")[0] == about for task in agreement.tasks.values()):
        return f"no entry of `tasks` makes a task for a {about}, so there is none to take over"
    return None


def _all_targets(targets: tuple[Target, ...]) -> Iterator[Target]:
    for target in targets:
        yield target
        yield from _all_targets(target.parts)
