"""How commitments stand now: their events are read and judged by what was published; nothing is counted before.

What is over is judged by the version that was in force when it ended, what goes on by the newest.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session

from service import publishing
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

Kind = TypeVar("Kind", bound=Commitment)
LOOK_BACK = timedelta(days=28)
"""What of a cadence and an agreement is looked at, unless somebody asks for more."""


def standings(runtime: Runtime) -> list[Standing]:
    """All of them, by their names."""
    found = runtime.commitments()
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
            commitment, calendar = _of_period(session, runtime, commitment, calendar, day)
            zone = quota.time_zone_of(commitment, calendar)
            since = day or now.astimezone(zone).date()
            period = quota.stretch_of(commitment.period.every, since)
            carried = commitment.starts_on if commitment.carry_over != "none" else None
            first = quota.stretch_of(commitment.period.every, min(carried or since, since)).first
            told = events.between(session, commitment.listens_to(), _midnight(first, zone), now)
            report, since = quota.evaluate(commitment, calendar, told, now, since), period.first
        case Cadence():
            former = _former(session, commitment)
            types = commitment.listens_to().union(*(one.listens_to() for one, _ in former))
            told = events.between(session, types, None, now)
            before = [(one, calendar_of(runtime, one), until) for one, until in former]
            report = cadence.evaluate(commitment, calendar, told, now, since, before)
        case Agreement():
            versions = _former(session, commitment)
            known = (commitment, *(one for one, _ in versions))
            named = {name for one in known for name in one.calendars().values()}
            calendars = {name: runtime.catalogue.calendar_named(name, around=now.date()) for name in named}
            begun = _midnight(since, ZoneInfo(calendar.time_zone))
            types = frozenset[str]().union(*(one.begins_with() for one in known))
            told = events.of_those_with(session, types, begun, now)
            report = agreement.evaluate(commitment, calendars, told, now, versions)
        case _:
            raise TypeError(f"{type(commitment).__name__} is no kind of commitment")
    return Standing(commitment=commitment, kind=commitment.kind, report=report, at=now, since=since)


def _former(session: Session, commitment: Kind) -> list[tuple[Kind, datetime]]:
    """The versions before this one, oldest first, each with the instant at which the next was published."""
    return [
        (one.commitment, other.since)
        for one, other in pairwise(publishing.versions_of(session, commitment.id))
        if isinstance(one.commitment, type(commitment)) and one.commitment.version < commitment.version
    ]


def _of_period(
    session: Session, runtime: Runtime, newest: Quota, calendar: Calendar, day: date | None
) -> tuple[Quota, Calendar]:
    """The version that was in force when the period of `day` ended, and its calendar; the newest while it goes on."""
    if day is None:
        return newest, calendar
    ended = _midnight(quota.stretch_of(newest.period.every, day).after, quota.time_zone_of(newest, calendar))
    for one, until in _former(session, newest):
        if ended <= until:
            return one, calendar_of(runtime, one)
    return newest, calendar


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
