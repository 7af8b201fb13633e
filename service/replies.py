"""What people's comments on a task mean: the answer that it waits for, and why they left it out."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.contract import AccountId, Remark, Status, Task
from service import people
from service.core.assigning import REQUESTER
from service.core.decide import Action, Say, SetStatus
from service.core.merge import LinkView, News, name_of
from service.core.messages import WHY_LEFT_OUT
from service.mirroring import Mirrors
from service.runtime import Runtime
from service.store import changes
from service.store.engine import reading
from service.store.tables import Campaign

BEFORE = timedelta(hours=1)
"""Some say why first and cancel the task then: what was written so shortly before counts."""
LENGTH = 300
"""So many characters of a reason stand on the request."""


@dataclass(slots=True)
class Heard:
    """What comes of the comments."""

    actions: list[Action] = field(default_factory=list)
    news: list[News] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reader:
    runtime: Runtime
    campaign: Campaign
    request: Task
    mirrors: Mirrors
    hinted: set[str]

    def new_on(self, link: LinkView) -> dict[str, list[Remark]]:
        """People's comments on each side of a task on which there may be a new one, by connection."""
        return {
            name: [remark for remark in self.runtime.trackers[name].remarks(side.task.id) if _by_a_person(remark)]
            for name, side in self.mirrors.sides(link)
            if side.task and _worth_reading(link, side, self.hinted)
        }

    def answer(self, link: LinkView, party: str, found: dict[str, list[Remark]]) -> Remark | None:
        """By somebody of the party, and not from before it was waited for."""
        since = link.agreed.waits_since
        for name, remarks in found.items():
            accounts = _accounts(self.runtime, self.campaign, self.request, party, name)
            for remark in remarks:
                if remark.author and remark.author.id in accounts and (since is None or remark.written_at >= since):
                    return remark
        return None


def heard(
    runtime: Runtime, campaign: Campaign, request: Task, known: MutableMapping[str, LinkView], mirrors: Mirrors
) -> Heard:
    """A task that waits for a party goes on once somebody of that party has commented on it, in whichever tracker.
    Whoever left a step out is asked why on its task; the answer is kept on the link in `known`.

    Comments are read of such tasks only, and where there may be a new one. Raises the tracker's errors.
    """
    came = Heard()
    awaited = {link.key: party for link in known.values() if (party := _awaited(link, mirrors))}
    if not awaited:
        return came
    with reading(runtime.engine) as session:
        hinted = changes.commented(session, changes.partition_of(campaign.connection, campaign.request_task))
    reader = _Reader(runtime, campaign, request, mirrors, hinted)
    for key, party in awaited.items():
        link = known[key]
        found = reader.new_on(link)
        if campaign.connection in found and link.task and len(mirrors.sides(link)) == 1:
            known[key] = replace(link, agreed=replace(link.agreed, heard_at=link.task.changed_at))
        if not link.cancelled:
            if reply := reader.answer(link, party, found):
                because = f"{_name(reply, party)} has answered"
                came.actions.append(SetStatus(key=key, title=link.agreed.title, status=Status.DOING, because=because))
        elif reason := _reason(link, [remark for remarks in found.values() for remark in remarks]):
            by, why = _name(reason, party), " ".join(reason.text.split())[:LENGTH]
            known[key] = replace(known[key], agreed=replace(known[key].agreed, left_out={"by": by, "why": why}))
            came.news.append(News("left_out", key, f"{name_of(link)} is left out; {by} wrote: “{why}”."))
        else:
            came.actions.append(Say(key=key, name="left-out", text=WHY_LEFT_OUT, title=link.agreed.title))
    return came


def _awaited(link: LinkView, mirrors: Mirrors) -> str | None:
    """Whose words a task waits for; None where it waits for nobody's."""
    if link.cancelled:
        return None if link.agreed.left_out else "somebody"
    if link.state != "made" or link.status is not Status.WAITING:
        return None
    return next((side.task.waits_on for _, side in mirrors.sides(link) if side.task and side.task.waits_on), None)


def _worth_reading(link: LinkView, side: LinkView, hinted: set[str]) -> bool:
    if side.task is None:
        return False
    if link.cancelled and side.agreed.heard_at is None:
        return True
    heard_at, changed_at = side.agreed.heard_at or link.agreed.waits_since, side.task.changed_at
    return side.task.id in hinted or bool(changed_at and heard_at and changed_at > heard_at)


def _by_a_person(remark: Remark) -> bool:
    return remark.author is not None and remark.mark is None


def _reason(link: LinkView, remarks: Sequence[Remark]) -> Remark | None:
    """The latest from about when the step was left out, or since."""
    since = link.agreed.waits_since
    told = [remark for remark in remarks if since is None or remark.written_at >= since - BEFORE]
    return max(told, key=lambda remark: remark.written_at, default=None)


def _name(remark: Remark, otherwise: str) -> str:
    return remark.author.name if remark.author and remark.author.name else otherwise


def _accounts(runtime: Runtime, campaign: Campaign, request: Task, party: str, name: str) -> set[AccountId]:
    """Everybody of a party, as this connection knows them."""
    role = runtime.settings.roles.get(party)
    members = [REQUESTER] if party == REQUESTER or role is None else role.people()
    found: set[AccountId] = set()
    for person in members:
        if person == REQUESTER:
            found |= _requester(runtime, campaign, request, name)
        elif account := people.account_of(
            runtime, name, request.project if name == campaign.connection else None, person
        ):
            found.add(account.id)
    return found


def _requester(runtime: Runtime, campaign: Campaign, request: Task, name: str) -> set[AccountId]:
    if request.requester is None:
        return set()
    if name == campaign.connection:
        return {request.requester.id}
    account = people.counterpart(runtime, request.requester, campaign.connection, name)
    return {account} if account else set()
