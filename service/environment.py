"""The environment, and `.env` in the working folder: nothing else reads them."""

from __future__ import annotations

import os

from dotenv import dotenv_values

_TRACE_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def variables() -> dict[str, str]:
    """Every variable; where both have one, the real environment wins."""
    return _of_the_file() | dict(os.environ)


def without_ours() -> dict[str, str]:
    """The environment without our own variables: for a `tminus` that is told everything by its own folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TMINUS_")}


def wants_traces() -> bool:
    """Whether OpenTelemetry's own variables name somewhere to send traces to.

    Those of `.env` are put where its SDK looks for them.
    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    for name, value in _of_the_file().items():
        if name.startswith("OTEL_"):
            os.environ.setdefault(name, value)
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and any(os.environ.get(name) for name in _TRACE_ENDPOINTS)


def _of_the_file() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(".env").items() if value is not None}
