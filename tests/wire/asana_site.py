"""How a test connects to an Asana simulator, and where it puts its tasks."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from connectors.asana.settings import AsanaSettings
from connectors.asana.simulator import AsanaSimulator
from connectors.contract import Container, Mark, NewTask


def settings(sim: AsanaSimulator, **more: Any) -> AsanaSettings:
    """A connection to it."""
    of = {"url": sim.api, "token": SecretStr(sim.token), "workspace": sim.workspace, "projects": (sim.project,)}
    return AsanaSettings.model_validate(of | more)


def request(sim: AsanaSimulator) -> Container:
    """Where the tasks of a new request go."""
    return Container("subtasks", sim.file_request("Webinar"), "")


def plan(count: int, **more: Any) -> list[NewTask]:
    """So many tasks."""
    return [NewTask(mark=Mark("c1", f"t{at}"), title=f"Task {at}", **more) for at in range(count)]
