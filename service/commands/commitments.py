"""`tminus commitments`: what is promised beside campaigns, and how it stands."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.preview import Format
from service.commands.terminal import Refused, day_of

if TYPE_CHECKING:
    from service.core.standing import Standing

SHOWN = 50
"""Leads or chats that are listed, the most urgent first."""


def commitments(
    config: ConfigOption = None,
    name: Annotated[str | None, typer.Argument(help="One of them, such as weekly_report: all that it owes.")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="A quota's period with this day in it; the others from this day on."),
    ] = None,
    as_format: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TEXT,
) -> None:
    """List the commitments and how they stand, or tell one: its verdict, its pace, its clocks and who owes what."""
    from service.breaches import told_of
    from service.commitments import standing, standings
    from service.config_checks import did_you_mean

    with installation(config) as runtime:
        known = runtime.commitments()
        if name is not None and name not in known:
            broken = "\n    `tminus templates check` tells why others are refused" if runtime.catalogue.problems else ""
            raise Refused(f"there is no commitment `{name}`", did_you_mean(name, known) + broken)
        found = [standing(runtime, known[name], day_of(day, "--day") if day else None)] if name else standings(runtime)
        told = told_of(runtime, name, found[0].since) if name else []
    if as_format is Format.JSON:
        listed = [one.short() for one in found]
        typer.echo(json.dumps(found[0].as_dict(SHOWN) if name else listed, indent=2))
    elif name:
        _show(found[0])
        for sentence in told[-SHOWN:]:
            typer.echo(f"missed: {sentence}")
    else:
        if not found:
            typer.echo("Nothing is published; `tminus templates apply` publishes the folder.")
        for one in found:
            typer.echo(f"{one.commitment.id} ({one.kind}): {_verdict(one)}\n    {one.sentence}")


def _show(standing: Standing) -> None:
    from service.core.details import details

    said = standing.commitment
    typer.echo(f"{said.title} v{said.version} ({standing.kind}): {_verdict(standing)}")
    typer.echo(standing.sentence)
    for contact, role in said.contacts.items():
        typer.echo(f"contact {contact}: {role}")
    for line in details(standing.report, SHOWN):
        typer.echo(line)


def _verdict(standing: Standing) -> str:
    return standing.report.verdict.replace("_", " ")
