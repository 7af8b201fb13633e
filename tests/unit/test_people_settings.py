"""People and roles in the settings: what may be written, and what a mistake says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from service.config_file import ConfigError, ConfigProblem
from service.settings import Settings, load
from service.store.secrets import new_key

GOOD = """\
public_url: https://tminus.example.com
calendar_hosts: [Calendar.example.com, 127.0.0.1]
people:
  ana:
    name: Ana Ops
    email: ana@example.com
    limit: 3
    away: [{from: 2026-12-24, to: "2027-01-01"}]
    away_ics: https://calendar.example.com/ana?key=s3cret
  ben: {name: Ben, email: ben@example.com, away_ics: "http://127.0.0.1:9/ben.ics"}
  cem: {name: Cem, email: cem@example.com, away_ics: calendars/cem.ics}
roles:
  ops: ana
  builder: {pool: [ana, ben, cem], rule: round_robin}
  designer: [ben, requester]
  sdr: {by: inputs.source, pools: {webinar: [ana]}, otherwise: [ben, cem]}
fallback_role: builder
connections:
  desk: {tracker: asana, token: "${ASANA_TOKEN}", workspace: "1", projects: ["2"]}
requests:
  - {connection: desk, when: {section: Webinars}, template: webinar}
"""

Loader = Callable[[str], Settings]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Loads a file with this text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())

    def load_text(text: str) -> Settings:
        Path("tminus.yaml").write_text(text)
        return load(Path("tminus.yaml"))

    return load_text


def problems(given: Loader, text: str) -> list[ConfigProblem]:
    """What is wrong with this text."""
    with pytest.raises(ConfigError) as caught:
        given(text)
    return list(caught.value.problems)


def test_people_and_roles_arrive_checked(given: Loader) -> None:
    """Days quoted or not, every form of a role, and the hosts in small letters."""
    settings = given(GOOD)
    ana = settings.people["ana"]
    assert (ana.limit, [(days.from_, days.to) for days in ana.away]) == (3, [(date(2026, 12, 24), date(2027, 1, 1))])
    assert settings.calendar_hosts == ("calendar.example.com", "127.0.0.1")
    assert settings.roles["designer"].people() == ("ben", "requester")
    assert settings.roles["sdr"].people() == ("ana", "ben", "cem")


def test_the_address_of_a_calendar_never_shows(given: Loader) -> None:
    """Whoever knows it can read the calendar."""
    settings = given(GOOD)
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "remedy"),
    [
        ('to: "2027-01-01"', "to: 2026-12-01", 8, "`people.ana.away[0]` ends on 2026-12-01, before it", "correct"),
        ('"2027-01-01"', '"1.1.2027"', 8, "`people.ana.away[0].to` should be a day, written as year-month", "correct"),
        ('"2027-01-01"', '"2027-02-31"', 8, "`people.ana.away[0].to` is no day of the calendar", "correct"),
        ("from: 2026-12-24", "from: 20261224", 8, "`people.ana.away[0].from` should be a day", "correct"),
        ("{from:", "{form:", 8, "`people.ana.away[0].form` is not a setting", "did you mean `from`?"),
        ("away: [{", "away: {", 8, "not valid YAML", "mend the line"),
        ("limit: 3", "limit: 0", 7, "`people.ana.limit` should be greater than or equal to 1", "correct"),
        ("https://calendar.example.com", "http://calendar.example.com", 9, "should be an https address", "use"),
        ("https://calendar.example.com", "webcal://calendar.example.com", 9, "should be an https address", "use"),
        ("https://calendar.example.com", "https://evil.example.com", 9, "is at evil.example.com, which", "add evil.ex"),
        ("https://calendar.example.com", "https://calendar.example.com@evil.example.com", 9, "is at evil.", "add"),
        ("https://calendar.example.com", "https://[", 9, "should be an https address", "use"),
        ("[Calendar.example.com, ", "[https://calendar.example.com, ", 2, "`calendar_hosts[0]` should be", "cor"),
        ("[ana, ben, cem]", "[ana, bem, cem]", 14, "the role `builder` names the unknown person `bem`", "did you mean"),
        ("[ana, ben, cem]", "[ana, requester]", 14, "the role `builder` has the requester in a pool", "known here:"),
        ("[ben, requester]", "[ben, requestor]", 15, "the unknown person `requestor`", "did you mean `requester`?"),
        ("{webinar: [ana]}", "{webinar: [anna]}", 16, "the unknown person `anna`", "did you mean `ana`?"),
        ("otherwise: [ben, cem]", "rule: least_busy", 16, "`roles.sdr` should have `by`, `pools` and", "correct"),
        ("rule: round_robin", "rule: robin", 14, "`roles.builder.rule` should be 'round_robin' or", "correct"),
        ("rule: round_robin", "rules: robin", 14, "`roles.builder.rules` is not a setting", "did you mean `rule`?"),
        ("ops: ana", "ops: 7", 13, "`roles.ops` should be `name: value` pairs", "correct"),
        ("role: builder", "role: designer", 17, "the role `designer` is the requester", "name a role that is"),
    ],
)  # fmt: skip
def test_a_mistake_names_line_and_remedy(
    given: Loader, old: str, new: str, line: int, message: str, remedy: str
) -> None:
    """As a tired person would make it."""
    assert old in GOOD
    found = next(problem for problem in problems(given, GOOD.replace(old, new)) if message in problem.message)
    assert found.line == line
    assert remedy in found.remedy
    assert "s3cret" not in str(found)


def test_a_calendar_may_come_from_the_environment(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its host is checked all the same."""
    text = GOOD.replace("https://calendar.example.com/ana?key=s3cret", "${ANA_AWAY}")
    monkeypatch.setenv("ANA_AWAY", "https://calendar.example.com/ana")
    assert given(text).people["ana"].away_ics is not None
    monkeypatch.setenv("ANA_AWAY", "https://evil.example.com/s3cret")
    [found] = problems(given, text)
    assert (found.line, "s3cret" in str(found)) == (9, False)
