"""How a command ends badly: one plain sentence and what to do, no traceback, exit status 2."""

from __future__ import annotations

import getpass
from datetime import date, datetime
from typing import Any

import typer
from typer.core import TyperGroup

from connectors.errors import TrackerError

USAGE = 2
"""Exit status of wrong usage, of input that cannot be used, and of a configuration with mistakes."""


class Refused(Exception):
    """A command cannot do what it was asked; a sentence, and what to do instead."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message}\n    {remedy}" if remedy else message)


class PlainErrors(TyperGroup):
    """Tells the errors that a person can mend; anything else is our bug and keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not _is_for_people(error):
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(USAGE) from None


def _is_for_people(error: Exception) -> bool:
    # Imported only now: the YAML library behind it would double the start of commands that read no settings.
    from service.config_file import ConfigError

    return isinstance(error, Refused | TrackerError | ConfigError)


def day_of(given: datetime, option: str) -> date:
    """The day that an option names; refused where calendars do not reach it."""
    from service.core.calendar import COUNTED_YEARS

    if given.year not in COUNTED_YEARS:
        first, last = COUNTED_YEARS[0], COUNTED_YEARS[-1]
        raise Refused(f"{option} {given.date()} is too far away", f"name a day of the years {first} to {last}")
    return given.date()


def user() -> str:
    """Who types, for the ledger."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return "unknown"


def connector_named(tracker: str) -> Any:
    """The installed connector of this name."""
    from connectors.registry import installed

    if tracker not in installed():
        from service.config_checks import did_you_mean

        raise Refused(f"there is no tracker `{tracker}`", did_you_mean(tracker, installed()))
    return installed()[tracker]
