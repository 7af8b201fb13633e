"""What can go wrong in a simulator, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Knobs:
    """What can go wrong, and how often. Probabilities are 0…1; set them at any time, also by `PUT /_sim/knobs`."""

    latency: float = 0.0
    """Seconds before each API answer."""
    enforce_limits: bool = False
    """Answer 429 with Retry-After beyond the vendor's documented limits."""
    rate_limited: float = 0.0
    """Share of calls answered 429 at random."""
    retry_after: float | None = 1.0
    """What such a 429 says; None: no header at all."""
    error_before: float = 0.0
    """Share of calls answered `error_status` without doing the work."""
    error_after: float = 0.0
    """Share of writes that do the work and then answer `error_status`."""
    error_status: int = 503
    cut_before: float = 0.0
    """Share of calls whose connection is cut before the work."""
    cut_after: float = 0.0
    """Share of writes whose connection is cut after the work: the lost reply."""
    work_late: float = 0.0
    """Share of writes whose connection is cut at once, and which do their work `late_seconds` after that."""
    late_seconds: float = 1.0
    garbage: float = 0.0
    """Share of calls answered 200 with a body that is not JSON."""
    index_lag: float = 0.0
    """Seconds until a change is found by search."""
    hook_delay: float = 0.0
    """Seconds before a webhook is sent."""
    hook_lost: float = 0.0
    hook_doubled: float = 0.0
    hook_reordered: float = 0.0
    """Share of webhooks held back until after the next one."""
    hook_retry_seconds: float = 1.0
    """Between attempts after a 5xx or no answer (the vendors take minutes)."""
    only: str = ""
    """Faults strike only calls whose "METHOD path " contains this text; a space at its end is the end of the path."""
    strikes: int | None = None
    """How many faults are left to strike; None: no end."""
