"""`tminus hooks`: what a webhook body says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from connectors.errors import Malformed
from service.commands.terminal import USAGE, Refused, connector_named

hooks = typer.Typer(help="Look at webhooks.", no_args_is_help=True)


@hooks.command()
def parse(
    tracker: Annotated[str, typer.Argument(help="Whose webhook it is; a wrong name shows those there are.")],
    file: Annotated[str, typer.Argument(help="The file with the request body; - reads standard input.")],
) -> None:
    """Print what a webhook body is understood as, as JSON. A malformed one gets a reason and exit status 2."""
    receiver = connector_named(tracker).receiver
    try:
        changes = [change.as_dict() for change in receiver.parse(_body(file))]
    except Malformed as error:
        typer.echo(json.dumps({"kind": "malformed", "reason": str(error)}, indent=2))
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from None
    if not receiver.batched:
        understood = changes[0]
    elif changes:
        understood = {"events": changes}
    else:
        understood = {"kind": "heartbeat", "events": []}
    typer.echo(json.dumps(understood, indent=2))


def _body(file: str) -> bytes:
    if file == "-":
        if sys.stdin is None:
            raise Refused("there is no standard input to read", "send the body to it, or name a file")
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}", "name a file, or - for standard input") from None
