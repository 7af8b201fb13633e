"""Whether a template makes sense: every name known, no task waiting for itself, every rule countable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from service.core.inputs import InputError, typed
from service.core.offsets import did_you_mean
from service.core.schedule import COMPLETE, Cycle, order_of
from service.core.template import Compress, Template

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in a template that cannot be meant, and where it stands."""

    path: Path
    message: str


def flaws(template: Template) -> list[Flaw]:
    """Everything wrong with the template; nothing when plans can be made from it."""
    checks = (_inputs, _promises, _tasks, _gaps, _feasibility)
    found = [flaw for check in checks for flaw in check(template)]
    return found or list(_cycles(template))


def task_of(ref: str) -> str:
    """The task a reference names: `webinar`, `webinar.due` and `webinar.done` are the same."""
    return ref.removesuffix(".due").removesuffix(".done")


def _inputs(template: Template) -> Iterator[Flaw]:
    for name, entry in template.inputs.items():
        at = ("inputs", name)
        if (entry.type == "enum") != bool(entry.values):
            yield Flaw(at, f"`values` belong to an enum, and an enum needs them; `{name}` is of type {entry.type}")
        if entry.movable and entry.type != "date":
            yield Flaw((*at, "movable"), f"only a date can be movable; `{name}` is of type {entry.type}")
        if entry.default is not None:
            if entry.required:
                yield Flaw((*at, "default"), f"`{name}` is required and has a default; keep one of the two")
            try:
                typed(entry, entry.default)
            except InputError as wrong:
                yield Flaw((*at, "default"), str(wrong))


def _promises(template: Template) -> Iterator[Flaw]:
    lead, turnaround = template.lead_time, template.turnaround
    if lead is not None:
        if lead.direction != "before" or not lead.ref.startswith("inputs."):
            yield Flaw(("lead_time",), f"`{lead}`: a lead time is counted `before inputs.<a date>`")
        else:
            yield from _date_ref(template, lead.ref, ("lead_time",))
    if turnaround is not None and (turnaround.direction, turnaround.ref) != ("after", COMPLETE):
        yield Flaw(("turnaround",), f"`{turnaround}`: a turnaround is counted `after {COMPLETE}`")


def _tasks(template: Template) -> Iterator[Flaw]:
    for key, task in template.tasks.items():
        at: Path = ("tasks", key)
        for index, wait in enumerate(task.depends_on):
            if wait.task not in template.tasks:
                guess = did_you_mean(wait.task, template.tasks)
                yield Flaw((*at, "depends_on", index), f"`{key}` depends on an unknown task `{wait.task}`{guess}")
        if task.due is not None:
            yield from _ref(template, task.due.ref, (*at, "due"))
        if task.pinned is not None:
            yield from _date_ref(template, task.pinned, (*at, "pinned"))
            if task.due is not None:
                yield Flaw((*at, "due"), f"`{key}` is pinned to `{task.pinned}`, so it cannot have a due rule as well")
        for name, bound in (("not_before", task.not_before), ("not_after", task.not_after)):
            if isinstance(bound, str):
                yield from _date_ref(template, bound, (*at, name))
        for field in task.when.fields() if task.when else ():
            if field.removeprefix("inputs.") not in template.inputs or not field.startswith("inputs."):
                guess = did_you_mean(field, _input_refs(template))
                yield Flaw((*at, "when"), f"`{field}` is not an input of this template{guess}")


def _gaps(template: Template) -> Iterator[Flaw]:
    for index, gap in enumerate(template.min_gaps):
        yield from _ref(template, gap.from_, ("min_gaps", index, "from"))
        yield from _ref(template, gap.to, ("min_gaps", index, "to"))


def _feasibility(template: Template) -> Iterator[Flaw]:
    policy = template.feasibility
    at = ("feasibility", "try")
    if policy.try_[-1] not in ("flag", "reject"):
        yield Flaw(at, "the last way out must be one that always works: `flag` or `reject`")
    if "shift" in policy.try_ and template.movable is None:
        yield Flaw(at, "`shift` needs a date input that is `movable: true`")
    if ("compress" in policy.try_) != bool(policy.compress):
        yield Flaw(at, "`compress` in `try` and the list `compress` need each other")
    for index, item in enumerate(policy.compress):
        yield from _compress(template, item, ("feasibility", "compress", index))


def _compress(template: Template, item: Compress, at: Path) -> Iterator[Flaw]:
    if item.task is not None:
        if item.task not in template.tasks:
            yield Flaw((*at, "task"), f"there is no task `{item.task}`{did_you_mean(item.task, template.tasks)}")
            return
        size = template.tasks[item.task].duration
    else:
        gap = next((gap for gap in template.min_gaps if (gap.from_, gap.to) == (item.from_, item.to)), None)
        if gap is None:
            yield Flaw(at, f"there is no gap from `{item.from_}` to `{item.to}` in `min_gaps`")
            return
        size = gap.at_least
    if item.min.unit != size.unit or item.min.value >= size.value:
        yield Flaw((*at, "min"), f"`{item.min}` must be less than `{size}`, in the same unit")


def _cycles(template: Template) -> Iterator[Flaw]:
    pairs = [(wait.task, key) for key, task in template.tasks.items() for wait in task.depends_on]
    for key, task in template.tasks.items():
        if task.due is not None:
            ends = (task_of(task.due.ref), key)
            pairs.append(ends if task.due.direction == "after" else ends[::-1])
    pairs += [(task_of(gap.from_), task_of(gap.to)) for gap in template.min_gaps]
    try:
        order_of(template.tasks, pairs)
    except Cycle as cycle:
        yield Flaw(("tasks", cycle.path[0]), str(cycle))


def _ref(template: Template, ref: str, path: Path) -> Iterator[Flaw]:
    if task_of(ref) not in template.tasks:
        yield from _date_ref(template, ref, path)


def _date_ref(template: Template, ref: str, path: Path) -> Iterator[Flaw]:
    entry = template.inputs.get(ref.removeprefix("inputs."))
    if ref == COMPLETE or (entry is not None and ref.startswith("inputs.") and entry.type == "date"):
        return
    if entry is not None and ref.startswith("inputs."):
        yield Flaw(path, f"`{ref}` is of type {entry.type}; a date is needed here")
    else:
        guess = did_you_mean(ref, (COMPLETE, *_input_refs(template), *template.tasks))
        yield Flaw(path, f"`{ref}` is not known{guess}")


def _input_refs(template: Template) -> list[str]:
    return [f"inputs.{name}" for name in template.inputs]
