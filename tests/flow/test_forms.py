"""Forms: a signed submission becomes one request in the tracker, and the campaign follows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.signing import sign
from service.replay import parked
from service.store import campaigns
from service.store.engine import reading
from tests.house import House, house, in_weeks

SECRET = "0123456789abcdef0123456789abcdef"
FORMS = """
forms:
  webinar:
    secret: ${WEBINAR_FORM_SECRET}
    connection: jira
    project: MKT
    fields: {topic: title, when: Webinar date, audience: text, contact.email: text}
    optional: [audience, contact.email]
    always: {issue_type: Webinar}
  broken:
    secret: ${WEBINAR_FORM_SECRET}
    connection: jira
    project: MKT
    fields: {topic: title, size: No such field}
  letter:
    secret: ${WEBINAR_FORM_SECRET}
    connection: asana
    project: "PROJECT"
    fields: {topic: title, channel: Channel}
    optional: [channel]
    always: {section: Email sends}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One installation for all tests of this module."""
    folder = tmp_path_factory.mktemp("forms")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("WEBINAR_FORM_SECRET", SECRET)
        with house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch, more=FORMS) as found:
            yield found


def post(home: House, form: str, *, secret: str = SECRET, ago: int = 0, **fields: Any) -> httpx.Response:
    """Submit it."""
    body, at = json.dumps(fields).encode(), str(int(time.time()) - ago)
    signature = f"sha256={sign(secret, f'{at}.'.encode() + body)}"
    headers = {"Tminus-Timestamp": at, "Tminus-Signature": signature}
    return httpx.post(f"{home.url}/hooks/form/{form}", content=body, headers=headers)


def campaign_of(home: House, title: str) -> Any:
    """Wait for the campaign of a request with this title, and for quiet."""

    def found() -> Any:
        with reading(home.runtime.engine) as session:
            mine = [one for one in campaigns.listing(session) if one.title == title]
        return mine[0] if mine and mine[0].state == "running" else None

    campaign = home.until(found)
    home.quiet()
    return campaign


def requests(home: House, title: str) -> int:
    """How many issues or tasks have this title."""
    issues = sum(home.jira.issue(issue.key).summary == title for issue in list(home.jira.site.issues.values()))
    return issues + sum(task.name == title for task in home.asana.site.tasks())


def test_a_submission_becomes_a_request_with_its_whole_plan(home: House) -> None:
    """Title, text, issue type and the date field come from the form."""
    answer = post(home, "webinar", id="s-1", topic="From a form", when=in_weeks(12), audience="Everybody")
    assert (answer.status_code, answer.json()) == (202, {"submission": "s-1", "already_here": False})
    campaign = campaign_of(home, "From a form")
    assert campaign.inputs["webinar_date"] == in_weeks(12)
    assert "Everybody" in home.jira.issue(campaign.request_label).text
    assert len(home.jira.children(campaign.request_label)) > 5


def test_the_same_submission_is_filed_once(home: House) -> None:
    """Whoever sends it again is told that it is here."""
    for expected in (202, 200, 200):
        assert post(home, "webinar", id="s-2", topic="Only once", when=in_weeks(12)).status_code == expected
    campaign_of(home, "Only once")
    assert requests(home, "Only once") == 1


def test_a_form_can_file_into_asana(home: House) -> None:
    """The section decides which template starts."""
    assert post(home, "letter", id="s-3", topic="Newsletter by form").status_code == 202
    campaign = campaign_of(home, "Newsletter by form")
    assert (campaign.connection, campaign.template) == ("asana", "email_send")


@pytest.mark.parametrize(("form", "site"), [("webinar", "jira"), ("letter", "asana")])
def test_a_lost_reply_makes_no_second_request(home: House, form: str, site: str) -> None:
    """The task carries a mark of its submission and is looked up by it."""
    title = f"Lost in {site}"
    simulator = getattr(home, site)
    simulator.knobs.cut_after, simulator.knobs.strikes = 1.0, 1
    simulator.knobs.only = "POST"
    assert post(home, form, id=title, topic=title, when=in_weeks(12)).status_code == 202
    campaign_of(home, title)
    simulator.knobs.cut_after, simulator.knobs.strikes, simulator.knobs.only = 0.0, None, ""
    assert requests(home, title) == 1


def test_a_wrong_submission_is_refused_with_its_fields(home: House) -> None:
    """Nothing of it is stored."""
    before = len(home.deliveries())
    answer = post(home, "webinar", id="s-4", when=in_weeks(12))
    assert (answer.status_code, answer.json()) == (
        422,
        {"problems": [{"field": "topic", "problem": "is missing or empty"}]},
    )
    assert len(home.deliveries()) == before


def test_only_who_signs_with_the_secret_of_the_form_is_heard(home: House) -> None:
    """An unknown form is answered like a wrong signature, and an old body is not taken."""
    wanted = {"id": "s-5", "topic": "Nobody", "when": in_weeks(12)}
    answers = [
        post(home, "webinar", secret="another secret of length", **wanted),
        post(home, "unknown", **wanted),
        post(home, "webinar", ago=400, **wanted),
        httpx.post(f"{home.url}/hooks/form/webinar", json=wanted),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].json() == answers[1].json()
    assert requests(home, "Nobody") == 0


def test_what_the_tracker_refuses_is_parked_in_words(home: House) -> None:
    """A person corrects the map and replays it."""
    assert post(home, "broken", id="s-6", topic="Too big", size="XL").status_code == 202
    [delivery] = home.until(lambda: parked(home.runtime))
    assert "'No such field' does not exist" in (delivery.reason or "")
    assert requests(home, "Too big") == 0


def test_the_example_of_the_how_to_works_as_it_stands(home: House) -> None:
    """Its shell lines, run against a real port, are answered as the page says."""
    if not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not here")
    page = (Path(__file__).parents[2] / "docs/how-to/take-form-submissions.md").read_text()
    [example] = re.findall(r"^```sh\n(TMINUS_URL=.*?)^```", page, re.MULTILINE | re.DOTALL)
    variables = {**os.environ, "TMINUS_URL": home.url, "WEBINAR_FORM_SECRET": SECRET, "WEBINAR_DATE": in_weeks(12)}
    ran = subprocess.run(["sh", "-c", example], env=variables, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout, ran.stderr) == ('{"submission":"sub-42","already_here":false}', "")
    campaign = campaign_of(home, "Spring webinar")
    assert "rita@example.com" in home.jira.issue(campaign.request_label).text
