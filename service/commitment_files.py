"""Commitments as ops write them in YAML files, beside the templates of campaigns."""

from __future__ import annotations

from collections.abc import Collection

from service.calendars import known_zone
from service.config_file import Document
from service.core.commitment import Agreement, Cadence, Commitment, Quota
from service.core.commitment_checks import flaws
from service.core.offsets import did_you_mean
from service.mistakes import CatalogueProblem, refusal, validated

KINDS: dict[str, type[Commitment]] = {"cadence": Cadence, "quota": Quota, "agreement": Agreement}
CAMPAIGN = "campaign"


def is_commitment(document: Document) -> bool:
    """Whether the file says that it is no template of a campaign."""
    return bool(document.data.get("kind", CAMPAIGN) != CAMPAIGN)


def read_commitment(document: Document, calendars: Collection[str]) -> tuple[Commitment | None, list[CatalogueProblem]]:
    """The commitment of a file, or everything that is wrong with it."""
    kind = str(document.data["kind"])
    model = KINDS.get(kind)
    if model is None:
        guess = did_you_mean(kind, (CAMPAIGN, *KINDS))
        return None, [refusal(document, ("kind",), f"`kind` is {', '.join((CAMPAIGN, *KINDS))}, not `{kind}`{guess}")]
    commitment, problems = validated(document, model, document.data)
    if commitment is None:
        return None, problems
    problems = [refusal(document, flaw.path, flaw.message) for flaw in flaws(commitment)]
    if isinstance(commitment, Quota) and commitment.period.time_zone is not None:
        try:
            known_zone(commitment.period.time_zone)
        except ValueError as unknown:
            problems.append(refusal(document, ("period", "time_zone"), str(unknown)))
    for path, name in commitment.calendars().items():
        if name not in calendars:
            message = f"there is no usable calendar `{name}`{did_you_mean(name, calendars)}"
            problems.append(refusal(document, path, message))
    return (None, problems) if problems else (commitment, [])
