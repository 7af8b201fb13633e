"""An installation with one commitment whose tasks stand in a tracker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Status, TaskId, Tracker
from service import sync
from service.core.event import Event
from service.filing import standing_tasks
from service.runtime import Runtime
from service.settings import STARTER_TEMPLATES
from service.store import events
from service.store.engine import transaction
from tests.memory_tracker import MemoryTracker
from tests.posting import Post, post_office


class Office:
    """An installation with one commitment that is filed under a task of a tracker in memory."""

    tracker: MemoryTracker

    def __init__(self, post: Post, tracker: Tracker, under: TaskId) -> None:
        self.under, self.clock = under, post.clock
        self.runtime: Runtime = replace(post.runtime, trackers={"memory": tracker})

    def run(self) -> str:
        """What a sweep, a webhook or an event starts."""
        assert standing_tasks(self.runtime, "memory") == {self.under}
        return sync.run(self.runtime, "memory", self.under).reason

    def tell(self, kind: str, at: str, subject: str, **data: Any) -> None:
        """Something happened, and was posted."""
        told = Event(f"{kind}/{subject}/{at}", kind, datetime.fromisoformat(at), subject, data)
        with transaction(self.runtime.engine) as session:
            events.add(session, "crm", [told], self.runtime.now())

    def due(self) -> dict[str, date | None]:
        """What stands in the tracker, by key."""
        return {key: task.due_on for key, task in sorted(self.tracker.under(self.under).items())}

    def finish(self, key: str) -> None:
        """Somebody ticks it off."""
        self.tracker.act(self.tracker.under(self.under)[key].id, status=Status.DONE)


@contextmanager
def standing_office(asked: Sequence[Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The starter pack's commitment of this name, filed under T-1; what follows the name is replaced in its file."""
    name, *changes = asked
    text = (STARTER_TEMPLATES / f"{name}.yaml").read_text() + "\nfile: {connection: memory, under: T-1}\n"
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with post_office(folder, monkeypatch, files=[(f"{name}.yaml", text)]) as post:
        tracker = MemoryTracker()
        found = Office(post, tracker, tracker.file("Standing duties"))
        found.tracker = tracker
        yield found
