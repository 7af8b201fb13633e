"""What one run says on the request: a few comments that live, and one for each thing that happens once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service import breaches
from service.applied import comment_key
from service.assignment import Owner
from service.core import decide, kept, messages
from service.core.decide import REQUEST, Action, Say
from service.core.merge import LinkView
from service.core.plan import Plan
from service.core.template import Template
from service.runtime import Runtime
from service.store import comments
from service.store.engine import reading
from service.store.tables import Campaign

WRONGS = frozenset({"inputs", "deleted", "refused", "doubles"})
"""Living comments that tell what is wrong."""


@dataclass(slots=True)
class Speech:
    """The comments that a run has to write."""

    runtime: Runtime
    campaign: Campaign
    says: list[Say] = field(default_factory=list)

    def say(self, name: str, text: str, *, once: bool = False) -> None:
        """`once`: a comment of its own for this happening, instead of rewriting the one of this name."""
        self.says.append(Say(key=REQUEST, name=f"{name}-{_short(text)}" if once else name, text=text))

    def tell_cancelled(self, links: Mapping[str, LinkView]) -> None:
        """Where there was something to cancel."""
        if links:
            self.say("plan", messages.cancelled_comment(self.campaign.title))

    def tell_progress(self, plan: Plan, links: Mapping[str, LinkView], owners: Mapping[str, Owner]) -> None:
        """The plan as it stands, and whatever is wrong with its tasks."""
        names = {task.key: _owner_name(links.get(task.key), owners.get(task.key), task.owner) for task in plan.tasks}
        approval = Template.model_validate(self.campaign.template_snapshot).feasibility.approval
        approver = f"The {in_words(approval)}" if approval else ""
        first = self.campaign.agreed.get(kept.FIRST, {})
        self.say("plan", messages.plan_comment(self.campaign.title, plan, links, names, approver, first))
        self.tell_missing(links)
        for name, text in breaches.on_request(self.runtime, self.campaign).items():
            self.say(name, text)
        if not decide.missing(plan, links):
            self._tell_mended()

    def tell_missing(self, links: Mapping[str, LinkView]) -> None:
        """Living comments on what people deleted and on what the tracker would not make."""
        deleted = [link.agreed.title for link in links.values() if link.state == "gone"]
        if deleted:
            self.say("deleted", messages.deleted_comment(deleted))
        refused = {link.agreed.title: link.reason or "" for link in links.values() if link.state == "refused"}
        if refused:
            self.say("refused", messages.refused_comment(refused))

    def _tell_mended(self) -> None:
        """A comment on something that is no longer wrong must not send people after it."""
        with reading(self.runtime.engine) as session:
            written = comments.of_campaign(session, self.campaign.id, self.campaign.connection)
        for name in sorted(WRONGS & written.keys() - {say.name for say in self.says}):
            self.say(name, messages.MENDED)

    def unsaid(self, actions: Sequence[Action], *, heard: bool) -> list[Action]:
        """Without the comments that stand there already: each time one is rewritten, the tracker calls us again.

        `heard` false: the request is gone, and nobody reads what is said on it.
        """
        if not any(isinstance(action, Say) for action in actions):
            return list(actions)
        with reading(self.runtime.engine) as session:
            written = comments.of_campaign(session, self.campaign.id, self.campaign.connection)
        today = self.runtime.now().date()

        def in_vain(say: Say) -> bool:
            nobody_reads_it = say.key == REQUEST and not heard
            return nobody_reads_it or comments.says(written.get(comment_key(say)), say.text, today)

        return [action for action in actions if not (isinstance(action, Say) and in_vain(action))]


def in_words(role: str) -> str:
    """`role:mops_lead` as people say it."""
    return role.removeprefix("role:").replace("_", " ")


def _owner_name(link: LinkView | None, given: Owner | None, role: str) -> str:
    if link and link.task and link.task.owner and link.task.owner.name:
        return link.task.owner.name
    # Whoever may not get it all the same is not told of before they have it.
    return given.name if given and not (link and link.again) else role


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
