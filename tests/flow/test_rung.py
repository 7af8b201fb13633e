"""Work begins because somebody asked for it, not because the engine happens to look."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import bell
from tests.house import house


def test_a_request_is_answered_although_the_engine_would_look_in_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook rings the router, and the router rings the engine."""
    monkeypatch.setattr(bell, "ALONE_SECONDS", 3_600.0)
    with house(tmp_path, f"sqlite:///{tmp_path}/tminus.db", monkeypatch) as home:
        key = home.jira.file_request("List Import", "Leads")
        assert home.running(key).plan
