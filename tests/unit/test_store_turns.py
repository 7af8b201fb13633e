"""Turns: one at a time, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store.engine import make_engine
from service.store.turns import Busy, turn


def test_a_turn_is_had_by_one_process_at_a_time(database_url: str) -> None:
    """Who waits too long is told; who comes after its end has the next one. Each engine stands for a process."""
    one, other = make_engine(database_url), make_engine(database_url)
    with turn(one, "hooks of jira"):
        with pytest.raises(Busy), turn(other, "hooks of jira", patience=0.2):
            raise AssertionError("two at once")
        with ThreadPoolExecutor(1) as pool, pytest.raises(Busy):
            pool.submit(_take, one).result()
    with turn(other, "hooks of jira", patience=0.2):
        pass
    one.dispose()
    other.dispose()


def test_a_turn_ends_when_what_was_done_in_it_fails(database_url: str) -> None:
    """The error is passed on, and nobody waits for ever."""
    engine = make_engine(database_url)
    with pytest.raises(ZeroDivisionError), turn(engine, "hooks of jira"):
        raise ZeroDivisionError
    _take(engine)
    engine.dispose()


def _take(engine: object) -> None:
    with turn(engine, "hooks of jira", patience=0.2):  # type: ignore[arg-type]
        pass
