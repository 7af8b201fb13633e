"""A simulator in a process of its own, told what to do line by line: `python -m tests.bench.sites jira`.

So it shares no interpreter with the service that is measured. Times are `time.monotonic()`, which all processes of one
machine share.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from connectors.asana.simulator import REQUESTER, AsanaSimulator, tasks
from connectors.asana.simulator.limits import weigh
from connectors.jira.simulator import JiraSimulator
from connectors.simulating import Seen


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the simulator answered."""

    at: float
    """When it was answered."""
    method: str
    path: str
    status: int
    weight: int
    """What the vendor counts it as: each action of a batch."""

    @property
    def about_work(self) -> bool:
        """Not one of the answers that a first launch or `connect` leaves remembered, and not about hooks."""
        memorized = ("/field", "/users", "createmeta", "/user/", "/transitions", "webhook", "myself")
        return self.method != "GET" or not any(part in self.path for part in memorized)

    @property
    def plants(self) -> bool:
        """Whether it makes subtasks or links."""
        return self.method == "POST" and self.path.endswith(("/issue/bulk", "/issueLink", "/batch"))


@dataclass(frozen=True, slots=True)
class Child:
    """One subtask as the tracker has it."""

    id: str
    title: str
    blockers: tuple[str, ...]


class JiraSite:
    """What people do in Jira, and what they see. A request is of the type that starts the template of this size."""

    TYPES: ClassVar = {4: "List Import", 12: "Webinar", 40: "Email Send", 0: "Story"}

    def __init__(self) -> None:
        self.sim = JiraSimulator().start()

    def about(self) -> dict[str, Any]:
        """What a connection needs."""
        return {"url": self.sim.url, "base": self.sim.url}

    def file(self, size: int, count: int) -> list[str]:
        """So many requests, as fast as they can be filed; `size` 0 asks for nothing: nobody watches WEB."""
        project = "MKT" if size else "WEB"
        return [
            self.sim.file_request(self.TYPES[size], f"Request {number}", project=project) for number in range(count)
        ]

    def file_mirrored(self, title: str) -> str:
        """A request of twelve tasks that stand in the other tracker too."""
        return self.sim.file_request("Task", title)

    def ids(self, requests: list[str]) -> list[str]:
        """What the vendor calls them inside."""
        return [self.sim.site.issue(key).id for key in requests]

    def children(self, request: str) -> list[tuple[str, str, list[str]]]:
        """Id, title and blockers of each."""
        return [(child.key, child.summary, list(child.blocked_by)) for child in self.sim.children(request)]

    def comments(self, request: str) -> list[str]:
        """Their texts."""
        return list(self.sim.issue(request).comments)

    def complete(self, child: str) -> None:
        """A person is done with it."""
        self.sim.transition(child, "Done")

    def secrets(self) -> list[tuple[str, str]]:
        """Target and secret of each hook: the load generator signs as the vendor does."""
        return [(hook.url, hook.secret or "") for hook in self.sim.hooks._hooks.values()]

    def weight(self, call: Seen) -> int:  # noqa: ARG002
        """Jira counts a bulk call as one."""
        return 1

    def busy(self) -> bool:
        """Whether a webhook is on its way."""
        return self.sim.sender.busy


class AsanaSite:
    """The same of Asana; the section says which template."""

    SECTIONS: ClassVar = {4: "List imports", 12: "Webinars", 40: "Email sends"}

    def __init__(self) -> None:
        self.sim = AsanaSimulator().start()

    def about(self) -> dict[str, Any]:
        """What a connection needs."""
        return {
            "url": self.sim.api,
            "base": self.sim.url,
            "workspace": self.sim.workspace,
            "project": self.sim.project,
        }

    def file(self, size: int, count: int) -> list[str]:
        """So many requests, as fast as they can be filed; `size` 0 asks for nothing: it stands in no project."""
        if size == 0:
            data = {"name": "Elsewhere", "workspace": self.sim.workspace}
            with self.sim.site.lock:
                return [tasks.create(self.sim.site, data, self.sim._person(REQUESTER)).gid for _ in range(count)]
        section = self.SECTIONS[size]
        return [self.sim.file_request(f"Request {number}", section=section) for number in range(count)]

    def children(self, request: str) -> list[tuple[str, str, list[str]]]:
        """Id, title and blockers of each."""
        found = self.sim.subtasks(request)
        return [(one["gid"], one["name"], [blocker["gid"] for blocker in one["dependencies"]]) for one in found]

    def named(self, title: str) -> str | None:
        """The task of this title in the project."""
        with self.sim.site.lock:
            tasks = self.sim.site.projects[self.sim.project].tasks.values()
            return next((task.gid for task in tasks if task.name == title), None)

    def comments(self, request: str) -> list[str]:
        """Their texts."""
        return self.sim.comments(request)

    def complete(self, child: str) -> None:
        """A person is done with it."""
        self.sim.complete(child)

    def weight(self, call: Seen) -> int:
        """Each action of a batch is a call."""
        return sum(weigh(call.method, call.path, call.body))

    def busy(self) -> bool:
        """Whether a webhook is on its way."""
        return self.sim.sender.busy or self.sim.hooks.busy


class _Served:
    """Carries out one line after the other until standard input ends."""

    def __init__(self, site: JiraSite | AsanaSite) -> None:
        self._site = site

    def serve(self) -> None:
        for line in sys.stdin:
            asked = json.loads(line)
            mine = getattr(self, asked["do"], None)
            answer = (mine or getattr(self._site, asked["do"]))(**asked["with"])
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        self._site.sim.stop()

    def knobs(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self._site.sim.knobs, name, value)

    def log(self, since: int) -> list[tuple[float, str, str, int, int]]:
        calls = self._site.sim.log[since:]
        return [(call.at, call.method, call.path, call.status, self._site.weight(call)) for call in calls]

    def length(self) -> int:
        return len(self._site.sim.log)


class Remote:
    """The other end: a simulator's process. Close it with `stop`."""

    def __init__(self, tracker: str) -> None:
        self.tracker = tracker
        command = [sys.executable, "-m", "tests.bench.sites", tracker]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about: dict[str, Any] = self.ask("about")

    def ask(self, do: str, **given: Any) -> Any:
        """One call of the site or of `_Served`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "with": given}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the {self.tracker} simulator has ended")
        return json.loads(answer)

    def file(self, size: int, count: int = 1) -> list[str]:
        """So many requests for a plan of `size` tasks."""
        found: list[str] = self.ask("file", size=size, count=count)
        return found

    def calls(self, since: int) -> list[Call]:
        """What was answered after the first `since` calls."""
        return [Call(*row) for row in self.ask("log", since=since)]

    def answered(self) -> int:
        """How many calls so far."""
        count: int = self.ask("length")
        return count

    def children(self, request: str) -> list[Child]:
        """The subtasks of a request."""
        return [Child(task, title, tuple(blockers)) for task, title, blockers in self.ask("children", request=request)]

    def comments(self, request: str) -> list[str]:
        """Of a request."""
        found: list[str] = self.ask("comments", request=request)
        return found

    def whole(self, request: str, size: int) -> bool:
        """Every task once, each waiting for the one before, and one comment that tells the plan."""
        children = self.children(request)
        if len(children) != size or len({child.title for child in children}) != size:
            return False
        comments = [text for text in self.comments(request) if f"of {size} tasks done" in text]
        return sum(len(child.blockers) for child in children) == size - 1 and len(comments) == 1

    def launched(self, size: int) -> str:
        """A request whose plan stands, with everything quiet."""
        [request] = self.file(size)
        wait_until(lambda: self.whole(request, size), 60)
        self.settle()
        return request

    def settle(self, seconds: float = 0.6) -> None:
        """Wait until no webhook is on its way and nobody has called for `seconds`."""
        count, since = self.answered(), time.monotonic()
        while time.monotonic() - since < seconds:
            time.sleep(0.05)
            now = self.answered()
            if now != count or self.ask("busy"):
                count, since = now, time.monotonic()

    def stop(self) -> None:
        """Ends the process."""
        with self._process as process:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=20)


def wait_until(happened: Callable[[], object], seconds: float, every: float = 0.05) -> None:
    """Raises `TimeoutError` where it does not happen."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(every)


if __name__ == "__main__":
    _Served({"jira": JiraSite, "asana": AsanaSite}[sys.argv[1]]()).serve()
