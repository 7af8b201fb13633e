"""`tminus budget`: what the trackers were called for, and how near their limits we came."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from service.commands.operate import ConfigOption, installation


def budget(
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="How far to look back.")] = 24,
    config: ConfigOption = None,
) -> None:
    """Print calls, minute peaks and refusals of each connection, and for whom the calls were made."""
    from service.core.spending import Counted, spent
    from service.store import budgets
    from service.store.engine import reading

    with installation(config) as runtime, reading(runtime.engine) as session:
        rows = budgets.used(session, runtime.now() - timedelta(hours=hours))
        counts = [Counted(row.connection, row.minute, row.purpose, row.calls, row.refused) for row in rows]
    found = spent(counts)
    if not found:
        typer.echo(f"no worker has called a tracker in the last {hours} hours")
    for each in found:
        shares = ", ".join(f"{whom} {part:.0%}" for whom, part in each.shares)
        typer.echo(f"{each.connection}: {each.calls:,} calls in {hours} hours: {shares}")
        peak = f"{each.peak:,}, at {each.peak_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"    most in a minute: {peak}; refused with 429: {each.refused:,}")
