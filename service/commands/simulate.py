"""`tminus simulate`: a local tracker to try things on."""

from __future__ import annotations

import importlib
import json
import signal
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.commands.terminal import Refused, connector_named

if TYPE_CHECKING:
    from connectors.contract import Connector
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
        f"{_how_to_connect(connector, simulator.connection())}"
        "Ctrl-C ends it."
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
    simulator.stop()


def _how_to_connect(connector: Connector[Any], settings: Mapping[str, Any]) -> str:
    """What to put into the settings and the environment; the example's name is the tracker's own."""
    from service.config_checks import is_secret

    variables = {
        name: f"{connector.name}_{name}".upper()
        for name, field in connector.settings.model_fields.items()
        if name in settings and is_secret(field.annotation)
    }
    shown = {name: f"${{{variables[name]}}}" if name in variables else json.dumps(settings[name]) for name in settings}
    lines = [
        "To use it, put this into tminus.yaml",
        f"  {connector.name}:",
        f"    tracker: {connector.name}",
        *(f"    {name}: {value}" for name, value in shown.items()),
        "below `connections`, and into .env",
        *(f"  {variable}={settings[name]}" for name, variable in variables.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def _started(where: str, port: int) -> Simulator:
    module, _, name = where.partition(":")
    simulator: Simulator = getattr(importlib.import_module(module), name)(port=port)
    try:
        return simulator.start()
    except OSError as error:
        raise Refused(str(error), "name another port, or 0 for a free one") from None
