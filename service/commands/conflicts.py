"""`tminus conflicts`: what people changed in two trackers at once, and which of the two was kept."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.operate import ConfigOption, installation
from service.commands.terminal import Refused

MOST_LISTED = 100


def conflicts(
    name: Annotated[str | None, typer.Argument(help="One request, such as MKT-12; all where not named.")] = None,
    config: ConfigOption = None,
) -> None:
    """List what people changed in two trackers at once, newest first, with the value that was kept and why."""
    from service.store import campaigns, ledger
    from service.store.engine import reading
    from service.store.tables import Campaign

    with installation(config) as runtime, reading(runtime.engine) as session:
        campaign = campaigns.named(session, name) if name else None
        if name and campaign is None:
            raise Refused(f"there is no campaign for `{name}`", "`tminus campaigns` lists them")
        lines = ledger.of_kind(session, "conflict", campaign.id if campaign else None, MOST_LISTED)
        if not lines:
            typer.echo("No conflicts.")
            return
        for line in lines:
            of = session.get(Campaign, line.campaign_id)
            typer.echo(f"{line.at:%Y-%m-%d %H:%M}  {of.request_label if of else '-'}  {line.sentence}")
        if len(lines) == MOST_LISTED:
            typer.echo(f"These are the newest {MOST_LISTED}; `tminus conflicts REQUEST` lists those of one request.")
        typer.echo("Times are UTC. To have the other value after all, set it in either tracker: it is taken over.")
