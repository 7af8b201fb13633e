"""One request of a chaos run, what people did to it, and what has to stand in its tracker: the service is not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from service.core.plan import InputProblems, Plan
from service.demo.desks import DOING, DONE, DROPPED, TODO, Found
from service.demo.installation import OPS, REQUESTER
from service.demo.promise import promised_plan, today
from tests.faults.sites import WEBINAR, Site

OWNERS = {"ops": OPS, "stakeholder": REQUESTER, "requester": REQUESTER}
REFUSED = ("rejected", "shift_proposed")


@dataclass
class Asked:
    """Its methods are what people do, to tracker and promise alike."""

    site: Site
    request: str
    template: str
    title: str
    now: datetime
    """The simulated time; the run moves it on."""
    day: date | None
    """The launch; None: not given yet, or nobody asks for one."""
    mirror: Site | None = None
    """Where its stakeholders' tasks stand too."""
    counts_from: datetime | None = None
    """When it was complete; None: it is not."""
    keys: dict[str, str] = field(default_factory=dict)
    """The simulator's name of each planned task, as soon as it has been seen."""
    twins: dict[str, str] = field(default_factory=dict)
    """The other tracker's name of each task that stands in both."""
    titles: dict[str, str] = field(default_factory=dict)
    """Where a person gave another one."""
    done: dict[str, date] = field(default_factory=dict)
    pins: dict[str, date] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    state: str = "asked"
    """asked, cancelled, gone"""
    ever_cancelled: bool = False
    plan_days: list[datetime] = field(default_factory=list)
    """The mornings of which one has made the plan that stands; the newest last."""

    @property
    def label(self) -> str:
        """For the story."""
        return f"{self.site.name}:{self.request}"

    @property
    def stands(self) -> bool:
        """Its tasks have been seen in the tracker."""
        return bool(self.keys) and self.state == "asked"

    def open_keys(self) -> list[str]:
        """Tasks that somebody still owes, in one order for ever."""
        return sorted(self.keys.keys() - self.done.keys() - self.deleted)

    # People.

    def finish(self, key: str, *, there: bool = False) -> None:
        """Somebody is done; `there`: says so in the other tracker."""
        site, task = self._where(key, there)
        site.finish(task)
        self.done[key] = today(self.template, self.now)

    def reopen(self, key: str, *, there: bool = False) -> None:
        """Not done after all."""
        site, task = self._where(key, there)
        site.reopen(task)
        del self.done[key]

    def rename(self, key: str, title: str, *, there: bool = False) -> None:
        """In better words."""
        site, task = self._where(key, there)
        site.rename(task, title)
        self.titles[key] = title

    def delete(self, key: str) -> None:
        """Nobody needs that."""
        self.site.delete(self.keys[key])
        self.deleted |= {key}

    def pin(self, key: str, day: date, *, there: bool = False) -> None:
        """Somebody moves it by hand."""
        site, task = self._where(key, there)
        site.put_on(task, day)
        self.pins[key] = day

    def move(self, day: date) -> None:
        """The launch; what could not be planned before is complete now."""
        self.site.move(self.request, day)
        if not self.keys:
            self.counts_from = self.now
        self.day = day

    def cancel(self) -> None:
        """Nobody needs any of it."""
        self.site.cancel(self.request)
        self.state, self.ever_cancelled = "cancelled", True

    def take_up(self) -> None:
        """It is needed after all."""
        self.site.take_up(self.request)
        self.state = "asked"

    def take_away(self) -> None:
        """The request itself is deleted, its tasks with it."""
        self.site.delete(self.request)
        self.state = "gone"

    def _where(self, key: str, there: bool) -> tuple[Site, str]:
        return (self.mirror, self.twins[key]) if self.mirror and there else (self.site, self.keys[key])

    # What must stand there.

    def wrong(self) -> list[str]:
        """Everything that does not stand as it was promised; empty when plan and tracker agree."""
        if self.state == "gone":
            return [f"{self.label} is back"] if self.site.exists(self.request) else []
        found = self.site.subtasks(self.request)
        problems = [f"{self.label}: {problem}" for problem in self._twice(found)]
        if self.state == "cancelled":
            return problems + [f"{self.label}: {problem}" for problem in self._left_open(found)]
        tried: list[list[str]] = []
        for plan in self._plans():
            wrong = self._differences(plan, found)
            if not wrong:
                self._learn(plan, found)
                return problems + [f"{self.label}: {problem}" for problem in self._apart(plan, found)]
            tried.append(wrong)
        return problems + [f"{self.label}: {problem}" for problem in min(tried, key=len)]

    def _plans(self) -> Iterator[Plan | None]:
        """What may be promised: a plan is kept until its reasons change, so any day since may have made it."""
        for morning in reversed(self.plan_days):
            for again in (bool(self.keys), not self.keys):
                try:
                    yield _plan(
                        self.template,
                        self.day,
                        self.counts_from or self.site.created_at(self.request),
                        morning,
                        tuple(sorted(self.done.items())),
                        tuple(sorted(self.pins.items())),
                        self.deleted,
                        again,
                    )
                except InputProblems:
                    yield None

    def _learn(self, plan: Plan | None, found: list[Found]) -> None:
        if plan is None or (plan.verdict in REFUSED and not found):
            return
        names = {task.title: task.id for task in found}
        wanted = {task.key: self.titles.get(task.key, task.title) for task in plan.tasks}
        self.keys |= {key: names[title] for key, title in wanted.items() if title in names}

    def _differences(self, plan: Plan | None, found: list[Found]) -> list[str]:
        if plan is None:
            return self._unsaid(found, "Webinar date is missing")
        if plan.verdict in REFUSED and not self.keys:
            over = self.day is not None and self.day < today(self.template, self.now)
            return self._unsaid(found, "is in the past" if over else "earliest possible date")
        titles = {task.key: self.titles.get(task.key, task.title) for task in plan.tasks}
        there = {task.title: task for task in found}
        problems = [f"“{title}” was not promised" for title in there if title not in titles.values()]
        for task in plan.tasks:
            if task.key in self.deleted:
                continue
            title, seen = titles[task.key], there.get(titles[task.key])
            if seen is None:
                problems.append(f"“{title}” is missing")
                continue
            if seen.owner != OWNERS[task.owner]:
                problems.append(f"“{title}” belongs to {seen.owner}, not {OWNERS[task.owner]}")
            if seen.status != (DONE if task.key in self.done else TODO):
                problems.append(f"“{title}” is {seen.status}")
            if task.key in self.done:
                continue  # its dates and what it waited for are history
            if seen.due_on != task.due_on:
                problems.append(f"“{title}” is due {seen.due_on}, not {task.due_on}")
            if seen.start_on != task.start_on and task.key not in self.pins:
                problems.append(f"“{title}” starts {seen.start_on}, not {task.start_on}")
            waits_for = {titles[key] for key in task.depends_on if key not in self.deleted}
            if seen.waits_for != waits_for:
                problems.append(f"“{title}” waits for {sorted(seen.waits_for)}, not {sorted(waits_for)}")
        return [*problems, *self._request_wrong(sum(task.key not in self.deleted for task in plan.tasks))]

    def _request_wrong(self, count: int) -> Iterator[str]:
        progress = f"{len(self.done)} of {count} tasks done"
        times = sum(progress in text for text in self.site.comments(self.request))
        if times != 1:
            yield f"{times} comments say “{progress}”"
        wanted = DONE if len(self.done) == count else DOING if self.done else TODO
        # Taken up again, it has the status that the person gave it until a task moves.
        if not self.ever_cancelled and (status := self.site.status(self.request)) != wanted:
            yield f"the request is {status}, not {wanted}"

    def _apart(self, plan: Plan | None, found: list[Found]) -> Iterator[str]:
        """Where the other tracker does not show the same."""
        if self.mirror is None or not self.keys or plan is None:
            return
        parents = self.mirror.named(self.title)
        if len(parents) != 1:
            yield f"{len(parents)} tasks in {self.mirror.name} stand for it"
            return
        there, here = {task.title: task for task in self.mirror.subtasks(parents[0])}, {task.id: task for task in found}
        yield from self._twice(self.mirror.subtasks(parents[0]))
        for task in plan.tasks:
            if task.party != "stakeholder" or task.key in self.deleted:
                continue
            mine = here[self.keys[task.key]]
            twin = there.get(mine.title)
            if twin is None:
                yield f"“{mine.title}” is missing in {self.mirror.name}"
            elif (twin.due_on, twin.status == DONE) != (mine.due_on, mine.status == DONE):
                yield f"“{mine.title}” is {twin.status}, due {twin.due_on} in {self.mirror.name}; here {mine.due_on}"
            else:
                self.twins[task.key] = twin.id

    def _unsaid(self, found: list[Found], words: str) -> list[str]:
        said = sum(words in text for text in self.site.comments(self.request))
        problems = [f"“{task.title}” was not promised" for task in found]
        return problems if said == 1 else [*problems, f"{said} comments say “{words}”"]

    def _left_open(self, found: list[Found]) -> Iterator[str]:
        for task in found:
            if task.status not in (DROPPED, DONE):
                yield f"“{task.title}” is {task.status}, though nobody needs it"
        if self.keys and not any("was cancelled" in text for text in self.site.comments(self.request)):
            yield "no comment says that it was cancelled"

    def _twice(self, found: list[Found]) -> Iterator[str]:
        for title, times in Counter(task.title for task in found).items():
            if times > 1:
                yield f"“{title}” stands there {times} times"
        for text, times in Counter(self.site.comments(self.request)).items():
            if times > 1:
                yield f"the comment “{text[:40]}” stands there {times} times"

    def wakes(self, morning: datetime) -> None:
        """Another day."""
        self.now = morning
        self.plan_days.append(morning)


@lru_cache(2_000)
def _plan(
    template: str,
    launch: date | None,
    counts_from: datetime,
    morning: datetime,
    done: tuple[tuple[str, date], ...],
    pins: tuple[tuple[str, date], ...],
    deleted: frozenset[str],
    again: bool,
) -> Plan:
    """Raises `InputProblems` where the launch has to be given and is not."""
    inputs: dict[str, Any] = {"webinar_date": launch} if template == WEBINAR else {"list_file": "a file"}
    return promised_plan(
        template,
        inputs,
        counts_from,
        morning,
        done=dict(done),
        pins=dict(pins),
        dropped=deleted,
        replan=again,
    )
