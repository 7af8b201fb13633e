"""People at work in each tracker of a house, in words that fit both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from connectors.asana.simulator.stage import AsanaStage
from connectors.contract import Container, TaskId
from connectors.jira.simulator.stage import JiraStage
from connectors.simulating import Simulator
from service.core.plan import Plan
from service.replay import parked, replay_all
from service.store.tables import Inbox
from tests.house import House

DESKS = ("jira", "asana")


@dataclass
class Desk:
    """One tracker of the house."""

    home: House
    name: str

    @property
    def stage(self) -> JiraStage | AsanaStage:
        """A person there."""
        return JiraStage(self.home.jira) if self.name == "jira" else AsanaStage(self.home.asana)

    @property
    def simulator(self) -> Simulator:
        """The site."""
        return self.stage.simulator

    def file(self, title: str = "Leads of the fair") -> str:
        """A list import is asked for; returns the request's label."""
        if self.name == "jira":
            return self.home.jira.file_request("List Import", title)
        return self.home.asana.file_request(title, section="List imports")

    def strike(self, on: str = "", times: int | None = None, **fault: Any) -> None:
        """The next calls whose `METHOD path` contains `on` fail."""
        for name, value in {**fault, "only": on, "strikes": times}.items():
            setattr(self.simulator.knobs, name, value)

    def calm(self) -> None:
        """No faults any more."""
        self.strike(error_before=0.0, error_after=0.0, error_status=503, cut_before=0.0, cut_after=0.0)
        self.strike(garbage=0.0, rate_limited=0.0, retry_after=1.0, work_late=0.0)

    def deliveries(self, label: str) -> list[Inbox]:
        """Those that name the request."""
        wanted = f'"{label}"'.encode()
        return [row for row in self.home.deliveries() if row.connection == self.name and wanted in row.body]

    def parked(self) -> list[Inbox]:
        """What waits for a person."""
        return [row for row in parked(self.home.runtime) if row.connection == self.name]

    def replay(self) -> None:
        """What `tminus replay --all` does."""
        replay_all(self.home.runtime, [row.id for row in parked(self.home.runtime)])
        self.home.worker.ring()

    def stands(self, label: str, *, more_links: bool = False) -> bool:
        """The whole plan is in the tracker: every task once, with its blockers, and the request tells it.

        `more_links`: a task was missing for a while, and what waited for it waits for that task's blockers, too.
        """
        campaign = self.home.running(label)
        plan = Plan.from_dict(campaign.plan or {})
        assert campaign.container_id
        inside = self.stage.inside(Container("subtasks", campaign.container_id, ""))
        seen = {task: self.stage.look(task) for task in inside}
        assert Counter(task.title for task in seen.values()) == Counter(task.title for task in plan.tasks)
        ids = {task.title: name for name, task in seen.items()}
        titles = {task.key: task.title for task in plan.tasks}
        for task in plan.tasks:
            shown = seen[ids[task.title]]
            blockers = {ids[titles[key]] for key in task.depends_on}
            assert shown.waits_for >= blockers
            assert more_links or shown.waits_for == blockers
            assert (shown.due_on, bool(shown.owner)) == (task.due_on, True)
        told = self.stage.look(TaskId(campaign.request_task)).comments
        assert len([text for text in told if f"0 of {len(plan.tasks)} tasks done" in text]) == 1
        return True
