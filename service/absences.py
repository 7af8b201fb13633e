"""Who is away when: the days in the settings, and calendars of absences that are fetched at most once an hour.

What cannot be read now is taken from the last good copy, of which only the days are kept.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import SecretStr

from connectors.contract import Finding
from service.config_checks import refusal
from service.core.assigning import Absences, Away
from service.runtime import Runtime
from service.store import away
from service.store.engine import reading, transaction
from service.store.tables import AwayCalendar

if TYPE_CHECKING:  # half a second and 7 MB, so only an installation with such calendars imports them
    from icalendar import Calendar, Component, Event

log = logging.getLogger(__name__)

FETCH_AT_MOST_EVERY = timedelta(hours=1)
STALE_AFTER = timedelta(days=1)
HORIZON = timedelta(days=400)
"""How far ahead a calendar is read."""
MOST_BYTES, MOST_EVENTS, MOST_REPEATING = 5_000_000, 5_000, 100
PAUSE_SECONDS, WHOLE_SECONDS = 5.0, 20.0
"""Without a byte, and for the whole answer."""
MOST_REDIRECTS = 3
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY", "BYSECOND", "BYMINUTE", "BYHOUR"})
"""What a rule says that repeats within the day."""


class Unreadable(Exception):
    """A calendar cannot be read; the message says why and names no more of its address than the host."""


def known(runtime: Runtime) -> Absences:
    """Everybody's absences. A calendar that nobody has asked for yet is read now, the others as they were stored."""
    calendars = _stored(runtime)
    for name, person in runtime.settings.people.items():
        if person.away_ics and name not in calendars:
            calendars[name] = _read(runtime, name, person.away_ics, None)
    return _together(runtime, calendars)


def stored(runtime: Runtime) -> Absences:
    """Everybody's absences as far as they are here; nothing is asked for."""
    return _together(runtime, _stored(runtime))


def refresh(runtime: Runtime) -> None:
    """Read every calendar again that was not asked for within the last hour."""
    calendars = _stored(runtime)
    for name, person in runtime.settings.people.items():
        row = calendars.get(name)
        if person.away_ics and (row is None or runtime.now() - row.checked_at >= FETCH_AT_MOST_EVERY):
            _read(runtime, name, person.away_ics, row)


def findings(runtime: Runtime) -> Iterator[Finding]:
    """For `doctor`: calendars that could not be read the last time, or that nobody reads any more."""
    calendars = _stored(runtime)
    for name, person in runtime.settings.people.items():
        row = calendars.get(name)
        if not person.away_ics or row is None:
            continue
        copy = f"the copy of {row.read_at:%Y-%m-%d %H:%M} UTC holds" if row.read_at else "there is no copy of it"
        if row.problem:
            yield Finding(
                f"The calendar of absences of {person.name} cannot be read: {row.problem}; {copy}.",
                f"Correct `people.{name}.away_ics`, or the calendar; it is tried again every hour.",
            )
        elif row.read_at and runtime.now() - row.read_at > STALE_AFTER:
            yield Finding(
                f"The calendar of absences of {person.name} was not read for a day; {copy}.",
                "Start `tminus serve` or `tminus work`: both read it every hour.",
            )


def _stored(runtime: Runtime) -> dict[str, AwayCalendar]:
    """The copies of the calendars that the settings name now."""
    addresses = {name: person.away_ics for name, person in runtime.settings.people.items() if person.away_ics}
    if not addresses:
        return {}
    with reading(runtime.engine) as session:
        rows = away.calendars(session)
    return {name: row for name, row in rows.items() if name in addresses and row.source == _digest(addresses[name])}


def _together(runtime: Runtime, calendars: Mapping[str, AwayCalendar]) -> Absences:
    """The days in the settings and those of the calendars."""
    found: dict[str, list[Away]] = {}
    for name, person in runtime.settings.people.items():
        days = calendars[name].days if name in calendars else []
        found[name] = [Away(told.from_, told.to) for told in person.away]
        found[name] += [Away(date.fromisoformat(first), date.fromisoformat(last)) for first, last in days]
    return found


def _digest(address: SecretStr) -> str:
    return hashlib.sha256(address.get_secret_value().encode()).hexdigest()[:16]


def _read(runtime: Runtime, name: str, address: SecretStr, before: AwayCalendar | None) -> AwayCalendar:
    """Ask for one calendar, and store what came of it."""
    now = runtime.now()
    row = AwayCalendar(person=name, source=_digest(address), checked_at=now)
    try:
        body = _body(address.get_secret_value(), runtime)
        row.days = [stretch.as_list() for stretch in days_away(body, now.date())]
        row.read_at = now
    except Unreadable as error:
        log.warning("the calendar of absences of %s cannot be read: %s", name, error)
        row.problem = str(error)
        row.days, row.read_at = (before.days, before.read_at) if before else ([], None)
    with transaction(runtime.engine) as session:
        away.keep(session, row)
    return row


def _body(address: str, runtime: Runtime) -> bytes:
    if "://" in address:
        return _download(address, runtime.settings.calendar_hosts)
    path = runtime.settings.source.parent / Path(address)
    try:
        with path.open("rb") as file:
            return _within_limit([file.read(MOST_BYTES + 1)])
    except OSError as error:
        raise Unreadable(f"the file {path.name}: {error.strerror}") from None


def _download(address: str, hosts: Sequence[str]) -> bytes:
    """The calendar behind an address. No other host than its own is ever asked, wherever an answer points."""
    host = urlsplit(address).hostname
    # Not compressed: a small answer must not unpack into a big one.
    headers = {"Accept": "text/calendar", "Accept-Encoding": "identity"}
    try:
        with httpx.Client(timeout=PAUSE_SECONDS, headers=headers) as client:
            for _ in range(MOST_REDIRECTS + 1):
                if urlsplit(address).hostname != host or refusal(address, hosts):
                    raise Unreadable(f"{host} sends us on to an address that we may not ask")
                with client.stream("GET", address) as answer:
                    if not answer.is_redirect:
                        return _answered(answer, str(host))
                    address = urljoin(address, answer.headers["location"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unreadable(f"{host} cannot be asked: {type(error).__name__}") from error
    raise Unreadable(f"{host} sends us on and on")


def _answered(answer: httpx.Response, host: str) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise Unreadable(f"{host} answers with status {answer.status_code}")
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Unreadable(f"{host} answers compressed, which we did not ask for")
    ends = time.monotonic() + WHOLE_SECONDS

    def in_time() -> Iterator[bytes]:
        for chunk in answer.iter_raw():
            if time.monotonic() > ends:
                raise Unreadable(f"{host} takes longer than {WHOLE_SECONDS:.0f} seconds")
            yield chunk

    return _within_limit(in_time())


def _within_limit(chunks: Sequence[bytes] | Iterator[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unreadable(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    return bytes(body)


def days_away(body: bytes, today: date) -> list[Away]:
    """The absences in an ICS calendar (RFC 5545), from today for so long as is read ahead; raises `Unreadable`.

    Every event that lasts whole days is one, unless it was cancelled; a meeting of some hours is none.
    """
    import recurring_ical_events
    from icalendar import Calendar, Event

    try:
        calendar = Calendar.from_ical(body)
        if calendar.name != "VCALENDAR":
            raise Unreadable("it is no calendar")
        _must_be_countable(calendar)
        events = recurring_ical_events.of(calendar).between(today, today + HORIZON)
        found = {stretch for event in events if isinstance(event, Event) and (stretch := _stretch(event))}
    except Unreadable:
        raise
    except Exception as error:  # the libraries meet a mistake in a file with any error there is
        raise Unreadable(f"it is not an ICS calendar: {type(error).__name__}") from error
    return sorted(stretch for stretch in found if stretch.last >= today)


def _must_be_countable(calendar: Calendar) -> None:
    """An event every second would keep us counting for ever."""
    events = calendar.walk("VEVENT")
    rules = [rule for event in events for rule in _rules(event)]
    if len(events) > MOST_EVENTS or len(rules) > MOST_REPEATING:
        raise Unreadable(f"it has more than {MOST_EVENTS} events, or {MOST_REPEATING} that repeat")
    if any(TOO_OFTEN.intersection({*map(str.upper, rule.get("FREQ", [])), *rule}) for rule in rules):
        raise Unreadable("an event in it repeats within the day")


def _rules(event: Component) -> list[Any]:
    rules = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]


def _stretch(event: Event) -> Away | None:
    """The whole days of an event. The end is the first day or instant after it."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    first, end = event.start, event.end
    if isinstance(first, datetime):
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
        first = first.date() if first == midnight else first.date() + timedelta(days=1)
    if isinstance(end, datetime):
        end = end.date()
    last = end - timedelta(days=1)
    return Away(first, last) if last >= first else None
