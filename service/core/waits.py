"""What a task waits for when others are left out: conditions that do not hold, rounds never made, steps dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from service.core.template import Dependency, TaskTemplate


def without(
    tasks: Mapping[str, TaskTemplate], gone: Collection[str], unmade: Collection[str] = ()
) -> dict[str, TaskTemplate]:
    """The tasks that stay; those that waited for one that is gone wait for its predecessors instead.

    Of what a round hands on that was never made, only what is not waited for anyway.
    """
    made = {key: task for key, task in tasks.items() if key not in unmade} if unmade else tasks
    kept = {}
    for key, task in tasks.items():
        if key not in gone:
            # Of two waits for one task both are kept: they may have lags of different length.
            waits = tuple(dict.fromkeys(standing_in(task.depends_on, made, gone)))
            stays = task if waits == task.depends_on else task.model_copy(update={"depends_on": waits})
            every = tuple(dict.fromkeys(standing_in(task.depends_on, tasks, gone))) if unmade else waits
            kept[key] = stays if every == waits else waiting_too(stays, every, tasks)
    return kept


def waiting_too(task: TaskTemplate, more: Iterable[Dependency], tasks: Mapping[str, TaskTemplate]) -> TaskTemplate:
    """The task that also waits for these, as far as another wait does not imply it."""
    every = tuple(dict.fromkeys((*task.depends_on, *more)))
    implied = set[str]().union(*(_before(wait.task, tasks) for wait in every))
    further = tuple(
        wait for wait in every if wait not in task.depends_on and (wait.lag.value or wait.task not in implied)
    )
    return task.model_copy(update={"depends_on": (*task.depends_on, *further)}) if further else task


def _before(key: str, tasks: Mapping[str, TaskTemplate]) -> set[str]:
    """Every task that comes before this one, however many lie between."""
    found: set[str] = set()
    ahead = [key]
    while ahead:
        new = {wait.task for wait in tasks[ahead.pop()].depends_on if wait.task in tasks} - found
        found |= new
        ahead.extend(new)
    return found


def standing_in(
    waits: Iterable[Dependency],
    tasks: Mapping[str, TaskTemplate],
    gone: Collection[str],
    passed: set[str] | None = None,
) -> Iterator[Dependency]:
    """Of what is waited for, what stays; in place of what is gone its predecessors. Each is passed once."""
    passed = set() if passed is None else passed
    for wait in waits:
        if wait.task not in gone:
            yield wait
        elif wait.task in tasks and wait.task not in passed:
            passed.add(wait.task)
            yield from standing_in(tasks[wait.task].depends_on, tasks, gone, passed)
