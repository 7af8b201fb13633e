"""Signed Jira webhooks over plain sockets, in a process of its own: `python -m tests.bench.load`, wishes on stdin.

It builds and signs every call beforehand, so that while it measures it costs as little processor time as it can.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.signing import sign
from tests.bench.figures import quantile

BODY_BYTES = 2_800


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back."""

    per_second: float
    p50_ms: float
    p99_ms: float
    stored: int
    others: int


def closed_loop(target: str, secret: str, issues: Sequence[str], *, callers: int, count: int) -> Answers:
    """Every caller sends its next call when its last one is answered."""
    return _in_a_process(target=target, secret=secret, issues=list(issues), callers=callers, count=count, rate=0)


def open_loop(target: str, secret: str, issues: Sequence[str], *, rate: float, count: int) -> Answers:
    """So many calls a second, whatever the answers; each is timed from when it was due."""
    return _in_a_process(target=target, secret=secret, issues=list(issues), callers=32, count=count, rate=rate)


def _in_a_process(**wishes: Any) -> Answers:
    command = [sys.executable, "-m", "tests.bench.load"]
    told = subprocess.run(command, input=json.dumps(wishes), stdout=subprocess.PIPE, text=True, check=True)
    return Answers(**json.loads(told.stdout))


def _calls(target: str, secret: str, issues: Sequence[str], count: int) -> list[bytes]:
    parts = urlsplit(target)
    return [_call(parts.path, parts.netloc, secret, issues[number % len(issues)], number) for number in range(count)]


def _call(path: str, host: str, secret: str, issue: str, number: int) -> bytes:
    event = {
        "timestamp": 1_795_400_000_000 + number,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_updated",
        "user": {"accountId": "712020:somebody", "displayName": "Dana Ops"},
        "issue": {"id": issue, "key": f"MKT-{issue}", "fields": {"summary": f"Take {number}", "description": ""}},
        "changelog": {"id": str(number), "items": [{"field": "summary", "fieldId": "summary", "toString": "Take"}]},
    }
    event["issue"]["fields"]["description"] = "x" * (BODY_BYTES - len(json.dumps(event)))  # type: ignore[index]
    body = json.dumps(event).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Hub-Signature: sha256={sign(secret, body)}\r\n"
        f"X-Atlassian-Webhook-Identifier: bench-{time.time_ns()}-{number}\r\n\r\n"
    )
    return head.encode() + body


class _Caller(asyncio.Protocol):
    """One connection; one call at a time."""

    def __init__(self) -> None:
        self._got = b""
        self._answered: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length and self._answered:
            self._got = b""
            self._answered.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        if self._answered and not self._answered.done():
            self._answered.set_result(0)

    def send(self, call: bytes) -> asyncio.Future[int]:
        assert self._transport
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(call)
        return self._answered


async def _run(target: str, calls: list[bytes], callers: int, rate: float) -> Answers:
    loop = asyncio.get_running_loop()
    parts = urlsplit(target)
    lines = [(await loop.create_connection(_Caller, parts.hostname, parts.port))[1] for _ in range(callers)]
    waiting, took, statuses = iter(enumerate(calls)), [], []
    begun = time.perf_counter()

    async def keep_sending(line: _Caller) -> None:
        for number, call in waiting:
            due = begun + number / rate if rate else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter())) if rate else None
            statuses.append(await line.send(call))
            took.append(time.perf_counter() - due)

    await asyncio.gather(*(keep_sending(line) for line in lines))
    seconds = time.perf_counter() - begun
    stored = statuses.count(202)
    p50, p99 = (quantile(took, part) * 1000 for part in (0.5, 0.99))
    return Answers(len(calls) / seconds, p50, p99, stored, len(statuses) - stored)


def _main() -> None:
    wishes = json.load(sys.stdin)
    calls = _calls(wishes["target"], wishes["secret"], wishes["issues"], wishes["count"])
    answers = asyncio.run(_run(wishes["target"], calls, wishes["callers"], wishes["rate"]))
    json.dump(asdict(answers), sys.stdout)


if __name__ == "__main__":
    _main()
