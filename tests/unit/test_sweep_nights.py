"""Each campaign is looked at once a night, at a moment of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.sweep import NIGHT_LASTS, due

REQUESTS = [str(number) for number in range(10_000, 11_000)]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)


def through(since: datetime, until: datetime) -> list[list[str]]:
    """What is due at each sweep between the two."""
    found = []
    while since < until:
        found.append(due(REQUESTS, since, since + STEP))
        since += STEP
    return found


def test_every_campaign_is_looked_at_once_between_two_noons() -> None:
    """None is left out and none comes twice."""
    looked_at = [request for sweep in through(NOON, NOON + timedelta(days=1)) for request in sweep]
    assert sorted(looked_at) == REQUESTS


def test_a_night_is_spread_over_its_sweeps() -> None:
    """No sweep has to look at more than a few times its share."""
    share = len(REQUESTS) / (NIGHT_LASTS / STEP)
    assert max(len(sweep) for sweep in through(NOON, NOON + timedelta(days=1))) < 3 * share


def test_a_night_that_was_slept_through_is_made_up_for() -> None:
    """The first sweep after a stand-still of hours or days looks at all of them."""
    assert sorted(due(REQUESTS, NOON, NOON + timedelta(days=1))) == REQUESTS
    assert sorted(due(REQUESTS, NOON, NOON + timedelta(days=9))) == REQUESTS


def test_by_day_nothing_is_due() -> None:
    """Nobody waits for a crawl during working hours."""
    assert due(REQUESTS, NOON, NOON + timedelta(hours=8)) == []
