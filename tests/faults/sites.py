"""What people do in each tracker during a chaos run, in the same words for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from connectors.simulating import Simulator
from service.demo.desks import AsanaDesk, Found, JiraDesk
from service.demo.installation import REQUESTER

IMPORT, WEBINAR = "list_import", "webinar"


class Site(Protocol):
    """One tracker. Requests and tasks are named by what the simulator names them by."""

    name: str
    simulator: Simulator

    def file(self, template: str, title: str, day: date | None) -> str: ...

    def created_at(self, request: str) -> datetime: ...

    def status(self, task: str) -> str: ...

    def comments(self, task: str) -> list[str]: ...

    def subtasks(self, request: str) -> list[Found]: ...

    def exists(self, request: str) -> bool: ...

    def named(self, title: str) -> list[str]:
        """Tasks of the project with this title."""
        ...

    def finish(self, task: str) -> None: ...

    def reopen(self, task: str) -> None: ...

    def delete(self, task: str) -> None: ...

    def rename(self, task: str, title: str) -> None: ...

    def put_on(self, task: str, day: date) -> None: ...

    def move(self, request: str, day: date) -> None: ...

    def cancel(self, request: str) -> None: ...

    def take_up(self, request: str) -> None: ...

    def busy(self) -> bool: ...


class AtJira(JiraDesk):
    """Project MKT."""

    name = "jira"
    _TYPES = {IMPORT: "List Import", WEBINAR: "Webinar"}

    def __init__(self, simulator: JiraSimulator) -> None:
        super().__init__(simulator)
        self.simulator = simulator

    def file(self, template: str, title: str, day: date | None) -> str:  # type: ignore[override]
        return self.simulator.file_request(self._TYPES[template], title, {"Webinar date": day} if day else {})

    def exists(self, request: str) -> bool:
        return self.simulator.site.named({"key": request}) is not None

    def named(self, title: str) -> list[str]:
        return [issue.key for issue in self.simulator.site.issues.values() if issue.values["summary"] == title]

    def rename(self, task: str, title: str) -> None:
        self.simulator.edit(task, {"summary": title})

    def put_on(self, task: str, day: date) -> None:
        self.move_task(task, day)

    def move(self, request: str, day: date) -> None:
        self.move_webinar(request, day)

    def take_up(self, request: str) -> None:
        self.simulator.transition(request, "To Do", by=REQUESTER)


class AtAsana(AsanaDesk):
    """Project "Marketing requests", whose requests have a field for their status; subtasks have none."""

    name = "asana"
    _SECTIONS = {IMPORT: "List imports", WEBINAR: "Webinars"}

    def __init__(self, simulator: AsanaSimulator) -> None:
        super().__init__(simulator)
        self.simulator = simulator

    def file(self, template: str, title: str, day: date | None) -> str:  # type: ignore[override]
        fields = {"Webinar date": day} if day else {}
        return self.simulator.file_request(title, section=self._SECTIONS[template], custom_fields=fields)

    def exists(self, request: str) -> bool:
        return request in self.simulator.site.projects[self.simulator.project].tasks

    def named(self, title: str) -> list[str]:
        tasks = list(self.simulator.site.projects[self.simulator.project].tasks)  # it is being written to
        return [gid for gid in tasks if self.simulator.task(gid)["name"] == title]

    def rename(self, task: str, title: str) -> None:
        self.simulator.edit(task, {"name": title})

    def put_on(self, task: str, day: date) -> None:
        self.simulator.edit(task, {"start_on": None, "due_on": day})

    def move(self, request: str, day: date) -> None:
        self.simulator.edit(request, {"custom_fields": {"Webinar date": day}}, by=REQUESTER)

    def cancel(self, request: str) -> None:
        self.simulator.edit(request, {"custom_fields": {"Status": "Dropped"}}, by=REQUESTER)

    def take_up(self, request: str) -> None:
        self.simulator.edit(request, {"completed": False, "custom_fields": {"Status": "To do"}}, by=REQUESTER)


@dataclass
class Calendar:
    """The simulated day: each begins at ten in the morning in New York, so that none ends while people work."""

    now: Callable[[], datetime]

    def in_days(self, days: int) -> date:
        """A weekday at least so many days from now."""
        day = self.now().date() + timedelta(days=days)
        return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)
