"""What goes wrong in the trackers during a chaos run: each kind a few knobs, turned for a day."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from connectors.knobs import Knobs

CALM: Mapping[str, Any] = {name: getattr(Knobs(), name) for name in vars(Knobs()) if name != "enforce_limits"}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "hooks lost": {"hook_lost": 0.6},
    "no hooks at all": {"hook_lost": 1.0},
    "hooks doubled": {"hook_doubled": 0.7},
    "hooks out of order": {"hook_reordered": 0.6},
    "hooks late": {"hook_delay": 0.8},
    "a storm of 429": {"rate_limited": 0.5, "retry_after": 0.3},
    "429 without a word": {"rate_limited": 0.4, "retry_after": None},
    "503 before the work": {"error_before": 0.35, "error_status": 503},
    "500 after the work": {"error_after": 0.35, "error_status": 500},
    "504 after the work": {"error_after": 0.5, "error_status": 504},
    "cut before the work": {"cut_before": 0.35},
    "lost replies": {"cut_after": 0.45},
    "rubbish instead of JSON": {"garbage": 0.15},
    "a search that lags": {"index_lag": 3.0},
    "slow": {"latency": 0.15},
}


def forecast(chance: Random) -> list[str]:
    """One to three kinds, for both trackers."""
    return chance.sample(sorted(KINDS), chance.randint(1, 3))


def turn(knobs: Knobs, kinds: list[str]) -> None:
    """Exactly these, and nothing else."""
    for values in (CALM, *(KINDS[kind] for kind in kinds)):
        for name, value in values.items():
            setattr(knobs, name, value)
