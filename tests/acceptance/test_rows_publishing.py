"""Rows G14, G15, G24, G29 and G31 as a form or a publisher meets them: over HTTP, and beside a running campaign."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from typer.testing import CliRunner

from service import publishing
from service.bootstrap import serving
from service.catalogue import Catalogue
from service.cli import app
from service.settings import STARTER_TEMPLATES
from tests.desk import Desk, memory_desk
from tests.web_client import client_of

TOKEN = "a-token-that-is-long-enough"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An installation of which each run is started by hand; it is Monday 23 November 2026, 10:00 in New York."""
    monkeypatch.setenv("TMINUS_API_TOKENS", TOKEN)
    with memory_desk(tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def web(desk: Desk) -> Iterator[Client]:
    """Its API."""
    with serving(desk.runtime, lambda: None) as served, client_of(served) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


def preview(web: Client, template: str, **inputs: Any) -> dict[str, Any]:
    """The answer to a request of that day."""
    answer = web.post(f"/api/templates/{template}/preview", json={"inputs": inputs, "asked_on": "2026-11-23"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def publish_webinar(desk: Desk, folder: Path, *changes: tuple[str, str]) -> None:
    """What `tminus templates apply` does, with an edited copy of the starter pack."""
    shutil.copytree(STARTER_TEMPLATES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "webinar.yaml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    steps = publishing.apply(desk.runtime.engine, Catalogue.load(folder), by="ana")
    assert [step.name for step in steps if step.due] == ["webinar v2"]


@pytest.mark.parametrize("line", ["  mops: role:mops_lead\n", "  sales: role:sales_lead\n"])
def test_G14_an_agreement_without_both_contacts_is_not_published(desk: Desk, tmp_path: Path, line: str) -> None:
    """The refusal says which one is missing; v1 stays in use, and a version with both is published."""
    folder = tmp_path / "ours"
    shutil.copytree(STARTER_TEMPLATES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "webinar.yaml"
    whole = path.read_text().replace("version: 1\n", "version: 2\n")
    assert line in whole
    path.write_text(whole.replace(line, "", 1))
    [refusal] = [
        step.refusal for step in publishing.apply(desk.runtime.engine, Catalogue.load(folder), by="ana") if step.refusal
    ]
    assert f"add to `contacts`: {line.split(':')[0].strip()}: role:<who>" in refusal
    assert in_use(desk) == 1
    path.write_text(whole)
    publishing.apply(desk.runtime.engine, Catalogue.load(folder), by="ana")
    assert in_use(desk) == 2


def in_use(desk: Desk) -> int:
    """The version by which the next webinar is planned."""
    found = publishing.in_use(desk.runtime.engine, "webinar")
    assert found
    return found.version


def test_G31_what_is_exported_is_what_was_published(desk: Desk) -> None:
    """Byte for byte, comments and all, for every template and commitment of the pack."""
    config = str(desk.runtime.settings.source)
    for path in sorted(STARTER_TEMPLATES.glob("*.yaml")):
        if path.stem != "calendars":
            told = CliRunner().invoke(app, ["templates", "export", path.stem, "--config", config])
            assert (told.exit_code, told.stdout_bytes) == (0, path.read_bytes()), path.stem


def test_G15_a_form_sees_the_exclusions_and_one_that_is_ticked_gets_no_promise(web: Client) -> None:
    """A custom landing page in an e-mail send: shown beforehand, then answered with a person instead of a plan."""
    shown = web.get("/api/templates/email_send").json()["exclusions"]
    assert [(entry["say"], entry["when"]["field"]) for entry in shown] == [
        ("a custom landing page; ask for campaign execution instead", "inputs.custom_landing_page")
    ]
    told = preview(web, "email_send", custom_landing_page=True)
    assert (told["verdict"], told["feasible"]) == ("excluded", False)
    assert "a person decides, and no clock starts" in told["summary"]
    assert any("a custom landing page" in problem for problem in told["problems"])
    assert preview(web, "email_send", custom_landing_page=False)["verdict"] == "planned"


def test_G24_a_new_version_changes_no_date_of_a_running_campaign(desk: Desk, tmp_path: Path) -> None:
    """v2 is published and re-planning is asked for: 0 dates change in the v1 campaign, and the next one is v2."""
    running = desk.webinar()
    before = json.dumps(desk.campaign(running).plan, sort_keys=True)
    writes = len(desk.tracker.writes)
    changes = [("version: 1\n", "version: 2\n"), ('"4 business_days"', '"3 business_days"')]
    publish_webinar(desk, tmp_path / "ours", *changes)
    desk.settled(running)
    after = desk.campaign(running)
    assert (after.template_version, json.dumps(after.plan, sort_keys=True)) == ("1", before)
    assert len(desk.tracker.writes) == writes
    assert desk.campaign(desk.webinar()).template_version == "2"


def test_G24_a_running_service_previews_the_new_version_without_a_restart(
    desk: Desk, web: Client, tmp_path: Path
) -> None:
    """Asked before and after, by the same process."""
    before = preview(web, "webinar", webinar_date="2027-01-21")
    publish_webinar(
        desk, tmp_path / "ours", ("version: 1\n", "version: 2\n"), ('"4 business_days"', '"3 business_days"')
    )
    after = preview(web, "webinar", webinar_date="2027-01-21")
    assert (before["version"], after["version"]) == (1, 2)
    dates = [{task["key"]: task["due_on"] for task in told["tasks"]}["landing_page"] for told in (before, after)]
    assert dates[1] < dates[0]


def test_G29_a_last_minute_webinar_is_told_what_is_short_what_is_past_and_what_can_be_had(web: Client) -> None:
    """17 December asked for on T: 18 days short, the invitation due on 25 November, tested by 18 November, past."""
    told = preview(web, "webinar", webinar_date="2026-12-17")
    assert (told["feasible"], told["verdict"], told["notice_short"]) == (False, "shift_proposed", 18)
    words = " ".join(told["problems"])
    assert "18 days short" in words
    assert "by Wed 25 Nov 2026" in words
    assert "by Wed 18 Nov 2026" in words
    assert told["earliest_anchor"][0] == "webinar_date"
    assert told["earliest"].startswith("The earliest possible Webinar date is ")
