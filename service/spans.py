"""One trace for each delivery: how it was stored and routed, the runs that answered it, and their calls to trackers.

The process that works on a delivery is often not the one that stored it, and may do so days later. Both derive the
trace from the delivery's id, so that nothing is stored for it. https://opentelemetry.io/docs/languages/python/
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from connectors.line import request_id
from connectors.tracing import Answered
from service.run_log import Run
from service.store.mailbox import Received

_W3C = TraceContextTextMapPropagator()


class Spans:
    """Makes the spans of this process. No other library's are taken in: the provider is our own."""

    def __init__(self, processor: SpanProcessor | None = None) -> None:
        """`processor` takes the spans; unless given, as OpenTelemetry's own variables tell, over HTTP."""
        ids: Any = _Ids()  # the SDK may be absent where types are checked
        resource = Resource.create({SERVICE_NAME: "tminus"}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, id_generator=ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("tminus", version("tminus"))

    def stop(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()

    @contextmanager
    def delivery(self, row: Received, sender: Mapping[str, str]) -> Iterator[None]:
        """Around the storing of one; linked to the trace of its sender, where its headers name one."""
        told = trace.get_current_span(_W3C.extract(sender, Context())).get_span_context()
        token = _chosen.set(_ids_of(row.id))
        try:
            span = self._tracer.start_span(
                "delivery",
                Context(),
                kind=SpanKind.SERVER,
                attributes=_attributes(row.connection, row.request_id, delivery=row.id),
                links=[Link(told)] if told.is_valid else [],
            )
        finally:
            _chosen.reset(token)
        with trace.use_span(span, end_on_exit=True, record_exception=False):
            yield

    @contextmanager
    def routing(self, delivery: str, connection: str) -> Iterator[None]:
        """Around the reading of one delivery, which tells who has to look."""
        attributes = _attributes(connection, None, delivery=delivery)
        with self._tracer.start_as_current_span("route", self._inside(delivery), attributes=attributes):
            yield

    @contextmanager
    def run(self, run: Run) -> Iterator[None]:
        """Around one run, inside the trace of the first delivery that it answers and linked to the others."""
        first, others = run.deliveries[:1], run.deliveries[1:]
        with self._tracer.start_as_current_span(
            "run",
            self._inside(*first) if first else Context(),
            kind=SpanKind.CONSUMER,
            attributes=_attributes(run.partition.partition(":")[0], run.request_id, partition=run.partition),
            links=[Link(self._root(other)) for other in others],
            record_exception=False,
        ) as span:
            try:
                yield
            finally:
                told = {"campaign": run.campaign_id, "outcome": run.outcome, "reason": run.reason}
                span.set_attributes({f"tminus.{name}": value for name, value in told.items() if value})
                if run.outcome == "parked":
                    span.set_status(StatusCode.ERROR, run.reason)

    @contextmanager
    def call(self, connection: str, method: str, url: str, seen: Answered) -> Iterator[None]:
        """Around one HTTP attempt of a run. Its query is left out, as in the log."""
        if not trace.get_current_span().get_span_context().is_valid:
            yield  # a command's or a sweep's: no delivery asked for it
            return
        where = urlsplit(url)
        attributes = _attributes(connection, request_id.get()) | {
            "http.request.method": method,
            "server.address": where.hostname or "",
            "url.path": where.path,
        }
        with self._tracer.start_as_current_span(
            method, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            finally:
                if seen.status:
                    span.set_attribute("http.response.status_code", seen.status)
                if not seen.status or seen.status >= 400:
                    span.set_status(StatusCode.ERROR)

    def headers(self) -> Mapping[str, str]:
        """`traceparent`, inside a run. https://www.w3.org/TR/trace-context/"""
        carried: dict[str, str] = {}
        _W3C.inject(carried)
        return carried

    def _inside(self, delivery: str) -> Context:
        return trace.set_span_in_context(NonRecordingSpan(self._root(delivery)), Context())

    def _root(self, delivery: str) -> SpanContext:
        """The delivery's span, whoever made it; sampled as its maker did, which the trace's id decides."""
        trace_id, span_id = _ids_of(delivery)
        decision = self._provider.sampler.should_sample(None, trace_id, "delivery").decision
        flags = TraceFlags(TraceFlags.SAMPLED if decision == Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT)
        return SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)


def _attributes(connection: str, request: str | None, **more: str) -> dict[str, str]:
    told = {"connection": connection, "request_id": request} | more
    return {f"tminus.{name}": value for name, value in told.items() if value}


def _ids_of(delivery: str) -> tuple[int, int]:
    """Of the trace and of its first span. Hashed, because samplers expect ids of even chance."""
    digest = sha256(delivery.encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


_chosen: ContextVar[tuple[int, int] | None] = ContextVar("_chosen", default=None)


class _Ids:
    """The SDK's `IdGenerator`: by chance, but for the span of a delivery."""

    def generate_trace_id(self) -> int:
        chosen = _chosen.get()
        return chosen[0] if chosen else random.getrandbits(128) or 1

    def generate_span_id(self) -> int:
        chosen = _chosen.get()
        return chosen[1] if chosen else random.getrandbits(64) or 1

    def is_trace_id_random(self) -> bool:
        return True
