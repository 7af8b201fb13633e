"""Whether a template makes sense: every name known, no task waiting for itself, every rule countable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from operator import attrgetter
from typing import TypeAlias

from connectors.contract import Status
from service.core.breach import ending_task
from service.core.condition import Condition
from service.core.effective import PREVIOUS, PROMISES, every_task, most_rounds, task_of
from service.core.happened import TOLD
from service.core.inputs import InputError, never_equal, typed
from service.core.network import COMPLETE, CREATED, Cycle, order_of
from service.core.offsets import Offset, did_you_mean
from service.core.template import Compress, TaskTemplate, Template

__all__ = ["Flaw", "Path", "flaws", "task_of"]

Path: TypeAlias = tuple[str | int, ...]
Tasks: TypeAlias = Mapping[str, tuple[Path, TaskTemplate]]
"""Every task that there can be, each round of each group, and its place in the file; by key."""
MOST_TASKS = 500
"""In one campaign, every round of every group counted."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a template that cannot be meant, and where it stands."""

    path: Path
    message: str


def flaws(template: Template) -> list[Flaw]:
    """Everything wrong with the template by itself; nothing when plans can be made from it."""
    if found := [*_inputs(template), *_groups(template)]:
        return found
    if found := list(_keys(template)):
        return found
    tasks = {key: (at, task) for key, at, task in every_task(template)}
    checks = (_tasks, _gaps, _modifiers, _inherit, _children, _feasibility, _clocks)
    found = [
        *_promises(template),
        *(flaw for check in checks for flaw in check(template, tasks)),
        *_conditions(template),
    ]
    return list(dict.fromkeys(found)) or list(_cycles(template, tasks))


def _clocks(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    """Each event that a task goes through must be one of a task that there is."""
    for name, rule in template.clocks.items():
        for event in sorted(rule.listens_to()):
            task, _, status = event.rpartition(".")
            if status in list(Status) and task not in (*tasks, "request", "campaign"):
                yield Flaw(("clocks", name), f"`{event}`: there is no task `{task}`{did_you_mean(task, tasks)}")
            elif meant := _slip(event, (*TOLD, *(f"{key}.{one}" for key in tasks for one in Status))):
                yield Flaw(("clocks", name), f"nobody tells `{event}`; did you mean `{meant}`?")
        for written in (status for pause in rule.pause for status in pause.status_in or ()):
            if rule.about == "request" and (meant := _slip(written, tuple(Status))):
                yield Flaw(("clocks", name, "pause"), f"`{written}` is no status; did you mean `{meant}`?")
        for field in rule.fields():
            if field.startswith("inputs.") or "." not in field:
                fact = f"{rule.about}.{field.removeprefix('inputs.')}"
                yield Flaw(("clocks", name), f"`{field}`: a clock reads what events tell; write `{fact}`")
        if rule.reassigns and ending_task(rule, tasks) is None:
            why = "no task of this template stops the clock, so there is none to take over; write `notify`, or a `stop`"
            yield Flaw(("clocks", name, "on_breach"), f"`reassign`: {why} such as `{next(iter(tasks))}.done`")


def _slip(written: str, known: Sequence[str]) -> str | None:
    """What was meant by a word that is one letter or two from it; None where it may well be somebody's own word."""
    near = [] if written in known else get_close_matches(written, known, n=1, cutoff=0.85)
    return next((word for word in near if abs(len(word) - len(written)) < 2), None)


def _inputs(template: Template) -> Iterator[Flaw]:
    for name, entry in template.inputs.items():
        at = ("inputs", name)
        if (entry.type == "enum") != bool(entry.values):
            yield Flaw(at, f"`values` belong to an enum, and an enum needs them; `{name}` is of type {entry.type}")
        if entry.movable and entry.type != "date":
            yield Flaw((*at, "movable"), f"only a date can be movable; `{name}` is of type {entry.type}")
        if entry.type != "int" and (entry.min is not None or entry.max is not None):
            yield Flaw(at, f"`min` and `max` belong to an int; `{name}` is of type {entry.type}")
        if entry.min is not None and entry.max is not None and entry.min > entry.max:
            yield Flaw((*at, "min"), f"`min` {entry.min} is more than `max` {entry.max}")
        if entry.default is not None:
            if entry.required:
                yield Flaw((*at, "default"), f"`{name}` is required and has a default; keep one of the two")
            try:
                typed(entry, entry.default)
            except InputError as wrong:
                yield Flaw((*at, "default"), str(wrong))


def _groups(template: Template) -> Iterator[Flaw]:
    total = len(template.tasks)
    for name, group in template.groups.items():
        at: Path = ("groups", name)
        most = most_rounds(template, group)
        if isinstance(group.repeat, str):
            entry = template.inputs.get(group.repeat.removeprefix("inputs."))
            if entry is None or entry.type != "int" or not group.repeat.startswith("inputs."):
                guess = did_you_mean(group.repeat, _ints(template))
                yield Flaw((*at, "repeat"), f"`{group.repeat}` is not an int input{guess}")
                continue
        if most is None or most < 1:
            yield Flaw(
                (*at, "repeat"), f"`{group.repeat}` needs a `max` of at least 1, so that every round can be checked"
            )
            continue
        total += most * len(group.tasks)
        for short, task in group.tasks.items():
            where: Path = (*at, "tasks", short)
            if task.each_due and task.due is not None:
                yield Flaw((*where, "due"), f"`{short}` has `due` and `each_due`; keep one of the two")
            if task.each_due and len(task.each_due) < most:
                yield Flaw((*where, "each_due"), f"{most} rounds are possible, and `each_due` has {len(task.each_due)}")
            for index, wait in enumerate(task.depends_on):
                previous = wait.task.removeprefix(PREVIOUS)
                if wait.task.startswith(PREVIOUS) and previous not in group.tasks:
                    guess = did_you_mean(previous, group.tasks)
                    yield Flaw((*where, "depends_on", index), f"the group has no task `{previous}`{guess}")
    if total > MOST_TASKS:
        yield Flaw(("groups",), f"up to {total} tasks in one campaign; {MOST_TASKS} at most")


def _keys(template: Template) -> Iterator[Flaw]:
    """Rounds are told apart by their keys, which no other task may have."""
    seen: set[str] = set()
    for key, at, _ in every_task(template):
        if key in seen:
            yield Flaw(
                at, f"two tasks have the key `{key}`, one of them as a round of `{at[1]}`; rename one of the two"
            )
        seen.add(key)


def _promises(template: Template) -> Iterator[Flaw]:
    lead, turnaround = template.lead_time, template.turnaround
    if lead is not None:
        if lead.direction != "before" or not lead.ref.startswith("inputs."):
            yield Flaw(("lead_time",), f"`{lead}`: a lead time is counted `before inputs.<a date>`")
        else:
            yield from _date_ref(template, lead.ref, ("lead_time",))
    if turnaround is not None and (turnaround.commit.direction, turnaround.commit.ref) != ("after", COMPLETE):
        yield Flaw(("turnaround",), f"`{turnaround}`: a turnaround is counted `after {COMPLETE}`")


def _tasks(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    for at, task in tasks.values():
        # By the name it has in the file, so that every round of a group says the same, and it is told once.
        yield from _task(template, str(at[-1]), at, task, tasks)


def _task(template: Template, key: str, at: Path, task: TaskTemplate, tasks: Mapping[str, object]) -> Iterator[Flaw]:
    for index, wait in enumerate(task.depends_on):
        if wait.task not in tasks:
            guess = did_you_mean(wait.task, tasks)
            yield Flaw((*at, "depends_on", index), f"`{key}` depends on an unknown task `{wait.task}`{guess}")
    if task.due is not None:
        yield from _ref(template, task.due.ref, (*at, "due"), tasks)
    if task.pinned is not None:
        yield from _date_ref(template, task.pinned, (*at, "pinned"))
        if task.due is not None:
            yield Flaw((*at, "due"), f"`{key}` is pinned to `{task.pinned}`, so it cannot have a due rule as well")
    yield from _bounds(template, key, at, task)
    if not task.title.strip():
        yield Flaw((*at, "title"), f"`{key}` needs a title, by which people know it")
    for name in task.assets:
        if name not in template.inputs:
            guess = did_you_mean(name, template.inputs)
            yield Flaw((*at, "assets"), f"`{name}` is not an input of this template{guess}")
    dated = (task.due, task.pinned, task.duration.value, task.depends_on, task.bounds)
    if not any(dated) and not getattr(task, "each_due", ()):
        yield Flaw(at, f"nothing says when `{key}` is due; give it `due`, `pinned`, `duration` or `depends_on`")


def _bounds(template: Template, key: str, at: Path, task: TaskTemplate) -> Iterator[Flaw]:
    for name, bound in task.bounds.items():
        if isinstance(bound, str):
            yield from _date_ref(template, bound, (*at, name))
        elif isinstance(bound, Offset):
            yield from _date_ref(template, bound.ref, (*at, name))
    if isinstance(task.not_before, date) and isinstance(task.not_after, date) and task.not_before > task.not_after:
        yield Flaw((*at, "not_after"), f"`{key}` cannot be due after {task.not_before} and before {task.not_after}")
    first, last = task.start_not_before, task.not_after
    if isinstance(first, date) and isinstance(last, date) and first > last:
        yield Flaw((*at, "not_after"), f"`{key}` cannot start on {first} or later and be due by {last}")


def _conditions(template: Template) -> Iterator[Flaw]:
    for at, condition in _every_condition(template):
        for field in condition.fields():
            if field.removeprefix("inputs.") not in template.inputs or not field.startswith("inputs."):
                guess = did_you_mean(field, _input_refs(template))
                yield Flaw(at, f"`{field}` is not an input of this template{guess}")
        if condition.is_empty():
            yield Flaw(at, "`in`, `all` and `any` need something in their list")
        for field, value in condition.compared():
            entry = template.inputs.get(field.removeprefix("inputs."))
            if entry and (why := never_equal(entry, value)):
                yield Flaw(at, f"`{field}` {why}")


def _every_condition(template: Template) -> Iterator[tuple[Path, Condition]]:
    places: list[tuple[Path, object]] = [
        *((("tasks", key, "when"), task.when) for key, task in template.tasks.items()),
        *((("groups", name, "when"), group.when) for name, group in template.groups.items()),
        *(
            (("groups", name, "tasks", short, "when"), task.when)
            for name, group in template.groups.items()
            for short, task in group.tasks.items()
        ),
        *((("children", name, "when"), child.when) for name, child in template.children.items()),
        *((("inherit", index, "when"), rule.when) for index, rule in enumerate(template.inherit)),
        *((("modifiers", index, "when"), item.when) for index, item in enumerate(template.modifiers)),
        *((("exclusions", index, "when"), item.when) for index, item in enumerate(template.exclusions)),
        *((("inputs", name, "required"), entry.required) for name, entry in template.inputs.items()),
    ]
    return ((at, condition) for at, condition in places if isinstance(condition, Condition))


def _gaps(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    for index, gap in enumerate(template.min_gaps):
        yield from _ref(template, gap.from_, ("min_gaps", index, "from"), tasks)
        yield from _ref(template, gap.to, ("min_gaps", index, "to"), tasks)


def _modifiers(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    for index, modifier in enumerate(template.modifiers):
        at: Path = ("modifiers", index)
        if modifier.count is not None:
            entry = template.inputs.get(modifier.count.removeprefix("inputs."))
            if entry is None or entry.type != "int" or not modifier.count.startswith("inputs."):
                guess = did_you_mean(modifier.count, _ints(template))
                yield Flaw((*at, "count"), f"`{modifier.count}` is not an int input{guess}")
        for name in modifier.to:
            unit = _unit_of(template, tasks, name)
            if unit is None:
                guess = did_you_mean(name, (*PROMISES, *tasks))
                yield Flaw((*at, "to"), f"`{name}` is neither a task nor a promise of this template{guess}")
            elif unit != modifier.add.unit:
                yield Flaw((*at, "add"), f"`{modifier.add}` cannot be added to `{name}`, which is counted in `{unit}`")


def _unit_of(template: Template, tasks: Tasks, name: str) -> str | None:
    if name == "turnaround" and template.turnaround:
        return template.turnaround.commit.unit
    if name == "lead_time" and template.lead_time:
        return template.lead_time.unit
    # Whether a part has the task is looked at where its template is known: in `library_checks`.
    in_a_part = any(name.startswith(f"{child}_") for child in template.children)
    return "business_days" if name in tasks or in_a_part else None


def _inherit(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    for index, rule in enumerate(template.inherit):
        at: Path = ("inherit", index)
        if rule.template_from.startswith("inputs."):
            entry = template.inputs.get(rule.template_from.removeprefix("inputs."))
            if entry is None or entry.type != "enum":
                guess = did_you_mean(rule.template_from, _input_refs(template))
                yield Flaw((*at, "template_from"), f"`{rule.template_from}` is not an enum input{guess}")
        for ref in rule.inputs.values():
            yield from _date_ref(template, ref, (*at, "inputs"))
        for ours in rule.tasks:
            if ours not in tasks:
                yield Flaw((*at, "tasks"), f"there is no task `{ours}`{did_you_mean(ours, tasks)}")


def _children(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    for name, child in template.children.items():
        at: Path = ("children", name)
        for index, wait in enumerate(child.depends_on):
            if wait.task not in tasks:
                guess = did_you_mean(wait.task, tasks)
                yield Flaw((*at, "depends_on", index), f"there is no task `{wait.task}`{guess}")
        for after in child.before:
            if after not in tasks:
                yield Flaw((*at, "before"), f"there is no task `{after}`{did_you_mean(after, tasks)}")
        for value in child.inputs.values():
            if isinstance(value, str) and value.startswith("inputs.") and value not in _input_refs(template):
                guess = did_you_mean(value, _input_refs(template))
                yield Flaw((*at, "inputs"), f"`{value}` is not an input of this template{guess}")


def _feasibility(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    policy = template.feasibility
    at = ("feasibility", "try")
    if policy.try_[-1] not in ("flag", "reject"):
        yield Flaw(at, "the last way out must be one that always works: `flag` or `reject`")
    if "shift" in policy.try_ and template.movable is None:
        yield Flaw(at, "`shift` needs a date input that is `movable: true`")
    if ("compress" in policy.try_) != bool(policy.compress):
        yield Flaw(at, "`compress` in `try` and the list `compress` need each other")
    for index, item in enumerate(policy.compress):
        yield from _compress(template, item, ("feasibility", "compress", index), tasks)


def _compress(template: Template, item: Compress, at: Path, tasks: Tasks) -> Iterator[Flaw]:
    if item.work:
        if unknown := [name for name in item.work if name not in tasks]:
            at = (*at, "task" if item.task else "tasks")
            yield from (Flaw(at, f"there is no task `{name}`{did_you_mean(name, tasks)}") for name in unknown)
            return
        size = min((tasks[name][1].duration for name in item.work), key=attrgetter("value"))
    else:
        gap = next((gap for gap in template.min_gaps if (gap.from_, gap.to) == (item.from_, item.to)), None)
        if gap is None:
            yield Flaw(at, f"there is no gap from `{item.from_}` to `{item.to}` in `min_gaps`")
            return
        size = gap.at_least
    if item.min.unit != size.unit or item.min.value >= size.value:
        yield Flaw((*at, "min"), f"`{item.min}` must be less than `{size}`, in the same unit")


def _cycles(template: Template, tasks: Tasks) -> Iterator[Flaw]:
    pairs = [(wait.task, key) for key, (_, task) in tasks.items() for wait in task.depends_on]
    for key, (_, task) in tasks.items():
        if task.due is not None:
            ends = (task_of(task.due.ref), key)
            pairs.append(ends if task.due.direction == "after" else ends[::-1])
    pairs += [(task_of(gap.from_), task_of(gap.to)) for gap in template.min_gaps]
    for child in template.children.values():
        pairs += [(wait.task, after) for wait in child.depends_on for after in child.before]
    try:
        order_of(tasks, pairs)
    except Cycle as cycle:
        yield Flaw(tasks[cycle.path[0]][0], str(cycle))


def _ref(template: Template, ref: str, path: Path, tasks: Mapping[str, object]) -> Iterator[Flaw]:
    if task_of(ref) not in tasks:
        yield from _date_ref(template, ref, path, tasks)


def _date_ref(template: Template, ref: str, path: Path, tasks: Mapping[str, object] = {}) -> Iterator[Flaw]:
    entry = template.inputs.get(ref.removeprefix("inputs."))
    if ref in (COMPLETE, CREATED) or (entry is not None and ref.startswith("inputs.") and entry.type == "date"):
        return
    if entry is not None and ref.startswith("inputs."):
        yield Flaw(path, f"`{ref}` is of type {entry.type}; a date is needed here")
    else:
        guess = did_you_mean(ref, (COMPLETE, CREATED, *_input_refs(template), *(tasks or template.tasks)))
        yield Flaw(path, f"`{ref}` is not known{guess}")


def _input_refs(template: Template) -> list[str]:
    return [f"inputs.{name}" for name in template.inputs]


def _ints(template: Template) -> list[str]:
    return [f"inputs.{name}" for name, entry in template.inputs.items() if entry.type == "int"]
