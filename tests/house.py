"""A whole installation for tests: both simulators, the service on a real port, a worker, and hooks connected."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlmodel import col, select

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from connectors.simulating import Seen
from service import workflows
from service.bootstrap import make_runtime, serving, working
from service.connect import connect
from service.core.merge import LinkView
from service.replay import parked, replay_all
from service.runtime import Runtime
from service.settings import load
from service.store import campaigns, changes, inbox, ledger, links
from service.store.engine import reading
from service.store.secrets import new_key
from service.store.tables import Campaign, Inbox
from service.workflows import Worker

CONFIG = """
public_url: http://127.0.0.1:{port}
database: {database}
sweep_seconds: 3540
people:
  dana: {{name: Dana Ops, email: dana.ops@example.com}}
  lee: {{name: Lee Lead, email: lee.lead@example.com}}
  sam: {{name: Sam Sales, email: sam.sales@example.com}}
roles: {{ops: dana, mops_lead: lee, sales: sam, sales_lead: sam, stakeholder: requester}}
fallback_role: mops_lead
connections:
  jira:
    tracker: jira
    url: {jira.url}
    email: tminus@example.com
    token: ${{JIRA_TOKEN}}
    projects: [MKT]
    container: {jira_container}
  asana:
    tracker: asana
    url: {asana.api}
    token: ${{ASANA_TOKEN}}
    workspace: "{asana.workspace}"
    team: "{team}"
    projects: ["{asana.project}"]
    container: {asana_container}
requests:{rules}
  - {{connection: jira, when: {{issue_type: Webinar}}, template: webinar}}
  - {{connection: jira, when: {{issue_type: Email Send}}, template: email_send}}
  - {{connection: jira, when: {{issue_type: List Import}}, template: list_import, inputs: {{list_file: title}}}}
  - {{connection: asana, when: {{section: Webinars}}, template: webinar}}
  - {{connection: asana, when: {{section: Email sends}}, template: email_send}}
  - {{connection: asana, when: {{section: List imports}}, template: list_import, inputs: {{list_file: title}}}}
"""


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Tests keep their own."""


@dataclass
class House:
    """What a test drives and looks at."""

    jira: JiraSimulator
    asana: AsanaSimulator
    runtime: Runtime
    worker: Worker
    url: str
    config: Path
    """The settings file, for commands in a process of their own."""

    def until(self, happened: Callable[[], Any], seconds: float = 20) -> Any:
        """Wait for something to become true; fails with the ledger where it does not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := happened():
                return found
            time.sleep(0.02)
        raise AssertionError("it did not happen:\n" + "\n".join(self.story()))

    def quiet(self) -> None:
        """Wait until every webhook has been sent, routed and answered."""
        still = 0
        deadline = time.monotonic() + 30
        while still < 8:
            assert time.monotonic() < deadline, "never quiet:\n" + "\n".join(self.story())
            still = 0 if self._busy() else still + 1
            time.sleep(0.03)

    def _busy(self) -> bool:
        with reading(self.runtime.engine) as session:
            waiting = inbox.oldest_unrouted(session) or changes.partitions(session)
        return bool(waiting) or self.jira.sender.busy or self.asana.sender.busy or self.asana.hooks.busy

    def campaign(self, label: str) -> Campaign | None:
        """By the request's label or task id."""
        with reading(self.runtime.engine) as session:
            return campaigns.named(session, label)

    def links(self, label: str) -> dict[str, LinkView]:
        """The links of that request's campaign."""
        campaign = self.campaign(label)
        if campaign is None:
            return {}
        with reading(self.runtime.engine) as session:
            return links.views(session, campaign.id)

    def running(self, label: str) -> Campaign:
        """Wait until the request's campaign stands in the tracker, and for quiet."""
        self.until(lambda: (found := self.campaign(label)) and found.state != "waiting_for_input" and found.plan)
        self.quiet()
        found = self.campaign(label)
        assert found is not None
        return found

    def deliveries(self) -> list[Inbox]:
        """The whole inbox, oldest first."""
        with reading(self.runtime.engine) as session:
            return list(session.exec(select(Inbox).order_by(col(Inbox.id))))

    def writes(self) -> list[str]:
        """Every write that the simulators saw, hooks apart."""
        seen = [call for sim in (self.jira, self.asana) for call in sim.log]
        writes = [call for call in seen if call.method != "GET" and "webhook" not in call.path]
        return [f"{call.method} {call.path}" for call in writes if not _only_reads(call)]

    def story(self) -> list[str]:
        """The newest lines of the ledger, oldest first."""
        with reading(self.runtime.engine) as session:
            return [f"{line.kind}: {line.sentence}" for line in reversed(ledger.latest(session, 60))]

    def post(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        """One call from outside; returns the status of its answer."""
        return httpx.post(address, content=body, headers=headers).status_code

    def in_asana(self, method: str, path: str, **data: Any) -> dict[str, Any]:
        """What somebody does there who may do everything; returns the record."""
        body = {"data": data} if data else None
        headers = {"Authorization": f"Bearer {self.asana.token}"}
        answer = httpx.request(method, self.asana.api + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()["data"]
        return made

    def replay(self) -> None:
        """Run every parked delivery again."""
        replay_all(self.runtime, [row.id for row in parked(self.runtime)])
        self.worker.ring()

    def sweep(self) -> None:
        """Look for what the hooks missed, and wait until it is dealt with."""
        workflows.sweep_now(self.runtime)
        self.quiet()


@contextmanager
def house(
    folder: Path,
    database: str,
    monkeypatch: Any,
    *,
    jira_container: str = "subtasks",
    asana_container: str = "subtasks",
    hooks: bool = True,
    rules: Sequence[str] = (),
    more: str = "",
) -> Iterator[House]:
    """Everything started and connected; everything stopped at the end. `rules` come before the usual ones; `more` is
    written below the settings, with Asana's project for PROJECT."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("ASANA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    with ExitStack() as held:
        jira, asana = held.enter_context(JiraSimulator()), held.enter_context(AsanaSimulator())
        port = free_port()
        path = folder / "tminus.yaml"
        path.write_text(
            CONFIG.format(
                port=port,
                database=database,
                jira=jira,
                asana=asana,
                team=next(iter(asana.site.teams)),
                jira_container=jira_container,
                asana_container=asana_container,
                rules="".join(f"\n  - {rule}" for rule in rules),
            )
            + more.replace("PROJECT", asana.project)
        )
        runtime = make_runtime(load(path))
        held.callback(runtime.engine.dispose)
        worker = held.enter_context(working(runtime))
        app = held.enter_context(serving(runtime, worker.ring))
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", log_config=None)
        server = _Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        held.callback(thread.join, 10)
        held.callback(setattr, server, "should_exit", True)
        found = House(jira, asana, runtime, worker, f"http://127.0.0.1:{port}", path)
        found.until(lambda: server.started)
        if hooks:
            results = [result for name in ("jira", "asana") for result in connect(runtime, name)]
            assert all(result.ok for result in results), results
        yield found


def in_weeks(weeks: int) -> str:
    """A date so many weeks from today, as trackers write dates."""
    return (datetime.now(UTC).date() + timedelta(weeks=weeks)).isoformat()


def _only_reads(call: Seen) -> bool:
    if call.path.endswith(("/bulkfetch", "/search/jql")):
        return True
    return call.path.endswith("/batch") and all(a["method"] == "get" for a in call.json["data"]["actions"])


def free_port() -> int:
    """One that nobody listens on."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
