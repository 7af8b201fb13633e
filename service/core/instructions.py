"""The text of a subtask: what to do, what to bring, where the files are, when it is done. Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.core.template import TaskTemplate, Template


def instructions(task: TaskTemplate, template: Template, inputs: Mapping[str, Any]) -> str:
    """Everything that the task's owner needs to know, with the files and links of the request that belong to it."""
    parts = [task.description.strip()]
    if task.provide:
        parts.append(f"**Please provide:** {task.provide.strip()}")
    if task.deliverables:
        parts.append("**Deliverables:** " + "; ".join(task.deliverables))
    parts += [f"**{template.label(name)}:** {inputs[name]}" for name in task.assets if inputs.get(name)]
    if task.done_when:
        parts.append(f"**Done when** {task.done_when.strip()}")
    return "\n\n".join(filter(None, parts))
