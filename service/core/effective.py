"""What a template comes to for one request: rounds made, conditions settled, other templates' rules taken in.

The network and the plan see only this. Every rule knows the template it comes from, so that a date can cite it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.core.network import COMPLETE, CREATED
from service.core.offsets import Offset, Promise, Span
from service.core.template import Bound, Child, Dependency, Group, Inherit, MinGap, Modifier, TaskTemplate, Template
from service.core.waits import standing_in, waiting_too, without

PROMISES = ("turnaround", "lead_time")
"""What a modifier can lengthen besides tasks."""
PREVIOUS = "previous."
_INPUTS = "inputs."


@dataclass(frozen=True, slots=True)
class Term:
    """A lead time or turnaround and the template that it comes from."""

    offset: Offset
    origin: str


@dataclass(frozen=True, slots=True)
class Gap:
    """At least so much time from one due date to another."""

    before: str
    after: str
    span: Span
    origin: str


@dataclass(frozen=True, slots=True)
class Addend:
    """Time that was added for more work."""

    because: str
    times: int
    span: Span
    """For each time."""

    @property
    def total(self) -> int:
        """In the unit of the span."""
        return self.times * self.span.value

    def __str__(self) -> str:
        each = f"{self.times} times " if self.times > 1 else ""
        return f"{self.total} ({each}{self.because})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A template as it holds for one request."""

    tasks: Mapping[str, TaskTemplate]
    """By key; none has a condition any more, and each waits only for others that are here."""
    origins: Mapping[str, str]
    """Task → the name of the template whose task it is."""
    gaps: tuple[Gap, ...] = ()
    lead_times: tuple[Term, ...] = ()
    turnaround: Promise | None = None
    addends: tuple[Addend, ...] = ()
    """What was added to the turnaround."""


def effective(template: Template, inputs: Mapping[str, Any]) -> Effective:
    """The template for these typed inputs."""
    every = list(every_task(template, inputs))
    tasks = {key: task for key, _, task in every}
    none = {("groups", name) for name, group in template.groups.items() if not _rounds(template, group, inputs)}
    unmade = {key for key, at, _ in every if at[:2] in none}
    kept = {key for key, task in tasks.items() if task.when is None or task.when.holds(dict(inputs))} - unmade
    lead = [Term(template.lead_time, template.name)] if template.lead_time else []
    found = Effective(
        tasks=without(tasks, tasks.keys() - kept, unmade),
        origins=dict.fromkeys(kept, template.name),
        gaps=tuple(_gap(gap, template.name) for gap in template.min_gaps),
        lead_times=tuple(lead),
        turnaround=template.turnaround,
    )
    for name, child in template.children.items():
        waits = tuple(standing_in(child.depends_on, tasks, tasks.keys() - kept))
        if child.when is None or child.when.holds(dict(inputs)):
            found = _with_child(found, template, name, child.model_copy(update={"depends_on": waits}), inputs)
        else:
            instead = {key: waiting_too(found.tasks[key], waits, found.tasks) for key in child.before if key in kept}
            found = replace(found, tasks={**found.tasks, **instead})
    for modifier in template.modifiers:
        found = _modified(found, modifier, inputs)
    for rule in template.inherit:
        if rule.when is None or rule.when.holds(dict(inputs)):
            found = _inherited(found, template, rule, inputs)
    return found


def excluded(template: Template, inputs: Mapping[str, Any]) -> list[str]:
    """What the request asks for that the agreement does not cover."""
    return [exclusion.say for exclusion in template.exclusions if exclusion.when.holds(dict(inputs))]


def every_task(
    template: Template, inputs: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, tuple[str | int, ...], TaskTemplate]]:
    """Key, place in the file, and task, every round of every group included; conditions still stand.

    Without inputs as many rounds as there can ever be. With them also one of a group that has none but is waited for.
    """
    rounds = {name: _rounds(template, group, inputs) for name, group in template.groups.items()}
    if inputs is not None:
        repeated = (task for group in template.groups.values() for task in group.tasks.values())
        waited_for = {wait.task for task in (*template.tasks.values(), *repeated) for wait in task.depends_on}
        for name in [name for name, count in rounds.items() if not count]:
            rounds[name] = int(any(key.startswith(f"{name}_") for key in waited_for))

    def named(task: TaskTemplate) -> TaskTemplate:
        """A group's task by its short name means every round of it."""
        if not rounds:
            return task
        found = {wait.task: _round_keys(wait.task, template, rounds) for wait in task.depends_on}
        if not any(keys is not None for keys in found.values()):
            return task
        waits = []
        for wait in task.depends_on:
            keys = found[wait.task]
            waits += [wait] if keys is None else [wait.model_copy(update={"task": key}) for key in keys]
        return task.model_copy(update={"depends_on": tuple(waits)})

    for key, task in template.tasks.items():
        yield key, ("tasks", key), named(task)
    for name, group in template.groups.items():
        for count in range(1, rounds[name] + 1):
            for short, task in group.tasks.items():
                key, at = f"{name}_{count}_{short}", ("groups", name, "tasks", short)
                yield key, at, named(_in_round(name, group, task, count))


def most_rounds(template: Template, group: Group) -> int | None:
    """How many rounds there can ever be; None where nothing says so."""
    if isinstance(group.repeat, int):
        return group.repeat
    entry = template.inputs.get(group.repeat.removeprefix(_INPUTS))
    return entry.max if entry else None


def task_of(ref: str) -> str:
    """The task a reference names: `webinar`, `webinar.due` and `webinar.done` are the same."""
    return ref.removesuffix(".due").removesuffix(".done")


def _gap(gap: MinGap, origin: str) -> Gap:
    return Gap(task_of(gap.from_), task_of(gap.to), gap.at_least, origin)


def _rounds(template: Template, group: Group, inputs: Mapping[str, Any] | None) -> int:
    if inputs is not None and group.when is not None and not group.when.holds(dict(inputs)):
        return 0
    if inputs is None or isinstance(group.repeat, int):
        return most_rounds(template, group) or 0
    return int(inputs.get(group.repeat.removeprefix(_INPUTS)) or 0)


def _round_keys(name: str, template: Template, rounds: Mapping[str, int]) -> list[str] | None:
    """Every round of the group's task of this name; None where it is no group's."""
    if name in template.tasks:
        return None
    for group, entry in template.groups.items():
        short = name.removeprefix(f"{group}_")
        if name != short and short in entry.tasks:
            return [f"{group}_{count}_{short}" for count in range(1, rounds[group] + 1)]
    return None


def _in_round(name: str, group: Group, task: Any, count: int) -> TaskTemplate:
    waits = []
    for wait in task.depends_on:
        before = wait.task.startswith(PREVIOUS)
        short = wait.task.removeprefix(PREVIOUS)
        if short not in group.tasks:
            waits.append(wait)
        elif not before or count > 1:
            waits.append(wait.model_copy(update={"task": f"{name}_{count - before}_{short}"}))
    due = task.due
    if task.each_due:
        due = task.each_due[count - 1] if count <= len(task.each_due) else None
    elif due is not None and task_of(due.ref) in group.tasks:
        due = replace(due, ref=f"{name}_{count}_{task_of(due.ref)}")
    title = f"{group.title} {count}: {task.title}"
    when = task.when
    return task.model_copy(  # type: ignore[no-any-return]
        update={"title": title, "depends_on": tuple(waits), "due": due, "each_due": (), "when": when}
    )


def _inherited(found: Effective, template: Template, rule: Inherit, inputs: Mapping[str, Any]) -> Effective:
    other = _other(template, rule, inputs)
    if other is None:
        return found
    renamed = _Renaming(rule.inputs, {theirs: ours for ours, theirs in rule.tasks.items()})
    rules = [renamed.gap(_gap(gap, other.name)) for gap in other.min_gaps]
    for key, task in other.tasks.items():
        if task.due is not None and key in renamed.tasks:
            ends = (task.due.ref, key) if task.due.direction == "after" else (key, task.due.ref)
            rules.append(renamed.gap(Gap(task_of(ends[0]), task_of(ends[1]), task.due.span, other.name)))
    lead = renamed.offset(other.lead_time)
    theirs = (Term(lead, other.name),) if lead else ()
    bound = {rule.before for rule in rules if rule and rule.after.startswith(_INPUTS)} & found.tasks.keys()
    tasks = {
        key: task.model_copy(update={"mode": task.mode or "alap"}) if key in bound else task
        for key, task in found.tasks.items()
    }
    taken = replace(found, tasks=tasks, gaps=(*found.gaps, *filter(None, rules)))
    if rule.mode == "replace":
        return replace(taken, lead_times=theirs, turnaround=other.turnaround, addends=())
    return replace(_held_back(taken, bound, template.name), lead_times=(*found.lead_times, *theirs))


def _held_back(found: Effective, bound: Collection[str], origin: str) -> Effective:
    """A date that another agreement sets is not promised by our turnaround, but leaves at least that much time."""
    if found.turnaround is None or not bound:
        return found
    least = (Gap(COMPLETE, key, found.turnaround.commit.span, origin) for key in sorted(bound))
    return replace(found, turnaround=None, addends=(), gaps=(*found.gaps, *least))


def _other(template: Template, rule: Inherit, inputs: Mapping[str, Any]) -> Template | None:
    name = rule.template_from
    if name.startswith(_INPUTS):
        name = str(inputs.get(name.removeprefix(_INPUTS)))
    return template.library.get(name)


@dataclass(frozen=True, slots=True)
class _Renaming:
    """Another template's names in our words."""

    inputs: Mapping[str, str]
    """Its input → `inputs.<ours>`."""
    tasks: Mapping[str, str]

    def ref(self, ref: str) -> str | None:
        """Our name for it; None where we have none."""
        if ref in (COMPLETE, CREATED):
            return ref
        return self.inputs.get(ref.removeprefix(_INPUTS)) if ref.startswith(_INPUTS) else self.tasks.get(task_of(ref))

    def offset(self, offset: Offset | None) -> Offset | None:
        ref = self.ref(offset.ref) if offset else None
        return replace(offset, ref=ref) if offset and ref else None

    def gap(self, gap: Gap) -> Gap | None:
        before, after = self.ref(gap.before), self.ref(gap.after)
        return replace(gap, before=before, after=after) if before and after else None

    def bound(self, bound: Bound | None) -> Bound | None:
        if isinstance(bound, Offset):
            return self.offset(bound)
        return self.ref(bound) if isinstance(bound, str) else bound


def _with_child(found: Effective, template: Template, name: str, child: Child, inputs: Mapping[str, Any]) -> Effective:
    other = template.library.get(child.template)
    if other is None:
        return found
    theirs = effective(other, _given(other, child, inputs))
    calendar = None if other.calendar == template.calendar else other.calendar
    refs = {key: value for key, value in child.inputs.items() if isinstance(value, str) and value.startswith(_INPUTS)}
    renamed = _Renaming(refs, {key: f"{name}_{key}" for key in theirs.tasks})
    tasks = {
        renamed.tasks[key]: _adopted(task, renamed, f"{child.title or other.title}: ", child, calendar)
        for key, task in theirs.tasks.items()
    }
    leads = ((renamed.offset(term.offset), term.origin) for term in theirs.lead_times)
    return replace(
        found,
        tasks={**_after_part(found.tasks, child, tasks), **tasks},
        origins={**found.origins, **{renamed.tasks[key]: origin for key, origin in theirs.origins.items()}},
        gaps=(*found.gaps, *filter(None, map(renamed.gap, theirs.gaps))),
        lead_times=(*found.lead_times, *(Term(offset, origin) for offset, origin in leads if offset)),
    )


def _after_part(
    tasks: Mapping[str, TaskTemplate], child: Child, part: Mapping[str, TaskTemplate]
) -> dict[str, TaskTemplate]:
    """Our tasks, of which those that come after the whole part wait for its last tasks."""
    waited_for = {wait.task for task in part.values() for wait in task.depends_on}
    last = tuple(Dependency(task=key) for key in part if key not in waited_for)
    return {
        key: task.model_copy(update={"depends_on": (*task.depends_on, *last)}) if key in child.before else task
        for key, task in tasks.items()
    }


def _given(other: Template, child: Child, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The other template's inputs: ours, the fixed ones, and its own defaults."""
    values = {}
    for name, entry in other.inputs.items():
        value = child.inputs.get(name, entry.default)
        if isinstance(value, str) and value.startswith(_INPUTS):
            value = inputs.get(value.removeprefix(_INPUTS))
        values[name] = entry.default if value is None else value
    return values


def _adopted(task: TaskTemplate, renamed: _Renaming, title: str, child: Child, calendar: str | None) -> TaskTemplate:
    waits = tuple(wait.model_copy(update={"task": renamed.tasks[wait.task]}) for wait in task.depends_on)
    return task.model_copy(
        update={
            "title": title + task.title,
            "calendar": task.calendar or calendar,
            "depends_on": waits or child.depends_on,
            "due": renamed.offset(task.due),
            "pinned": renamed.ref(task.pinned) if task.pinned else None,
            **{which: renamed.bound(bound) for which, bound in task.bounds.items()},
            "assets": tuple(
                ours.removeprefix(_INPUTS) for name in task.assets if (ours := renamed.inputs.get(name)) is not None
            ),
        }
    )


def _modified(found: Effective, modifier: Modifier, inputs: Mapping[str, Any]) -> Effective:
    if modifier.when is not None and not modifier.when.holds(dict(inputs)):
        return found
    times = 1
    if modifier.count is not None:
        times = int(inputs.get(modifier.count.removeprefix(_INPUTS)) or 0) - modifier.beyond
    if times <= 0:
        return found
    more = Addend(modifier.because, times, modifier.add)
    tasks = dict(found.tasks)
    for key in modifier.to:
        if key in tasks:
            longer = replace(tasks[key].duration, value=tasks[key].duration.value + more.total)
            tasks[key] = tasks[key].model_copy(update={"duration": longer})
    changed: dict[str, Any] = {"tasks": tasks}
    if "turnaround" in modifier.to and found.turnaround:
        changed |= {"turnaround": found.turnaround.lengthened(more.total), "addends": (*found.addends, more)}
    if "lead_time" in modifier.to and found.lead_times:
        own, *rest = found.lead_times
        longer_lead = replace(own, offset=replace(own.offset, value=own.offset.value + more.total))
        changed["lead_times"] = (longer_lead, *rest)
    return replace(found, **changed)
