"""Rows S6, S8, G14 and G16, and the complaints A40 to A42: who gets what, and who does what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import people
from service.catalogue import Catalogue
from service.cli import app
from service.core.raci import raci, roles_named
from service.doctor import examine
from service.settings import STARTER_TEMPLATES
from tests.office import Office, days, office, owner

FOLLOW_UP = "title: Follow up, party: sales, owner: 'role:sdr', duration: 1 business_day"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office with Ana, Ben and Cem, whose leads are one task each."""
    with office(tmp_path, monkeypatch) as found:
        found.hire("ana", "ben", "cem")
        found.roles["sdr"] = {"pool": ["ana", "ben", "cem"]}
        found.template("hot", follow_up=FOLLOW_UP)
        yield found


def leads(at: Office, count: int, source: str = "fair") -> list[str]:
    """Who gets so many leads, one after the other."""
    return [owner(at.ask("hot", source)["Follow up"]) for _ in range(count)]


def test_S6_round_robin_skips_who_is_away_owes_nothing_and_survives_a_restart(at: Office) -> None:
    """A, B, C with B out: 6 items are 3, 0, 3. B is back after a restart: the order goes on, and B gets no burst."""
    at.hire("ben", away=[days(-3, 30)])
    first = leads(at, 6)
    assert Counter(first) == {"ana": 3, "cem": 3}
    assert first == ["ana", "cem"] * 3
    at.hire("ben")
    at.restart()
    assert leads(at, 3) == ["ana", "ben", "cem"]
    at.restart()
    assert leads(at, 2) == ["ana", "ben"]
    assert "passed over: Ben is away until" in at.told("assigned")[1]


def test_S6_who_is_at_their_limit_is_skipped_until_something_is_done(at: Office) -> None:
    """Open subtasks count, wherever they came from; a finished one makes room."""
    at.hire("ana", limit=1)
    assert leads(at, 4) == ["ana", "ben", "cem", "ben"]
    [task] = at.jira.children("MKT-1")
    at.jira.transition(task.key, "Done")
    at.run("MKT-1")
    assert leads(at, 2) == ["cem", "ana"]
    assert "Ana has 1 open subtasks and takes 1 at once" in at.told("assigned")[3]


def test_S8_the_source_of_a_lead_chooses_the_pool(at: Office) -> None:
    """Source webinar goes to the webinar pool, in turns of its own; an unknown one to the general pool."""
    at.hire("wim", "wes")
    at.roles["sdr"] = {"by": "inputs.source", "pools": {"webinar": ["wim", "wes"]}, "otherwise": ["ana", "ben"]}
    assert leads(at, 1, "webinar") + leads(at, 1, "billboard") + leads(at, 2, "Webinar") == ["wim", "ana", "wes", "wim"]
    assert leads(at, 1, "billboard") == ["ben"]


def test_G14_a_contact_who_is_deactivated_is_told_within_a_day_and_the_fallback_is_used(at: Office) -> None:
    """The look that the service takes by itself tells it, doctor names them, and the next one stands in."""
    at.roles["sdr"] = ["ana", "ben"]
    assert leads(at, 1) == ["ana"]
    at.jira.site.person("ana@example.com").active = False
    at.clock = timedelta(hours=23)
    at.restart()  # the connector remembers accounts for some minutes, which this clock does not reach
    for _ in range(2):
        people.look_after(at.runtime)
    [told] = at.told("people")
    assert told.startswith("Ana (ana@example.com) can no longer be assigned tasks in jira")
    task = at.ask("hot")["Follow up"]
    assert owner(task) == "ben"
    assert "Ana cannot be assigned tasks in this tracker; Ben stands in." in task.text
    assert any("Ana (ana@example.com) is not known" in finding.problem for _, finding in examine(at.runtime))


def test_G14_a_contact_who_was_deactivated_a_minute_ago_blocks_nothing(at: Office) -> None:
    """The tracker refuses them when the subtask is made: the next of the role owns it, and it is told there."""
    at.roles["sdr"] = ["ana", "ben"]
    assert leads(at, 1) == ["ana"]
    at.jira.site.unassignable("ana@example.com")
    task = at.ask("hot")["Follow up"]
    assert owner(task) == "ben"
    assert "Ben stands in: it is meant for Ana" in " ".join(task.comments).replace("*", "")
    assert leads(at, 1) == ["ben"]


def test_A40_a_fixed_owner_who_cannot_be_assigned_falls_to_the_lead(at: Office) -> None:
    """Nothing is refused, and the note says for whom it was meant."""
    at.roles["sdr"] = "ana"
    at.jira.site.unassignable("ana@example.com")
    task = at.ask("hot")["Follow up"]
    assert owner(task) == "lead"
    assert "Meant for Ana (ana@example.com), whom this tracker does not know; Lead stands in." in task.text


def test_A41_nobody_of_a_pool_is_there_and_the_lead_stands_in(at: Office) -> None:
    """The subtask says why each of them was passed over, and doctor knew it before."""
    at.hire("ana", "ben", away=[days(0, 20)])
    at.roles["sdr"] = {"pool": ["ana", "ben"]}
    about = [finding.problem for _, finding in examine(at.runtime)]
    assert any("Nobody who shares the role “sdr” (Ana, Ben) is there on" in problem for problem in about)
    task = at.ask("hot")["Follow up"]
    assert owner(task) == "lead"
    assert "Meant for “sdr”: Ana is away until" in task.text
    assert "Ben is away until" in task.text


def test_A42_somebody_whom_the_tracker_never_knew_blocks_nothing(at: Office) -> None:
    """They are passed over, and doctor lists them to be mended."""
    at.people["zoe"] = {"name": "Zoe", "email": "zoe@example.com"}
    at.roles["sdr"] = {"pool": ["zoe", "ana"]}
    assert leads(at, 2) == ["ana", "ana"]
    assert any("Zoe (zoe@example.com) is not known" in finding.problem for _, finding in examine(at.runtime))


def test_G16_every_step_of_the_starter_pack_has_a_party_and_a_role() -> None:
    """The table of each template names every task once, with who owes it and who is responsible."""
    templates = Catalogue.load(STARTER_TEMPLATES).templates
    assert templates
    for template in templates.values():
        rows = raci(template)
        assert rows
        assert all(row.party and row.responsible and row.task for row in rows)
        assert {row.responsible for row in rows} == roles_named(template).working


def test_G16_the_table_is_printed_for_a_wiki(at: Office) -> None:
    """Markdown, with the people behind the roles where settings are named."""
    raci_of_it = "raci: {accountable: 'role:lead', consulted: ['role:legal'], informed: ['role:lead', 'role:legal']}"
    at.template(
        "cold", call=f"title: Call | write, party: sales, duration: 1 business_day, owner: 'role:sdr', {raci_of_it}"
    )
    at.roles["sdr"] = {"pool": ["ana", "ben"]}
    _ = at.runtime
    config = str(at.folder / "tminus.yaml")
    printed = CliRunner().invoke(app, ["templates", "raci", "cold", "--config", config])
    assert printed.exit_code == 0
    assert printed.output.splitlines()[2:] == [
        "| Task | Party | Responsible | Accountable | Consulted | Informed |",
        "|---|---|---|---|---|---|",
        "| Call \\| write | sales | sdr (Ana, Ben) | lead (Lead) | legal | lead (Lead), legal |",
    ]
    [finding] = [found.problem for about, found in examine(at.runtime) if about == "people"]
    assert finding == "Nobody holds the role “legal”, which these templates name: cold."
    unknown = CliRunner().invoke(app, ["templates", "raci", "could", "--config", config])
    assert (unknown.exit_code, "did you mean `cold`?" in unknown.output) == (2, True)
    starter = CliRunner().invoke(app, ["templates", "raci", "webinar"])
    assert "| Responsible | Accountable |" in starter.output
