"""`tminus simulate`: a local tracker to try things on."""

from __future__ import annotations

import importlib
import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.terminal import Refused, connector_named

if TYPE_CHECKING:
    from connectors.simulating import Simulator


def simulate(
    tracker: Annotated[str, typer.Argument(help="Which tracker; a wrong name shows those there are.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 0,
) -> None:
    """Serve a simulator of a tracker on this machine until Ctrl-C."""
    connector = connector_named(tracker)
    simulator = _started(connector.simulator, port)
    typer.echo(
        f"The {connector.title} simulator serves at {simulator.url} (open it in a browser to see what is in it).\n"
        f"To use it, set `url: {simulator.url}` in a connection with `tracker: {connector.name}`.\n"
        "Ctrl-C ends it."
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    simulator.stop()


def _started(where: str, port: int) -> Simulator:
    module, _, name = where.partition(":")
    simulator: Simulator = getattr(importlib.import_module(module), name)(port=port)
    try:
        return simulator.start()
    except OSError as error:
        raise Refused(str(error), "name another port, or 0 for a free one") from None
