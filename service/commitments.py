"""How commitments stand now: their events are read and judged by what their files say; nothing is counted before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from service.core import agreement, cadence, quota
from service.core.calendar import Calendar
from service.core.clocks import Terms, read_clock
from service.core.commitment import Agreement, Cadence, Commitment, Quota
from service.core.cycles import Clock
from service.core.standing import Report, Standing
from service.core.template import Template
from service.runtime import Runtime
from service.store import events
from service.store.engine import reading
from service.store.tables import Campaign

LOOK_BACK = timedelta(days=28)
"""What of a cadence and an agreement is looked at, unless somebody asks for more."""


def standings(runtime: Runtime) -> list[Standing]:
    """All of them, by their names."""
    found = runtime.catalogue.commitments
    return [standing(runtime, found[name]) for name in sorted(found)]


def standing(runtime: Runtime, commitment: Commitment, day: date | None = None) -> Standing:
    """One of them at this moment.

    Of a quota the period in which `day` lies, of the others everything from that day on; unless given, the current
    period, or the last four weeks.
    """
    with reading(runtime.engine) as session:
        return _standing(session, runtime, commitment, day)


def clocks_of(session: Session, runtime: Runtime, campaign: Campaign) -> dict[str, Clock]:
    """The clocks of a campaign's template that have begun, by what happened to it and to its request.

    Programs tell more about it by posting events whose subject is the request, such as `MKT-12`.
    """
    rules = Template.model_validate(campaign.template_snapshot).clocks if campaign.template_snapshot else {}
    if not rules:
        return {}
    calendar = Calendar.from_dict(campaign.calendar_snapshot)
    told = events.about(session, {campaign.id, campaign.request_label}, runtime.now())
    version = f"v{campaign.template_version}"
    found = {
        name: read_clock(told, Terms(rule, calendar.named(rule.calendar), version), runtime.now())
        for name, rule in rules.items()
    }
    return {name: clock for name, clock in found.items() if clock.cycles}


def calendar_of(runtime: Runtime, commitment: Commitment) -> Calendar:
    """The commitment's own calendar, with the holidays around today."""
    return runtime.catalogue.calendar_named(commitment.calendar, around=runtime.now().date())


def _standing(session: Session, runtime: Runtime, commitment: Commitment, day: date | None) -> Standing:
    now, calendar = runtime.now(), calendar_of(runtime, commitment)
    since = day or calendar.date_of(now) - LOOK_BACK
    report: Report
    match commitment:
        case Quota():
            zone = quota.time_zone_of(commitment, calendar)
            since = day or now.astimezone(zone).date()
            period = quota.stretch_of(commitment.period.every, since)
            carried = commitment.starts_on if commitment.carry_over != "none" else None
            first = quota.stretch_of(commitment.period.every, min(carried or since, since)).first
            told = events.between(session, commitment.listens_to(), _midnight(first, zone), now)
            report, since = quota.evaluate(commitment, calendar, told, now, since), period.first
        case Cadence():
            told = events.between(session, commitment.listens_to(), None, now)
            report = cadence.evaluate(commitment, calendar, told, now, since)
        case Agreement():
            names = set(commitment.calendars().values())
            calendars = {name: runtime.catalogue.calendar_named(name, around=now.date()) for name in names}
            begun = _midnight(since, ZoneInfo(calendar.time_zone))
            told = events.of_those_with(session, commitment.begins_with(), begun, now)
            report = agreement.evaluate(commitment, calendars, told, now)
        case _:
            raise TypeError(f"{type(commitment).__name__} is no kind of commitment")
    return Standing(commitment=commitment, kind=commitment.kind, report=report, at=now, since=since)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
