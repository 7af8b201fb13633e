"""A desk with two trackers in memory: the stakeholder's and the sales team's tasks stand in both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from connectors.contract import Account, AccountId, Task, TaskId
from service import sync
from service.bootstrap import make_runtime
from service.core.merge import LinkView
from service.settings import load
from service.store import changes, links
from service.store.engine import reading, transaction
from service.store.secrets import new_key
from tests import desk
from tests.desk import NOW, Desk
from tests.memory_tracker import DANA, MemoryTracker

OMAR, STRANGER = (
    Account(AccountId("2"), "Omar Ops", "omar.ops@example.com"),
    Account(AccountId("77"), "A stranger"),
)
DANA_THERE, OMAR_THERE = (
    Account(AccountId("d-9"), "Dana (other)", DANA.email),
    Account(AccountId("o-9"), "Omar (other)", OMAR.email),
)
MIRROR = "when: {{section: Webinars}}, mirror: {{stakeholder: other, sales: other}},"
SHORT = "when: {{section: Lists}}, mirror: {{requester: other}},"


@dataclass
class MirrorDesk(Desk):
    """What a test drives and looks at in both trackers."""

    other: MemoryTracker = field(default_factory=MemoryTracker)

    def parent(self) -> TaskId:
        """The task under which the mirrored ones stand."""
        [found] = [task.id for task in self.other.tasks.values() if task.mark and task.mark.key == ".mirror"]
        return found

    def pair(self, request: TaskId, key: str) -> tuple[Task, Task]:
        """A task as it stands in both trackers now."""
        return self.tracker.under(request)[key], self.other.under(self.parent())[key]

    def there(self, request: TaskId) -> dict[str, LinkView]:
        """The links in the other tracker."""
        with reading(self.runtime.engine) as session:
            return links.elsewhere(session, self.campaign(request).id).get("other", {})

    def told_of_comment(self, request: TaskId, task: TaskId) -> sync.Outcome:
        """A run for which a delivery named a comment on this task."""
        partition = changes.partition_of("memory", request)
        with transaction(self.runtime.engine) as session:
            changes.add(session, [changes.Hint(partition=partition, kind="comment", task=task)])
        outcome = self.run(request)
        with transaction(self.runtime.engine) as session:
            changes.finish(session, changes.waiting(session, partition), "handled", "")
        return outcome

    def settled(self, request: TaskId) -> None:
        """At most three runs that write, then one that writes nothing anywhere."""
        for _ in range(4):
            before = len(self.tracker.writes) + len(self.other.writes)
            self.run(request)
            if len(self.tracker.writes) + len(self.other.writes) == before:
                return
        raise AssertionError(f"never at rest: {self.tracker.writes[-5:]} {self.other.writes[-5:]}")


@contextmanager
def mirror_desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorDesk]:
    """Everything but the trackers is real."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    first, rest = desk.CONFIG.split("requests:")
    connection = '  other: {{tracker: asana, token: "${{ASANA_TOKEN}}", workspace: "1", team: "1", projects: [R]}}\n'
    people = "people:\n  omar: {{name: Omar Ops, email: omar.ops@example.com}}"
    first = first.replace("people:", people, 1)
    path = folder / "tminus.yaml"
    rest = rest.replace("when: {{section: Webinars}},", MIRROR).replace("when: {{section: Lists}},", SHORT)
    path.write_text(f"{first}{connection}requests:{rest}".format(folder=folder))
    runtime = make_runtime(load(path), now=lambda: NOW)
    home = MemoryTracker(people=(DANA, OMAR))
    other = MemoryTracker(people=(DANA_THERE, OMAR_THERE))
    trackers = {"memory": home, "other": other}
    yield MirrorDesk(replace(runtime, trackers=trackers), home, other)
    runtime.engine.dispose()
