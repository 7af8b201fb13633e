"""Move a campaign by its request's dates, and take that back: what is foreseen is what the campaign's run then does.

The command writes the date into the request, where a person would; whoever edits it in the tracker gets the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from service import apply, sync
from service.core.decide import SetDays
from service.core.template import Template
from service.moving import UNDO_FOR
from service.runtime import Runtime
from service.store import campaigns, ledger, moves
from service.store.engine import reading, transaction
from service.store.tables import Campaign, Move
from service.sync import Foreseen


class CannotMove(Exception):
    """Why, and what to do instead."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def campaign_named(runtime: Runtime, name: str) -> Campaign:
    """By the request's label, task id or campaign id, as long as it is not over; raises `CannotMove`."""
    with reading(runtime.engine) as session:
        campaign = campaigns.named(session, name)
    if campaign is None:
        raise CannotMove(f"there is no campaign for `{name}`", "`tminus campaigns` lists them")
    if campaign.state not in campaigns.NOT_OVER:
        raise CannotMove(f"{campaign.request_label} is {campaign.state}, so nothing of it is planned any more")
    return campaign


def inputs_of(campaign: Campaign, day: date | None, others: Mapping[str, date]) -> dict[str, date]:
    """The inputs to change, by name; `day` is for the date that the template lets move. Raises `CannotMove`."""
    template = Template.model_validate(campaign.template_snapshot)
    dates = [name for name, entry in template.inputs.items() if entry.type == "date"]
    for name in others:
        if name not in dates:
            raise CannotMove(f"{template.title} has no date `{name}`", f"it has: {', '.join(dates) or 'none'}")
    if day is None:
        return dict(others)
    main = template.movable or (dates[0] if len(dates) == 1 else None)
    if main is None:
        raise CannotMove(
            f"{template.title} has {'several dates' if dates else 'no date'} that could be meant",
            f"name it: --input NAME={day}; it has: {', '.join(dates) or 'none'}",
        )
    return {main: day, **others}


def foresee(runtime: Runtime, campaign: Campaign, inputs: Mapping[str, date]) -> Foreseen:
    """What would become of the campaign; nothing is written. Raises `CannotMove` and the tracker's errors."""
    today = runtime.now().date()
    for name, day in inputs.items():
        if day < today:
            raise CannotMove(f"{name.replace('_', ' ')} would be {day}, which is past; today is {today}")
    found = sync.foresee(runtime, campaign, None, inputs)
    wrong = [action for action in found.actions if getattr(action, "name", "") == "inputs"]
    if wrong and found.revision is None:
        raise CannotMove(str(wrong[0]))
    return found


def move(runtime: Runtime, foreseen: Foreseen, by: str) -> None:
    """Write the days into the request; the campaign's run, which the caller asks for, does the rest.

    Raises the tracker's errors, and `CannotMove` where it refuses.
    """
    campaign = foreseen.campaign
    days = [action for action in foreseen.actions if isinstance(action, SetDays)]
    applied = apply.carry_out(runtime, campaign, None, {}, days, {})
    if applied.error:
        raise applied.error
    for _, words in applied.failures:
        raise CannotMove(f"the tracker refuses it: {words}", "set the date in the request itself")
    with transaction(runtime.engine) as session:
        for action in applied.done:
            ledger.note(session, "rescheduled", f"{by}: {action}", campaign_id=campaign.id)


def latest_move(runtime: Runtime, campaign: Campaign) -> Move:
    """The move of its dates that can be taken back; raises `CannotMove`."""
    with reading(runtime.engine) as session:
        found = moves.latest(session, campaign.id)
    if found is None or (found.kind == "date" and runtime.now() - found.at > UNDO_FOR):
        raise CannotMove(f"{campaign.request_label} was not moved in the last {UNDO_FOR.days * 24} hours")
    if found.kind == "template":
        raise CannotMove(
            f"the latest change of {campaign.request_label} is its template's",
            f"`tminus templates migrate {campaign.template} --campaign {campaign.request_label} --rollback`",
        )
    return found


def foresee_undo(runtime: Runtime, campaign: Campaign, found: Move) -> Foreseen:
    """What taking it back would do; raises `CannotMove` and the tracker's errors."""
    foreseen = sync.foresee(runtime, campaign, Move(**found.model_dump() | {"state": "undo_asked", "reason": None}), {})
    if foreseen.reason:
        raise CannotMove(f"it cannot be taken back: {foreseen.reason}")
    return foreseen


def undo(runtime: Runtime, campaign: Campaign, found: Move, by: str) -> None:
    """Let the campaign's run, which the caller asks for, take it back. Raises `CannotMove`."""
    with transaction(runtime.engine) as session:
        if not moves.ask_back(session, found):
            raise CannotMove(f"{campaign.request_label} is being moved at this moment", "try again in a minute")
        ledger.note(session, "undo", f"{by} wants the latest move taken back.", campaign_id=campaign.id)
