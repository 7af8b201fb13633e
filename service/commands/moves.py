"""`tminus reschedule` and `tminus undo`: move a launch, and take that back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.operate import installation
from service.commands.terminal import Refused, user

if TYPE_CHECKING:
    from service.sync import Foreseen

CampaignArgument = Annotated[str, typer.Argument(help="The request, such as MKT-12.")]
PreviewOption = Annotated[bool, typer.Option("--preview", help="Show what would happen; change nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings file; else $TMINUS_CONFIG.")]


def reschedule(
    campaign: CampaignArgument,
    day: Annotated[str | None, typer.Option("--date", help="The new date of the launch, year-month-day.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="NAME=DATE: another date of the request; once for each.")
    ] = None,
    preview: PreviewOption = False,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Move a campaign to another date: open tasks are planned anew, done and pinned ones stay."""
    from service import asking
    from service import reschedule as use

    others = dict(map(_input, inputs or ()))
    if day is None and not others:
        raise Refused("no date is given", "--date 2027-02-10")
    with installation(config) as runtime, _told():
        found = use.campaign_named(runtime, campaign)
        wanted = use.inputs_of(found, _day(day) if day else None, others)
        foreseen = use.foresee(runtime, found, wanted)
        show(foreseen)
        if preview or not (yes or typer.confirm("Move it?")):
            return
        use.move(runtime, foreseen, user())
        asking.look_at(runtime, [found])
    typer.echo(f"The request says so now; the worker moves the rest within a second or so. `tminus undo {campaign}`")


def undo(
    campaign: CampaignArgument, preview: PreviewOption = False, yes: YesOption = False, config: ConfigOption = None
) -> None:
    """Take the latest move of a campaign's dates back, exactly, within 24 hours of it."""
    from service import asking
    from service import reschedule as use

    with installation(config) as runtime, _told():
        found = use.campaign_named(runtime, campaign)
        move = use.latest_move(runtime, found)
        show(use.foresee_undo(runtime, found, move))
        if preview or not (yes or typer.confirm("Take it back?")):
            return
        use.undo(runtime, found, move, user())
        asking.look_at(runtime, [found])
    typer.echo("The worker takes it back within a second or so.")


def show(foreseen: Foreseen) -> None:
    """What changes and why, what is kept, and every write."""
    if foreseen.revision:
        typer.echo(foreseen.revision.sentence)
        for line in foreseen.revision.lines():
            typer.echo(line.replace("**", ""))
        if foreseen.revision.done:
            typer.echo(f"\nDone, and left alone: {', '.join(foreseen.revision.done)}.")
    typer.echo("\nTo be written:" if foreseen.actions else "Nothing is to be written.")
    for action in foreseen.actions:
        typer.echo(f"  {action}")


@contextmanager
def _told() -> Iterator[None]:
    """A refusal of the use case as a command tells it."""
    from service.reschedule import CannotMove

    try:
        yield
    except CannotMove as error:
        raise Refused(str(error), error.remedy) from None


def _input(written: str) -> tuple[str, date]:
    name, equals, day = written.partition("=")
    if not equals:
        raise Refused(f"`{written}` is no input", "write --input NAME=2027-02-10")
    return name.strip(), _day(day)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise Refused(f"`{written}` is not a date", "write it as year-month-day, like 2027-02-10") from None
