"""Calendars of absences: what they say, where they may come from, and what holds when they cannot be read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service import absences
from service.absences import MOST_BYTES, Unreadable, days_away
from service.bootstrap import make_runtime
from service.core.assigning import Away
from service.runtime import Runtime
from service.settings import load
from service.store import away
from service.store.engine import reading
from service.store.secrets import new_key
from tests.desk import CONFIG, NOW

TODAY = date(2026, 11, 23)
HOLIDAY = "DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20270102|SUMMARY:Alps"


def ics(*events: str) -> bytes:
    """A calendar with these events; `|` ends a line."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Away//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}@example.com", "DTSTAMP:20261101T000000Z", *event.split("|")]
        lines.append("END:VEVENT")
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def days(first: str, last: str) -> Away:
    """A stretch."""
    return Away(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (HOLIDAY, [days("2026-12-24", "2027-01-01")]),
        ("DTSTART;VALUE=DATE:20261224", [days("2026-12-24", "2026-12-24")]),
        ("DTSTART;VALUE=DATE:20261224|DURATION:P2D", [days("2026-12-24", "2026-12-25")]),
        ("DTSTART;VALUE=DATE:20261120|DTEND;VALUE=DATE:20261125", [days("2026-11-20", "2026-11-24")]),
        ("DTSTART;VALUE=DATE:20261120|DTEND;VALUE=DATE:20261123", []),
        (
            "DTSTART;VALUE=DATE:20261127|RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=3|EXDATE;VALUE=DATE:20261204",
            [days("2026-11-27", "2026-11-27"), days("2026-12-11", "2026-12-11")],
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20261201T000000|DTEND;TZID=Europe/Berlin:20261203T000000",
            [days("2026-12-01", "2026-12-02")],
        ),
        ("DTSTART:20261201T120000Z|DTEND:20261203T120000Z", [days("2026-12-02", "2026-12-02")]),
        ("DTSTART:20261201T090000Z|DTEND:20261201T100000Z", []),
        (f"{HOLIDAY}|STATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20290101", []),
    ],
)
def test_every_event_of_whole_days_is_an_absence(event: str, expected: list[Away]) -> None:
    """The end is the first day after it; repeats count, cancelled ones and meetings of some hours do not."""
    assert days_away(ics(event), TODAY) == expected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>Sign in</html>", "not an ICS calendar"),
        (b"", "not an ICS calendar"),
        (b"BEGIN:VCALENDAR\r\n", "not an ICS calendar"),
        (b"\xff\xfe\x00", "not an ICS calendar"),
        (ics("DTSTART;VALUE=DATE:20261399"), "not an ICS calendar"),
        (ics("SUMMARY:no day"), "not an ICS calendar"),
        (ics("DTSTART;VALUE=DATE:20261224|RRULE:FREQ=SECONDLY"), "repeats within the day"),
        (ics("DTSTART;VALUE=DATE:20261224|RRULE:FREQ=DAILY;BYHOUR=1,2;BYSECOND=3"), "repeats within the day"),
        (ics(*["DTSTART;VALUE=DATE:20261224|RRULE:FREQ=DAILY"] * 101), "100 that repeat"),
    ],
)
def test_what_is_no_calendar_or_would_be_counted_for_ever_is_refused(body: bytes, words: str) -> None:
    """With a reason that names nothing of the calendar."""
    with pytest.raises(Unreadable, match=words):
        days_away(body, TODAY)


@dataclass
class Host:
    """A web server that answers as a test wants."""

    url: str
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@contextmanager
def hosting() -> Iterator[Host]:
    """On this machine, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            status, headers, body = host.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = Host(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield host
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def host() -> Iterator[Host]:
    """One for each test."""
    with hosting() as found:
        yield found


def at(runtime: Runtime, **later: float) -> Runtime:
    """The same installation so much later."""
    return replace(runtime, now=lambda: NOW + timedelta(**later))


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: Host) -> Iterator[Runtime]:
    """An installation where Dana's absences stand in a calendar of that host."""
    host.answers["/dana.ics"] = (200, {}, ics(HOLIDAY))
    found = installation(tmp_path, monkeypatch, f"{host.url}/dana.ics")
    yield found
    found.engine.dispose()


def installation(folder: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> Runtime:
    """With this address of Dana's calendar."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    away_too = f"{{name: Dana Ops, away: [{{from: 2026-12-01, to: 2026-12-02}}], away_ics: '{address}', "
    text = CONFIG.format(folder=folder).replace("{name: Dana Ops, ", away_too)
    (folder / "tminus.yaml").write_text(f"{text}\ncalendar_hosts: [127.0.0.1]\n")
    return make_runtime(load(folder / "tminus.yaml"), now=lambda: NOW)


def known(runtime: Runtime) -> list[Away]:
    """When Dana is away."""
    return list(absences.known(runtime)["dana"])


ALL = [days("2026-12-01", "2026-12-02"), days("2026-12-24", "2027-01-01")]
TOLD = ALL[:1]


def test_a_calendar_is_read_when_it_is_first_needed_and_once_an_hour(runtime: Runtime, host: Host) -> None:
    """Whoever needs it meanwhile gets the copy, and so does the next process."""
    assert absences.stored(runtime)["dana"] == TOLD
    assert known(runtime) == known(runtime) == ALL
    absences.refresh(at(runtime, minutes=59))
    assert host.asked == ["/dana.ics"]
    host.answers["/dana.ics"] = (200, {}, ics())
    absences.refresh(at(runtime, minutes=60))
    assert host.asked == ["/dana.ics"] * 2
    assert known(runtime) == TOLD


def test_the_copy_holds_the_days_only(runtime: Runtime, host: Host) -> None:
    """Neither titles nor the address are kept in the database."""
    known(runtime)
    with reading(runtime.engine) as session:
        [row] = away.calendars(session).values()
    assert row.days == [["2026-12-24", "2027-01-01"]]
    assert "127.0.0.1" not in row.model_dump_json()
    assert "Alps" not in row.model_dump_json()


def test_a_calendar_that_cannot_be_read_holds_as_it_was_and_doctor_says_so(runtime: Runtime, host: Host) -> None:
    """The finding tells of which day the copy is, and goes when the calendar is back."""
    known(runtime)
    assert list(absences.findings(runtime)) == []
    good, host.answers["/dana.ics"] = host.answers["/dana.ics"], (503, {}, b"")
    later = at(runtime, hours=2)
    absences.refresh(later)
    assert known(later) == ALL
    [finding] = absences.findings(later)
    assert "of Dana Ops cannot be read: 127.0.0.1 answers with status 503" in finding.problem
    assert "the copy of 2026-11-23 15:00 UTC holds" in finding.problem
    host.answers["/dana.ics"] = good
    absences.refresh(at(runtime, hours=3))
    assert list(absences.findings(at(runtime, hours=3))) == []


def test_a_calendar_that_nobody_reads_any_more_is_a_finding(runtime: Runtime) -> None:
    """After a day, because no worker runs."""
    known(runtime)
    assert list(absences.findings(at(runtime, hours=24))) == []
    [finding] = absences.findings(at(runtime, hours=25))
    assert "was not read for a day" in finding.problem


def test_a_calendar_that_never_answered_counts_for_nothing(runtime: Runtime, host: Host) -> None:
    """The days in the settings hold, and it is asked for again only by the hour."""
    host.answers.clear()
    assert known(runtime) == known(runtime) == TOLD
    assert host.asked == ["/dana.ics"]
    [finding] = absences.findings(runtime)
    assert "status 404; there is no copy of it" in finding.problem


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, b"x" * (MOST_BYTES + 1), "larger than 5 MB"),
        (200, {"Content-Encoding": "gzip"}, b"", "answers compressed"),
        (200, {}, b"<html>", "not an ICS calendar"),
        (302, {"Location": "http://localhost:1/dana.ics"}, b"", "an address that we may not ask"),
        (302, {"Location": "ftp://127.0.0.1/dana.ics"}, b"", "an address that we may not ask"),
        (302, {"Location": "/dana.ics"}, b"", "sends us on and on"),
        (401, {}, b"", "status 401"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told(
    runtime: Runtime, host: Host, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    """And no other host is ever asked."""
    host.answers["/dana.ics"] = (status, headers, body)
    assert known(runtime) == TOLD
    [finding] = absences.findings(runtime)
    assert words in finding.problem


def test_a_redirect_on_the_same_host_is_followed(runtime: Runtime, host: Host) -> None:
    """Calendars move."""
    host.answers["/new.ics"] = host.answers["/dana.ics"]
    host.answers["/dana.ics"] = (301, {"Location": "/new.ics"}, b"")
    assert known(runtime) == ALL


def test_a_host_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name, and nothing else of the address."""
    runtime = installation(tmp_path, monkeypatch, "http://127.0.0.1:1/s3cret.ics")
    assert known(runtime) == TOLD
    [finding] = absences.findings(runtime)
    assert "127.0.0.1 cannot be asked: ConnectError" in finding.problem
    assert "s3cret" not in finding.problem
    runtime.engine.dispose()


def test_a_calendar_may_be_a_file_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is missing is a finding, and read as soon as it is there."""
    runtime = installation(tmp_path, monkeypatch, "dana.ics")
    assert known(runtime) == TOLD
    [finding] = absences.findings(runtime)
    assert "the file dana.ics: No such file" in finding.problem
    (tmp_path / "dana.ics").write_bytes(ics(HOLIDAY))
    absences.refresh(at(runtime, hours=1))
    assert known(runtime) == ALL
    runtime.engine.dispose()


def test_a_new_address_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy of the old calendar is nobody's any more."""
    (tmp_path / "old.ics").write_bytes(ics(HOLIDAY))
    (tmp_path / "new.ics").write_bytes(ics())
    before = installation(tmp_path, monkeypatch, "old.ics")
    assert known(before) == ALL
    before.engine.dispose()
    after = installation(tmp_path, monkeypatch, "new.ics")
    assert known(after) == TOLD
    after.engine.dispose()


def test_instants_of_the_copy_are_utc(runtime: Runtime) -> None:
    """So that its age can be told."""
    known(runtime)
    with reading(runtime.engine) as session:
        assert away.calendars(session)["dana"].read_at == datetime(2026, 11, 23, 15, tzinfo=UTC)
