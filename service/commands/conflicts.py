"""`tminus conflicts`: what people changed in two trackers at once, and which of the two was kept."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.terminal import Refused


def conflicts(
    name: Annotated[str | None, typer.Argument(help="One request, such as MKT-12; all where not named.")] = None,
    config: ConfigOption = None,
) -> None:
    """List what people changed in two trackers at once, newest first, with the value that was kept and why."""
    from service.store import campaigns, ledger
    from service.store.engine import reading

    with installation(config) as runtime, reading(runtime.engine) as session:
        campaign = campaigns.named(session, name) if name else None
        if name and campaign is None:
            raise Refused(f"there is no campaign for `{name}`", "`tminus campaigns` lists them")
        lines = ledger.of_kind(session, "conflict", campaign.id if campaign else None)
        for line in lines:
            typer.echo(f"{line.at:%d %b %H:%M:%S}  {line.sentence}")
        if not lines:
            typer.echo("No conflicts.")
