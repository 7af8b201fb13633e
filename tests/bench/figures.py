"""One line of the table: what was measured, against which goal, and whether it was met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """`compared` is what stands beside it in the same run, so that a slow machine excuses nothing and hides nothing."""

    what: str
    measured: str
    goal: str
    met: bool
    compared: str = ""


HEADINGS = ("what", "measured", "goal", "met", "in the same run")


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that `part` of all values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def show(figures: Iterable[Figure]) -> None:
    """The table in the terminal."""
    table = Table(*HEADINGS, show_lines=True)
    for each in figures:
        table.add_row(each.what, each.measured, each.goal, "yes" if each.met else "[bold red]NO", each.compared)
    Console().print(table)


def markdown(figures: Iterable[Figure]) -> str:
    """The table for `docs/reference/benchmarks.md`."""
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    rows += [(each.what, each.measured, each.goal, "yes" if each.met else "**no**", each.compared) for each in figures]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
