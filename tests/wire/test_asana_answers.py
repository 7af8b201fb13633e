"""What the Asana connector makes of answers that are documented, and that the simulator's small site never gives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asana
import pytest
from pydantic import SecretStr

from connectors.asana.client import Calls
from connectors.asana.people import MOST, People
from connectors.asana.settings import AsanaSettings
from connectors.asana.tracker import AsanaTracker
from connectors.contract import Patch, TaskId
from connectors.errors import AccessDenied
from connectors.retrying import retrying

Answer = tuple[int, dict[str, Any]]
Site = Callable[[str, dict[str, Any]], Answer]
"""What it answers to a path, and to the query of a read or the data of a write."""


def refusal(status: int, message: str) -> Answer:
    """An error as Asana writes it."""
    return status, {"errors": [{"message": message}]}


@pytest.fixture
def site() -> Iterator[Callable[[Site], AsanaSettings]]:
    """A connection to a server that answers as it is told."""
    told: list[Site] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

        def do_PUT(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"])

        def _answer(self, given: dict[str, Any]) -> None:
            status, body = told[-1](urlsplit(self.path).path.removeprefix("/api/1.0"), given)
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/api/1.0"

    def answers(by: Site) -> AsanaSettings:
        told.append(by)
        return AsanaSettings(url=url, token=SecretStr("t"), workspace="1", projects=("1",))

    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_list_whose_next_page_has_expired_is_read_again(site: Callable[[Site], AsanaSettings]) -> None:
    """The token of a page lives for a while only, and a pause for the limits may be longer."""
    asked: list[str | None] = []

    def pages(_: str, query: dict[str, Any]) -> Answer:
        asked.append(query.get("offset"))
        if len(asked) == 2:
            return refusal(400, "offset: Your pagination token is invalid or has expired.")
        following = None if "offset" in query else {"offset": f"o{len(asked)}"}
        return 200, {"data": [{"gid": query.get("offset", "first")}], "next_page": following}

    calls = Calls(site(pages))
    tasks = asana.TasksApi(calls.client)
    rows = retrying()(lambda: calls.pages(tasks.get_tasks, opts={"project": "1"}))
    assert asked == [None, "o1", None, "o3"]
    assert [row["gid"] for row in rows] == ["first", "o3"]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_whoever_is_not_in_a_large_workspace_is_nobody(site: Callable[[Site], AsanaSettings], status: int) -> None:
    """Beyond the list people are asked for by e-mail, and what Asana says of strangers is not documented."""

    def large(path: str, _: dict[str, Any]) -> Answer:
        if path.startswith("/users/"):
            return refusal(status, f"user: Unknown object: {path}")
        return 200, {"data": [{"gid": str(at), "name": f"User {at}"} for at in range(MOST)], "next_page": None}

    assert People(Calls(site(large)), "1").by_email("stranger@example.com") is None


def test_a_task_moves_where_a_start_may_not_even_be_cleared(site: Callable[[Site], AsanaSettings]) -> None:
    """A free plan has no start dates; that it would let us take one off is not documented."""
    written: list[dict[str, Any]] = []

    def free(_: str, data: dict[str, Any]) -> Answer:
        if "start_on" in data:
            return refusal(402, "start_on: not available on this plan")
        written.append(data)
        return 200, {"data": {"gid": "7"}}

    day = date(2027, 1, 8)
    AsanaTracker(site(free)).update(TaskId("7"), Patch(start_on=day, due_on=day))
    assert written == [{"due_on": "2027-01-08"}]


def test_an_event_that_cannot_be_read_does_not_stop_the_sweep(site: Callable[[Site], AsanaSettings]) -> None:
    """Everything is looked at instead, and the next sweep goes on behind it."""
    broken = {"action": "changed", "resource": None, "created_at": "2027-01-08T10:00:00.000Z"}

    def with_events(path: str, _: dict[str, Any]) -> Answer:
        return 200, {"data": [broken], "sync": "next"} if path == "/events" else {"data": [], "next_page": None}

    moved = AsanaTracker(site(with_events)).changed_since("1", datetime(2027, 1, 8, tzinfo=UTC), "before")
    assert (moved.tasks, moved.cursor, moved.lost) == ({}, "next", True)


def test_a_right_that_we_lack_is_told_with_the_call_that_needs_it(site: Callable[[Site], AsanaSettings]) -> None:
    """Asana itself mostly says "Forbidden" and nothing else."""
    with pytest.raises(AccessDenied, match=r"^Forbidden \(PUT /tasks/7\)$"):
        AsanaTracker(site(lambda *_: refusal(403, "Forbidden"))).update(TaskId("7"), Patch(title="Book room"))


def test_a_task_that_we_may_not_see_is_nobodys(site: Callable[[Site], AsanaSettings]) -> None:
    """Whoever asks for it is told that no tracker shows it; a token that has ended is another matter."""
    assert AsanaTracker(site(lambda *_: refusal(403, "Forbidden"))).find_task("7") is None
    with pytest.raises(AccessDenied, match="Not Authorized"):
        AsanaTracker(site(lambda *_: refusal(401, "Not Authorized"))).find_task("7")
