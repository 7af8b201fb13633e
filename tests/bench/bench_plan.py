"""How long a plan takes: tasks with gaps, dependencies and a lead time, explanations included; and how that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from statistics import median
from time import perf_counter

from service.core.calendar import Calendar
from service.core.plan import Facts, make_plan
from service.core.template import Template
from tests.bench.figures import Figure

CALENDAR = Calendar(
    name="bench",
    holidays={
        date(2026, 11, 26): "Thanksgiving Day",
        date(2026, 12, 25): "Christmas Day",
        date(2027, 1, 1): "New Year's Day",
        date(2027, 1, 18): "Martin Luther King Jr. Day",
    },
)


def template_of(tasks: int) -> Template:
    """A template whose tasks form a broad chain up to a launch, each fourth one as late as possible."""
    steps = {
        f"step_{index}": {
            "title": f"Step {index}",
            "party": "ops",
            "duration": "2 business_days" if index == 5 else "1 business_day",
            "depends_on": [f"step_{before}" for before in (index - 2, index - 3) if before >= 0],
            "mode": "asap" if index % 4 else "alap",
        }
        for index in range(tasks - 2)
    }
    last = f"step_{tasks - 3}"
    return Template.model_validate(
        {
            "id": "bench",
            "version": 1,
            "title": "Bench",
            "calendar": "bench",
            "inputs": {"launch": {"type": "date", "required": True, "movable": True}},
            "lead_time": "6 weeks before inputs.launch",
            "feasibility": {
                "try": ["compress", "shift", "reject"],
                "compress": [{"task": "step_5", "min": "1 business_day"}],
            },
            "tasks": {
                **steps,
                "send": {
                    "title": "Send",
                    "party": "ops",
                    "duration": "1 business_day",
                    "depends_on": [last],
                    "due": "3 weeks before inputs.launch",
                },
                "launch": {"title": "Launch", "party": "stakeholder", "pinned": "inputs.launch"},
            },
            "min_gaps": [{"from": last, "to": "send", "at_least": "1 week"}],
        }
    )


def plan_ms(tasks: int, launch: date, rounds: int = 30) -> float:
    """Milliseconds for one plan, median."""
    template, today = template_of(tasks), date(2026, 11, 23)
    facts = Facts(inputs={"launch": launch}, complete_on=today, today=today)
    return _median_ms(lambda: make_plan(template, CALENDAR, facts), rounds)


def plan_of_30_ms() -> float:
    """A plan of 30 tasks that can be kept."""
    return plan_ms(30, date(2027, 2, 10))


def refused_plan_of_30_ms() -> float:
    """A plan of 30 tasks that cannot, with its reasons and the earliest date that can."""
    return plan_ms(30, date(2026, 12, 30))


def microseconds_per_edge(sizes: Sequence[int], rounds: int = 9) -> list[float]:
    """For plans of so many tasks that can be kept: the best of some rounds, over the number of their rules.

    The sizes take turns, so that a machine that is slow for a while is slow for all of them.
    """
    cases = []
    today = date(2026, 11, 23)
    for tasks in sizes:
        template = template_of(tasks)
        facts = Facts(inputs={"launch": today + timedelta(weeks=6, days=2 * tasks)}, complete_on=today, today=today)
        edges = sum(len(task.depends_on) + bool(task.due) for task in template.tasks.values()) + len(template.min_gaps)
        cases.append((partial(make_plan, template, CALENDAR, facts), edges))
    best = [float("inf")] * len(cases)
    for _ in range(rounds):
        for index, (run, edges) in enumerate(cases):
            began = perf_counter()
            run()
            best[index] = min(best[index], (perf_counter() - began) * 1e6 / edges)
    return best


def shifts_per_second(count: int = 200_000) -> float:
    """Business-day shifts a second."""
    start, shift = date(2026, 11, 23), CALENDAR.shift
    shift(start, 40)
    began = perf_counter()
    for n in range(count):
        shift(start, n % 40 + 1)
    return count / (perf_counter() - began)


def _median_ms(run: Callable[[], object], rounds: int) -> float:
    run()
    times = []
    for _ in range(rounds):
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return median(times) * 1000


def measure() -> Iterator[Figure]:
    """One that can be kept and one that cannot, how the time grows, and the shifts that plans are made of."""
    kept, refused = plan_of_30_ms(), refused_plan_of_30_ms()
    beside = f"refused with its reasons: {refused:.2f} ms"
    yield Figure("plan of 30 tasks", f"{kept:.2f} ms", "≤ 5 ms", kept <= 5, beside)
    few, some, many = microseconds_per_edge((30, 125, 500))
    growth = f"{few:.0f}, {some:.0f} and {many:.0f} µs for each rule of plans of 30, 125 and 500 tasks"
    goal = "≤ 1.5 times that of 30 tasks"
    yield Figure("time per rule, 500 tasks", f"{many / few:.2f} times that of 30", goal, many <= 1.5 * few, growth)
    shifts = shifts_per_second()
    yield Figure("business-day shifts", f"{shifts:,.0f}/s", "≥ 1,000,000/s", shifts >= 1_000_000)
