"""Bring campaigns that run to another version of their template, and back. Each one's run does it, like all else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service import sync
from service.core.calendar import Calendar
from service.core.differences import differences
from service.core.template import Template
from service.publishing import is_template, template_of
from service.runtime import Runtime
from service.store import campaigns, ledger, moves, published
from service.store.engine import reading, transaction
from service.store.tables import Campaign, Move
from service.sync import Foreseen

ELSEWHERE = "it counts in another calendar; freeze that with --calendar"


class CannotMigrate(Exception):
    """Why, and what to do instead."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Step:
    """One campaign on its way from one version to another, or back."""

    campaign: Campaign
    """As it stands."""
    version: int
    """The one that it goes to."""
    move: Move
    foreseen: Foreseen | None
    problem: str | None
    """Why it cannot go."""
    causes: tuple[str, ...]
    """What the one version says otherwise than the other."""

    @property
    def name(self) -> str:
        """`MKT-12 Spring webinar: webinar v1 → v2`."""
        campaign = self.campaign
        versions = f"{campaign.template} v{campaign.template_version} → v{self.version}"
        return f"{campaign.request_label} {campaign.title}: {versions}"


def version_of(runtime: Runtime, template: str, version: int | None) -> Template:
    """A published version, the newest unless named; raises `CannotMigrate`."""
    with reading(runtime.engine) as session:
        newest = published.newest_of(session, template)
        row = newest if version is None else published.get(session, template, version)
    if newest is None or not is_template(newest):
        raise CannotMigrate(f"no template `{template}` is published", "`tminus templates list` lists them")
    if row is None:
        raise CannotMigrate(f"{template} v{version} was never published", f"the newest is v{newest.version}")
    return template_of(row)


def steps(runtime: Runtime, target: Template, names: Collection[str], *, calendar: bool) -> list[Step]:
    """For each running campaign of another version what would become of it; nothing is written.

    `calendar`: its holidays are frozen anew, too. Raises `CannotMigrate` and the tracker's errors.
    """
    chosen = _chosen(runtime, target.id, names)
    return [_step(runtime, one, target, calendar) for one in chosen if one.template_version != str(target.version)]


def _step(runtime: Runtime, campaign: Campaign, target: Template, calendar: bool) -> Step:
    fresh = runtime.catalogue.calendar_of(target, around=runtime.now().date())
    frozen = Calendar.from_dict(campaign.calendar_snapshot)
    wanted = {"template": target.model_dump(mode="json", exclude_defaults=True)}
    if calendar:
        wanted["calendar"] = fresh.as_dict()
    move = Move(campaign_id=campaign.id, kind="template", state="asked", wanted=wanted)
    causes = tuple(differences(Template.model_validate(campaign.template_snapshot), target))
    if not calendar and not _serves(frozen, fresh):
        return Step(campaign, target.version, move, None, ELSEWHERE, causes)
    foreseen = sync.foresee(runtime, campaign, _copy(move), {})
    return Step(campaign, target.version, move, foreseen, foreseen.reason, causes)


def _serves(frozen: Calendar, fresh: Calendar) -> bool:
    """Whether everything that the template names was frozen with the campaign."""
    return frozen.name == fresh.name and fresh.beside.keys() <= frozen.beside.keys()


def steps_back(runtime: Runtime, template: str, names: Collection[str]) -> list[Step]:
    """For each campaign whose latest move was to another version what taking that back would do."""
    found = []
    for campaign in _chosen(runtime, template, names):
        with reading(runtime.engine) as session:
            move = moves.latest(session, campaign.id)
        if move and move.kind == "template" and move.before:
            back = _copy(move)
            back.state, back.reason = "undo_asked", None
            foreseen = sync.foresee(runtime, campaign, back, {})
            found.append(Step(campaign, int(move.before["version"]), move, foreseen, foreseen.reason, ()))
    return found


def apply(runtime: Runtime, wanted: Sequence[Step], by: str) -> list[Step]:
    """Ask each campaign's run to go there; returns those that were asked. The caller asks for the runs."""
    asked = []
    with transaction(runtime.engine) as session:
        for step in wanted:
            step.move.by = by
            if step.problem is None and moves.ask(session, _copy(step.move)):
                told = f"{by} brings it to v{step.version} of {step.campaign.template}."
                ledger.note(session, "migrate", told, campaign_id=step.campaign.id)
                asked.append(step)
    return asked


def roll_back(runtime: Runtime, wanted: Sequence[Step], by: str) -> list[Step]:
    """Ask each campaign's run to stand again as it did; returns those that were asked."""
    asked = []
    with transaction(runtime.engine) as session:
        for step in wanted:
            if step.problem is None and moves.ask_back(session, step.move):
                told = f"{by} takes it back to v{step.version} of {step.campaign.template}."
                ledger.note(session, "migrate", told, campaign_id=step.campaign.id)
                asked.append(step)
    return asked


def _chosen(runtime: Runtime, template: str, names: Collection[str]) -> list[Campaign]:
    with reading(runtime.engine) as session:
        running = campaigns.running(session, template)
    if not names:
        return running
    known = {name: one for one in running for name in (one.request_label, one.request_task, one.id)}
    if missing := [name for name in names if name not in known]:
        raise CannotMigrate(f"no running campaign of {template} is called {', '.join(missing)}")
    return [one for one in running if {one.request_label, one.request_task, one.id} & set(names)]


def _copy(move: Move) -> Move:
    return Move(**move.model_dump())
