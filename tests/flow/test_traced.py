"""Traces on a whole installation: from the webhook to the calls it caused, in one piece."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.signing import sign
from service import tracing
from service.config_file import ConfigError
from service.environment import wants_traces
from service.store import hooks, ledger
from service.store.engine import reading
from tests.house import House, house

pytest.importorskip("opentelemetry.sdk", reason="traces are an optional extra: pip install 'tminus[otel]'")
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from service.spans import Spans

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
sent = InMemorySpanExporter()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation of which every span is kept here."""
    folder = tmp_path_factory.mktemp("traced")
    with (
        tracing.through(Spans(SimpleSpanProcessor(sent))),
        pytest.MonkeyPatch.context() as monkeypatch,
        house(folder, f"sqlite:///{folder}/tminus.db", monkeypatch) as found,
    ):
        yield found


def trace_of(delivery: str) -> list[ReadableSpan]:
    """The spans of the trace that this delivery began, oldest first."""
    spans = sorted(sent.get_finished_spans(), key=lambda span: span.start_time or 0)
    [begun] = [s for s in spans if s.name == "delivery" and told(s, "delivery") == delivery]
    return [span for span in spans if span.context.trace_id == begun.context.trace_id]


def told(span: ReadableSpan, name: str) -> object:
    """One of our own attributes."""
    return (span.attributes or {}).get(f"tminus.{name}")


def test_a_launch_is_one_trace_from_the_webhook_to_its_calls(traced: House) -> None:
    """Delivery, routing, run and every call hang together, and carry the ids that ledger and inbox have."""
    key = traced.jira.file_request("List Import", "Leads")
    campaign = traced.running(key)
    delivery = traced.deliveries()[0]
    # A run's span ends a moment after its work has been committed.
    traced.until(lambda: any(span.name == "run" for span in trace_of(delivery.id)))
    spans = trace_of(delivery.id)
    begun, *rest = spans
    assert [span.name for span in spans[:3]] == ["delivery", "route", "run"]
    assert (told(begun, "request_id"), told(begun, "connection")) == (delivery.request_id, "jira")
    assert begun.parent is None
    inside = {span.context.span_id for span in spans}
    assert all(span.parent and span.parent.span_id in inside for span in rest)

    run = spans[2]
    assert (told(run, "outcome"), told(run, "campaign")) == ("handled", campaign.id)
    with reading(traced.runtime.engine) as session:
        assert told(run, "request_id") in {line.request_id for line in ledger.of_campaign(session, campaign.id)}
    calls = [span for span in rest if span.parent and span.parent.span_id == run.context.span_id]
    mine = [call for call in traced.jira.log if call.headers.get("x-request-id") == told(run, "request_id")]
    assert len(calls) == len(mine) > 5
    assert {span.attributes["url.path"] for span in calls if span.attributes} == {call.path for call in mine}
    trace_id = f"{begun.context.trace_id:032x}"
    assert {call.headers["traceparent"].split("-")[1] for call in mine} == {trace_id}


def test_a_delivery_that_waited_for_another_run_is_linked_to_it(traced: House) -> None:
    """Of the deliveries that one run answers, the first has it in its trace, and the others are linked."""
    key = traced.jira.file_request("List Import", "More leads")
    traced.running(key)
    # A plan's own tasks come back as many deliveries of one campaign.
    linked = traced.until(lambda: [(s, link) for s in sent.get_finished_spans() if s.name == "run" for link in s.links])
    begun = {s.context.span_id: s.context.trace_id for s in sent.get_finished_spans() if s.name == "delivery"}
    assert all(begun[link.context.span_id] == link.context.trace_id for _, link in linked)


def test_the_senders_own_trace_is_linked(traced: House) -> None:
    """A form tool that traces too finds out where its submission went; nobody's trace becomes part of a stranger's."""
    with reading(traced.runtime.engine) as session:
        [hook] = hooks.of_connection(session, "jira")
        secret = hooks.secret_of(hook, traced.runtime.vault) or ""
    theirs = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = b'{"webhookEvent": "jira:version_released"}'
    headers = {"X-Hub-Signature": f"sha256={sign(secret, body)}", "traceparent": theirs}
    assert httpx.post(hook.target, content=body, headers=headers).status_code == 202
    traced.quiet()
    spans = trace_of(traced.deliveries()[-1].id)
    assert [f"{link.context.trace_id:032x}" for link in spans[0].links] == ["0af7651916cd43dd8448eb211c80319c"]


def test_commands_and_sweeps_send_no_traceparent(traced: House) -> None:
    """What no delivery asked for belongs to no trace."""
    traced.quiet()
    before = len(traced.jira.log), len(sent.get_finished_spans())
    traced.runtime.trackers["jira"].whoami()
    assert "traceparent" not in traced.jira.log[before[0]].headers
    assert len(sent.get_finished_spans()) == before[1]


def test_what_the_sampler_leaves_out_stays_out_in_every_process() -> None:
    """The one that works on a delivery decides like the one that stored it."""
    spans = Spans(SimpleSpanProcessor(InMemorySpanExporter()))
    assert spans._root("some delivery").trace_flags.sampled
    spans._provider.sampler = ALWAYS_OFF
    assert not spans._root("some delivery").trace_flags.sampled


def test_nothing_is_imported_unless_traces_are_wished_for() -> None:
    """Neither memory nor time is spent on them."""
    program = "import sys, service.bootstrap; print('opentelemetry.sdk' in sys.modules, 'service.spans' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.split() == ["False", "False"]


def test_a_wish_without_the_packages_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody who named a collector would wait for its traces for ever."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "service.spans", None)
    with pytest.raises(ConfigError, match=r"pip install 'tminus\[otel\]'"), tracing.sending():
        raise AssertionError("it began all the same")


def test_the_wish_is_read_from_opentelemetrys_own_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the environment or in `.env`; switched off, it is none."""
    monkeypatch.chdir(tmp_path)
    for name in (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.setenv(name, "")  # so that what `.env` sets is taken away again
        monkeypatch.delenv(name)
    assert not wants_traces()
    (tmp_path / ".env").write_text(f"{ENDPOINT}=http://127.0.0.1:4318\n")
    assert wants_traces()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert not wants_traces()
