"""A sign-in that ended under a running service: what comes meanwhile is set aside, and runs after the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.house
from service.connect import connect
from tests.house import house, in_weeks
from tests.signed_in import agree


def test_nothing_is_lost_while_nobody_is_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is parked with the remedy; signed in again and replayed, it becomes its campaign."""
    app = "oauth: true\n    auth_url: {asana.url}/-\n    client_id: sim-client\n    client_secret: ${{ASANA_TOKEN}}"
    signed_in = tests.house.CONFIG.replace("token: ${{ASANA_TOKEN}}", app)
    monkeypatch.setattr(tests.house, "CONFIG", signed_in)
    with house(tmp_path, f"sqlite:///{tmp_path}/tminus.db", monkeypatch, hooks=False) as home:
        home.asana.desk.client_secret = "sim-token"
        tokens = home.runtime.tokens["asana"]
        agree(home.asana, tokens)
        assert all(result.ok for result in connect(home.runtime, "asana"))
        home.asana.desk.revoke()
        day = {"date": in_weeks(16)}
        request = home.asana.file_request("Spring webinar", custom_fields={"Webinar date": day})
        home.until(lambda: any(row.state == "parked" for row in home.deliveries()))
        reasons = [row.reason or "" for row in home.deliveries() if row.state == "parked"]
        assert all("tminus login asana" in reason for reason in reasons), reasons
        agree(home.asana, tokens)
        home.replay()
        home.running(request)
        assert home.asana.subtasks(request)
