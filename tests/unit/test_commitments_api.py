"""`/api/commitments`: who may ask, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.posting import TOKEN, Post, event, post_office

ASKED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """An installation with a token."""
    with post_office(tmp_path, monkeypatch) as found:
        yield found


def test_only_who_has_a_token_may_ask(post: Post) -> None:
    """401 without one and with a wrong one, for the list and for one of them."""
    for path in ("/api/commitments", "/api/commitments/reporting"):
        assert post.call("GET", path).status_code == 401
        assert post.call("GET", path, headers={"Authorization": "Bearer nobody"}).status_code == 401
        assert post.call("GET", path, headers=ASKED).status_code == 200


def test_the_list_says_how_each_stands(post: Post) -> None:
    """Its kind, its verdict, and a sentence."""
    told = post.call("GET", "/api/commitments", headers=ASKED).json()["commitments"]
    assert [one["id"] for one in told] == sorted(one["id"] for one in told)
    [quota] = [one for one in told if one["id"] == "lead_generation"]
    assert (quota["kind"], quota["verdict"]) == ("quota", "at_risk")
    assert quota["sentence"].startswith("2026-11, 14 of 18 business days: qualified leads 0 of 500, behind 388")


def test_a_name_that_is_not_there_is_answered_with_the_one_that_is_meant(post: Post) -> None:
    """404, and 422 for a day that does not exist or lies out of every calendar."""
    missing = post.call("GET", "/api/commitments/reportin", headers=ASKED)
    assert (missing.status_code, "did you mean `reporting`?" in missing.text) == (404, True)
    for name in ("reporting", "content_quota"):
        for day in ("2026-02-31", "9999-12-31", "0001-01-01"):
            assert post.call("GET", f"/api/commitments/{name}?day={day}", headers=ASKED).status_code == 422


def test_of_many_leads_the_urgent_ones_are_told(post: Post) -> None:
    """As many as are asked for, and how many there are in all."""
    late = event("lead.created", "2026-11-20T09:00:00Z", "lead-late")
    post.send(late, *[event("lead.created", "2026-11-23T09:00:00Z", f"lead-{number}") for number in range(5)])
    report = post.standing("lead_follow_up", most="2")["report"]
    assert [item["subject"] for item in report["items"]] == ["lead-late", "lead-0"]
    assert report["items_in_all"] == 6
    assert report["counts"]["first_touch"]["verdicts"] == {"breached": 1, "on_track": 5}
