"""Whose turn it is: roles as people write them, absences, limits, and turns that go round."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.core.assigning import Away, Candidate, Role, away_on, begins_on, choose, nobody_there

DAY = date(2026, 12, 21)


def role(written: object) -> Role:
    """A role as it stands in the settings."""
    return Role.model_validate(written)


def candidates(*names: str, away: str = "", full: str = "", unknown: str = "") -> list[Candidate]:
    """People by their first letters; `away`, `full` and `unknown` name those who cannot."""
    return [
        Candidate(
            name=name,
            title=name.title(),
            assignable=name not in unknown,
            away_until=DAY if name in away else None,
            busy=3 if name in full else 0,
            limit=3,
        )
        for name in names
    ]


def turns(count: int, last: str | None = None, **who: str) -> list[str]:
    """Who gets so many items of the pool a, b, c, one after the other."""
    got: list[str] = []
    for _ in range(count):
        last = choose("round_robin", candidates("a", "b", "c", **who), last).name
        got.append(str(last))
    return got


@pytest.mark.parametrize(
    ("written", "queue"),
    [
        ("ana", ("r", ("ana",), "chain")),
        (["dora", "emil"], ("r", ("dora", "emil"), "chain")),
        ({"pool": ["ana", "ben"]}, ("r", ("ana", "ben"), "round_robin")),
        ({"pool": ["ana", "ben"], "rule": "least_busy"}, ("r", ("ana", "ben"), "least_busy")),
    ],
)
def test_a_role_is_written_in_the_shortest_form_that_says_it(written: object, queue: tuple[object, ...]) -> None:
    """A name, a list, or a pool with its rule."""
    found = role(written).queue("r", {})
    assert (found.name, found.people, found.rule) == queue
    assert found.shared == (written != "ana")


@pytest.mark.parametrize(
    ("source", "name", "people"),
    [
        ("webinar", "sdr/Webinar", ("sam", "sue")),
        (" WEBINAR ", "sdr/Webinar", ("sam", "sue")),
        ("event", "sdr/event", ("eve",)),
        ("billboard", "sdr", ("sam", "eve")),
        (None, "sdr", ("sam", "eve")),
    ],
)
def test_an_input_chooses_the_pool(source: str | None, name: str, people: tuple[str, ...]) -> None:
    """Its value in any case of letters; any other value, and none, gets the general pool. Each has its own turns."""
    pools = {"Webinar": ["sam", "sue"], "event": ["eve"]}
    sdr = role({"by": "inputs.source", "pools": pools, "otherwise": ["sam", "eve"]})
    queue = sdr.queue("sdr", {} if source is None else {"source": source})
    assert (queue.name, queue.people, queue.rule) == (name, people, "round_robin")
    assert queue.shared
    assert sdr.people() == ("sam", "sue", "eve")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ([], "should be one person"),
        ({}, "should be one person"),
        ({"pool": ["a"], "chain": ["b"]}, "should be one person"),
        ({"pool": ["a"], "by": "inputs.source"}, "should be one person"),
        ({"by": "inputs.source", "pools": {"x": ["a"]}}, "should have `by`, `pools` and `otherwise`"),
        ({"by": "inputs.source", "pools": {"x": []}, "otherwise": ["a"]}, "each pool with somebody"),
        ({"pool": ["a", "b", "a"]}, "names somebody twice"),
        ({"pool": ["a"], "rule": "by_turn"}, "round_robin"),
        ({"by": "source", "pools": {"x": ["a"]}, "otherwise": ["a"]}, "inputs"),
        ({"pol": ["a"]}, "pol"),
    ],
)
def test_a_role_that_says_nothing_or_two_things_is_refused(written: object, words: str) -> None:
    """In words that name what is missing."""
    with pytest.raises(ValidationError, match=words):
        role(written)


def test_turns_skip_whoever_is_away_and_owe_them_nothing() -> None:
    """Six items with B away are three, none, three; back again B gets every third and no burst."""
    first = turns(6, away="b")
    assert Counter(first) == {"a": 3, "c": 3}
    assert turns(6, last=first[-1]) == ["a", "b", "c", "a", "b", "c"]


@pytest.mark.parametrize("who", ["away", "full", "unknown"])
def test_turns_skip_whoever_cannot(who: str) -> None:
    """Away, at the limit, or not assignable."""
    assert turns(4, last="a", **{who: "b"}) == ["c", "a", "c", "a"]


def test_turns_begin_at_the_front_when_the_last_one_has_left_the_pool() -> None:
    """Nobody else's turn is lost for good by that."""
    assert turns(2, last="zoe") == ["a", "b"]


def test_nobody_is_chosen_where_nobody_can_and_each_reason_is_told() -> None:
    """The reasons come in the order in which people were asked."""
    choice = choose("round_robin", candidates("a", "b", "c", away="a", full="b", unknown="c"), "b")
    assert choice.name is None
    assert choice.passed_over == (
        "C cannot be assigned tasks in this tracker",
        "A is away until Mon 21 Dec 2026",
        "B has 3 open subtasks and takes 3 at once",
    )


def test_a_chain_gives_everything_to_the_first_who_can() -> None:
    """Whoever had the latest does not matter."""
    assert choose("chain", candidates("a", "b"), "a").name == "a"
    assert choose("chain", candidates("a", "b", away="a"), "a").name == "b"


def test_the_least_busy_takes_it_and_the_first_of_equals() -> None:
    """By open subtasks, then by the order of the pool."""
    busy = [
        Candidate(name=name, title=name, assignable=True, busy=number)
        for name, number in zip("abc", (2, 1, 1), strict=True)
    ]
    assert choose("least_busy", busy, "b").name == "b"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.sampled_from("abcd"), max_size=3), min_size=1, max_size=40))
def test_nobody_gets_two_turns_while_another_who_was_there_throughout_gets_none(absent: list[set[str]]) -> None:
    """However people come and go: between two turns of one, everybody who was there all the time had one."""
    last, got = None, []
    for who in absent:
        last = choose("round_robin", candidates(*"abcd", away="".join(who)), last).name
        got.append(last)
    for start, name in enumerate(got):
        again = next((at for at in range(start + 1, len(got)) if got[at] == name), None)
        if again is not None:
            there = set("abcd").difference(*absent[start : again + 1]) - {name}
            assert there <= set(got[start + 1 : again])


@pytest.mark.parametrize(
    ("day", "until"),
    [
        (date(2026, 12, 23), None),
        (date(2026, 12, 24), date(2027, 1, 3)),
        (date(2027, 1, 1), date(2027, 1, 3)),
        (date(2027, 1, 3), date(2027, 1, 3)),
        (date(2027, 1, 4), None),
        (date(2027, 2, 1), date(2027, 2, 1)),
    ],
)
def test_somebody_is_away_to_the_last_day_of_stretches_that_touch(day: date, until: date | None) -> None:
    """Both ends belong to a stretch, and overlapping or adjoining ones are one absence."""
    stretches = [
        Away(date(2027, 2, 1), date(2027, 2, 1)),
        Away(date(2027, 1, 2), date(2027, 1, 3)),
        Away(date(2026, 12, 24), date(2027, 1, 1)),
        Away(date(2026, 12, 26), date(2026, 12, 27)),
    ]
    assert away_on(day, stretches) == until


def test_work_that_should_have_begun_begins_today() -> None:
    """So somebody who was away on the planned start but is back can take it."""
    assert begins_on(date(2026, 12, 1), DAY) == DAY
    assert begins_on(DAY + timedelta(days=3), DAY) == DAY + timedelta(days=3)


def test_days_without_anybody_are_those_on_which_all_are_away() -> None:
    """One who is there is enough; a pool of nobody has no such days."""
    away = {"a": [Away(DAY, DAY + timedelta(days=4))], "b": [Away(DAY + timedelta(days=3), DAY + timedelta(days=9))]}
    assert nobody_there(("a", "b"), away, DAY, 14) == [DAY + timedelta(days=3), DAY + timedelta(days=4)]
    assert nobody_there(("a", "b", "c"), away, DAY, 14) == []
    assert nobody_there((), away, DAY, 14) == []
