"""Every published SLA case: plans must come out to the day, clocks to the microsecond."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.core import feasibility, hours
from service.core import schedule as engine
from service.core.calendar import Calendar, Window
from service.core.network import Edge, Network, Node, Notice, network
from service.core.offsets import Offset, Span

CASES = Path(os.environ.get("TMINUS_SLA_CASES", Path(__file__).parents[2].parent / "shared" / "sla" / "cases.jsonl"))


WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def cases() -> list[Any]:
    """One parameter a line of the file, or one that says why there is none."""
    if not CASES.exists():
        return [pytest.param({}, id="none", marks=pytest.mark.skip(reason=f"{CASES.name} is not beside the project"))]
    lines = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [pytest.param(case, id=case["id"]) for case in lines]


@pytest.mark.parametrize("case", cases())
def test_sla_case(case: dict[str, Any]) -> None:
    """What the case expects is what the engine says, field by field."""
    solvers = {
        "business_days": counted,
        "weeks": counted,
        "schedule": scheduled,
        "business_hours_due": reached,
        "business_hours_elapsed": measured,
    }
    agree(solvers[case["kind"]](case), normal(case["expected"]), case["id"])


def agree(answer: Any, expected: Any, where: str) -> None:
    """Every expected field, however deep, has the expected value."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        for key, value in expected.items():
            assert key in answer, f"{where}.{key} is missing"
            agree(answer[key], value, f"{where}.{key}")
    else:
        assert answer == expected, where


def normal(expected: Any) -> Any:
    """The same, with one way of writing what was compressed."""
    changes = expected.get("compressed", {}).get("changes") if isinstance(expected, dict) else None
    if not changes:
        return expected
    named = {" ".join(re.findall(r"\w+", key)[1:]): value for key, value in changes.items()}
    return {**expected, "compressed": {**expected["compressed"], "changes": named}}


def calendar_of(case: Mapping[str, Any]) -> Calendar:
    """The day calendar that the case spells out."""
    data = case["calendar"]
    cutoff = case.get("deemed_received", {}).get("cutoff")
    return Calendar(
        name=case["id"],
        weekmask=data["weekmask"],
        holidays={day(text): "holiday" for text in data.get("holidays", ())},
        extra_working_days=frozenset(map(day, data.get("extra_working_days", ()))),
        cutoff=time.fromisoformat(cutoff) if cutoff else None,
    )


def day(text: str) -> date:
    """An ISO date."""
    return date.fromisoformat(text)


def counted(case: dict[str, Any]) -> str:
    """One date counted from another."""
    calendar, anchor = calendar_of(case), day(case["anchor"])
    if received := case.get("deemed_received"):
        anchor = calendar.received_on(datetime.fromisoformat(f"{anchor}T{received['received_at']}+00:00"))
    value = case["offset"]
    offset = Offset(abs(value), case.get("unit", "business_days"), "before" if value < 0 else "after", "anchor")
    return offset.date_from(anchor, calendar, case.get("on_non_working_day", "keep")).isoformat()


def hours_of(case: Mapping[str, Any]) -> hours.OpenHours:
    """The open time of the clock calendar that the case spells out."""
    data = case["calendar"]
    week = tuple(windows(data["working_hours"].get(name, ())) for name in WEEK)
    calendar = Calendar(
        name=case["id"],
        weekmask="".join("1" if day else "0" for day in week),
        working_hours=week,
        holidays={day(text): "holiday" for text in data.get("holidays") or ()},
        exceptions={day(text): windows(written) for text, written in (data.get("exceptions") or {}).items()},
        time_zone=data["time_zone"],
    )
    return hours.OpenHours(calendar)


def windows(written: Iterable[Sequence[str]]) -> tuple[Window, ...]:
    """`[["09:00", "17:00"]]`."""
    return tuple(Window.parse(f"{opens}-{closes}") for opens, closes in written)


def instant(text: str) -> int:
    """An ISO instant."""
    return hours.instant(datetime.fromisoformat(text))


def minutes(amount: int) -> float:
    """Microseconds as the case file has them; a whole number equals its float."""
    return amount / hours.MINUTE


def pauses(case: Mapping[str, Any]) -> list[hours.Pause]:
    """The pauses of the case; one that lasts has no end."""
    return [(instant(begins), instant(ends) if ends else None) for begins, ends in case.get("pauses") or ()]


def reached(case: dict[str, Any]) -> dict[str, Any]:
    """When the target is reached, or how much is left of it."""
    table, start, target = hours_of(case), instant(case["start"]), round(case["target_minutes"] * hours.MINUTE)
    due = table.due(start, target, pauses(case))
    if due is None:
        paused_for_good = max(begins for begins, ends in pauses(case) if ends is None)
        left = target - table.elapsed(start, max(start, paused_for_good), pauses(case))
        return {"due": None, "due_utc": None, "remaining_minutes": minutes(left)}
    utc = hours.moment(due)
    local = utc.astimezone(ZoneInfo(case["calendar"]["time_zone"]))
    return {"due": local.isoformat(), "due_utc": utc.isoformat().replace("+00:00", "Z"), "remaining_minutes": 0}


def measured(case: dict[str, Any]) -> dict[str, Any]:
    """How much open time has passed, and what is left of the goal."""
    elapsed = hours_of(case).elapsed(instant(case["start"]), instant(case["end"]), pauses(case))
    answer: dict[str, Any] = {"elapsed_minutes": minutes(elapsed)}
    if (goal := case.get("goal_minutes")) is not None:
        left = round(goal * hours.MINUTE) - elapsed
        answer |= {"remaining_minutes": minutes(left), "breached": left < 0}
    return answer


def scheduled(case: dict[str, Any]) -> dict[str, Any]:
    """A whole plan, and each way out that the case may ask for."""
    net = network_of(case)
    found = engine.bounds(net)
    answer = told(found)
    if found.feasible:
        return answer
    if movable := case.get("movable_anchor"):
        moved = feasibility.earliest_anchor(found, movable)
        answer["earliest_anchor"] = iso(moved)
        answer["shifted"] = {"anchor": iso(moved), **told(engine.bounds(net.at(movable, moved)))} if moved else None
    items = [
        feasibility.Squeeze((item.get("task") or (item["from"], item["to"]),), item["min"])
        for item in case.get("compress") or ()
    ]
    shorter, changes = feasibility.squeeze(found, items)
    named = {what if isinstance(what, str) else " ".join(what): value for what, value in changes.items()}
    answer["compressed"] = {"changes": named, **told(shorter)}
    return answer


def told(found: engine.Bounds) -> dict[str, Any]:
    """A solved network in the words of the case file."""
    answer: dict[str, Any] = {
        "feasible": found.feasible,
        "earliest": {key: iso(value) for key, value in found.earliest.items()},
        "latest": {key: iso(value) for key, value in found.latest.items()},
        "slack": {key: found.slack(key) for key in found.earliest},
        "critical": list(found.critical()),
    }
    if found.feasible:
        plan = engine.schedule(found)
        answer |= {
            "due": {key: iso(value) for key, value in plan.due.items()},
            "start": {key: iso(value) for key, value in plan.start.items()},
        }
    else:
        answer |= {
            "late_tasks": list(found.late),
            "lead_time_violations": [notice.anchor for notice in found.network.short_notice()],
            "shortfall_business_days": found.shortfall,
        }
    return answer


def iso(value: date | None) -> str | None:
    """The other way round."""
    return value and value.isoformat()


def network_of(case: dict[str, Any]) -> Network:
    """The case as a network; what led to a finished task no longer matters."""
    done = {key: day(value) for key, value in (case.get("done") or {}).items()}
    nodes, edges = [], []
    for task in case["tasks"]:
        nodes.append(node_of(task, done.get(task["id"])))
        if task["id"] not in done:
            edges += edges_of(task)
    for gap in case.get("min_gaps") or ():
        edges.append(Edge(gap["from"], gap["to"], Span(gap["at_least"], gap["unit"]), "min_gap"))
    return network(
        calendar_of(case),
        nodes,
        edges,
        anchors={name: day(value) for name, value in case["anchors"].items()},
        begin=day(case["now"]),
        notices=[Notice(lead["anchor"], Span(lead["at_least"], lead["unit"])) for lead in case.get("lead_time") or ()],
    )


def node_of(task: dict[str, Any], done: date | None) -> Node:
    """One task with the bounds of its own."""
    due = task.get("due") or {}
    pinned = due.get("direction") == "on"
    return Node(
        key=task["id"],
        duration=task["duration"],
        alap=task.get("mode") == "alap",
        anchor=due["ref"] if pinned else None,
        rounding=due.get("on_non_working_day", "keep"),
        fixed=done,
        not_before=day(task["not_before"]) if task.get("not_before") else None,
        not_after=day(task["not_after"]) if task.get("not_after") else None,
    )


def edges_of(task: dict[str, Any]) -> list[Edge]:
    """The rules that the task itself states."""
    due = task.get("due") or {}
    edges = [
        Edge(wait["task"], task["id"], Span(wait.get("lag", 0), wait.get("unit", "business_days")), "depends_on")
        for wait in task.get("depends_on") or ()
    ]
    if due.get("direction") in ("before", "after"):
        ends = (due["ref"], task["id"]) if due["direction"] == "after" else (task["id"], due["ref"])
        edges.append(Edge(*ends, Span(due["offset"], due["unit"]), "due"))
    return edges
