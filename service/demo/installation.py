"""One installation as a user would set it up: a folder with `tminus.yaml` and `.env`, and the commands run in it."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from service.environment import without_ours
from service.store.secrets import new_key

REQUESTER, OPS = "rita.requester@example.com", "dana.ops@example.com"
OWNERS = {"ops": OPS, "stakeholder": REQUESTER, "requester": REQUESTER}
"""Role → e-mail address, as the settings below have it."""

SETTINGS = """\
# What `tminus demo` runs on; docs/reference/configuration.md explains every line.

public_url: {url}
listen: {{port: {port}}}

people:
  dana: {{name: Dana Ops, email: {ops}}}
  lee: {{name: Lee Lead, email: lee.lead@example.com}}
roles: {{ops: dana, mops_lead: lee, stakeholder: requester}}
fallback_role: mops_lead

connections:
  jira:
    tracker: jira
    url: {jira.url}
    email: tminus@example.com
    token: ${{DEMO_JIRA_TOKEN}}
    projects: [MKT]
  asana:
    tracker: asana
    url: {asana.api}
    token: ${{DEMO_ASANA_TOKEN}}
    workspace: "{asana.workspace}"
    projects: ["{asana.project}"]
    status_field: "{status_field}"
    statuses: {{To do: todo, In progress: doing, Waiting: waiting, Done: done, Dropped: dropped}}

requests:
  - {{connection: jira, when: {{issue_type: Webinar}}, template: webinar}}
  - {{connection: jira, when: {{issue_type: List Import}}, template: list_import}}
  - {{connection: asana, when: {{section: Webinars}}, template: webinar}}
  - {{connection: asana, when: {{section: Email sends}}, template: email_send}}
"""
ENVIRONMENT = """\
TMINUS_SECRET_KEY={key}
DEMO_JIRA_TOKEN=sim-token
DEMO_ASANA_TOKEN=sim-token
"""

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For loopback: loading the usual certificates takes longer than the call."""

TMINUS = Path(sys.executable).with_name("tminus")


@dataclass(frozen=True, slots=True)
class Installation:
    """Its folder, and the address that the service will have."""

    folder: Path
    url: str

    @property
    def log(self) -> Path:
        """What the service writes while it runs."""
        return self.folder / "service.log"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `tminus` command in the folder; standard output and error together, as a person sees them."""
        command = [str(TMINUS), *arguments]
        try:
            return subprocess.run(  # noqa: S603  (our own command)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
                check=False,
                **self._process,
            )
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(command, 1, str(error))

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """`tminus serve` for as long as the block lasts; it need not be ready yet."""
        with self.log.open("wb") as log, self._serve(log) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()

    def ready(self) -> dict[str, Any] | None:
        """What `/readyz` tells; None while it does not answer, or is not ready."""
        try:
            answer = httpx.get(f"{self.url}/readyz", verify=_NO_TLS, trust_env=False)
        except httpx.HTTPError:
            return None
        told: dict[str, Any] | None = json.loads(answer.content) if answer.status_code == 200 else None
        return told

    def _serve(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  (our own command)
            [TMINUS, "serve"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._process
        )

    @property
    def _process(self) -> dict[str, Any]:
        # A session of its own: Ctrl-C in the terminal is for the demo, which then ends its commands in order.
        return {"cwd": self.folder, "env": without_ours(), "start_new_session": True}


def set_up(folder: Path, jira: JiraSimulator, asana: AsanaSimulator) -> Installation:
    """Write the settings of an installation that works with both simulators."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    values = {"url": url, "port": port, "jira": jira, "asana": asana, "ops": OPS}
    settings = SETTINGS.format(**values, status_field=asana.fields["Status"])
    (folder / "tminus.yaml").write_text(settings, encoding="utf-8")
    secrets = folder / ".env"
    secrets.touch(mode=0o600)
    secrets.write_text(ENVIRONMENT.format(key=new_key()), encoding="utf-8")
    return Installation(folder, url)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
