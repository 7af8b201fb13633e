"""Clocks: whatever happens, in whatever order it is heard of, adds up and says the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from service.core.calendar import Calendar, Window
from service.core.clock_rule import ClockRule
from service.core.clocks import Terms, read_clock
from service.core.event import Event
from tests.properties import proved

OFFICE = Calendar(
    "office", working_hours=((Window.parse("09:00-17:00"),),) * 5 + ((), ()), time_zone="America/New_York"
)
RULE = ClockRule.model_validate(
    {
        "start": "request.created",
        "stop": "request.answered",
        "reset": "request.rewritten",
        "cancel": ["request.dropped", "campaign.cancelled"],
        "pause": "defaults",
        "goals": [
            {"when": {"field": "request.priority", "equals": "P1"}, "target": "4 business_hours"},
            {"target": "8 business_hours"},
        ],
        "warn_at": [0.5, 0.75],
    }
)
KINDS = [f"request.{kind}" for kind in ("created", "answered", "rewritten", "dropped", "changed")]
KINDS += ["campaign.cancelled", "campaign.resumed"]
happenings = st.lists(
    st.builds(
        lambda kind, minute, data, number: Event(
            str(number),
            kind,
            datetime(2026, 12, 7, 14, tzinfo=UTC) + timedelta(minutes=minute),
            "R-1",
            data,
        ),
        st.sampled_from(KINDS),
        st.integers(0, 5_000).map(lambda minute: minute - minute % 60),
        st.fixed_dictionaries(
            {},
            optional={
                "status": st.sampled_from(["waiting", "doing"]),
                "priority": st.sampled_from(["P1", "P3"]),
                "waiting_on": st.sampled_from(["ops", "sales"]),
            },
        ),
        st.integers(0, 12),
    ),
    max_size=12,
)


@proved(happenings, st.randoms(use_true_random=False), st.integers(0, 6_000))
def test_events_in_any_order_make_the_same_clock(events: list[Event], chance: random.Random, minute: int) -> None:
    """Arriving late, shuffled and twice, the same events say the same at any instant."""
    now = datetime(2026, 12, 7, 14, tzinfo=UTC) + timedelta(minutes=minute)
    terms = Terms(RULE, OFFICE)
    shuffled = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(shuffled)
    assert read_clock(shuffled, terms, now) == read_clock(events, terms, now)


@proved(happenings, st.integers(0, 6_000))
def test_a_cycle_adds_up(events: list[Event], minute: int) -> None:
    """Running stretches are the elapsed time, all of them the time on the wall; what is left completes the goal."""
    now = datetime(2026, 12, 7, 14, tzinfo=UTC) + timedelta(minutes=minute)
    for cycle in read_clock(events, Terms(RULE, OFFICE), now).cycles:
        lengths = [(part.state, part.ends - part.begins) for part in cycle.segments]
        assert sum((length for state, length in lengths if state == "running"), timedelta()) == cycle.elapsed_time
        assert sum((length for _, length in lengths), timedelta()) == cycle.wall_elapsed_time
        assert sum(cycle.elapsed_by_party.values(), timedelta()) == cycle.elapsed_time
        assert cycle.elapsed_time + cycle.remaining_time == cycle.goal_duration
        assert (cycle.elapsed_time > cycle.goal_duration) == cycle.breached or cycle.state == "cancelled"
