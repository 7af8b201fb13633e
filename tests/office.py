"""A small office: a simulated site, templates of its own, and an installation of which each run is started by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import TaskId
from connectors.jira.simulator import JiraSimulator
from service import sync
from service.bootstrap import make_runtime
from service.runtime import Runtime
from service.settings import load
from service.store import ledger
from service.store.engine import reading
from service.store.secrets import new_key

CALENDARS = """
daily: {time_zone: UTC, working_hours: always}
"""
TEMPLATE = """
id: {id}
version: 1
title: {id}
calendar: daily
contacts: {{mops: role:lead, sales: role:lead}}
inputs: {{source: {{type: text}}}}
tasks:
"""
TODAY = datetime.now(UTC).date()


def days(first: int, last: int) -> dict[str, str]:
    """An absence, counted from today."""
    return {"from": str(TODAY + timedelta(days=first)), "to": str(TODAY + timedelta(days=last))}


@dataclass
class Office:
    """What a test drives and looks at. Everybody is known to the site as `<name>@example.com`."""

    folder: Path
    jira: JiraSimulator
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    roles: dict[str, Any] = field(default_factory=dict)
    clock: timedelta = timedelta()
    _runtime: Runtime | None = None

    @property
    def runtime(self) -> Runtime:
        """The installation as it runs."""
        if self._runtime is None:
            self._runtime = self._start()
        return self._runtime

    def hire(self, *names: str, **more: Any) -> None:
        """Make them known to the site and to the settings; `more` goes into the settings."""
        for name in names:
            if name not in self.people:
                self.jira.site.add_user(name.title(), f"{name}@example.com")
            self.people[name] = {"name": name.title(), "email": f"{name}@example.com", **more}

    def template(self, name: str, **tasks: str) -> None:
        """A template whose requests are issues of type Story with this word as their briefing: task → its YAML."""
        text = TEMPLATE.format(id=name) + "".join(f"  {key}: {{{task}}}\n" for key, task in tasks.items())
        (self.folder / "templates" / f"{name}.yaml").write_text(text)

    def restart(self) -> None:
        """Stop the process and start it anew, with the settings as they are now."""
        if self._runtime:
            self._runtime.engine.dispose()
        self._runtime = None

    def ask(self, template: str, title: str = "Please") -> dict[str, Any]:
        """File a request and let its run come to its end; the subtasks by title, as people see them."""
        key = self.jira.file_request("Story", title, {"List file": template})
        self.run(key)
        return self.subtasks(key)

    def run(self, key: str) -> sync.Outcome:
        """What a delivery would start."""
        return sync.run(self.runtime, "jira", TaskId(self.jira.issue(key).id))

    def subtasks(self, key: str) -> dict[str, Any]:
        """By title."""
        return {child.summary: child for child in self.jira.children(key)}

    def told(self, kind: str) -> list[str]:
        """The ledger's sentences of one kind, oldest first."""
        with reading(self.runtime.engine) as session:
            return [line.sentence for line in reversed(ledger.latest(session, 500)) if line.kind == kind]

    def _start(self) -> Runtime:
        names = sorted(path.stem for path in (self.folder / "templates").glob("*.yaml") if path.stem != "calendars")
        rule = {"connection": "jira", "inputs": {"source": "summary"}}
        config: Mapping[str, Any] = {
            "public_url": "http://127.0.0.1:9",
            "database": f"sqlite:///{self.folder}/tminus.db",
            "templates": "templates",
            "people": self.people,
            "roles": self.roles,
            "fallback_role": "lead",
            "connections": {
                "jira": {
                    "tracker": "jira",
                    "url": self.jira.url,
                    "email": "tminus@example.com",
                    "token": "${JIRA_TOKEN}",
                    "projects": ["MKT"],
                }
            },
            "requests": [{**rule, "when": {"List file": name}, "template": name} for name in names],
        }
        path = self.folder / "tminus.yaml"
        path.write_text(json.dumps(config))
        now: Callable[[], datetime] = lambda: datetime.now(UTC) + self.clock  # noqa: E731
        return make_runtime(load(path), now=now)


def owner(subtask: Any) -> str:
    """The name of whoever owns it."""
    return str(subtask.assignee or "nobody").partition("@")[0]


@contextmanager
def office(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """With a lead, who stands in for everybody."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    (folder / "templates").mkdir()
    (folder / "templates" / "calendars.yaml").write_text(CALENDARS)
    with JiraSimulator() as jira:
        found = Office(folder, jira)
        found.hire("lead")
        found.roles["lead"] = "lead"
        yield found
        found.restart()
