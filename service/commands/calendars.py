"""`tminus calendars show` and `drift`: what is frozen, and whether it is still what would be frozen today."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.folder import catalogue_of
from service.commands.terminal import Refused

if TYPE_CHECKING:
    from service.core.calendar import Calendar
    from service.drift import Drift

calendars = typer.Typer(help="Look at the calendars.", no_args_is_help=True)
DRIFTED = 1
"""Exit status where a running campaign has another calendar than today's."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@calendars.command()
def show(
    name: Annotated[str, typer.Argument(help="The calendar's name, such as us-mops.")],
    year: Annotated[int | None, typer.Option(min=1900, max=2200, help="This year unless given.")] = None,
    folder: Annotated[Path | None, typer.Option(help="The folder; the one in the settings where not named.")] = None,
) -> None:
    """Print a calendar as it is frozen: the week, and each day of the year that is closed or has hours of its own."""
    from service.config_checks import did_you_mean

    catalogue = catalogue_of(folder)
    if name not in catalogue.calendars:
        broken = "\n    `tminus templates check` tells why others are refused" if catalogue.problems else ""
        raise Refused(f"there is no calendar `{name}`", did_you_mean(name, catalogue.calendars) + broken)
    year = year or datetime.now(UTC).year
    frozen = catalogue.calendars[name].freeze(name, [year])
    cutoff = f", cut-off {frozen.cutoff:%H:%M}" if frozen.cutoff else ""
    typer.echo(f"{name} in {year}: {frozen.time_zone}{cutoff}")
    for weekday, hours in zip(_WEEKDAYS, frozen.working_hours, strict=True):
        typer.echo(f"    {weekday}: {', '.join(map(str, hours)) or 'closed'}")
    for day in sorted({*frozen.holidays, *frozen.exceptions}):
        if day.year == year:
            typer.echo(_line(frozen, day))


@calendars.command()
def drift(
    config: Annotated[Path | None, typer.Option("--config", help="The settings file; else $TMINUS_CONFIG.")] = None,
) -> None:
    """Compare the calendars of running campaigns with what freezing today would give. Moves nothing.

    Exit status 1 where one differs.
    """
    from service.commands.operate import installation
    from service.drift import drifts

    with installation(config) as runtime:
        found = list(drifts(runtime))
    for each in found:
        _tell(each)
    if found:
        raise typer.Exit(DRIFTED)
    typer.echo("Every running campaign has the calendar that would be frozen today.")


def _line(calendar: Calendar, day: date) -> str:
    from service.core.calendar_changes import told
    from service.core.explain import long_day

    usual = calendar.working_hours[day.weekday()]
    if calendar.is_working(day):
        instead = f"instead of {', '.join(map(str, usual))}" if usual else "although the week says closed"
        return f"{long_day(day)}: {told(calendar, day)} {instead}"
    return f"{long_day(day)}: {told(calendar, day)}" + ("" if usual else ", a rest day anyway")


def _tell(found: Drift) -> None:
    from service.core.explain import long_day

    typer.echo(f"{found.request} {found.title} (calendar {found.calendar})")
    for sentence in found.days:
        typer.echo(f"    {sentence}")
    for move in found.moves:
        typer.echo(f"    would move: {move.task} from {long_day(move.was)} to {long_day(move.would_be)}")
    if found.unknown:
        typer.echo(f"    {found.unknown}")
    elif not found.moves:
        typer.echo("    would move nothing")
