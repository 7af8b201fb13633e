"""Whether this process sends traces. Where nobody wishes it, OpenTelemetry's SDK is not even imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from connectors import tracing as calls
from service.config_file import ConfigError, ConfigProblem
from service.environment import wants_traces
from service.run_log import Run
from service.store.mailbox import Received

if TYPE_CHECKING:
    from service.spans import Spans

_spans: Spans | None = None


@contextmanager
def sending() -> Iterator[None]:
    """Traces are sent for as long as the block lasts, where the environment wishes it.

    Raises `ConfigError` where the packages for it are missing.
    """
    if not wants_traces():
        yield
        return
    try:
        from service.spans import Spans
    except ImportError:
        message = "an OTEL_…_ENDPOINT is set, but the packages that send traces are not installed"
        raise ConfigError(
            [ConfigProblem("environment", None, message, "pip install 'tminus[otel]', or unset it")]
        ) from None
    with through(Spans()):
        yield


@contextmanager
def through(spans: Spans) -> Iterator[None]:
    """These see everything for as long as the block lasts."""
    global _spans  # noqa: PLW0603
    _spans = calls.tracer = spans
    try:
        yield
    finally:
        _spans, calls.tracer = None, calls.Nobody()
        spans.stop()


def on() -> bool:
    """Whether anybody sees what is traced now."""
    return _spans is not None


def delivery(row: Received, sender: Mapping[str, str]) -> AbstractContextManager[None]:
    """Around the storing of one; `sender` are the headers with which it came."""
    return _spans.delivery(row, sender) if _spans else nullcontext()


def routing(delivery: str, connection: str) -> AbstractContextManager[None]:
    """Around the reading of one delivery."""
    return _spans.routing(delivery, connection) if _spans else nullcontext()


def of_run(run: Run) -> AbstractContextManager[None]:
    """Around one run, once it knows what it answers."""
    return _spans.run(run) if _spans else nullcontext()
