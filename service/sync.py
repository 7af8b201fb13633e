"""One campaign: observe the tracker, take over what people changed, plan anew if need be, write the difference.

Create, status sync, re-planning and repair are this one loop. It reads everything and trusts no event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from connectors.contract import Status, Task, TaskId
from service import assignment, attached, create, doubles, filing, places, replies, taking_over, telling
from service.applied import Applied
from service.core import decide, kept, messages
from service.core.calendar import Calendar
from service.core.decide import REQUEST, Action, CreateTask, RequestView
from service.core.event import Event
from service.core.merge import LinkView, News, linked
from service.core.plan import InputProblems, Plan
from service.core.revision import Revision
from service.core.template import Template
from service.core.wording import handed_over
from service.mirroring import Mirrors
from service.moving import OVER, CannotTakeBack, Moving
from service.runtime import Runtime
from service.settings import RequestRule
from service.speech import Speech, in_words
from service.store import campaigns, changes, events, ledger, links
from service.store.engine import reading, transaction
from service.store.tables import Campaign, Move


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to, for the deliveries that asked for it."""

    handled: bool
    """False: there was nothing for us in it."""
    reason: str
    campaign_id: str | None = None
    failures: tuple[str, ...] = ()
    """Writes that the tracker refused, each needing a person: sentence, then the vendor's own words."""
    belongs_to: str | None = None
    """The task was no request of its own: the partition whose run should look instead."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a run would come to."""

    campaign: Campaign
    """As it would be stored."""
    was: Plan | None
    plan: Plan | None
    """None while the request cannot be planned."""
    revision: Revision | None
    """What changes; None where the plan stays, or is the first."""
    actions: tuple[Action, ...]
    reason: str | None
    """Why a move cannot be made."""


def run(runtime: Runtime, connection: str, task_id: TaskId) -> Outcome:
    """Bring the campaign of this request task up to date, starting it if the task asks for one.

    Raises the tracker's passing errors (try again later) and `AccessDenied` (a person must mend the credentials).
    """
    with reading(runtime.engine) as session:
        campaign = campaigns.of_request(session, connection, task_id)
        known = links.views(session, campaign.id) if campaign else {}
        moving = Moving.found(session, runtime, campaign) if campaign else None
    if campaign and campaign.state == "standing":
        filed = filing.run(runtime, campaign, known)
        return Outcome(True, filed.sentence, campaign.id, tuple(filed.failures))
    if campaign and moving:
        return _run_of(runtime, campaign, known, moving).go(None)
    task = runtime.trackers[connection].read([task_id]).get(task_id)
    if task is None:
        return Outcome(False, f"task {task_id} is gone, or our account cannot see it")
    if belongs_to := _known_parent(runtime, connection, task):
        return Outcome(False, f"{task.label} belongs to a campaign that is already here", belongs_to=belongs_to)
    if task.status.closed:
        return Outcome(False, f"{task.label} is closed already ({task.status_name})")
    rule = create.rule_for(runtime.settings.requests, connection, task)
    if rule is None:
        return Outcome(False, create.rule_mismatch(runtime.settings.requests, connection, task))
    campaign = create.begin(runtime, connection, rule, task)
    with transaction(runtime.engine) as session:
        campaigns.save(session, campaign)
        ledger.note(
            session, "request", f"{task.label} “{task.title}” asks for {campaign.template}.", campaign_id=campaign.id
        )
    return _run_of(runtime, campaign, {}, Moving(runtime, campaign)).go(task)


def foresee(runtime: Runtime, campaign: Campaign, move: Move | None, inputs: Mapping[str, date]) -> Foreseen:
    """What a run would do with that move, or if the request said these days. Raises the tracker's errors."""
    with reading(runtime.engine) as session:
        known = links.views(session, campaign.id)
    own = Campaign(**campaign.model_dump())  # a run changes the campaign it is given
    return _run_of(runtime, own, known, Moving(runtime, own, move)).foresee(inputs)


def _run_of(runtime: Runtime, campaign: Campaign, known: dict[str, LinkView], moving: Moving) -> _Run:
    return _Run(runtime, campaign, known, Mirrors(runtime, campaign), moving, Speech(runtime, campaign))


def _known_parent(runtime: Runtime, connection: str, task: Task) -> str | None:
    with reading(runtime.engine) as session:
        found = campaigns.get(session, task.mark.campaign) if task.mark else None
        if found is None and task.parent:
            found = campaigns.of_request(session, connection, task.parent)
    return changes.partition_of(found.connection, found.request_task) if found else None


@dataclass(slots=True)
class _Run:
    """One pass over one campaign; each method is one stage and leaves its result in the fields below."""

    runtime: Runtime
    campaign: Campaign
    links: dict[str, LinkView]
    mirrors: Mirrors
    moving: Moving
    speech: Speech
    request: Task | None = None
    news: list[News] = field(default_factory=list)
    owners: dict[str, assignment.Owner] = field(default_factory=dict)
    revision: Revision | None = None
    rehearsal: bool = False
    failures: list[str] = field(default_factory=list)

    def go(self, seen: Task | None) -> Outcome:
        """`seen` is the request where it has just been read."""
        was = telling.Before.of(self.campaign)
        self._observe(seen)
        self.news += doubles.removed(self.runtime, self.campaign, self.links, self.mirrors, self.speech)
        cancelled = self._cancelled()
        plan, actions = self._wanted(cancelled)
        self.moving.begin()
        applied = self._write(actions)
        if applied.error:
            # Its plan is not kept, so that the next run makes it, and tells of it, again.
            self._store(applied, [item for item in self.news if item.key != REQUEST], [], whole=False)
            raise applied.error
        self.failures += places.heard_of(self.runtime, self.campaign)
        self._settle_state(plan, cancelled)
        self._record(applied, was)
        if applied.elsewhere:
            raise applied.elsewhere
        return Outcome(True, self._summary(applied), self.campaign.id, tuple(self.failures))

    def foresee(self, inputs: Mapping[str, date]) -> Foreseen:
        """The same stages as if the request said these days, without a hand: nothing is written, nothing kept."""
        self.rehearsal = True
        self._observe(None)
        was = Plan.from_dict(self.campaign.plan) if self.campaign.plan else None
        if self.request and inputs:
            self.request = self.moving.saying(self.request, self._rule(), inputs)
        plan, actions = self._wanted(self._cancelled())
        actions = self._unsaid([*actions, *self.speech.says])
        return Foreseen(self.campaign, was, plan, self.revision, tuple(actions), self.moving.reason)

    def _wanted(self, cancelled: bool) -> tuple[Plan | None, list[Action]]:
        """The plan as it is to be, and what has to be written for it."""
        if cancelled:
            self._find_unrecorded()
        self.moving.stands(self.links)
        plan = self._plan(cancelled)
        actions: list[Action] = []
        if cancelled:
            actions = decide.drop(self.links, self.request)
            self.moving.refuse(OVER)
            self.speech.tell_cancelled(self.links)
        elif plan and self.campaign.state in ("running", "done"):
            self.owners = self._owners(plan)
            actions = decide.decide(plan, self._request_view(), self.links, self.moving.left)
            if self.request:
                heard = replies.heard(self.runtime, self.campaign, self.request, self.links, self.mirrors)
                actions, self.news = actions + heard.actions, self.news + heard.news
            if self.request and not self.rehearsal:
                known, owners = self.links, self.owners
                actions += taking_over.of_campaign(self.runtime, self.campaign, self.request, plan, known, owners)
            self.speech.tell_progress(plan, self.links, self.owners)
        return plan, [*([self.moving.days] if self.moving.days else []), *actions]

    def _observe(self, seen: Task | None) -> None:
        """Read the request and every known task, and take over what people changed."""
        request_id = TaskId(self.campaign.request_task)
        ids = [link.task.id for link in self.links.values() if link.task]
        if seen and not ids:
            found = {request_id: seen}
        else:
            tracker = self.runtime.trackers[self.campaign.connection]
            place = places.container(self.runtime, self.campaign)
            found = self.mirrors.observe(lambda: tracker.read([request_id, *ids], place))
        self.request, today = found.get(request_id), self._today()
        for key, link in self.links.items():
            settled, news = self.mirrors.settle(link, found.get(link.task.id) if link.task else None, today)
            self.links[key] = settled
            self.news += news
        if self.request:
            self.campaign.title = self.request.title
            self.news += places.astray(self.runtime, self.campaign, self.request)

    def _find_unrecorded(self) -> None:
        """Tasks of a launch that broke off; nobody would ever close them."""
        container = campaigns.container_of(self.campaign)
        intended = {key for key, link in self.links.items() if link.state == "intended"}
        if not intended or self.request is None or container is None:
            return
        for task in self.runtime.trackers[self.campaign.connection].children(container):
            if task.mark and task.mark.campaign == self.campaign.id and task.mark.key in intended:
                self.links[task.mark.key] = linked(task.mark.key, task)

    def _plan(self, cancelled: bool) -> Plan | None:
        """The current plan, made anew where its basis has changed; None while the request cannot be planned."""
        current = Plan.from_dict(self.campaign.plan) if self.campaign.plan else None
        if self.request is None or cancelled:
            return current
        running = current is not None and self.campaign.state in ("running", "done")
        if current and running and self.moving.back and (plan := self._take_back(self.request, current)):
            return plan
        if running:
            self.moving.take_template(self.request, self._rule(), self._today())
        template, rule, today = self._template(), self._rule(), self._today()
        try:
            inputs = attached.inputs_of(self.runtime, self.campaign, rule, template, self.request, today)
        except InputProblems as error:
            return self._incomplete(current, error)
        self._complete()
        if lost := create.lost(self.campaign, rule, template, self.request):
            said = {template.label(name): value for name, value in lost.items()}
            self.speech.say("inputs", messages.lost_fields_comment(self.campaign.title, said))
        basis = create.basis(template, inputs, current, self.campaign.agreed.get("basis", {}), self.links)
        unchanged = basis.as_dict() == self.campaign.agreed.get("basis") and not self.moving.changes_template
        if running and unchanged:
            return current
        plan = create.plan_of(self.campaign, basis, self.links, self._today())
        return self._adopt(current if running else None, plan, basis)

    def _incomplete(self, current: Plan | None, error: InputProblems) -> Plan | None:
        problems = [str(problem) for problem in error.problems]
        if current and self.campaign.state in ("running", "done"):
            # The plan stays as it is until the request says something that can be planned.
            self.speech.say("inputs", messages.input_problems_comment(self.campaign.title, problems))
            return current
        self.campaign.state = "waiting_for_input"
        self.speech.say("plan", messages.input_problems_comment(self.campaign.title, problems))
        self._tell_new("The request cannot be planned yet: " + "; ".join(problems))
        return None

    def _complete(self) -> None:
        if self.campaign.complete_on is None and self.request:
            waited = bool(self.campaign.agreed.get("waited"))
            self.campaign.complete_on = create.complete_on(self._calendar(), self.request, waited, self.runtime.now())

    def _adopt(self, was: Plan | None, plan: Plan, basis: create.Basis) -> Plan | None:
        if plan.verdict in ("rejected", "shift_proposed", "excluded"):
            self._refuse(plan)
            return None
        if was is None:
            self.news.append(News("planned", REQUEST, f"Planned {len(plan.tasks)} tasks from {plan.complete_on}."))
            self.campaign.state = "running"
            self.campaign.agreed = {kept.FIRST: kept.first_dates(plan), **self.campaign.agreed}
            if self.request and (copies := places.copies(self.runtime, self.campaign, self.request)):
                self.speech.say("copies", messages.copies_comment(copies))
        else:
            self.moving.moves(basis.as_dict()["inputs"] != self.campaign.inputs)
            self._tell_moves(was, plan, self.moving.cause(basis.as_dict(), was, self.links), "replanned")
        self.campaign.plan = plan.as_dict()
        self.campaign.inputs = basis.as_dict()["inputs"]
        self.campaign.agreed = {**self.campaign.agreed, "basis": basis.as_dict()}
        return plan

    def _refuse(self, plan: Plan) -> None:
        self.campaign.state = "refused"
        self.campaign.plan = plan.as_dict()
        self.campaign.complete_on = None
        if plan.verdict == "excluded":
            contact = in_words(self._template().contacts.get("mops", "role:ops"))
            self.speech.say("plan", messages.excluded_comment(self.campaign.title, plan, f"The {contact}"))
            self._tell_new("A person decides: " + " ".join(plan.problems))
        else:
            self.speech.say("plan", messages.refusal_comment(self.campaign.title, plan))
            self._tell_new("The date cannot be had: " + " ".join(plan.problems))

    def _tell_moves(self, was: Plan, plan: Plan, cause: str, kind: str) -> None:
        self.revision = self.moving.revision(was, plan, self.links, cause)
        if self.revision.empty and not self.moving.begun and plan.problems == was.problems:
            return
        self.speech.say(self.moving.name, self.revision.comment(), once=not self.moving.begun)
        self.news.append(News(kind, REQUEST, self.revision.sentence))

    def _take_back(self, request: Task, current: Plan) -> Plan | None:
        """The plan as it stood before a move; None where it has to stay."""
        try:
            plan = self.moving.take_back(request, self._rule(), self.links, self._today())
        except CannotTakeBack as error:
            self.moving.refuse(str(error))
            self.news.append(News("kept", REQUEST, f"{self.moving.what} is not taken back: {error}."))
            return None
        self._tell_moves(current, plan, f"{self.moving.what} was taken back.", "undone")
        return plan

    def _owners(self, plan: Plan) -> dict[str, assignment.Owner]:
        """Whoever owns what is still to be made; nobody is looked up for a plan that stands in the tracker."""
        missing = [*decide.missing(plan, self.links), *handed_over(plan, self.links)]
        if self.request is None or not missing or self.rehearsal:
            return {}
        if self.moving.back:
            missing = [task for task in missing if task.key not in self.moving.owners()]
        return {**self.moving.owners(), **assignment.owners_of(self.runtime, self.campaign, self.request, missing)}

    def _cancelled(self) -> bool:
        if self.request is None or self.request.status is Status.DROPPED:
            return True
        # What was closed before it ran is over. One that runs may be closed early, and its tasks go on.
        return self.request.status.closed and self.campaign.state not in ("running", "done")

    def _request_view(self) -> RequestView:
        agreed = self.campaign.agreed
        return RequestView(task=self.request, rolled_up=Status(agreed.get("rolled_up", Status.TODO)))

    def _write(self, actions: Sequence[Action]) -> Applied:
        written = self._unsaid([*actions, *self.speech.says])
        applied = self.mirrors.carry_out(self.request, self.links, written, self.owners)
        self.links, self.request = applied.links, applied.request
        self.failures += [f"{action} {words}" for action, words in applied.failures]
        refused = {key for key, link in self.links.items() if link.state == "refused"}
        if any(isinstance(action, CreateTask) and action.planned.key in refused for action, _ in applied.failures):
            self.speech.says = []
            self.speech.tell_missing(self.links)
            told = self._write([])
            applied.done += told.done
            applied.error, applied.elsewhere = applied.error or told.error, applied.elsewhere or told.elsewhere
        return applied

    def _settle_state(self, plan: Plan | None, cancelled: bool) -> None:
        if cancelled:
            self.campaign.state = "cancelled"
        elif plan and self.campaign.state in ("running", "done", "cancelled"):
            closed = self.request is not None and self.request.status.closed
            finished = closed and not any(link.open for link in self.links.values())
            self.campaign.state = "done" if finished else "running"
        agreed = dict(self.campaign.agreed)
        if plan:
            agreed["rolled_up"] = decide.roll_up(plan, self.links)
        agreed["waited"] = bool(agreed.get("waited")) or self.campaign.state in ("waiting_for_input", "refused")
        agreed[telling.SEEN] = self.request.status if self.request else agreed.get(telling.SEEN)
        self.campaign.agreed = agreed

    def _record(self, applied: Applied, was: telling.Before) -> None:
        told = telling.of_campaign(self.runtime, self.campaign, was, self.request)
        self._store(applied, self.news, told, whole=self.moving.ends or campaigns.changed(self.campaign))

    def _store(self, applied: Applied, news: Sequence[News], told: list[Event], *, whole: bool) -> None:
        """In one transaction, and in none where nothing is new. What takes time comes before it: it holds up others."""
        told += telling.of_tasks(self.runtime, self.campaign, news, self.links)
        lines = [(item.kind, item.sentence) for item in news]
        lines += [(type(action).__name__, str(action)) for action in applied.done]
        lines += [("refused", failure) for failure in self.failures]
        with reading(self.runtime.engine) as session:
            found = links.differences(session, self.campaign.id, self.campaign.connection, self.links.values())
        if not (whole or found or told or lines):
            return
        with transaction(self.runtime.engine) as session:
            if whole:
                campaigns.save(session, self.campaign)
                self.moving.end(session, self.links)
            links.store(session, found)
            events.add(session, events.OURSELVES, told, self.runtime.now())
            for kind, sentence in lines:
                ledger.note(session, kind, sentence, campaign_id=self.campaign.id)

    def _summary(self, applied: Applied) -> str:
        told = [item.sentence for item in self.news] + [str(action) for action in applied.done]
        return " ".join(told) or "Plan and tracker agree; nothing to write."

    def _tell_new(self, sentence: str) -> None:
        """For the ledger, unless the request says so already."""
        if self._unsaid(self.speech.says):
            self.news.append(News("answered", REQUEST, sentence))

    def _unsaid(self, actions: Sequence[Action]) -> list[Action]:
        return self.speech.unsaid(actions, heard=self.request is not None)

    def _rule(self) -> RequestRule | None:
        return create.rule_of(self.runtime.settings.requests, self.campaign, self.request)

    def _template(self) -> Template:
        return Template.model_validate(self.campaign.template_snapshot)

    def _calendar(self) -> Calendar:
        return Calendar.from_dict(self.campaign.calendar_snapshot)

    def _today(self) -> date:
        return self._calendar().date_of(self.runtime.now())
