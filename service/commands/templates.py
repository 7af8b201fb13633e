"""`tminus templates` and `tminus preview`: what the recipes say, without a tracker or a database."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands import versions
from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.catalogue import Catalogue
    from service.core.plan import Plan
    from service.core.template import Template

BROKEN = INFEASIBLE = 1
"""Exit status of a template with mistakes, and of a plan that cannot be kept."""

PIPED_WIDTH = 140
"""Columns where the output is no terminal."""
VERDICTS = {
    "planned": "it can be done.",
    "compressed": "it can be done if some work is compressed.",
    "flagged": "it cannot be kept as it stands; somebody must agree to these dates.",
    "shift_proposed": "it cannot be done; these are the dates on the earliest possible day.",
    "rejected": "it cannot be done.",
}

templates = typer.Typer(help="Look after the templates.", no_args_is_help=True)
templates.command()(versions.apply)
templates.command()(versions.diff)
templates.command()(versions.export)
templates.command("list")(versions.list_published)


class Format(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"


@templates.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="The folder; the starter pack where not named.")] = None,
) -> None:
    """Check every template and calendar of a folder. Exit status 1 where something is wrong."""
    catalogue = _catalogue(folder)
    for problem in catalogue.problems:
        typer.echo(problem)
    if catalogue.problems:
        raise typer.Exit(BROKEN)
    if not catalogue.templates:
        raise Refused("the folder holds no templates", "name the folder that holds your *.yaml templates")
    typer.echo(f"{len(catalogue.templates)} templates, nothing wrong: {', '.join(sorted(catalogue.templates))}")


@templates.command()
def schema() -> None:
    """Print the JSON Schema of template files, with which an editor completes and flags."""
    from service.template_schema import schema

    typer.echo(json.dumps(schema(), indent=2))


def preview(
    template: Annotated[str, typer.Argument(help="The template's name, such as webinar.")],
    given: Annotated[list[str] | None, typer.Option("--input", "-i", metavar="NAME=VALUE", help="An input.")] = None,
    now: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the request.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--templates", help="Their folder; the starter pack if not named.")
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TEXT,
) -> None:
    """Print the plan that a request would get, with the reason for each date.

    Exit status 0: it can be kept; 1: it cannot; 2: the template or an input is wrong.
    """
    from service.core.plan import Facts, InputProblems, make_plan, read_inputs

    catalogue = _catalogue(folder)
    recipe = _recipe(catalogue, template)
    today = now.date() if now else datetime.now().astimezone().date()
    try:
        inputs = read_inputs(recipe, dict(map(_pair, given or [])), today)
        facts = Facts(inputs=inputs, complete_on=today, today=today)
        plan = make_plan(recipe, catalogue.calendar_of(recipe, around=today), facts)
    except InputProblems as error:
        raise Refused("\n".join(map(str, error.problems))) from None
    except OverflowError:
        raise Refused(f"no calendar reaches far enough from {today}", "choose another day for --now") from None
    if as_format is Format.JSON:
        typer.echo(json.dumps(plan.as_dict(), indent=2))
    else:
        _show(recipe, plan)
    if not plan.feasible:
        raise typer.Exit(INFEASIBLE)


def _catalogue(folder: Path | None) -> Catalogue:
    from service.catalogue import Catalogue
    from service.settings import STARTER_TEMPLATES

    folder = folder or STARTER_TEMPLATES
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder}", "name the folder that holds your templates")
    return Catalogue.load(folder)


def _recipe(catalogue: Catalogue, name: str) -> Template:
    from service.config_checks import did_you_mean

    if name not in catalogue.templates:
        broken = "\n    `tminus templates check` tells why others are refused" if catalogue.problems else ""
        raise Refused(f"there is no template `{name}`", did_you_mean(name, catalogue.templates) + broken)
    return catalogue.templates[name]


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
    console.print(f"{recipe.title}, asked for on {long_day(plan.planned_on)}: {VERDICTS[plan.verdict]}")
    console.print(table)
    sentences = [f"{task.title}: {task.why}" for task in plan.tasks]
    sentences += [*plan.compressions, *plan.problems]
    if plan.earliest_anchor:
        name, day = plan.earliest_anchor
        sentences.append(f"The earliest possible {recipe.label(name)} is {long_day(day)}.")
    for sentence in sentences:
        console.print(sentence, soft_wrap=not console.is_terminal)
