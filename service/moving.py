"""A campaign that is moved, by its request's dates or by its template, or taken back: one run's part in it.

Before anything is written it is kept how the campaign stood, so that taking it back is exact and no planning anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from connectors.contract import AccountId, Task
from service import attached, create
from service.assignment import Owner
from service.core.causes import causes
from service.core.decide import LEFT, REQUEST, SetDays
from service.core.merge import LinkView
from service.core.plan import InputProblems, Plan
from service.core.revision import Revision, revise
from service.core.template import Template
from service.runtime import Runtime
from service.settings import RequestRule
from service.store import moves
from service.store.engine import transaction
from service.store.tables import Campaign, Move

UNDO_FOR = timedelta(hours=24)
"""How long a moved date can be taken back."""
OVER = "the campaign is over"


class CannotTakeBack(Exception):
    """Why, in a sentence for people."""


@dataclass(slots=True)
class Moving:
    """What is asked of a campaign, and what its run makes of it; for most runs that is nothing."""

    runtime: Runtime
    campaign: Campaign
    move: Move | None = None
    begun: bool = False
    """This run moves the campaign."""
    days: SetDays | None = None
    """What the request has to say again."""
    _before: dict[str, Any] = field(default_factory=dict)
    _owners: dict[str, Owner] = field(default_factory=dict)
    _refused: Move | None = None

    @classmethod
    def found(cls, session: Session, runtime: Runtime, campaign: Campaign) -> Moving:
        """With what is asked of it, or was begun by a run that broke off."""
        return cls(runtime, campaign, moves.under_way(session, campaign.id))

    @property
    def back(self) -> bool:
        """It is to be taken back."""
        return self.move is not None and self.move.state == "undo_asked"

    @property
    def changes_template(self) -> bool:
        """The run plans by another template than the runs before it."""
        return self.begun and self.move is not None and self.move.kind == "template" and not self.back

    @property
    def reason(self) -> str | None:
        """Why what was asked for cannot be."""
        return self._refused.reason if self._refused else None

    @property
    def name(self) -> str:
        """Of the comment: the same when a run is repeated."""
        return f"{'back' if self.back else 'moved'}-{self.move.id[-8:]}" if self.begun and self.move else "moved"

    @property
    def left(self) -> str:
        """Why tasks are left out of the plan."""
        if self.back and self.begun:
            return "what it was made for was taken back"
        name = self.campaign.template.replace("_", " ")
        return f"{name} v{self.campaign.template_version} has no such task" if self.changes_template else LEFT

    def stands(self, links: Mapping[str, LinkView]) -> None:
        """Keep how the campaign stands, before this run changes anything."""
        campaign = self.campaign
        self._before = {
            "template": campaign.template_snapshot,
            "version": campaign.template_version,
            "calendar": campaign.calendar_snapshot,
            "plan": campaign.plan,
            "inputs": campaign.inputs,
            "basis": campaign.agreed.get("basis"),
            "owners": {key: link.agreed.owner for key, link in links.items() if link.agreed.owner},
        }

    @property
    def what(self) -> str:
        """What it is, at the beginning of a sentence."""
        return "The change of the template" if self.move and self.move.kind == "template" else "The move"

    def take_template(self, request: Task, rule: RequestRule | None, today: date) -> None:
        """Plan by the template that is asked for, unless the request does not say enough for it."""
        move = self.move
        if move is None or move.kind != "template" or move.state not in ("asked", "begun") or not move.wanted:
            return
        template = Template.model_validate(move.wanted["template"])
        try:
            attached.inputs_of(self.runtime, self.campaign, rule, template, request, today)
        except InputProblems as error:
            self.refuse(str(error))
            return
        self.campaign.template_snapshot = move.wanted["template"]
        self.campaign.template_version = str(template.version)
        self.campaign.calendar_snapshot = move.wanted.get("calendar") or self.campaign.calendar_snapshot
        self.begun = True

    def saying(self, request: Task, rule: RequestRule | None, inputs: Mapping[str, date]) -> Task:
        """The request with these days in it, which are then to be written."""
        template = Template.model_validate(self.campaign.template_snapshot)
        days = {create.field_of(rule, template, request, name): day for name, day in inputs.items()}
        self.days = SetDays(key=REQUEST, title=request.title, days=days)
        return create.saying(request, days)

    def moves(self, inputs_changed: bool) -> None:
        """The run has planned anew; it is a move where the request says something else."""
        if inputs_changed and not self.begun:
            if self.move is None or self.move.state != "begun":
                self.move = Move(campaign_id=self.campaign.id, kind="date", state="begun")
            self.begun = True

    def cause(self, basis: Mapping[str, Any], was: Plan, links: Mapping[str, LinkView]) -> str:
        """Why there is another plan, in sentences."""
        told = []
        if self.changes_template:
            name, version = was.template.replace("_", " "), self.campaign.template_version
            told.append(f"The template {name} is v{version} instead of v{was.version} now.")
        names = {key: f"“{link.agreed.title}”" for key, link in links.items()}
        planned = {task.key: task.due_on for task in was.tasks}
        names |= {task.key: f"“{task.title}”" for task in was.tasks if task.key not in names}
        return " ".join([*told, *causes(self._before["basis"] or {}, basis, names, planned)])

    def take_back(self, request: Task, rule: RequestRule | None, links: Mapping[str, LinkView], today: date) -> Plan:
        """Let the campaign stand as it did before the move; raises `CannotTakeBack`.

        What a person has changed since stays where they put it.
        """
        move, campaign = self.move, self.campaign
        if move is None or not move.before or not move.after:
            raise CannotTakeBack("it is not known how the campaign stood")
        before = move.before
        self.days = self._days_back(before, move.after, request, rule, today)
        changed = _since(links, move.after["pins"])
        self._owners = {key: Owner(AccountId(account), "") for key, account in before["owners"].items()}
        plan = _with_dates(Plan.from_dict(before["plan"]), changed)
        campaign.template_snapshot, campaign.template_version = before["template"], before["version"]
        campaign.calendar_snapshot, campaign.inputs = before["calendar"], before["inputs"]
        campaign.plan = plan.as_dict()
        template = Template.model_validate(campaign.template_snapshot)
        inputs = create.typed_inputs(campaign, template, before["inputs"], today)
        basis = create.basis(template, inputs, plan, before["basis"] or {}, links)
        campaign.agreed = {**campaign.agreed, "basis": basis.as_dict()}
        self.begun = True
        return plan

    def _days_back(
        self, before: Mapping[str, Any], after: Mapping[str, Any], request: Task, rule: RequestRule | None, today: date
    ) -> SetDays | None:
        """What the request has to say again; nothing where it does so already."""
        template = Template.model_validate(self.campaign.template_snapshot)
        said = _plain(self._inputs(template, request, rule, today))
        was = before["inputs"]
        if said == was:
            return None
        if said != after["inputs"]:
            raise CannotTakeBack("the request was changed again since")
        if self.move and self.move.kind == "template":
            return None  # the request itself was not touched
        names = [name for name in said if said[name] != was.get(name)]
        others = [template.label(name) for name in names if template.inputs[name].type != "date"]
        if others:
            raise CannotTakeBack(f"{', '.join(others)} changed with it; set that back in the request itself")
        days = {
            create.field_of(rule, template, request, name): date.fromisoformat(was[name]) if was.get(name) else None
            for name in names
        }
        return SetDays(key=REQUEST, title=request.title, days=days)

    def _inputs(self, template: Template, request: Task, rule: RequestRule | None, today: date) -> Mapping[str, Any]:
        try:
            return attached.inputs_of(self.runtime, self.campaign, rule, template, request, today)
        except InputProblems as error:
            raise CannotTakeBack(str(error)) from None

    def refuse(self, reason: str) -> None:
        """It cannot be; what was taken back in vain still stands."""
        if self.move:
            self.move.state, self.move.reason = "made" if self.back else "refused", reason
            self._refused, self.move = self.move, None

    def revision(self, was: Plan, plan: Plan, links: Mapping[str, LinkView], cause: str) -> Revision:
        """What it changes, and what is kept."""
        pins = {key: link.pinned_on for key, link in links.items() if link.pinned_on and link.state == "made"}
        return revise(was, plan, links, pins, cause)

    def owners(self) -> dict[str, Owner]:
        """Who had which task before a move that is taken back."""
        return self._owners

    def begin(self) -> None:
        """Committed before anything is written: a run that breaks off is gone on with from how things stood."""
        if self.move is None or not self.begun or self.move.state not in ("asked", "begun"):
            return
        self.move.state = "begun"
        self.move.before = self.move.before or self._before
        with transaction(self.runtime.engine) as session:
            moves.save(session, self.move)

    @property
    def ends(self) -> bool:
        """Whether there is something for `end` to record."""
        return bool(self._refused or (self.move and (self.begun or self.move.state == "begun")))

    def end(self, session: Session, links: Mapping[str, LinkView]) -> None:
        """Record what became of it, in the transaction that records the run."""
        if self._refused:
            moves.save(session, self._refused)
        move = self.move
        if move is None:
            return
        if self.begun:
            move.state, move.at = ("undone" if self.back else "made"), self.runtime.now()
            if move.state == "made":
                pins = {key: link.pinned_on.isoformat() for key, link in links.items() if link.pinned_on}
                move.after = {"inputs": self.campaign.inputs, "pins": pins, "version": self.campaign.template_version}
            moves.save(session, move)
            moves.forget(session, self.campaign.id, "date", self.runtime.now() - UNDO_FOR)
        elif move.state == "begun":
            moves.drop(session, move)  # the request says again what it said before


def _since(links: Mapping[str, LinkView], pins: Mapping[str, str]) -> dict[str, date]:
    """Dates that people fixed since then."""
    return {
        key: link.pinned_on
        for key, link in links.items()
        if link.pinned_on and link.pinned_on.isoformat() != pins.get(key)
    }


def _with_dates(plan: Plan, dates: Mapping[str, date]) -> Plan:
    tasks = [
        replace(task, due_on=dates[task.key], start_on=min(task.start_on, dates[task.key]), pinned=True)
        if task.key in dates
        else task
        for task in plan.tasks
    ]
    return replace(plan, tasks=tuple(tasks))


def _plain(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in inputs.items()}
