"""What a commitment promises, for people who never open a YAML file: one Markdown section, stamped with its version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.core.agreement_page import clock_words, condition_words, listing, opening, table, whom_to_ask
from service.core.commitment import Agreement, Cadence, Commitment, Quota, Target
from service.core.explain import amount
from service.core.offsets import Offset


def page(commitment: Commitment) -> str:
    """Everything that others may rely on."""
    parts = [
        f"## {commitment.title} v{commitment.version}",
        f"`{commitment.id}`, version {commitment.version}.",
        *opening(commitment),
        listing("Agreed:", list(_promises(commitment))),
        whom_to_ask(commitment),
        table(("Task", "Party", "Responsible", "When", "What"), _tasks(commitment)),
    ]
    return "\n\n".join(filter(None, parts))


def _promises(commitment: Commitment) -> Iterator[str]:
    if commitment.starts_on:
        yield f"from {commitment.starts_on} on"
    match commitment:
        case Cadence():
            yield f"again and again: `{commitment.rrule}`"
        case Quota():
            yield from _counts(commitment)
        case Agreement():
            yield from (clock_words(name, rule) for name, rule in commitment.clocks.items())
            yield from _acceptance(commitment)


def _counts(quota: Quota) -> Iterator[str]:
    each = f", for each {quota.each} apart" if quota.each else ""
    for target in quota.targets:
        parts = f" ({', '.join(map(_band, target.parts))})" if target.parts else ""
        yield f"{_band(target)}{parts} a {quota.period.every}{each}"
    counted = quota.counted_when
    where = f", where {condition_words(counted.where)}" if counted.where else ""
    unless = f", unless {counted.unless}" if counted.unless else ""
    yield f"counted by {counted.event}{where}{unless}"
    if quota.carry_over != "none":
        yield f"a {quota.carry_over} is carried over"


def _band(target: Target) -> str:
    ends = [f"at least {target.at_least}"] if target.at_least is not None else []
    ends += [f"at most {target.at_most}"] if target.at_most is not None else []
    return f"{target.label}: {', '.join(ends)}"


def _acceptance(agreement: Agreement) -> Iterator[str]:
    rules = agreement.acceptance
    if rules is None:
        return
    for name, criterion in rules.criteria.items():
        always = ", whatever its score" if criterion.essential else ""
        yield f"taken on when {condition_words(criterion.when)} ({name.replace('_', ' ')}{always})"
    for row in rules.score:
        yield f"{row.points} points when {condition_words(row.when)}"
    if rules.exception_at is not None:
        yield f"an exception from {rules.exception_at} points on"
    if rules.bonus_at is not None:
        yield f"a bonus from {rules.bonus_at} points on"


def _tasks(commitment: Commitment) -> Iterator[Sequence[str]]:
    match commitment:
        case Cadence():
            for owed in commitment.tasks.values():
                parts = f"with {', '.join(owed.sections)}; " if owed.sections else ""
                yield owed.title, owed.party, owed.role, _offset(owed.due), parts + owed.description
        case Quota():
            for piece in commitment.tasks.values():
                yield piece.title, piece.party, piece.role, "spread over the period", piece.description
        case Agreement():
            for call in commitment.tasks.values():
                when = f", when {condition_words(call.when)}" if call.when else ""
                yield call.title, call.party, call.role, _offset(call.due) + when, call.description


def _offset(offset: Offset) -> str:
    return f"{amount(offset.span)} {offset.direction} {offset.ref}"
