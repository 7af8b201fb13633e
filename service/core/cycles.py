"""What a clock says: its cycles, what was true of it when, and whether it is in time.

The words are those of Jira Service Management where it has them:
https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-request/#api-rest-servicedeskapi-request-issueidorkey-sla-get
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

State = Literal["not_started", "running", "paused", "outside_hours", "stopped", "cancelled"]
Verdict = Literal["on_track", "at_risk", "breached", "met"]
SegmentState = Literal["running", "paused", "outside_hours"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clock's life in which one thing was true of it."""

    state: SegmentState
    begins: datetime
    ends: datetime
    waiting_on: str

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return {
            "state": self.state,
            "from": self.begins.isoformat(),
            "to": self.ends.isoformat(),
            "waiting_on": self.waiting_on,
        }


@dataclass(frozen=True, slots=True)
class Alert:
    """A warning: each share of the goal has one in a cycle, and it falls into open hours."""

    share: float
    at: datetime | None
    """None while a pause keeps it away."""
    due: bool
    """Whether it has come."""

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return {"share": self.share, "at": _iso(self.at), "due": self.due}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One time that a clock ran, from start to stop; reopening makes another one."""

    state: State
    verdict: Verdict | None
    """None when cancelled: nobody judges it."""
    goal: str
    start_time: datetime
    stop_time: datetime | None
    breach_time: datetime | None
    """When the goal is used up, at closing rather than at the next opening; None while a pause keeps it open."""
    goal_duration: timedelta
    elapsed_time: timedelta
    """In the goal's own time: pauses left out, and closed hours where the goal counts open ones."""
    remaining_time: timedelta
    """Negative when over."""
    business_elapsed_time: timedelta
    """Open hours of the calendar, pauses left out, whatever the goal counts."""
    wall_elapsed_time: timedelta
    """By the clock on the wall: nights and pauses too."""
    elapsed_by_party: Mapping[str, timedelta]
    """The elapsed time by whom it was waited for."""
    segments: tuple[Segment, ...]
    warnings: tuple[Alert, ...]
    version: str
    calendar_digest: str

    @property
    def breached(self) -> bool:
        """Whether the goal was missed."""
        return self.verdict == "breached"

    def as_dict(self) -> dict[str, Any]:
        """JSON; instants in UTC, amounts in milliseconds and as people say them."""
        return {
            "state": self.state,
            "verdict": self.verdict,
            "goal": self.goal,
            "start_time": self.start_time.isoformat(),
            "stop_time": _iso(self.stop_time),
            "breach_time": _iso(self.breach_time),
            "paused": self.state == "paused",
            "breached": self.breached,
            "within_calendar_hours": self.state != "outside_hours",
            "goal_duration": _told(self.goal_duration),
            "elapsed_time": _told(self.elapsed_time),
            "remaining_time": _told(self.remaining_time),
            "business_elapsed_time": _told(self.business_elapsed_time),
            "wall_elapsed_time": _told(self.wall_elapsed_time),
            "elapsed_by_party": {party: _told(amount) for party, amount in self.elapsed_by_party.items()},
            "segments": [segment.as_dict() for segment in self.segments],
            "warnings": [alert.as_dict() for alert in self.warnings],
            "version": self.version,
            "calendar_digest": self.calendar_digest,
        }


@dataclass(frozen=True, slots=True)
class Clock:
    """Every cycle of a clock, the last one perhaps still going on."""

    cycles: tuple[Cycle, ...] = ()

    @property
    def current(self) -> Cycle | None:
        """The cycle that people mean: the latest; None before the first start."""
        return self.cycles[-1] if self.cycles else None

    @property
    def state(self) -> State:
        """What the clock is doing."""
        return self.current.state if self.current else "not_started"

    @property
    def verdict(self) -> Verdict | None:
        """What is to be said of it; None before it starts and when it was cancelled."""
        return self.current.verdict if self.current else None

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        ongoing = [cycle.as_dict() for cycle in self.cycles if cycle.stop_time is None]
        return {
            "state": self.state,
            "verdict": self.verdict,
            "ongoing_cycle": ongoing[0] if ongoing else None,
            "completed_cycles": [cycle.as_dict() for cycle in self.cycles if cycle.stop_time is not None],
        }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _told(amount: timedelta) -> dict[str, Any]:
    return {"millis": amount // timedelta(milliseconds=1), "friendly": friendly(amount)}


def friendly(amount: timedelta) -> str:
    """`26h 30m`, `59.999s`: at most two parts that are not nought, since a day is 8 hours to some and 24 to others."""
    millis = abs(amount) // timedelta(milliseconds=1)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds = f"{rest / 1000:g}s" if rest else ""
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", seconds]
    sign = "-" if amount < timedelta() else ""
    return sign + (" ".join([part for part in parts if part][:2]) or "0s")
