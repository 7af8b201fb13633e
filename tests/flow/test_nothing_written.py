"""Whoever stores deliveries waits for each transaction that writes, so a run that changes nothing begins none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from connectors.contract import Status
from tests.desk import Desk


@contextmanager
def begun(desk: Desk) -> Iterator[list[str]]:
    """The transactions that may write, while the block lasts."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":
            seen.append(statement)

    sa.event.listen(desk.runtime.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(desk.runtime.engine, "before_cursor_execute", note)


def test_a_run_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    """What a person did is stored all the same."""
    request = desk.webinar()
    with begun(desk) as seen:
        desk.run(request)
    assert seen == []
    task = next(link.task for link in desk.links(request).values() if link.open and link.task)
    desk.tracker.act(task.id, status=Status.DONE)
    with begun(desk) as seen:
        desk.run(request)
    assert seen
    assert [link.done_on for link in desk.links(request).values() if link.task and link.task.id == task.id] != [None]
