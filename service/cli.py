"""The `tminus` command."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.budget import budget
from service.commands.calendars import calendars
from service.commands.commitments import commitments
from service.commands.conflicts import conflicts
from service.commands.hooks import hooks
from service.commands.keys import new_key, rotate_keys
from service.commands.login import login
from service.commands.migrate import migrate
from service.commands.moves import reschedule, undo
from service.commands.operate import campaigns, connect, disconnect, doctor, replay, serve, sweep, work
from service.commands.preview import preview
from service.commands.queue import queue
from service.commands.raci import raci
from service.commands.simulate import simulate
from service.commands.templates import templates
from service.commands.terminal import PlainErrors
from service.commands.why import why
from service.demo.command import demo


def _tell_version(wanted: bool) -> None:
    from importlib.metadata import version

    if wanted:
        typer.echo(f"tminus {version('tminus')}")
        raise typer.Exit


app = typer.Typer(
    cls=PlainErrors,
    help="Files the whole campaign into your tracker the moment it is requested, and keeps plan and tracker in step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def tminus(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """What stands before every command."""


for command in (
    serve,
    work,
    login,
    connect,
    disconnect,
    doctor,
    campaigns,
    commitments,
    conflicts,
    queue,
    why,
    reschedule,
    undo,
    replay,
    sweep,
    budget,
    demo,
    simulate,
):
    app.command()(command)
app.command()(preview)
app.command()(new_key)
app.command()(rotate_keys)
app.add_typer(hooks, name="hooks")
templates.command()(raci)
templates.command()(migrate)
app.add_typer(templates, name="templates")
app.add_typer(calendars, name="calendars")
