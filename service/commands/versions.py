"""`tminus templates apply`, `diff`, `export` and `list`: what is published, and what would change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.terminal import Refused, user

if TYPE_CHECKING:
    import sqlalchemy as sa

    from service.catalogue import Catalogue
    from service.publishing import Step
    from service.settings import Settings

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings file; else $TMINUS_CONFIG.")]
FolderArgument = Annotated[Path | None, typer.Argument(help="The folder; the one in the settings where not named.")]
WRONG = 1
"""Exit status where something cannot be published."""


def apply(
    folder: FolderArgument = None,
    by: Annotated[str | None, typer.Option(help="Who publishes; your user name unless given.")] = None,
    config: ConfigOption = None,
) -> None:
    """Publish what changed: new campaigns are planned by it, and commitments judged by it.

    Exit status 1 where something was refused.
    """
    from service import publishing

    with _store(config) as (settings, engine):
        catalogue = _catalogue(folder or settings.templates)
        steps = publishing.apply(engine, catalogue, by or user())
    for step in steps:
        if step.due:
            typer.echo(f"{step.name} is published")
        elif not step.refusal:
            for change in step.changes():  # in the templates that it takes from
                typer.echo(f"{step.name} stays as it was published; with a new version, {change}")
    if not any(step.due for step in steps):
        typer.echo("Nothing to publish.")
    _end(catalogue, steps)


def diff(folder: FolderArgument = None, config: ConfigOption = None) -> None:
    """Show what publishing would change, in words and line by line; changes nothing."""
    from service import publishing
    from service.store.engine import reading

    with _store(config) as (settings, engine):
        catalogue = _catalogue(folder or settings.templates)
        with reading(engine) as session:
            steps = publishing.steps(session, catalogue)
    for step in steps:
        for line in _difference(step):
            typer.echo(line)
    if not any(step.differs for step in steps):
        typer.echo("Nothing differs from what is published.")
    _end(catalogue, steps)


def export(
    template: Annotated[str, typer.Argument(help="The template or commitment, such as webinar.")],
    version: Annotated[int | None, typer.Option(help="The newest unless given.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print a published version as it was written, comments and all."""
    from service.config_checks import did_you_mean
    from service.store import published
    from service.store.engine import reading

    with _store(config) as (_, engine), reading(engine) as session:
        row = published.newest_of(session, template)
        if row is None:
            raise Refused(
                f"nothing called `{template}` is published", did_you_mean(template, published.newest(session))
            )
        if version is not None:
            newest, row = row.version, published.get(session, template, version)
            if row is None:
                raise Refused(f"{template} v{version} was never published", f"the newest is v{newest}")
        typer.echo(row.text.encode(), nl=False)


def catalogue(folder: FolderArgument = None, config: ConfigOption = None) -> None:
    """Print what is agreed, as Markdown for your wiki: all that is published, or the files of a folder."""
    from service import publishing
    from service.core import agreement_page, commitment_page

    if folder is not None:
        read = _catalogue(folder)
        templates, commitments = read.templates, read.commitments
    else:
        with _store(config) as (_, engine):
            templates, commitments = publishing.all_in_use(engine), publishing.commitments_in_use(engine)
    if not (templates or commitments):
        raise Refused("nothing is published", "run `tminus templates apply`, or name a folder")
    pages = ["# What is agreed", *(agreement_page.page(found) for _, found in sorted(templates.items()))]
    if commitments:
        pages.append("# What is promised beside campaigns")
        pages += [commitment_page.page(found) for _, found in sorted(commitments.items())]
    typer.echo("\n\n".join(pages))


def list_published(config: ConfigOption = None) -> None:
    """List every published version of templates and commitments, newest last."""
    from service.store import published
    from service.store.engine import reading

    with _store(config) as (_, engine), reading(engine) as session:
        rows = published.listing(session)
        for row in rows:
            typer.echo(f"{row.id} v{row.version}  {row.published_at:%Y-%m-%d %H:%M}  {row.published_by}")
    if not rows:
        typer.echo("Nothing is published; `tminus templates apply` publishes the folder.")


def _difference(step: Step) -> Iterator[str]:
    if not step.differs:
        return
    if step.newest is None:
        yield f"{step.name} is new"
        return
    yield f"{step.written.id} v{step.newest.version} → v{step.written.version}"
    yield from (f"  {change}" for change in step.changes())
    yield from difflib.unified_diff(
        step.newest.text.splitlines(),
        step.text.splitlines(),
        f"{step.written.id} v{step.newest.version}, published",
        f"{step.name}, in the folder",
        lineterm="",
    )


def _end(catalogue: Catalogue, steps: list[Step]) -> None:
    """What cannot be published, and why; exit status 1 where there is any."""
    refused = [*map(str, catalogue.problems), *(step.refusal for step in steps if step.refusal)]
    for reason in refused:
        typer.echo(reason)
    if refused:
        raise typer.Exit(WRONG)


def _catalogue(folder: Path) -> Catalogue:
    from service.catalogue import Catalogue

    if not folder.is_dir():
        raise Refused(f"there is no folder {folder}", "name the folder that holds your templates")
    return Catalogue.load(folder)


@contextmanager
def _store(config: Path | None) -> Iterator[tuple[Settings, sa.Engine]]:
    from service.settings import load
    from service.store.engine import StoreError, check, make_engine
    from service.store.migrating import upgrade

    settings = load(config)
    try:
        engine = make_engine(settings.database.get_secret_value())
        check(engine)
        upgrade(engine)
    except StoreError as error:
        raise Refused(str(error)) from None
    try:
        yield settings, engine
    finally:
        engine.dispose()
