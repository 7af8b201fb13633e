"""One campaign: observe the tracker, take over what people changed, plan anew if need be, write the difference.

Create, status sync, re-planning and repair are this one loop. It reads everything and trusts no event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlmodel import Session

from connectors.contract import Status, Task, TaskId
from service import apply, assignment, create, filing, telling
from service.connect import watch
from service.core import decide, messages
from service.core.calendar import Calendar
from service.core.causes import causes
from service.core.decide import REQUEST, Action, CreateTask, RequestView, Say
from service.core.merge import LinkView, News, linked, settle
from service.core.plan import InputProblems, Plan
from service.core.template import Template
from service.runtime import Runtime
from service.settings import RequestRule
from service.store import campaigns, comments, ledger, links
from service.store.engine import reading, transaction
from service.store.tables import Campaign

WRONGS = frozenset({"inputs", "deleted", "refused"})
"""Living comments on the request that tell what is wrong."""


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
    """The task was no request of its own: the request task whose run should look instead."""


def run(runtime: Runtime, connection: str, task_id: TaskId) -> Outcome:
    """Bring the campaign of this request task up to date, starting it if the task asks for one.

    Raises the tracker's passing errors (try again later) and `AccessDenied` (a person must mend the credentials).
    """
    with reading(runtime.engine) as session:
        campaign = campaigns.of_request(session, connection, task_id)
        known = links.views(session, campaign.id) if campaign else {}
    if campaign and campaign.state == "standing":
        filed = filing.run(runtime, campaign, known)
        return Outcome(True, filed.sentence, campaign.id, tuple(filed.failures))
    if campaign:
        return _Run(runtime, campaign, known).go(None)
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
    return _Run(runtime, campaign, {}).go(task)


def _known_parent(runtime: Runtime, connection: str, task: Task) -> str | None:
    with reading(runtime.engine) as session:
        found = campaigns.get(session, task.mark.campaign) if task.mark else None
        if found is None and task.parent:
            found = campaigns.of_request(session, connection, task.parent)
    return found.request_task if found and found.connection == connection else None


@dataclass(slots=True)
class _Run:
    """One pass over one campaign; each method is one stage and leaves its result in the fields below."""

    runtime: Runtime
    campaign: Campaign
    links: dict[str, LinkView]
    request: Task | None = None
    news: list[News] = field(default_factory=list)
    says: list[Say] = field(default_factory=list)
    owners: dict[str, assignment.Owner] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def go(self, seen: Task | None) -> Outcome:
        """`seen` is the request where it has just been read."""
        was = telling.Before.of(self.campaign)
        self._observe(seen)
        cancelled = self._cancelled()
        if cancelled:
            self._find_unrecorded()
        plan = self._plan(cancelled)
        actions: list[Action] = []
        if cancelled:
            actions = decide.drop(self.links, self.request)
            self._tell_cancelled()
        elif plan and self.campaign.state in ("running", "done"):
            self.owners = self._owners(plan)
            actions = decide.decide(plan, self._request_view(), self.links)
            self._tell_progress(plan)
        applied = self._write(actions)
        if applied.error:
            self._record_what_happened(applied)
            raise applied.error
        self._watch()
        self._settle_state(plan, cancelled)
        self._record(applied, was)
        return Outcome(True, self._summary(applied), self.campaign.id, tuple(self.failures))

    def _observe(self, seen: Task | None) -> None:
        """Read the request and every known task, and take over what people changed."""
        request_id = TaskId(self.campaign.request_task)
        ids = [link.task.id for link in self.links.values() if link.task]
        if seen and not ids:
            found = {request_id: seen}
        else:
            found = self.runtime.trackers[self.campaign.connection].read(
                [request_id, *ids], campaigns.container_of(self.campaign)
            )
        self.request = found.get(request_id)
        for key, link in self.links.items():
            settled, news = settle(link, found.get(link.task.id) if link.task else None, self._today())
            self.links[key] = settled
            self.news += news
        if self.request:
            self.campaign.title = self.request.title

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
        template = self._template()
        raw = create.raw_inputs(self._rule(), template, self.request)
        try:
            inputs = create.typed_inputs(self.campaign, template, raw, self._today())
        except InputProblems as error:
            return self._incomplete(current, error)
        self._complete()
        basis = create.basis(template, inputs, current, self.campaign.agreed.get("basis", {}), self.links)
        running = current is not None and self.campaign.state in ("running", "done")
        if running and basis.as_dict() == self.campaign.agreed.get("basis"):
            return current
        plan = create.plan_of(self.campaign, basis, self.links, self._today())
        return self._adopt(current if running else None, plan, basis)

    def _incomplete(self, current: Plan | None, error: InputProblems) -> Plan | None:
        problems = [str(problem) for problem in error.problems]
        if current and self.campaign.state in ("running", "done"):
            # The plan stays as it is until the request says something that can be planned.
            self._say("inputs", messages.input_problems_comment(self.campaign.title, problems))
            return current
        self.campaign.state = "waiting_for_input"
        self._say("plan", messages.input_problems_comment(self.campaign.title, problems))
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
        else:
            self._tell_moves(was, plan, basis)
        self.campaign.plan = plan.as_dict()
        self.campaign.inputs = basis.as_dict()["inputs"]
        self.campaign.agreed = {**self.campaign.agreed, "basis": basis.as_dict()}
        return plan

    def _refuse(self, plan: Plan) -> None:
        self.campaign.state = "refused"
        self.campaign.plan = plan.as_dict()
        self.campaign.complete_on = None
        if plan.verdict == "excluded":
            contact = _in_words(self._template().contacts.get("mops", "role:ops"))
            self._say("plan", messages.excluded_comment(self.campaign.title, plan, f"The {contact}"))
            self._tell_new("A person decides: " + " ".join(plan.problems))
        else:
            self._say("plan", messages.refusal_comment(self.campaign.title, plan))
            self._tell_new("The date cannot be had: " + " ".join(plan.problems))

    def _tell_moves(self, was: Plan, plan: Plan, basis: create.Basis) -> None:
        open_keys = {key for key, link in self.links.items() if link.open}
        before = {task.key: task.due_on for task in was.tasks if task.key in open_keys}
        after = {task.key: task.due_on for task in plan.tasks if task.key in open_keys}
        moved = {key for key in before if key in after and before[key] != after[key] and key not in basis.pins}
        kept = [self.links[key].agreed.title for key in sorted(basis.pins.keys() & open_keys)]
        inputs_changed = basis.as_dict()["inputs"] != self.campaign.inputs
        if not moved and not inputs_changed and plan.problems == was.problems:
            return
        names = {key: f"“{link.agreed.title}”" for key, link in self.links.items()}
        planned = {task.key: task.due_on for task in was.tasks}
        cause = " ".join(causes(self.campaign.agreed.get("basis", {}), basis.as_dict(), names, planned))
        text = messages.moved_comment(plan, before, {key: after[key] for key in moved}, kept, cause)
        self._say("moved", text, once=True)
        self.news.append(News("replanned", REQUEST, f"{cause} {messages.dated_anew(len(moved))}"))

    def _owners(self, plan: Plan) -> dict[str, assignment.Owner]:
        """Whoever owns what is still to be made; nobody is looked up for a plan that stands in the tracker."""
        missing = decide.missing(plan, self.links)
        if self.request is None or not missing:
            return {}
        return assignment.owners_of(self.runtime, self.campaign, self.request, missing)

    def _cancelled(self) -> bool:
        if self.request is None or self.request.status is Status.DROPPED:
            return True
        # What was closed before it ran is over. One that runs may be closed early, and its tasks go on.
        return self.request.status.closed and self.campaign.state not in ("running", "done")

    def _request_view(self) -> RequestView:
        agreed = self.campaign.agreed
        return RequestView(
            task=self.request,
            rolled_up=Status(agreed.get("rolled_up", Status.TODO)),
        )

    def _write(self, actions: Sequence[Action]) -> apply.Applied:
        written = self._unsaid([*actions, *self.says])
        applied = apply.carry_out(self.runtime, self.campaign, self.request, self.links, written, self.owners)
        self.links, self.request = applied.links, applied.request
        self.failures += [f"{action} {words}" for action, words in applied.failures]
        if any(isinstance(action, CreateTask) for action, _ in applied.failures):
            self.says = []
            self._tell_missing()
            told = self._write([])
            applied.done += told.done
            applied.error = applied.error or told.error
        return applied

    def _watch(self) -> None:
        """A project of the campaign's own is heard of like the others."""
        container = campaigns.container_of(self.campaign)
        if container and container.kind == "project":
            connected = watch(self.runtime, self.campaign.connection, container.id)
            if connected and not connected.ok:
                self.failures.append(connected.sentence)

    def _tell_cancelled(self) -> None:
        if self.links:
            self._say("plan", messages.cancelled_comment(self.campaign.title))

    def _tell_progress(self, plan: Plan) -> None:
        names = {task.key: self._owner_name(task.key, task.owner) for task in plan.tasks}
        approval = self._template().feasibility.approval
        approver = f"The {_in_words(approval)}" if approval else ""
        self._say("plan", messages.plan_comment(self.campaign.title, plan, self.links, names, approver))
        self._tell_missing()
        if not decide.missing(plan, self.links):
            self._tell_mended()

    def _tell_missing(self) -> None:
        """Living comments on what people deleted and on what the tracker would not make."""
        deleted = [link.agreed.title for link in self.links.values() if link.state == "gone"]
        if deleted:
            self._say("deleted", messages.deleted_comment(deleted))
        refused = {link.agreed.title: link.reason or "" for link in self.links.values() if link.state == "refused"}
        if refused:
            self._say("refused", messages.refused_comment(refused))

    def _tell_mended(self) -> None:
        """A comment on something that is no longer wrong must not send people after it."""
        with reading(self.runtime.engine) as session:
            written = comments.of_campaign(session, self.campaign.id, self.campaign.connection)
        for name in sorted(WRONGS & written.keys() - {say.name for say in self.says}):
            self._say(name, messages.MENDED)

    def _owner_name(self, key: str, owner: str) -> str:
        link = self.links.get(key)
        if link and link.task and link.task.owner and link.task.owner.name:
            return link.task.owner.name
        return self.owners[key].name if key in self.owners else owner

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

    def _record(self, applied: apply.Applied, was: telling.Before) -> None:
        with transaction(self.runtime.engine) as session:
            campaigns.save(session, self.campaign)
            telling.of_campaign(session, self.runtime, self.campaign, was, self.request)
            self._note(session, self.news, applied)

    def _record_what_happened(self, applied: apply.Applied) -> None:
        """Of a run that broke off. Its plan is not kept, so that the next run makes it, and tells of it, again."""
        with transaction(self.runtime.engine) as session:
            self._note(session, [item for item in self.news if item.key != REQUEST], applied)

    def _note(self, session: Session, news: Sequence[News], applied: apply.Applied) -> None:
        links.save(session, self.campaign.id, self.campaign.connection, self.links.values())
        telling.of_tasks(session, self.runtime, self.campaign, news, self.links)
        for item in news:
            ledger.note(session, item.kind, item.sentence, campaign_id=self.campaign.id)
        for action in applied.done:
            ledger.note(session, type(action).__name__, str(action), campaign_id=self.campaign.id)
        for failure in self.failures:
            ledger.note(session, "refused", failure, campaign_id=self.campaign.id)

    def _summary(self, applied: apply.Applied) -> str:
        told = [item.sentence for item in self.news] + [str(action) for action in applied.done]
        return " ".join(told) or "Plan and tracker agree; nothing to write."

    def _say(self, name: str, text: str, *, once: bool = False) -> None:
        """`once`: a comment of its own for this happening, instead of rewriting the one of this name."""
        self.says.append(Say(key=REQUEST, name=f"{name}-{_short(text)}" if once else name, text=text))

    def _tell_new(self, sentence: str) -> None:
        """For the ledger, unless the request says so already."""
        if self._unsaid(self.says):
            self.news.append(News("answered", REQUEST, sentence))

    def _unsaid(self, actions: Sequence[Action]) -> list[Action]:
        """Without the comments that stand there already: each time one is rewritten, the tracker calls us again."""
        if not any(isinstance(action, Say) for action in actions):
            return list(actions)
        with reading(self.runtime.engine) as session:
            written = comments.of_campaign(session, self.campaign.id, self.campaign.connection)

        def in_vain(say: Say) -> bool:
            nobody_reads_it = say.key == REQUEST and self.request is None
            return nobody_reads_it or comments.says(written.get(apply.comment_key(say)), say.text)

        return [action for action in actions if not (isinstance(action, Say) and in_vain(action))]

    def _rule(self) -> RequestRule | None:
        """The rule that started it, or the one that names its template now; its field mapping is all that is used."""
        rules = self.runtime.settings.requests
        mine = [r for r in rules if r.connection == self.campaign.connection and r.template == self.campaign.template]
        return (create.rule_for(mine, self.campaign.connection, self.request) if self.request else None) or next(
            iter(mine), None
        )

    def _template(self) -> Template:
        return Template.model_validate(self.campaign.template_snapshot)

    def _calendar(self) -> Calendar:
        return Calendar.from_dict(self.campaign.calendar_snapshot)

    def _today(self) -> date:
        return self._calendar().date_of(self.runtime.now())


def _in_words(role: str) -> str:
    return role.removeprefix("role:").replace("_", " ")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
