"""A Jira simulator and a tracker on it; every call between them is held against the vendor's OpenAPI file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import Container, Mark, NewTask, Task
from connectors.jira.settings import JiraSettings
from connectors.jira.simulator import JiraSimulator
from connectors.jira.tracker import JiraTracker
from connectors.simulating import Seen
from tests.wire.openapi import SHARED, Spec

DOCUMENT = SHARED / "specs" / "jira_cloud_v3.json"
OUTSIDE = "/rest/webhooks/"
"""Admin webhooks are not in Atlassian's OpenAPI file."""

CONTRADICTED = {
    "POST /rest/api/3/issue/bulkfetch: answer 200.expand is not in the vendor's schema",
    "POST /rest/api/3/issue/bulkfetch: answer 200: Additional properties are not allowed ('expand' was unexpected)",
}
"""The document's own example of this answer has the key that its schema forbids."""


@cache
def spec() -> Spec:
    """The vendor's document, loaded once."""
    return Spec.load(DOCUMENT)


@dataclass
class JiraSite:
    """What a test needs of the two."""

    sim: JiraSimulator
    tracker: JiraTracker
    waited: list[float] = field(default_factory=list)
    """Pauses, in seconds, while the search index was given time; nobody really waited."""

    def file(self, **fields: Any) -> Task:
        """A request as a person files it, read back."""
        found = self.tracker.find_task(self.sim.file_request("Task", "Spring webinar", fields))
        assert found
        return found

    def container(self, request: Task, kind: str = "subtasks") -> Container:
        """Where the campaign of the request lives."""
        return self.tracker.open_container(request, Mark("spring", "container"), "Spring webinar", kind)

    def calls(self, since: int = 0) -> list[str]:
        """`METHOD path` of the calls made, below the API's root."""
        return [f"{seen.method} {seen.path.removeprefix('/rest/api/3/')}" for seen in self.sim.log[since:]]

    def problems(self) -> list[str]:
        """Everything in the log that is not as the document has it."""
        logged: list[Seen] = [seen for seen in self.sim.log if not seen.path.startswith(OUTSIDE)]
        return sorted({problem for seen in logged for problem in spec().check(seen)} - CONTRADICTED)


def new(key: str, **more: Any) -> NewTask:
    """A planned task."""
    return NewTask(mark=Mark("spring", key), title=f"Task {key}", **more)


def strike(site: JiraSite, only: str, **knobs: Any) -> None:
    """One fault on the next call whose method and path contain `only`."""
    for name, value in {"only": only, "strikes": 1, **knobs}.items():
        setattr(site.sim.knobs, name, value)


def settings(sim: JiraSimulator, **more: Any) -> JiraSettings:
    """As a user would write them."""
    base = {"url": sim.url, "email": "tminus@example.com", "token": SecretStr("sim-token"), "projects": ("MKT",)}
    return JiraSettings.model_validate(base | more)


@contextmanager
def jira_site(*, conform: bool = True, **more: Any) -> Iterator[JiraSite]:
    """Opens both. At the end every call must be as documented, where the document is at hand; `conform=False` is for
    tests in which the site is told to answer nonsense."""
    with JiraSimulator() as sim:
        waited: list[float] = []
        site = JiraSite(sim, JiraTracker(settings(sim, **more), sleep=waited.append), waited)
        yield site
        if conform and DOCUMENT.is_file() and (problems := site.problems()):
            pytest.fail("\n".join(problems))
