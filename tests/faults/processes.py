"""The service in processes of its own, so that it can be killed; the simulators stay in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.connect import connect
from service.runtime import Runtime
from tests.house import CONFIG, free_port

SILENT_SECONDS = 4.0
"""After which a worker counts as dead here; the product is more patient."""
PROGRAM = f"from service import cli, workflows; workflows.SILENT_SECONDS = {SILENT_SECONDS}; cli.app()"
TASKS = 5
"""Of a list import."""
ROOT = Path(__file__).parents[2]


class WatchedJira(JiraSimulator):
    """Tells of calls when they arrive, not only when they have been answered."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.arrived: list[str] = []
        self.knobs.enforce_limits = True

    def limit(self, method: str, path: str, body: bytes) -> float | None:  # noqa: ARG002  (the chassis's signature)
        self.arrived.append(f"{method} {path}")
        return None


@dataclass
class Installation:
    """`start` processes and `kill` them."""

    jira: WatchedJira
    asana: AsanaSimulator
    folder: Path
    url: str
    program: str = PROGRAM
    """What runs as `tminus`."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """`tminus …`; its log goes to a file."""
        with (self.folder / "service.log").open("ab") as log:
            arguments = [sys.executable, "-c", self.program, *command, "--config", str(self.folder / "tminus.yaml")]
            self.processes.append(subprocess.Popen(arguments, stdout=log, stderr=log, cwd=ROOT))
        return self.processes[-1]

    def serve(self, *options: str) -> subprocess.Popen[bytes]:
        """The web side, once it answers."""
        process = self.start("serve", *options)
        self.until(self._ready, 90)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As the kernel does when memory is short: nothing can be tidied up."""
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def until(self, happened: Callable[[], object], seconds: float = 60) -> None:
        """Fails with the service's log where it does not happen."""
        deadline = time.monotonic() + seconds
        while not happened():
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen:\n" + (self.folder / "service.log").read_text()[-6000:])
            time.sleep(0.02)

    def creates(self) -> int:
        """How many creates have arrived in Jira so far."""
        return self.jira.arrived.count("POST /rest/api/3/issue/bulk")

    def file(self, count: int, *, latency: float) -> list[str]:
        """So many requests in Jira; returns their keys. Nothing is answered faster than the webhooks are stored;
        after that each call takes `latency` seconds."""
        self.jira.knobs.latency = 2.0
        keys = [self.jira.file_request("List Import", f"Leads {number}") for number in range(count)]
        self.until(lambda: not self.jira.sender.busy, 60 + count)
        self.jira.knobs.latency = latency
        return keys

    def whole(self, key: str) -> bool:
        """Every task, each but the first with its blocker, and the comment that tells the plan."""
        children = self.jira.children(key)
        linked = sum(bool(child.blocked_by) for child in children)
        return len(children) >= TASKS and linked >= TASKS - 1 and bool(self.jira.issue(key).comments)

    def settled(self, keys: list[str], seconds: float = 60) -> None:
        """Every plan stands; then wait until nobody calls anybody any more."""
        self.until(lambda: all(self.whole(key) for key in keys), seconds)
        calls = -1
        while calls != len(self.jira.arrived) or self.jira.sender.busy:
            calls = len(self.jira.arrived)
            time.sleep(0.5)

    def wrong(self, keys: list[str]) -> dict[str, str]:
        """Requests whose plan does not stand exactly once, and what is wrong."""
        found = {}
        for key in keys:
            titles = Counter(child.summary for child in self.jira.children(key))
            comments = len(self.jira.issue(key).comments)
            if (len(titles), set(titles.values()), comments) != (TASKS, {1}, 1):
                found[key] = f"{dict(titles)}, {comments} comments"
        return found

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def installation(
    folder: Path, database: str, *, config: str = CONFIG, program: str = PROGRAM
) -> Iterator[Installation]:
    """Configured and not started. The environment holds the secrets; every process is ended with the block."""
    with ExitStack() as held:
        jira, asana = held.enter_context(WatchedJira()), held.enter_context(AsanaSimulator())
        port = free_port()
        team = next(iter(asana.site.teams))
        settings = config.format(
            port=port,
            database=database,
            jira=jira,
            asana=asana,
            team=team,
            jira_container="subtasks",
            asana_container="subtasks",
            rules="",
        )
        (folder / "tminus.yaml").write_text(f"{settings}listen: {{port: {port}}}\n")
        found = Installation(jira, asana, folder, f"http://127.0.0.1:{port}", program)
        held.callback(_end, found.processes)
        yield found


def subscribe(runtime: Runtime) -> None:
    """What `tminus connect` does, while the service runs."""
    results = [result for name in ("jira", "asana") for result in connect(runtime, name)]
    assert all(result.ok for result in results), results


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
