"""An installation that takes events: the real app, called without a network, and a sender who signs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from connectors.signing import sign
from service.bootstrap import make_runtime, serving
from service.runtime import Runtime
from service.settings import load
from service.store.secrets import new_key

TOKEN = "token-of-a-dashboard-0123456789"
SECRET = "0123456789abcdef0123456789abcdef"
CONFIG = """
public_url: http://127.0.0.1:9
database: "{database}"
{templates}
people:
  dana: {{name: Dana Ops, email: dana.ops@example.com}}
roles: {{ops: dana, mops_lead: dana, sales: dana, sales_lead: dana, stakeholder: requester}}
fallback_role: mops_lead
connections:
  memory: {{tracker: asana, token: "${{ASANA_TOKEN}}", workspace: "1", team: "1", projects: [P]}}
requests:
  - {{connection: memory, when: {{section: Webinars}}, template: webinar}}
  - {{connection: memory, when: {{section: E-mails}}, template: email_send}}
event_sources: {sources}
"""


@dataclass
class Post:
    """What a test sends to and looks at; the clock stands where it is set."""

    runtime: Runtime
    app: FastAPI
    clock: list[datetime]

    @property
    def now(self) -> datetime:
        """The service's own time."""
        return self.clock[0]

    def at(self, text: str) -> None:
        """Set the service's clock: an instant with its zone."""
        self.clock[0] = datetime.fromisoformat(text)

    def send(self, *events: dict[str, Any]) -> Response:
        """What a well-behaved sender does."""
        return self.raw(json.dumps({"events": list(events)}).encode())

    def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        """One call of the app, as a server would make it."""

        async def answer() -> Response:
            async with AsyncClient(transport=ASGITransport(self.app), base_url="http://tminus") as client:
                return await client.request(method, path, content=body, headers=dict(headers or {}))

        return anyio.run(answer)

    def standing(self, name: str, **asked: str) -> dict[str, Any]:
        """What the API tells of one commitment."""
        query = "&".join(f"{key}={value}" for key, value in asked.items())
        answer = self.call("GET", f"/api/commitments/{name}?{query}", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def raw(self, body: bytes, *, secret: str = SECRET, source: str = "crm", **headers: str) -> Response:
        """Any body, signed now."""
        timestamp = headers.pop("timestamp", str(int(self.now.timestamp())))
        signed = {
            "Tminus-Source": source,
            "Tminus-Timestamp": timestamp,
            "Tminus-Signature": f"sha256={sign(secret, f'{timestamp}.'.encode() + body)}",
        }
        return self.call("POST", "/api/events", body, signed | headers)


def event(type_: str, at: str, subject: str = "lead-1", /, *, called: str | None = None, **data: Any) -> dict[str, Any]:
    """One event as its sender writes it."""
    return {"id": called or f"{subject}/{type_}/{at}", "type": type_, "at": at, "subject": subject, "data": data}


@contextmanager
def post_office(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    database: str | None = None,
    files: Sequence[tuple[str, str]] = (),
    sources: str = "{crm: '${CRM_EVENTS_SECRET}'}",
    secret: str = SECRET,
) -> Iterator[Post]:
    """`files` are templates of its own beside the starter pack's."""
    monkeypatch.setenv("ASANA_TOKEN", "none")
    monkeypatch.setenv("CRM_EVENTS_SECRET", secret)
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    monkeypatch.setenv("TMINUS_API_TOKENS", TOKEN)
    own = ""
    if files:
        own = f"templates: {_pack(folder, files)}"
    path = folder / "tminus.yaml"
    url = database or f"sqlite:///{folder}/tminus.db"
    path.write_text(CONFIG.format(database=url, templates=own, sources=sources))
    clock = [datetime(2026, 11, 23, 15, tzinfo=UTC)]
    runtime = make_runtime(load(path), now=lambda: clock[0])
    assert runtime.catalogue.problems == []
    with serving(runtime, lambda: None) as app:
        yield Post(runtime, app, clock)
    runtime.engine.dispose()


def _pack(folder: Path, files: Sequence[tuple[str, str]]) -> Path:
    from service.settings import STARTER_TEMPLATES

    pack = folder / "pack"
    pack.mkdir()
    for path in STARTER_TEMPLATES.glob("*.yaml"):
        (pack / path.name).write_text(path.read_text())
    for name, text in files:
        (pack / name).write_text(text)
    return pack


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app on a port of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
