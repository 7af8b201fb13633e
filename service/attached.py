"""What a request says: in its fields, and where those lack a file that it needs, by what is attached to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connectors.contract import Task
from service import create
from service.core.explain import plain
from service.core.plan import InputProblem, InputProblems
from service.core.template import Template
from service.runtime import Runtime
from service.settings import RequestRule
from service.store.tables import Campaign

_NO_WORD = re.compile(r"[\W_]+")


def inputs_of(
    runtime: Runtime, campaign: Campaign, rule: RequestRule | None, template: Template, request: Task, today: date
) -> Mapping[str, Any]:
    """The typed inputs; raises `InputProblems`, each with its place on the request.

    Attachments cost a call, so they are asked for only while a required file is missing; what was found stays.
    """
    try:
        return _inputs(runtime, campaign, rule, template, request, today)
    except InputProblems as error:
        raise InputProblems([_placed(problem, rule) for problem in error.problems]) from error


def _placed(problem: InputProblem, rule: RequestRule | None) -> InputProblem:
    """A person looks in vain for a “Webinar date” where the request's due date is what counts."""
    place = create.OWN_FIELDS.get(rule.inputs.get(problem.field, "")) if rule else None
    return replace(problem, message=f"{problem.message} (the {place} of the request)") if place else problem


def _inputs(
    runtime: Runtime, campaign: Campaign, rule: RequestRule | None, template: Template, request: Task, today: date
) -> Mapping[str, Any]:
    raw = create.raw_inputs(rule, template, request) | create.lost(campaign, rule, template, request)
    try:
        return create.typed_inputs(campaign, template, raw, today)
    except InputProblems as error:
        missing = [one.field for one in error.problems if _is_file(template, one.field) and not raw.get(one.field)]
        known = {name: campaign.inputs[name] for name in missing if campaign.inputs.get(name)}
        if missing and not known:
            known = _found(template, missing, runtime.trackers[campaign.connection].attachments(request.id))
        if not known:
            raise
        return create.typed_inputs(campaign, template, raw | known, today)


def _is_file(template: Template, name: str) -> bool:
    return name in template.inputs and template.inputs[name].type == "file"


def _found(template: Template, missing: Sequence[str], files: Sequence[tuple[str, str]]) -> dict[str, str]:
    """All files for the only input that lacks one; where several do, each needs a file that is named like it."""
    found = {}
    for name in missing:
        words = {_bare(name), _bare(template.label(name))}
        mine = [file for file in files if len(missing) == 1 or any(word in _bare(file[0]) for word in words)]
        if mine:
            found[name] = ", ".join(f"[{plain(file)}]({address})" for file, address in mine)
    return found


def _bare(text: str) -> str:
    return _NO_WORD.sub("", text).casefold()
