"""An installation without its engine, on a tracker in memory: each run is started by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import TaskId
from service import publishing, sync
from service.bootstrap import make_runtime
from service.catalogue import Catalogue
from service.core.merge import LinkView
from service.runtime import Runtime
from service.settings import STARTER_TEMPLATES, load
from service.store import campaigns, ledger, links
from service.store.engine import reading
from service.store.secrets import new_key
from service.store.tables import Campaign
from tests.memory_tracker import MemoryTracker

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
CONFIG = """
public_url: http://127.0.0.1:9
database: sqlite:///{folder}/tminus.db
people:
  dana: {{name: Dana Ops, email: dana.ops@example.com}}
roles: {{ops: dana, mops_lead: dana, sales: dana, stakeholder: requester}}
fallback_role: mops_lead
connections:
  memory: {{tracker: asana, token: "${{ASANA_TOKEN}}", workspace: "1", team: "1", projects: [P, Q]}}
requests:
  - {{connection: memory, when: {{section: Webinars}}, template: webinar}}
  - {{connection: memory, when: {{section: Lists}}, template: list_import, inputs: {{list_file: title}}}}
"""


@dataclass
class Desk:
    """What a test drives and looks at."""

    runtime: Runtime
    tracker: MemoryTracker

    def run(self, request: TaskId) -> sync.Outcome:
        """What a delivery would start."""
        return sync.run(self.runtime, "memory", request)

    def settled(self, request: TaskId) -> None:
        """The next runs: at most two that write, then one that writes nothing."""
        for _ in range(3):
            before = len(self.tracker.writes)
            self.run(request)
            if len(self.tracker.writes) == before:
                return
        raise AssertionError(f"never at rest: {self.tracker.writes[-5:]}")

    def webinar(self) -> TaskId:
        """A running campaign with a dozen tasks."""
        fields = {"section": "Webinars", "Webinar date": "2027-03-18"}
        request = self.tracker.file("Spring webinar", fields=fields, created_at=NOW)
        self.settled(request)
        return request

    def imports(self) -> TaskId:
        """A running campaign of five tasks in a row."""
        request = self.tracker.file("Leads", fields={"section": "Lists"}, created_at=NOW)
        self.settled(request)
        return request

    def move(self, request: TaskId, day: str) -> None:
        """The requester wants another date."""
        self.tracker.act(request, fields={"section": "Webinars", "Webinar date": day})

    def campaign(self, request: TaskId) -> Campaign:
        """As it is stored."""
        with reading(self.runtime.engine) as session:
            found = campaigns.of_request(session, "memory", request)
        assert found is not None
        return found

    def links(self, request: TaskId) -> dict[str, LinkView]:
        """As they are stored."""
        with reading(self.runtime.engine) as session:
            return links.views(session, self.campaign(request).id)

    def story(self, request: TaskId) -> list[str]:
        """The ledger's kinds of line."""
        with reading(self.runtime.engine) as session:
            return [line.kind for line in ledger.of_campaign(session, self.campaign(request).id)]

    def latest(self, kind: str) -> list[str]:
        """The ledger's newest sentences of one kind."""
        with reading(self.runtime.engine) as session:
            return [line.sentence for line in ledger.latest(session) if line.kind == kind]


def publish_webinar(desk: Desk, folder: Path, edit: Callable[[str], str]) -> None:
    """A second version of the webinar's template, kept in a folder of its own."""
    ours = shutil.copytree(STARTER_TEMPLATES, folder / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    webinar = ours / "webinar.yaml"
    webinar.write_text(edit(webinar.read_text().replace("\nversion: 1\n", "\nversion: 2\n")))
    publishing.apply(desk.runtime.engine, Catalogue.load(ours), "lee")


@contextmanager
def memory_desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Everything but the tracker is real."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    path = folder / "tminus.yaml"
    path.write_text(CONFIG.format(folder=folder))
    runtime = make_runtime(load(path), now=lambda: NOW)
    tracker = MemoryTracker()
    yield Desk(replace(runtime, trackers={"memory": tracker}), tracker)
    runtime.engine.dispose()
