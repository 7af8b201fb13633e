"""A connector, its stage and a tracker on it: what every test of the contract works with."""

from __future__ import annotations

import importlib
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest

from connectors.contract import Connector, Container, Mark, NewTask, Task, TaskId, Tracker
from connectors.errors import TrackerError
from connectors.registry import installed
from connectors.staging import OpenStage, Stage

CONNECTORS = list(installed().values())

FAULTS: dict[str, dict[str, Any]] = {
    "reply lost": {"cut_after": 1.0},
    "cut before the work": {"cut_before": 1.0},
    "503 after the work": {"error_after": 1.0},
    "503 before the work": {"error_before": 1.0},
    "500 after the work": {"error_after": 1.0, "error_status": 500},
    "garbage after the work": {"garbage": 1.0},
    "429": {"rate_limited": 1.0, "retry_after": 0.05},
    "429 without Retry-After": {"rate_limited": 1.0, "retry_after": None},
}
"""What passes by itself, as knobs of a simulator."""

CAMPAIGN = "k3y9wq2mzt"


@dataclass
class Scene:
    """What a test needs."""

    connector: Connector[Any]
    stage: Stage
    tracker: Tracker

    def request(self, title: str = "Spring webinar") -> Task:
        """Filed by a person and read back."""
        task = self.stage.file(title)
        return self.tracker.read([task])[task]

    def under(self, request: Task, kind: str | None = None) -> Container:
        """Where the tasks of the request go."""
        return self.tracker.open_container(request, Mark(CAMPAIGN, f"container-{request.id}"), request.title, kind)

    def one(self, **more: Any) -> Task:
        """A single task under a request of its own."""
        return self.tracker.create(self.under(self.request()), plan(1, **more)).made["t0"]

    def titles(self, container: Container) -> list[str]:
        """What a person sees in the container, in alphabetical order."""
        return sorted(self.stage.look(task).title for task in self.stage.inside(container))

    def strike(self, on: str = "", times: int | None = 1, **fault: Any) -> None:
        """The next calls whose `METHOD path` contains `on` fail."""
        for name, value in {**fault, "only": on, "strikes": times}.items():
            setattr(self.stage.simulator.knobs, name, value)

    def calm(self) -> None:
        """No faults any more, and the site's clock is right again."""
        knobs = self.stage.simulator.knobs
        for each in fields(knobs):
            setattr(knobs, each.name, each.default)

    def open(self, changed: Mapping[str, Any]) -> Tracker:
        """Another tracker on the same site, with some settings changed."""
        return self.connector.open(self.connector.settings.model_validate({**self.stage.settings(), **changed}))

    def quotes(self, error: TrackerError, status: int) -> bool:
        """Whether it keeps what the vendor says beside this status."""
        return any(text in str(error) for text in _texts(json.loads(self.stage.simulator.error(status))) if text)

    def refuses(self, kind: type[TrackerError], act: Callable[[], object]) -> TrackerError:
        """The error that `act` raises; neither it nor what caused it tells a secret."""
        with pytest.raises(kind) as caught:
            act()
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert [secret for secret in self.stage.secrets if secret in told] == []
        return caught.value


def plan(count: int, **more: Any) -> list[NewTask]:
    """So many new tasks, `t0` and on."""
    return [NewTask(mark=Mark(CAMPAIGN, f"t{at}"), title=f"Task {at}", **more) for at in range(count)]


@contextmanager
def opened(connector: Connector[Any]) -> Iterator[Scene]:
    """A scene on a fresh site."""
    package = connector.simulator.partition(":")[0]
    open_stage: OpenStage = importlib.import_module(f"{package}.stage").open_stage
    with open_stage() as stage:
        tracker = connector.open(connector.settings.model_validate(dict(stage.settings())))
        yield Scene(connector, stage, tracker)


def absent(task: TaskId) -> TaskId:
    """An id of the same form that no task has."""
    return TaskId("9" * (len(task) + 1))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
