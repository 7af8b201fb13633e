"""One person's queue: the order of priority classes, and who waits longer when a request jumps."""

from __future__ import annotations

from datetime import date

from service.core.calendar import Calendar
from service.core.queue import Waiting, jump, line_up

MONDAY = date(2026, 11, 23)
OFFICE = Calendar(name="office", holidays={date(2026, 11, 26): "Thanksgiving Day"})


def task(request: str, days: int, due: int, priority: str = "P2", start: int = 23) -> Waiting:
    """One of November 2026."""
    return Waiting(
        request=request,
        title="Build",
        priority=priority,
        start_on=date(2026, 11, start),
        due_on=date(2026, 11, due),
        days=days,
    )


def test_one_task_is_taken_up_after_the_other_by_class_and_due_date() -> None:
    """P1 goes first, then what is due first; days are working days of the calendar."""
    soon, later, first = task("A", 1, 24), task("B", 2, 30), task("C", 1, 30, "P1")
    assert line_up([later, soon, first], OFFICE, MONDAY) == {
        first: date(2026, 11, 23),
        soon: date(2026, 11, 24),
        later: date(2026, 11, 27),
    }


def test_nothing_is_taken_up_before_it_can_begin() -> None:
    """While the better class cannot begin, the other goes on; when nothing can, days pass."""
    waits, ready, milestone = task("A", 1, 30, "P1", start=30), task("B", 1, 24), task("C", 0, 30, start=30)
    assert line_up([waits, ready, milestone], OFFICE, date(2026, 11, 22)) == {
        ready: date(2026, 11, 23),
        waits: date(2026, 11, 30),
        milestone: date(2026, 12, 1),
    }


def test_a_jump_tells_who_slips_by_how_much_and_who_becomes_late() -> None:
    """Two days of C go first: A slips by two working days and past its due date, B by two and stays in time."""
    items = [task("A", 1, 23), task("B", 1, 30), task("C", 2, 30)]
    slips = jump(items, "C", "P1", OFFICE, MONDAY)
    assert [(slip.task.request, slip.days, slip.late) for slip in slips] == [("A", 2, True), ("B", 2, False)]
    assert (slips[0].was, slips[0].now) == (date(2026, 11, 23), date(2026, 11, 25))


def test_a_jump_of_who_is_first_already_harms_nobody() -> None:
    """Nothing slips where the order stays."""
    assert jump([task("A", 1, 24), task("B", 1, 30)], "A", "P1", OFFICE, MONDAY) == []
