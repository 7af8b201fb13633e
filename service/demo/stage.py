"""What the audience sees: live plans, and one line for each step. Without a terminal: plain lines, no control codes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from service.demo.followed import Followed
from service.demo.installation import OPS, REQUESTER

NAMES = {OPS: "Dana Ops", REQUESTER: "Rita Requester"}
PATIENCE = 20.0
LOOK_EVERY = 0.05
WIDTH = 112
"""Columns where there is no terminal."""

Promise = Callable[[], list[str]]
"""What is still missing; empty once it is kept."""


class Missing(Exception):
    """A promise was not kept in time."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problems))


class Stage:
    """`pause` is how many seconds the eye gets after each step, `patience` how many a promise has to be kept."""

    def __init__(self, *, pause: float = 0, patience: float = PATIENCE) -> None:
        terminal = sys.stdout.isatty()
        self._console = Console(force_terminal=terminal, width=None if terminal else WIDTH, highlight=False)
        self._pause, self._patience = pause, patience

    def say(self, text: str = "") -> None:
        """One line, however long."""
        self._console.print(text, soft_wrap=True, markup=False)

    def heading(self, text: str) -> None:
        """What comes next."""
        self._console.print(f"\n[bold]{escape(text)}[/]", soft_wrap=True)

    def watch(self, requests: Sequence[Followed]) -> float:
        """Show their plans filling up; returns the seconds it took. Raises `Missing`."""
        began = time.monotonic()
        with Live(console=self._console, auto_refresh=False) as live:

            def look() -> list[str]:
                live.update(_plans(requests), refresh=True)
                return [problem for request in requests for problem in request.missing()]

            self._keep(look)
            seconds = time.monotonic() - began
        self.say("" if self._console.is_terminal else "\n")
        return seconds

    def show(self, requests: Sequence[Followed]) -> None:
        """Their plans as they stand."""
        self._console.print(_plans(requests))

    def wait(self, what: str, promise: Promise, seconds: float | None = None) -> None:
        """Until it is kept; raises `Missing`."""
        with self._console.status(Text(what)):
            self._keep(promise, seconds)

    def step(self, told: str, where: str, promise: Promise) -> None:
        """One thing that people do and what follows from it, told once it has followed. Raises `Missing`."""
        try:
            self.wait(told, promise)
        except Missing:
            self._console.print(f"[red]✗[/] {escape(told)}  {where}", soft_wrap=True)
            raise
        self._console.print(f"[green]✓[/] {escape(told)}  [dim]{where}[/]", soft_wrap=True)
        time.sleep(self._pause)

    def _keep(self, promise: Promise, seconds: float | None = None) -> None:
        deadline = time.monotonic() + (seconds or self._patience)
        while problems := promise():
            if time.monotonic() > deadline:
                raise Missing(problems)
            time.sleep(LOOK_EVERY)


def _plans(requests: Sequence[Followed]) -> Group:
    return Group(*(part for request in requests for part in (Text(), _title(request), _plan(request))))


def _title(request: Followed) -> Text:
    status = request.desk.status(request.request)
    return Text.assemble((request.title, "bold"), f" ({status})  ", (request.url, "dim"))


def _plan(request: Followed) -> Table:
    """What stands in the tracker, in the plan's order. A tracker knows no party: that is the plan's."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for heading in ("task", "party", "owner", "start", "due", "waits for", "status"):
        table.add_column(heading, no_wrap=heading != "task")
    wanted = request.wanted()
    found = {task.title: task for task in request.found()}
    for place, task in enumerate(wanted, 1):
        if there := found.get(task.title):
            waits = [str(number) for number, other in enumerate(wanted, 1) if other.title in there.waits_for]
            table.add_row(
                str(place),
                task.title,
                task.party,
                NAMES.get(there.owner or "", there.owner or "nobody"),
                f"{there.start_on:%d %b}" if there.start_on else "",
                f"{there.due_on:%a %d %b}" if there.due_on else "",
                ", ".join(waits),
                there.status,
            )
    return table
