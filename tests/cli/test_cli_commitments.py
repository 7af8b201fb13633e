"""`tminus commitments`, as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.posting import Post, event, post_office


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """An installation of which the clock is the real one."""
    with post_office(tmp_path, monkeypatch) as found:
        found.clock[0] = datetime.now(UTC)
        yield found


def tminus(post: Post, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the service."""
    command = [str(Path(sys.executable).with_name("tminus")), "commitments", *words]
    command += ["--config", str(post.runtime.settings.source)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))


def test_commitments_are_listed_and_one_is_told_with_what_its_verdict_was_made_from(post: Post) -> None:
    """A sentence for each; of one its verdict, its clocks by campaign, and every lead, the late one first."""
    now = post.now
    for subject, hours in (("lead-1", 30), ("lead-2", 1)):
        post.send(event("lead.created", (now - timedelta(hours=hours)).isoformat(), subject, campaign="MKT-1"))
    listed = tminus(post)
    assert listed.returncode == 0, listed.stderr
    assert "lead_follow_up (agreement): breached\n    first touch: 1 breached, 1 on track (0 % done)" in listed.stdout
    assert "reporting (cadence): on track" in listed.stdout
    told = tminus(post, "lead_follow_up").stdout
    assert "Lead follow-up v1 (agreement): breached" in told
    assert "MKT-1: first touch: 1 breached and 1 on track, 0 % done; open: lead-1 and lead-2" in told
    assert told.index("lead-1\n    first touch: breached, 30h") < told.index("lead-2\n    first touch: on track, 1h")
    report = tminus(post, "reporting").stdout
    assert "Deliver the weekly report (ops, ops), due Mon" in report
    content = tminus(post, "content_quota").stdout
    assert "blog posts: 0 of 4, expected by now" in content
    as_data = json.loads(tminus(post, "lead_follow_up", "--format", "json").stdout)
    assert [item["subject"] for item in as_data["report"]["items"]] == ["lead-1", "lead-2"]
    assert {one["id"] for one in json.loads(tminus(post, "--format", "json").stdout)} >= {"reporting", "sdr_leads"}
    unknown = tminus(post, "lead_folow_up")
    assert (unknown.returncode, "did you mean `lead_follow_up`?" in unknown.stderr) == (2, True)
