"""`tminus templates raci`: who does what in a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.commands.terminal import Refused


def raci(
    template: Annotated[str, typer.Argument(help="The template's name, such as webinar.")],
    folder: Annotated[
        Path | None, typer.Option("--templates", help="Their folder; the starter pack if not named.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="A settings file: its templates, and the people behind the roles.")
    ] = None,
) -> None:
    """Print who is responsible, accountable, consulted and informed, as a Markdown table."""
    from service.catalogue import Catalogue
    from service.config_checks import did_you_mean
    from service.core.raci import as_markdown
    from service.settings import STARTER_TEMPLATES, load

    settings = load(config) if config else None
    where = folder or (settings.templates if settings else STARTER_TEMPLATES)
    if not where.is_dir():
        raise Refused(f"there is no folder {where}", "name the folder that holds your templates")
    catalogue = Catalogue.load(where)
    if template not in catalogue.templates:
        raise Refused(f"there is no template `{template}`", did_you_mean(template, catalogue.templates))
    roles = settings.roles.items() if settings else ()
    people = settings.people if settings else {}
    holders = {
        name: ", ".join(people[person].name if person in people else person for person in role.people())
        for name, role in roles
    }
    typer.echo(as_markdown(catalogue.templates[template], holders))
