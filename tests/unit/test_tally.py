"""Calls are counted by connection, method and outcome, since the start and for each piece of work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from connectors.errors import Unreachable
from connectors.limiting import Limits
from connectors.line import Line
from connectors.tally import SINCE_START, Call, Tally, counted, opening

BASE = "https://site.example.com"


def a_line(connection: str) -> Line:
    """To a site, opened for a connection of this name."""
    with opening(connection):
        return Line("jira", BASE, Limits(reads_in_flight=2, writes_in_flight=2), lambda error: Unreachable(str(error)))


def attempt(line: Line, method: str, status: int | None) -> None:
    """One HTTP attempt that is answered with this status, or not at all."""

    def send() -> None:
        with line.observe(method, f"{BASE}/task/1") as seen:
            seen.status = status

    line.call(method, send)


def test_attempts_are_counted_by_connection_method_and_outcome() -> None:
    """One that nobody answers is counted too."""
    line = a_line("tally-one")
    with counted() as tally:
        attempt(line, "GET", 200)
        attempt(line, "GET", 200)
        attempt(line, "POST", 429)
        attempt(line, "POST", None)
    assert dict(tally.calls) == {
        Call("tally-one", "GET", "200"): 2,
        Call("tally-one", "POST", "429"): 1,
        Call("tally-one", "POST", "none"): 1,
    }
    assert tally.waits["tally-one"] == 4
    assert SINCE_START.copy().calls[Call("tally-one", "GET", "200")] == 2


def test_work_counts_its_own_calls_only_those_of_its_threads_included() -> None:
    """Two pieces of work side by side do not see each other's calls."""
    line = a_line("tally-two")

    def work(calls: int) -> int:
        with counted() as tally:
            line.spread(lambda _: attempt(line, "GET", 200), range(calls))
        return tally.calls[Call("tally-two", "GET", "200")]

    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(copy_context().run, work, calls) for calls in (3, 5)]
    assert [job.result() for job in jobs] == [3, 5]
    assert SINCE_START.copy().calls[Call("tally-two", "GET", "200")] == 8


def test_a_line_that_nobody_named_is_counted_as_its_tracker() -> None:
    """A connector may be opened by itself."""
    line = Line("jira", BASE, Limits(reads_in_flight=1, writes_in_flight=1), lambda _: None)
    with counted() as tally:
        attempt(line, "GET", 204)
    assert list(tally.calls) == [Call("jira", "GET", "204")]


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([], ""),
        ([("jira", "200", 0.25), ("jira", "200", 0.25)], "2 calls to jira (0.5 s)"),
        (
            [("asana", "503", 1.0), ("asana", "none", 2.0), ("jira", "200", 0.1)],
            "2 calls to asana (3.0 s, 2 of them without success) and 1 call to jira (0.1 s)",
        ),
    ],
)
def test_the_cost_is_told_in_a_sentence(calls: list[tuple[str, str, float]], told: str) -> None:
    """For people who read the ledger."""
    tally = Tally()
    for connection, outcome, seconds in calls:
        tally.add(Call(connection, "GET", outcome), seconds)
    assert tally.sentence() == told
