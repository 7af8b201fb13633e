"""Whether a template makes sense beside the others of its catalogue: those whose rules and tasks it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from service.core.checking import Flaw, Path
from service.core.effective import PROMISES, every_task
from service.core.inputs import never_equal
from service.core.offsets import did_you_mean
from service.core.template import Child, Input, Template

_INPUTS = "inputs."


def flaws_among(template: Template, others: Mapping[str, Template]) -> list[Flaw]:
    """What is wrong with it beside the other templates of the catalogue: the ones it takes rules and tasks from."""
    return [*_inherited_from(template, others), *_made_of(template, others)]


def taken_from(template: Template, index: int) -> list[str]:
    """The templates that this `inherit` rule can name."""
    rule = template.inherit[index]
    if not rule.template_from.startswith("inputs."):
        return [rule.template_from]
    name = rule.template_from.removeprefix("inputs.")
    condition = rule.when
    if condition and condition.in_ is not None and condition.field == rule.template_from:
        return [str(value) for value in condition.in_]
    if condition and condition.equals is not None and condition.field == rule.template_from:
        return [str(condition.equals)]
    return list(template.inputs[name].values) if name in template.inputs else []


def _inherited_from(template: Template, others: Mapping[str, Template]) -> Iterator[Flaw]:
    for index, rule in enumerate(template.inherit):
        at: Path = ("inherit", index)
        names = taken_from(template, index)
        for name in names:
            if name == template.id:
                yield Flaw((*at, "template_from"), "a template cannot inherit from itself")
            elif name not in others:
                yield Flaw((*at, "template_from"), f"there is no usable template `{name}`{did_you_mean(name, others)}")
        known = [others[name] for name in names if name in others]
        for theirs in rule.tasks.values():
            if known and not any(theirs in other.tasks for other in known):
                guess = did_you_mean(theirs, known[0].tasks)
                yield Flaw((*at, "tasks"), f"none of these templates has a task `{theirs}`{guess}")
        for theirs in rule.inputs:
            if known and not any(theirs in other.inputs for other in known):
                guess = did_you_mean(theirs, known[0].inputs)
                yield Flaw((*at, "inputs"), f"none of these templates has an input `{theirs}`{guess}")


def _made_of(template: Template, others: Mapping[str, Template]) -> Iterator[Flaw]:
    keys = {key for key, _, _ in every_task(template)}
    for name, child in template.children.items():
        at: Path = ("children", name)
        other = others.get(child.template)
        if other is None or other.id == template.id:
            guess = did_you_mean(child.template, others.keys() - {template.id})
            yield Flaw((*at, "template"), f"there is no usable template `{child.template}` for this{guess}")
            continue
        if other.children:
            yield Flaw((*at, "template"), f"`{other.id}` has children itself; only one level can be planned")
        theirs = {f"{name}_{key}" for key, _, _ in every_task(other)}
        for key in sorted(keys & theirs):
            yield Flaw(at, f"two tasks have the key `{key}`, one of them as a part of `{name}`; rename one of the two")
        keys |= theirs
        yield from _given(template, child, other, (*at, "inputs"))
    if template.children and all(one.template in others.keys() - {template.id} for one in template.children.values()):
        yield from _lengthened(template, keys)


def _lengthened(template: Template, keys: Collection[str]) -> Iterator[Flaw]:
    """What a modifier makes longer must be one of all these tasks."""
    for index, modifier in enumerate(template.modifiers):
        for name in modifier.to:
            if name not in keys and name not in PROMISES:
                yield Flaw(("modifiers", index, "to"), f"no part has a task `{name}`{did_you_mean(name, keys)}")


def _given(template: Template, child: Child, other: Template, at: Path) -> Iterator[Flaw]:
    """The inputs that a part gets from us."""
    for name, value in child.inputs.items():
        if name not in other.inputs:
            guess = did_you_mean(name, other.inputs)
            yield Flaw((*at, name), f"`{other.id}` has no input `{name}`{guess}")
        elif why := _unfit(template, other.inputs[name], value):
            yield Flaw((*at, name), f"`{name}` of `{other.id}` {why}")
    for name, entry in other.inputs.items():
        if entry.required is True and entry.type == "date" and name not in child.inputs:
            yield Flaw(at, f"`{other.id}` needs its date `{name}`; write `{name}: inputs.<ours>`")


def _unfit(template: Template, theirs: Input, value: Any) -> str | None:
    """Why a part cannot be given this value, or that of this input; None where it can."""
    if not isinstance(value, str) or not value.startswith(_INPUTS):
        return (
            "is a date of the request; write `inputs.<ours>`" if theirs.type == "date" else never_equal(theirs, value)
        )
    ours = template.inputs.get(value.removeprefix(_INPUTS))
    if ours is None or theirs.type in ("text", "file"):
        return None
    if ours.type != theirs.type:
        return f"is of type {theirs.type}, and `{value}` of type {ours.type}"
    others = [one for one in ours.values if one not in theirs.values]
    return f"is {', '.join(theirs.values)}, and `{value}` can be `{others[0]}`" if others else None
