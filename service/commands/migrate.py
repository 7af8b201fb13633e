"""`tminus templates migrate`: bring running campaigns to another version of their template, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.moves import ConfigOption, show
from service.commands.operate import installation
from service.commands.terminal import Refused, user

if TYPE_CHECKING:
    from service.core.template import Template
    from service.migrate import Step
    from service.runtime import Runtime

WRONG = 1
"""Exit status where some campaign cannot go."""


def migrate(
    template: Annotated[str, typer.Argument(help="The template's name, such as webinar.")],
    version: Annotated[int | None, typer.Option("--to", help="The version; the newest published one.")] = None,
    campaign: Annotated[
        list[str] | None, typer.Option(help="One request, such as MKT-12; several times for several; all where none.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else it is only shown.")] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show it; change nothing. So it is without --apply.")
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Take the latest migration back, exactly.")] = False,
    calendar: Annotated[bool, typer.Option("--calendar", help="Freeze the calendar anew, too.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show what another version would change in each running campaign; with --apply, do it."""
    from service import asking
    from service import migrate as use

    if rollback and (version is not None or calendar):
        raise Refused("--rollback goes back to where each campaign was", "leave --to and --calendar away")
    with installation(config) as runtime:
        try:
            if rollback:
                steps = use.steps_back(runtime, template, campaign or ())
            else:
                target = use.version_of(runtime, template, version)
                steps = use.steps(runtime, target, campaign or (), calendar=calendar)
                _tell_unpublished(runtime, target)
        except use.CannotMigrate as error:
            raise Refused(str(error), error.remedy) from None
        _show(steps)
        if steps and apply and not preview:
            act = use.roll_back if rollback else use.apply
            asked = act(runtime, steps, user())
            asking.look_at(runtime, [step.campaign for step in asked])
            typer.echo(f"{len(asked)} of {len(steps)} campaigns are changed by the worker within a second or so")
    if any(step.problem for step in steps):
        raise typer.Exit(WRONG)


def _tell_unpublished(runtime: Runtime, newest: Template) -> None:
    """Whoever has just edited the file means that version."""
    written = runtime.catalogue.templates.get(newest.id)
    if written and written.version > newest.version:
        typer.echo(f"{newest.id} v{written.version} is not published yet; `tminus templates apply` does that.\n")


def _show(steps: Sequence[Step]) -> None:
    told: set[tuple[str, ...]] = set()
    for step in steps:
        if step.causes and step.causes not in told:
            told.add(step.causes)
            typer.echo(f"{step.campaign.template} v{step.version} instead of v{step.campaign.template_version}:")
            typer.echo("\n".join(f"  {cause}" for cause in step.causes) + "\n")
        typer.echo(step.name)
        if step.problem:
            typer.echo(f"It stays as it is: {step.problem}")
        elif step.foreseen:
            show(step.foreseen)
        typer.echo("")
    if not steps:
        typer.echo("No running campaign has anything to change.")
