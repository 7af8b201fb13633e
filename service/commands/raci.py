"""`tminus templates raci`: who does what in a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.commands.folder import catalogue_of, recipe_of


def raci(
    template: Annotated[str, typer.Argument(help="The template's name, such as webinar.")],
    folder: Annotated[
        Path | None, typer.Option("--templates", help="Their folder; else that of tminus.yaml, else the starter pack.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="A settings file: its templates, and the people behind the roles.")
    ] = None,
) -> None:
    """Print who is responsible, accountable, consulted and informed, as a Markdown table."""
    from service.core.raci import as_markdown
    from service.settings import load

    settings = load(config) if config else None
    recipe = recipe_of(catalogue_of(folder or (settings.templates if settings else None)), template)
    roles = settings.roles.items() if settings else ()
    people = settings.people if settings else {}
    holders = {
        name: ", ".join(people[person].name if person in people else person for person in role.people())
        for name, role in roles
    }
    typer.echo(as_markdown(recipe, holders))
