"""`tminus templates`: look after the recipes of a folder, and publish them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands import versions
from service.commands.folder import catalogue_of
from service.commands.terminal import Refused, day_of

if TYPE_CHECKING:
    from service.catalogue import Catalogue

BROKEN = 1
"""Exit status of a template with mistakes."""
FolderArgument = Annotated[
    Path | None, typer.Argument(help="The folder; the one in the settings where not named, else the starter pack.")
]

templates = typer.Typer(help="Look after the templates.", no_args_is_help=True)
templates.command()(versions.apply)
templates.command()(versions.diff)
templates.command()(versions.export)
templates.command("list")(versions.list_published)
templates.command()(versions.catalogue)


@templates.command()
def check(folder: FolderArgument = None) -> None:
    """Check every template and calendar of a folder. Exit status 1 where something is wrong."""
    catalogue = catalogue_of(folder)
    for line in (*map(str, catalogue.problems), *_oddities(catalogue)):
        typer.echo(line)
    if catalogue.problems:
        raise typer.Exit(BROKEN)
    if not catalogue.templates:
        raise Refused("the folder holds no templates", "name the folder that holds your *.yaml templates")
    count = f"{len(catalogue.templates)} template{'s' if len(catalogue.templates) > 1 else ''}"
    typer.echo(f"{count}, nothing wrong: {', '.join(sorted(catalogue.templates))}")


@templates.command()
def lint(
    folder: FolderArgument = None,
    now: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Where the year ahead begins.")] = None,
) -> None:
    """Prove that each template can be kept at exactly its own lead time or turnaround, and name its hardest week.

    Exit status 1 where one cannot.
    """
    from service.core.lint import lint

    catalogue = catalogue_of(folder)
    today = day_of(now, "--now") if now else datetime.now().astimezone().date()
    failed = bool(catalogue.problems)
    for line in map(str, catalogue.problems):
        typer.echo(line)
    for _, template in sorted(catalogue.templates.items()):
        report = lint(template, catalogue.calendar_of(template, around=today), today)
        failed = failed or not report.proved
        for line in report.sentences():
            typer.echo(line)
    if failed:
        raise typer.Exit(BROKEN)


@templates.command()
def schema() -> None:
    """Print the JSON Schema of template files, with which an editor completes and flags."""
    from service.template_schema import schema

    typer.echo(json.dumps(schema(), indent=2))


def _oddities(catalogue: Catalogue) -> Iterator[str]:
    """What is not wrong but was probably meant otherwise."""
    for name in sorted(catalogue.templates):
        path = catalogue.sources[name][0].path
        if path.stem != name:
            yield f"{path}: holds the template `{name}`; people will look for it in {name}.yaml"
