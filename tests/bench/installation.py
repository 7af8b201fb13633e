"""A whole installation, each part in a process of its own: `tminus serve`, both simulators, hooks connected."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from service.store.secrets import new_key
from tests.bench.sites import Remote

LATENCY = 0.08
"""Seconds a call."""
SIZES = (4, 12, 40)
TEMPLATES = Path(__file__).parents[2] / "templates"

CONFIG = """
public_url: http://127.0.0.1:{port}
listen: {{port: {port}}}
database: {database}
templates: {folder}/templates
sweep_seconds: 3540
people:
  dana: {{name: Dana Ops, email: dana.ops@example.com}}
  lee: {{name: Lee Lead, email: lee.lead@example.com}}
roles: {{ops: dana, mops_lead: lee}}
fallback_role: mops_lead
connections:
  jira:
    tracker: jira
    url: {jira[url]}
    email: tminus@example.com
    token: ${{JIRA_TOKEN}}
    projects: [MKT]
  asana:
    tracker: asana
    url: {asana[url]}
    token: ${{ASANA_TOKEN}}
    workspace: "{asana[workspace]}"
    projects: ["{asana[project]}"]
requests:
  - {{connection: jira, when: {{issue_type: Task}}, template: chain_12, mirror: {{ops: asana}}}}
  - {{connection: jira, when: {{issue_type: List Import}}, template: chain_4}}
  - {{connection: jira, when: {{issue_type: Webinar}}, template: chain_12}}
  - {{connection: jira, when: {{issue_type: Email Send}}, template: chain_40}}
  - {{connection: asana, when: {{section: List imports}}, template: chain_4}}
  - {{connection: asana, when: {{section: Webinars}}, template: chain_12}}
  - {{connection: asana, when: {{section: Email sends}}, template: chain_40}}
"""


@dataclass
class Installation:
    """`start` and `kill` the service as often as needed; the simulators stay."""

    folder: Path
    jira: Remote
    asana: Remote
    port: int
    environment: Mapping[str, str] = field(repr=False)
    options: tuple[str, ...] = ()
    """Of `tminus serve`."""
    service: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def sites(self) -> tuple[Remote, Remote]:
        """Both."""
        return self.jira, self.asana

    def start(self) -> float:
        """`tminus serve`; returns the seconds from its start to its first answer that it is ready."""
        begun = time.monotonic()
        with (self.folder / "service.log").open("ab") as log:
            command = [*self.command("serve"), *self.options]
            self.service = subprocess.Popen(command, env=dict(self.environment), stderr=log)
        while not self._ready():
            if self.service.poll() is not None:
                raise RuntimeError("the service does not start:\n" + (self.folder / "service.log").read_text()[-3000:])
            time.sleep(0.01)
        return time.monotonic() - begun

    def work(self) -> subprocess.Popen[bytes]:
        """One more `tminus work`."""
        with (self.folder / "service.log").open("ab") as log:
            self.workers.append(subprocess.Popen(self.command("work"), env=dict(self.environment), stderr=log))
        return self.workers[-1]

    def connect(self) -> None:
        """`tminus connect`, as a person does once."""
        subprocess.run(self.command("connect"), env=dict(self.environment), check=True, capture_output=True)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the service: politely, or with SIGKILL."""
        for process in [*self.workers, *([self.service] if self.service else [])]:
            if process.poll() is None:
                process.send_signal(how)
                process.wait(timeout=30)

    def memory(self) -> float:
        """Resident megabytes of the service's process."""
        assert self.service
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.service.pid)], check=True, capture_output=True)
        return int(told.stdout) * 1024 / 1e6

    def knobs(self, **values: object) -> None:
        """Of both simulators."""
        for site in self.sites:
            site.ask("knobs", **values)

    def tell_at_once(self) -> None:
        """Asana gathers events for a while before it calls us: what is timed begins after that, as in Jira."""
        self.asana.ask("knobs", collect=0.0)

    def settle(self) -> None:
        """Wait until everything has been answered."""
        for site in self.sites:
            site.settle()

    def warm(self) -> None:
        """A first small launch in each tracker, so that persons, screens and fields are known."""
        for site in self.sites:
            site.launched(4)

    def command(self, name: str) -> list[str]:
        """`tminus NAME` for this installation."""
        return [str(Path(sys.executable).with_name("tminus")), name, "--config", str(self.folder / "tminus.yaml")]

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def installation(
    *, latency: float = LATENCY, connected: bool = True, database: str | None = None
) -> Iterator[Installation]:
    """Started, connected and warm; everything ends with the block.

    On SQLite one process serves and works; with the address of a PostgreSQL a first worker has a process of its own.
    """
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="tminus-bench-")))
        jira, asana = Remote("jira"), Remote("asana")
        held.callback(jira.stop)
        held.callback(asana.stop)
        _write_templates(folder / "templates")
        port = free_port()
        address = database or f"sqlite:///{folder}/tminus.db"
        config = CONFIG.format(port=port, folder=folder, database=address, jira=jira.about, asana=asana.about)
        (folder / "tminus.yaml").write_text(config)
        secrets = {"JIRA_TOKEN": "sim-token", "ASANA_TOKEN": "sim-token", "TMINUS_SECRET_KEY": new_key()}
        environment = os.environ | secrets | {"TMINUS_LOG_LEVEL": "WARNING"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each start compiles every module anew
        found = Installation(folder, jira, asana, port, environment, ("--no-work",) if database else ())
        held.callback(found.stop)
        found.start()
        if database:
            found.work()
        if connected:
            found.connect()
            found.warm()
        # Longer than a restart takes: the vendors go on trying for a day.
        found.knobs(latency=latency, hook_retry_seconds=2.0)
        yield found


def _write_templates(folder: Path) -> None:
    folder.mkdir()
    shutil.copy(TEMPLATES / "calendars.yaml", folder)
    for size in SIZES:
        (folder / f"chain_{size}.yaml").write_text(chain(size))


def chain(size: int) -> str:
    """A template of so many tasks, each waiting for the one before."""
    lines = [f"id: chain_{size}", "version: 1", f"title: Chain of {size}", "calendar: us-mops"]
    lines += ["contacts: {mops: role:mops_lead, sales: role:sales_lead}"]
    lines += [f'turnaround: "{size + 10} business_days after request.complete"', "feasibility: {try: [flag]}", "tasks:"]
    for number in range(size):
        lines += [
            f"  step_{number}:",
            f"    title: Step {number}",
            "    party: ops",
            "    description: What to do here, and when it is done.",
            '    duration: "1 business_day"',
        ]
        if number:
            lines.append(f"    depends_on: [step_{number - 1}]")
    return "\n".join(lines) + "\n"


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
