"""Many small calls in batches of at most ten, each row with an outcome of its own.

Asana runs the actions of a batch in parallel and in no order, and answers 200 even if all of them failed.
See https://developers.asana.com/docs/batch-requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice, repeat
from typing import TypeVar

from connectors.asana.client import ACTIONS, Action, Calls, Row, beyond_the_plan
from connectors.asana.settings import WRITES_IN_FLIGHT
from connectors.contract import Created, NewTask, Task
from connectors.errors import AccessDenied, NotFound, OutcomeUnknown, Rejected, TrackerError
from connectors.retrying import PASSING, retrying

T = TypeVar("T")


def repeatable(calls: Calls, actions: Sequence[Action]) -> list[Row]:
    """Rows of actions that are safe to repeat, in order; a row that failed in passing is repeated alone."""

    def settle(chunk: Sequence[Action]) -> list[Row]:
        settled: dict[int, Row] = {}
        for attempt in retrying():
            with attempt:
                left = [at for at in range(len(chunk)) if at not in settled]
                passing: TrackerError | None = None
                for at, row in zip(left, calls.batch([chunk[at] for at in left]), strict=True):
                    if isinstance(row.error, PASSING):
                        passing = row.error
                    else:
                        settled[at] = row
                if passing:
                    raise passing
        return [settled[at] for at in range(len(chunk))]

    sizes = _tens(len(actions)) if all(action.method == "get" for action in actions) else _packed(len(actions))
    return [row for rows in calls.line.spread(settle, _chunks(actions, sizes)) for row in rows]


class Creation:
    """Creates tasks, and after an unknown outcome looks before it repeats."""

    def __init__(
        self,
        calls: Calls,
        *,
        action: Callable[[NewTask], Action],
        read: Callable[[Row], Task],
        look: Callable[[], list[Task]],
    ) -> None:
        """`action` makes the call for a task; `look` reads what is in the container."""
        self._calls, self._action, self._read, self._look = calls, action, read, look

    def run(self, tasks: Sequence[NewTask]) -> Created:
        """Ten a call, side by side as far as the limits allow."""
        chunks = _chunks(tasks, _tens(len(tasks)))
        done = self._calls.line.spread(lambda chunk: _Chunk(self, chunk).settle(), chunks)
        made = {key: task for part in done for key, task in part.made.items()}
        refused = {key: error for part in done for key, error in part.refused.items()}
        return Created(made, refused, unsure=any(part.unsure for part in done))

    def post(self, tasks: Sequence[NewTask]) -> list[Row]:
        """One batch."""
        return self._calls.batch([self._action(task) for task in tasks])

    def read(self, row: Row) -> Task:
        """The task that the row made."""
        return self._read(row)

    def look(self) -> dict[str, Task]:
        """What the container holds, by mark; of two with one mark the older, as a person may have copied a task."""
        found: dict[str, Task] = {}
        for task in sorted(self._look(), key=lambda task: str(task.created_at)):
            if task.mark:
                found.setdefault(str(task.mark), task)
        return found


class _Chunk:
    """The state of one batch of creates, over its repetitions."""

    def __init__(self, creation: Creation, tasks: Sequence[NewTask]) -> None:
        self._creation, self._tasks = creation, tasks
        self._made: dict[str, Task] = {}
        self._refused: dict[str, TrackerError] = {}
        self._lesser: dict[str, NewTask] = {}
        self._unsure = self._was_unsure = False

    def settle(self) -> Created:
        for attempt in retrying():
            with attempt:
                if self._unsure:
                    self._adopt(self._creation.look())
                    self._unsure, self._was_unsure = False, True
                while left := self._left():
                    self._post(left)
        return Created(self._made, self._refused, unsure=self._was_unsure)

    def _left(self) -> list[NewTask]:
        return [t for t in self._tasks if t.mark.key not in self._made and t.mark.key not in self._refused]

    def _adopt(self, found: dict[str, Task]) -> None:
        self._made |= {t.mark.key: found[str(t.mark)] for t in self._left() if str(t.mark) in found}

    def _post(self, tasks: Sequence[NewTask]) -> None:
        try:
            rows = self._creation.post([self._lesser.get(task.mark.key, task) for task in tasks])
        except OutcomeUnknown:
            self._unsure = True
            raise
        except AccessDenied:
            raise
        except Rejected as whole:
            self._refused |= dict.fromkeys((task.mark.key for task in tasks), whole)
            return
        passing: TrackerError | None = None
        for task, row in zip(tasks, rows, strict=True):
            if row.error is None:
                self._made[task.mark.key] = self._creation.read(row)
            elif isinstance(row.error, PASSING):
                passing = row.error
                self._unsure = self._unsure or isinstance(row.error, OutcomeUnknown)
            elif lesser := _less(self._lesser.get(task.mark.key, task), row.error):
                self._lesser[task.mark.key] = lesser
            else:
                self._refused[task.mark.key] = row.error
        if passing:
            raise passing


def _less(task: NewTask, error: TrackerError) -> NewTask | None:
    """Somebody who left the company, or a plan without start dates, must not keep a campaign from starting."""
    if task.owner and "assignee" in str(error).lower():
        return replace(task, owner=None)
    if task.start_on and beyond_the_plan(error):
        return replace(task, start_on=None)
    return None


def visible(rows: Sequence[Row]) -> list[Row]:
    """Rows of reads without those that are gone (404) or hidden (403).

    Where every row is refused for another reason than being gone, it is our access that is gone, not the tasks.
    """
    errors = [row.error for row in rows if row.error]
    for error in errors:
        if not isinstance(error, Rejected) or (len(errors) == len(rows) and not isinstance(error, NotFound)):
            raise error
    return [row for row in rows if not row.error]


def _chunks(things: Sequence[T], sizes: Iterable[int]) -> list[Sequence[T]]:
    left = iter(things)
    return [list(islice(left, size)) for size in sizes]


def _tens(count: int) -> list[int]:
    return _filled(count, ())


def _packed(count: int) -> list[int]:
    """How many writes go into each batch: tens, or one batch more where that saves a wait.

    Of fifteen writes in flight a batch of ten leaves five. Thirty as 10 + 5 and 10 + 5 wait twice for Asana, as tens
    three times.
    """
    tens, packed = _tens(count), _filled(count, (10, 5, 10, 5))
    return packed if _waits(packed) < _waits(tens) else tens


def _filled(count: int, first: Sequence[int]) -> list[int]:
    sizes: list[int] = []
    for most in chain(first, repeat(ACTIONS)):
        if sum(sizes) == count:
            break
        sizes.append(min(most, count - sum(sizes)))
    return sizes


def _waits(sizes: Sequence[int]) -> int:
    beside = WRITES_IN_FLIGHT - ACTIONS
    small = sum(size <= beside for size in sizes)
    return max(len(sizes) - small, small)
