"""Whether a whole request was done when it was promised."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from service.core.explain import long_day
from service.core.plan import Plan

Kept: TypeAlias = Literal["met", "met_late_in_range", "missed"]
"""`met_late_in_range`: after the day that was aimed at, and by the day that was promised."""


def kept(plan: Plan, done_on: date) -> Kept | None:
    """The verdict on the day on which the last task was done; None where no day was promised."""
    if plan.promised_on is None:
        return None
    if done_on > plan.promised_on:
        return "missed"
    return "met_late_in_range" if plan.target_on and done_on > plan.target_on else "met"


def told(plan: Plan, done_on: date) -> str | None:
    """The verdict as a sentence."""
    verdict = kept(plan, done_on)
    if verdict is None or plan.promised_on is None:
        return None
    words = f"Done on {long_day(done_on)}, promised for {long_day(plan.promised_on)}: "
    if verdict == "met_late_in_range" and plan.target_on:
        return f"{words}met, late in the agreed range, whose near end was {long_day(plan.target_on)}."
    return f"{words}{verdict}."
