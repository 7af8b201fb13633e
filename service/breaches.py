"""Whoever is to hear of missed goals hears of each once, in open hours: on the request or task, or in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from sqlmodel import Session

from service.commitments import calendar_of, clocks_of, standing
from service.core.agreement import AgreementReport
from service.core.breach import Breach, breaches, ending_task
from service.core.calendar import Calendar
from service.core.commitment import Agreement, Commitment
from service.core.decide import Say
from service.core.event import Event, in_order
from service.core.hours import instant, open_hours
from service.core.merge import LinkView
from service.core.owed import keys_of
from service.core.standing import Report
from service.core.template import Template
from service.runtime import Runtime
from service.store import campaigns, comments, events, ledger
from service.store import links as stored_links
from service.store.engine import reading, transaction
from service.store.tables import Campaign

TOLD = "clock.breached"
"""Our own event: that somebody is to be told. It is named after the cycle, so that none is stored twice."""
TAKEN_OVER = "taken-over"
"""Begins the name of the comment that says so."""
Late: TypeAlias = Mapping[str, Breach]
"""Why each task is to go to somebody else, by its key."""


def on_request(runtime: Runtime, campaign: Campaign) -> dict[str, str]:
    """What is to be said on a campaign's request now, each under a name that stays; nothing outside working hours."""
    with reading(runtime.engine) as session:
        return _on_request(session, runtime, campaign)


def unsaid(runtime: Runtime, connection: str) -> set[str]:
    """The requests of a connection on which something of this is still to be said."""
    with reading(runtime.engine) as session:
        return {
            campaign.request_task
            for campaign in campaigns.under_way(session, connection, _tells)
            if _unsaid(session, runtime, campaign)
        }


def on_tasks(
    runtime: Runtime, campaign: Campaign, commitment: Commitment, report: Report, links: Mapping[str, LinkView]
) -> list[Say]:
    """What is to be said now on the tasks of leads or chats, once for each cycle that missed its goal; nothing outside
    working hours."""
    return [
        Say(key=key, name=f"breach-{breach.key}", text=f"**{breach.told(_holders(runtime))}**")
        for key, breach in _of_tasks(runtime, campaign, commitment, report, links, "breach")
        if breach.notify
    ]


def late_tasks(
    runtime: Runtime, campaign: Campaign, commitment: Commitment, report: Report, links: Mapping[str, LinkView]
) -> Late:
    """The open tasks of leads or chats that somebody else is to take over now."""
    found = _of_tasks(runtime, campaign, commitment, report, links, TAKEN_OVER)
    return {key: breach for key, breach in found if breach.reassign and breach.running and links[key].open}


def late_tasks_of(session: Session, runtime: Runtime, campaign: Campaign, links: Mapping[str, LinkView]) -> Late:
    """The open tasks of a campaign that somebody else is to take over now."""
    if not reassigns(campaign) or not _is_open_for(runtime, campaign):
        return {}
    rules = Template.model_validate(campaign.template_snapshot).clocks
    said = comments.of_campaign(session, campaign.id, campaign.connection).keys()
    found: dict[str, Breach] = {}
    for breach in breaches(clocks_of(session, runtime, campaign), rules):
        key = ending_task(rules[breach.clock], links)
        if breach.reassign is None or not breach.running or key is None or not links[key].open:
            continue
        if f"{key}.{TAKEN_OVER}-{breach.key}" not in said:
            found[key] = breach
    return found


def reassigns(campaign: Campaign) -> bool:
    """Whether a late task of it can go to somebody else; asked of the bare data, like `_tells`."""
    rules = (campaign.template_snapshot or {}).get("clocks", {}).values()
    return any("reassign" in done for rule in rules for done in rule.get("on_breach", ()))


def tell(runtime: Runtime) -> int:
    """Note in the ledger which goals of agreements were missed and who is to hear of it; returns how many were new."""
    count = 0
    agreements = [one for one in runtime.commitments().values() if isinstance(one, Agreement)]
    for agreement in agreements:
        if _acts(agreement) and _is_open(runtime, agreement):
            missed = list(_missed(runtime, agreement))
            with transaction(runtime.engine) as session:
                count += sum(_note(session, runtime, event) for event in missed)
    return count


def told_of(runtime: Runtime, agreement: str, since: date) -> list[str]:
    """What was noted of an agreement from that day on, oldest first."""
    with reading(runtime.engine) as session:
        noted = events.between(session, [TOLD], datetime.combine(since, time.min, UTC), runtime.now())
    return [str(event.data["said"]) for event in in_order(noted) if event.data["agreement"] == agreement]


def _of_tasks(
    runtime: Runtime,
    campaign: Campaign,
    commitment: Commitment,
    report: Report,
    links: Mapping[str, LinkView],
    about: str,
) -> Iterator[tuple[str, Breach]]:
    """Missed goals of which no comment of this kind has been written on a task, each with the task to write it on."""
    if not isinstance(commitment, Agreement) or not isinstance(report, AgreementReport):
        return
    if not _acts(commitment) or not _is_open(runtime, commitment):
        return
    with reading(runtime.engine) as session:
        said = comments.of_campaign(session, campaign.id, campaign.connection).keys()
    for item in report.items:
        keys = [key for key in keys_of(item) if key in links and links[key].state == "made"]
        for breach in breaches(item.clocks, commitment.clocks):
            if keys and said.isdisjoint(f"{key}.{about}-{breach.key}" for key in keys):
                yield min(keys, key=lambda key: not links[key].open), breach


def _unsaid(session: Session, runtime: Runtime, campaign: Campaign) -> bool:
    said = comments.of_campaign(session, campaign.id, campaign.connection).keys()
    if _on_request(session, runtime, campaign).keys() - said:
        return True
    return bool(late_tasks_of(session, runtime, campaign, stored_links.views(session, campaign.id)))


def _on_request(session: Session, runtime: Runtime, campaign: Campaign) -> dict[str, str]:
    if not _tells(campaign.template_snapshot or {}):
        return {}
    if not _is_open_for(runtime, campaign):
        return {}
    rules = Template.model_validate(campaign.template_snapshot).clocks
    missed = breaches(clocks_of(session, runtime, campaign), rules)
    return {f"breach-{breach.key}": f"**{breach.told(_holders(runtime))}**" for breach in missed if breach.notify}


def _tells(template: Mapping[str, Any]) -> bool:
    """Whether anything is done about missed goals; asked of the bare data, as most have none and models cost time."""
    return any(rule.get("on_breach") for rule in template.get("clocks", {}).values())


def _acts(agreement: Agreement) -> bool:
    return any(rule.on_breach for rule in agreement.clocks.values())


def _missed(runtime: Runtime, agreement: Agreement) -> Iterator[Event]:
    report = standing(runtime, agreement).report
    for item in report.items if isinstance(report, AgreementReport) else ():
        for breach in breaches(item.clocks, agreement.clocks):
            name = f"{agreement.id}:{item.subject}:{breach.key}"
            said = f"{agreement.title}, {item.subject}: {breach.told(_holders(runtime))}"
            yield Event(name, TOLD, runtime.now(), item.subject, {"agreement": agreement.id, "said": said})


def _note(session: Session, runtime: Runtime, event: Event) -> int:
    new = events.add(session, events.OURSELVES, [event], runtime.now())
    if new:
        ledger.note(session, "breach", str(event.data["said"]))
    return new


def _is_open(runtime: Runtime, agreement: Agreement) -> bool:
    return open_hours(calendar_of(runtime, agreement)).is_open(instant(runtime.now()))


def _is_open_for(runtime: Runtime, campaign: Campaign) -> bool:
    return open_hours(Calendar.from_dict(campaign.calendar_snapshot)).is_open(instant(runtime.now()))


def _holders(runtime: Runtime) -> Mapping[str, str]:
    people = runtime.settings.people
    return {
        name: " or ".join(people[person].name if person in people else f"the {person}" for person in role.people())
        for name, role in runtime.settings.roles.items()
    }
