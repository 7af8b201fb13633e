"""A task that waits for a party goes on once somebody of that party comments on it, in whichever tracker."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace

from connectors.contract import AccountId, Remark, Status, Task
from service import people
from service.core.assigning import REQUESTER
from service.core.decide import SetStatus
from service.core.merge import LinkView
from service.mirroring import Mirrors
from service.runtime import Runtime
from service.store import changes
from service.store.engine import reading
from service.store.tables import Campaign


def resumed(
    runtime: Runtime, campaign: Campaign, request: Task, known: MutableMapping[str, LinkView], mirrors: Mirrors
) -> list[SetStatus]:
    """What is to go on. Comments are read only of tasks that wait for somebody and on which there may be a new one."""
    waiting = [link for link in known.values() if link.state == "made" and link.status is Status.WAITING]
    sides = [(link, name, side) for link in waiting for name, side in mirrors.sides(link)]
    parties = {link.key: side.task.waits_on for link, _, side in sides if side.task and side.task.waits_on}
    if not parties:
        return []
    with reading(runtime.engine) as session:
        partition = changes.partition_of(campaign.connection, campaign.request_task)
        hinted = changes.commented(session, partition)
    found: dict[str, SetStatus] = {}
    for link, name, side in sides:
        party = parties.get(link.key)
        if party is None or side.task is None or link.key in found or not _worth_reading(link, side, hinted):
            continue
        remarks = runtime.trackers[name].remarks(side.task.id)
        if name == campaign.connection and len(mirrors.sides(link)) == 1:
            known[link.key] = replace(link, agreed=replace(link.agreed, heard_at=side.task.changed_at))
        accounts = _accounts(runtime, campaign, request, party, name)
        if reply := next((remark for remark in remarks if _answers(link, remark, accounts)), None):
            who = reply.author.name if reply.author else party
            found[link.key] = SetStatus(
                key=link.key, title=link.agreed.title, status=Status.DOING, because=f"{who} has answered"
            )
    return list(found.values())


def _worth_reading(link: LinkView, side: LinkView, hinted: set[str]) -> bool:
    if side.task is None:
        return False
    heard_at, changed_at = side.agreed.heard_at or link.agreed.waits_since, side.task.changed_at
    return side.task.id in hinted or bool(changed_at and heard_at and changed_at > heard_at)


def _answers(link: LinkView, remark: Remark, accounts: set[AccountId]) -> bool:
    """Ours do not, nor anybody else's, nor what was said before."""
    if remark.mark or remark.author is None or remark.author.id not in accounts:
        return False
    return link.agreed.waits_since is None or remark.written_at >= link.agreed.waits_since


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
