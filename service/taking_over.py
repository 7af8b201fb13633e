"""A late task goes to somebody else where its clock says so: once for each missed goal, told on the task."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from connectors.contract import Task
from service import assignment, breaches
from service.assignment import Owner
from service.core.breach import Breach
from service.core.decide import Action, Say
from service.core.merge import LinkView
from service.core.plan import Plan
from service.core.wording import HandOver
from service.runtime import Runtime
from service.store.engine import reading
from service.store.tables import Campaign


def of_campaign(
    runtime: Runtime,
    campaign: Campaign,
    request: Task,
    plan: Plan,
    links: Mapping[str, LinkView],
    owners: MutableMapping[str, Owner],
) -> list[Action]:
    """The late tasks of a campaign; their new owners join `owners`."""
    if not breaches.reassigns(campaign):
        return []
    with reading(runtime.engine) as session:
        late = breaches.late_tasks_of(session, runtime, campaign, links)
    return hand_over(runtime, campaign, request, plan, links, owners, late)


def hand_over(
    runtime: Runtime,
    campaign: Campaign,
    request: Task,
    plan: Plan,
    links: Mapping[str, LinkView],
    owners: MutableMapping[str, Owner],
    late: breaches.Late,
) -> list[Action]:
    """What to write so that somebody else has them, or to say where nobody can; their owners join `owners`."""
    found: list[Action] = []
    for task in plan.tasks:
        breach = late.get(task.key)
        if breach is None or breach.reassign is None:
            continue
        link = links[task.key]
        why = assignment.Late(breach.what, breach.reassign)
        owner = assignment.another(runtime, campaign, request, task, link.agreed.owner, why)
        name, said = f"{breaches.TAKEN_OVER}-{breach.key}", _said(breach, owner)
        if owner.account is None:
            found.append(Say(key=task.key, name=name, text=said, title=link.agreed.title))
        else:
            owners[task.key] = owner
            found.append(HandOver(key=task.key, title=link.agreed.title, role=task.owner, name=name, said=said))
    return found


def _said(breach: Breach, owner: Owner) -> str:
    note = f" {owner.note}" if owner.note and owner.note != breach.what else ""
    if owner.account is None:
        return f"**{breach.what}.**{note}"
    return f"**{breach.what}. {owner.name} takes it over.**{note}"
