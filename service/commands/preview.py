"""`tminus preview`: the plan that a request would get, without a tracker or a database."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.folder import catalogue_of, recipe_of
from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.core.plan import Plan
    from service.core.template import Template

INFEASIBLE = 1
"""Exit status of a plan that cannot be kept."""
PIPED_WIDTH = 140
"""Columns where the output is no terminal."""


class Format(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"


def preview(
    template: Annotated[str, typer.Argument(help="The template's name, such as webinar.")],
    given: Annotated[list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help="An input.")] = None,
    now: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the request.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--templates", help="Their folder; the one in the settings, else the starter pack.")
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TEXT,
) -> None:
    """Print the plan that a request would get, with the reason for each date.

    Exit status 0: it can be kept; 1: it cannot; 2: the template or an input is wrong.
    """
    from service import previewing
    from service.core.plan import InputProblems

    catalogue = catalogue_of(folder)
    recipe = recipe_of(catalogue, template)
    today = now.date() if now else datetime.now().astimezone().date()
    try:
        plan = previewing.preview(recipe, catalogue, dict(map(_pair, given or [])), today)
    except InputProblems as error:
        raise Refused("\n".join(map(str, error.problems))) from None
    except OverflowError:
        raise Refused(f"no calendar reaches far enough from {today}", "choose another day for --now") from None
    if as_format is Format.JSON:
        typer.echo(json.dumps(previewing.answer(recipe, plan), indent=2))
    else:
        _show(recipe, plan)
    if not plan.feasible:
        raise typer.Exit(INFEASIBLE)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"--input {text} has no value", f"write --input {text}=<value>")
    return name.strip(), value


def _show(recipe: Template, plan: Plan) -> None:
    """The plan as a table, then one sentence for each date, then what stands against it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from service import previewing
    from service.core.explain import long_day

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    table = Table("Task", "Party", "Owner", "Start", "Due", "Waits for")
    titles = {task.key: task.title for task in plan.tasks}
    for task in plan.tasks:
        waits = ", ".join(titles[key] for key in task.depends_on)
        cells = (task.title, task.party, task.owner, long_day(task.start_on), long_day(task.due_on), waits)
        table.add_row(*map(Text, cells))
    console.print(previewing.summary(recipe, plan))
    console.print(table)
    sentences = [f"{task.title}: {task.why}" for task in plan.tasks]
    sentences += [*plan.compressions, *plan.problems, previewing.earliest(recipe, plan) or ""]
    for sentence in filter(None, [plan.promise, *sentences]):
        console.print(sentence, soft_wrap=not console.is_terminal)
