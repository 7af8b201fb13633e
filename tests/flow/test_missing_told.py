"""A requester is told what is missing in words that the request itself knows."""

from __future__ import annotations

from tests.desk import Desk


def test_what_is_missing_is_told_with_its_place_on_the_request(desk: Desk) -> None:
    """Where a rule reads an input from a field of another name, nobody finds a "List file" on the request."""
    request = desk.tracker.file("", fields={"section": "Lists"})
    desk.run(request)
    [said] = desk.tracker.comments(request)
    assert "List file is missing (the title of the request)" in said
