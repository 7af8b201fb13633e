"""What a template agrees, for people who never open a YAML file: one Markdown section, stamped with its version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from service.core.clock_rule import ClockRule, Goal
from service.core.commitment import Commitment
from service.core.condition import Condition
from service.core.effective import PREVIOUS, task_of
from service.core.explain import amount, listed
from service.core.network import COMPLETE, CREATED
from service.core.offsets import Offset
from service.core.template import Bound, Dependency, GroupTask, Input, TaskTemplate, Template


def page(template: Template) -> str:
    """Everything that a requester may rely on, in the order in which one would ask."""
    words = _Words(template)
    parts = [
        f"## {template.name}",
        f"`{template.id}`, version {template.version}, fingerprint `{template.digest}`.",
        *opening(template),
        listing("Does not cover:", [exclusion.say for exclusion in template.exclusions]),
        listing("Agreed:", [*words.promises(), *words.clocks(), *words.ways_out()]),
        whom_to_ask(template),
        table(("Input", "Type", "Needed", "Help"), words.inputs()),
        table(("Task", "Party", "Responsible", "When", "Done when"), words.tasks()),
        listing("Made of:", list(words.children())),
    ]
    return "\n\n".join(filter(None, parts))


def opening(agreed: Template | Commitment) -> list[str]:
    """What it is about, in the words of its owner."""
    return [
        agreed.description.strip(),
        agreed.goal and f"**Goal:** {agreed.goal.strip()}",
        agreed.scope and f"**Covers:** {agreed.scope.strip()}",
    ]


def whom_to_ask(agreed: Template | Commitment) -> str:
    """Its contacts."""
    return listing("Whom to ask:", [f"{name}: {_plain_role(role)}" for name, role in agreed.contacts.items()])


_BOUNDS = {"not_before": "not before", "not_after": "not after", "start_not_before": "not begun before"}
_WAYS = {
    "compress": "is shortened as agreed",
    "shift": "gets the earliest possible date proposed",
    "flag": "is planned and told as late",
    "reject": "is refused",
}


class _Words:
    """One template's names and rules as people say them."""

    def __init__(self, template: Template) -> None:
        self._template = template
        self._names = {f"inputs.{name}": template.label(name) for name in template.inputs}
        self._names |= {key: f"“{task.title}”" for key, task in template.tasks.items()}
        self._names |= {COMPLETE: "the request is complete", CREATED: "the request is filed"}
        for name, group in template.groups.items():
            for short, task in group.tasks.items():
                self._names[f"{name}_{short}"] = f"every “{group.title}: {task.title}”"

    def promises(self) -> Iterator[str]:
        template = self._template
        if template.turnaround:
            target = f"{template.turnaround.target}-" if template.turnaround.target is not None else ""
            yield f"done {target}{self._offset(template.turnaround.commit)}"
        if template.lead_time:
            yield f"to be asked for {self._offset(template.lead_time)}"
        for modifier in template.modifiers:
            each = "each " if modifier.count else ""
            more = f"{amount(modifier.add)} more for {each}{modifier.because}"
            yield more + (f" beyond {modifier.beyond}" if modifier.beyond else "")
        for rule in template.inherit:
            name = rule.template_from
            source = self._names.get(name) or template.library[name].title
            place = "in place of" if rule.mode == "replace" else "as well as"
            yield f"what is agreed for {source}, {place} this{self._condition(rule.when)}"
        for gap in template.min_gaps:
            yield f"at least {amount(gap.at_least)} from {self._name(gap.from_)} to {self._name(gap.to)}"
        if least := template.reschedule.min_move:
            yield f"once it runs, dates that would move by less than {amount(least)} stay where they can"

    def clocks(self) -> Iterator[str]:
        for name, rule in self._template.clocks.items():
            yield clock_words(name, rule)

    def ways_out(self) -> Iterator[str]:
        policy = self._template.feasibility
        for item in policy.compress:
            if item.work:
                yield f"when time is short, {listed(list(map(self._name, item.work)))} may take only {amount(item.min)}"
            else:
                ends = f"from {self._name(item.from_ or '')} to {self._name(item.to or '')}"
                yield f"when time is short, {amount(item.min)} {ends} will do"
        agrees = f"; {_plain_role(policy.approval)} must agree to late and shortened plans" if policy.approval else ""
        yield f"what cannot be kept {', else '.join(_WAYS[way] for way in policy.try_)}{agrees}"

    def inputs(self) -> Iterator[Sequence[str]]:
        for name, entry in self._template.inputs.items():
            kind = entry.type if not entry.values else f"one of {', '.join(entry.values)}"
            yield self._template.label(name), kind, self._needed(entry), entry.help

    def tasks(self) -> Iterator[Sequence[str]]:
        for task in self._template.tasks.values():
            yield self._task(task, task.title, {})
        for group in self._template.groups.values():
            often = group.repeat if isinstance(group.repeat, int) else f"as often as {self._name(group.repeat)} says"
            times = f"{often}{self._condition(group.when)}"
            mates = {short: f"“{task.title}”" for short, task in group.tasks.items()}
            for task in group.tasks.values():
                yield self._task(task, f"{group.title}: {task.title} ({times})", mates)

    def children(self) -> Iterator[str]:
        for child in self._template.children.values():
            other = self._template.library[child.template]
            yield f"{child.title or other.title}, as in {other.name}{self._condition(child.when)}"

    def _needed(self, entry: Input) -> str:
        if isinstance(entry.required, Condition):
            return self._condition(entry.required).removeprefix(", ")
        if entry.required:
            return "yes"
        return "no" if entry.default is None else f"no; {_value(entry.default)} unless given"

    def _task(self, task: TaskTemplate, title: str, mates: Mapping[str, str]) -> Sequence[str]:
        return title, task.party, task.role, self._rule(task, mates), task.done_when

    def _rule(self, task: TaskTemplate, mates: Mapping[str, str]) -> str:
        """When it is due; `mates` are the other tasks of its group."""
        rules = []
        if task.pinned:
            rules.append(f"on {self._name(task.pinned)}")
        if task.due:
            rules.append(self._offset(task.due))
        if isinstance(task, GroupTask) and task.each_due:
            rules.append(listed([self._offset(due) for due in task.each_due]))
        if task.duration.value:
            rules.append(f"takes {amount(task.duration)}")
        waits = [wait for wait in task.depends_on if not wait.task.startswith(PREVIOUS)]
        at_once = [self._waited(wait, mates) for wait in waits if not wait.lag.value]
        if at_once:
            rules.append(f"after {listed(at_once)}")
        rules += [f"{amount(wait.lag)} after {self._waited(wait, mates)}" for wait in waits if wait.lag.value]
        rules += [f"{_BOUNDS[which]} {self._bound(bound)}" for which, bound in task.bounds.items()]
        if task.blackout:
            rules.append(f"never on {listed([str(day) for day in task.blackout])}")
        return "; ".join(rules) + self._condition(task.when)

    def _waited(self, wait: Dependency, mates: Mapping[str, str]) -> str:
        return mates.get(wait.task) or self._name(wait.task)

    def _bound(self, bound: Bound) -> str:
        if isinstance(bound, Offset):
            return self._offset(bound)
        return self._name(bound) if isinstance(bound, str) else bound.isoformat()

    def _offset(self, offset: Offset) -> str:
        return f"{amount(offset.span)} {offset.direction} {self._name(offset.ref)}"

    def _name(self, ref: str) -> str:
        return self._names.get(task_of(ref), ref)

    def _condition(self, condition: Condition | None) -> str:
        return f", when {condition_words(condition, self._name)}" if condition else ""


def clock_words(name: str, rule: ClockRule) -> str:
    """What a clock agrees on: how long it may take, from what to what, and what does not count."""
    goals = [_goal(goal) + (f", when {condition_words(goal.when)}" if goal.when else "") for goal in rule.goals]
    waits = [" or ".join(pause.status_in) for pause in rule.pause if pause.status_in]
    waits += [condition_words(pause.when) for pause in rule.pause if pause.when]
    paused = f", not counting while {' or '.join(waits)}" if waits else ""
    ends = f"from {' or '.join(rule.start)} to {' or '.join(rule.stop)}"
    return f"{rule.label or name.replace('_', ' ')} {'; else '.join(goals)}, {ends}{paused}"


def condition_words(condition: Condition, called: Callable[[str], str] = str) -> str:
    """When something holds; `called` is what people call a field."""
    if condition.all is not None:
        return " and ".join(condition_words(part, called) for part in condition.all)
    if condition.any is not None:
        return " or ".join(condition_words(part, called) for part in condition.any)
    if condition.not_ is not None:
        return f"not ({condition_words(condition.not_, called)})"
    name = called(str(condition.field))
    if condition.exists is not None:
        return f"{name} is {'given' if condition.exists else 'not given'}"
    values = condition.in_ if condition.in_ is not None else (condition.equals,)
    return f"{name} is {' or '.join(map(_value, values))}"


def _goal(goal: Goal) -> str:
    amount_of_time = str(goal.amount).replace("_", " ")
    return f"in under {amount_of_time}" if goal.under else f"within {amount_of_time}"


def _value(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def listing(title: str, items: Sequence[str]) -> str:
    """A Markdown list under its title; nothing where there is no item."""
    return "\n".join([f"**{title}**", "", *(f"- {item}" for item in items)]) if items else ""


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A Markdown table; nothing where there is no row."""
    body = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *body]) if body else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _plain_role(role: str) -> str:
    return role.removeprefix("role:")
