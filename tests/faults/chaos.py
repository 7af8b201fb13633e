"""Weeks of trouble in minutes: `python -m tests.faults.chaos --seed 7 --minutes 10`, or `make chaos`.

One seed always gives the same schedule: who does what to which request, in which order and at which pauses, which
faults the trackers have on which day, and when which process dies. Threads, processes and the single strokes of a
fault keep their own timing, so two runs of one seed are not the same to the millisecond. After each day the faults
stop, and everything is held against what the templates promise.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlmodel import select

from service import workflows
from service.bootstrap import make_runtime
from service.runtime import Runtime
from service.settings import load
from service.store import changes, inbox
from service.store.engine import is_sqlite, reading
from service.store.secrets import new_key
from service.store.tables import Worker
from tests.faults import weather
from tests.faults.asked import Asked
from tests.faults.clock import clock_of, set_clock
from tests.faults.processes import Installation, installation, subscribe
from tests.faults.sites import IMPORT, WEBINAR, AtAsana, AtJira, Calendar, Site
from tests.house import CONFIG
from tests.postgres import start_server

MOST_REQUESTS, MOST_DAYS = 60, 400
PATIENCE_SECONDS = 90.0
"""For everything to agree after the faults of a day have stopped."""
SILENT_SECONDS = 4.0
PROGRAM = """
from service import bootstrap, cli, looking, workflows
from tests.faults.clock import clock_of
workflows.SILENT_SECONDS = {silent}
looking._pause = lambda attempt: min(0.5 * 2**attempt, 4.0)
bootstrap.make_runtime.__kwdefaults__["now"] = clock_of({clock!r})
cli.app()
"""
MIRROR = "when: {issue_type: Webinar}, template: webinar, mirror: {stakeholder: asana}"
"""What stakeholders owe for a webinar in Jira stands in Asana too."""
STATUS_FIELD = """    status_field: "{field}"
    statuses: {{To do: todo, In progress: doing, Waiting: waiting, Done: done, Dropped: dropped}}
"""


class ChaosError(AssertionError):
    """Something did not come to agree."""


@dataclass
class Chaos:
    """One run: `day` after `day`, each ending in agreement or in a `ChaosError`."""

    home: Installation
    runtime: Runtime
    chance: Random
    clock: Path
    tell: Callable[[str], None]
    asked: list[Asked] = field(default_factory=list)
    days: int = 0
    filed: int = 0

    def __post_init__(self) -> None:
        self.sites: tuple[Site, ...] = (AtJira(self.home.jira), AtAsana(self.home.asana))
        self.calendar = Calendar(clock_of(self.clock))
        self.workers: list[subprocess.Popen[bytes]] = []
        self.morning = datetime.now(UTC)

    # The installation.

    def open(self) -> None:
        """Everything started, hooks connected."""
        self._new_day(0)
        self.serving = self.home.serve(*self._options)
        if self._options:
            self.workers = [self.home.start("work") for _ in range(2)]
            self.home.until(lambda: self._alive() == len(self.workers))
        subscribe(self.runtime)

    def _alive(self) -> int:
        with reading(self.runtime.engine) as session:
            return len(session.exec(select(Worker)).all())

    @property
    def _options(self) -> list[str]:
        return [] if is_sqlite(self.runtime.engine) else ["--no-work"]

    # One day.

    def day(self) -> None:
        """People work while things go wrong; then all is well again, and everything has to agree."""
        self.days += 1
        kinds = weather.forecast(self.chance)
        plans = self._edits() + self._new_requests()
        self.chance.shuffle(plans)
        blows = self._blows()
        for blow in blows:
            plans.insert(self.chance.randint(0, len(plans)), blow)
        pauses = [self.chance.choice((0.0, 0.0, 0.05, 0.4)) for _ in plans]
        self.tell(f"day {self.days}, {self.morning:%a %d %b}: {', '.join(kinds)}")
        for site in self.sites:
            weather.turn(site.simulator.knobs, kinds)
        for (told, act), pause in zip(plans, pauses, strict=True):
            self.tell(f"  {told}")
            act()
            time.sleep(pause)
        self._evening()
        self._new_day(self.chance.choice((1, 1, 2, 3, 5)))

    def _edits(self) -> list[tuple[str, Callable[[], None]]]:
        """One person for each of a few requests, who does one kind of thing there."""
        chosen = [one for one in self.asked if one.state != "gone"]
        chosen = self.chance.sample(chosen, min(len(chosen), self.chance.randint(2, 5)))
        return [act for one in chosen for act in self._edits_of(one)]

    def _edits_of(self, one: Asked) -> list[tuple[str, Callable[[], None]]]:
        if one.state == "cancelled":
            return [(f"{one.label}: taken up again", one.take_up)]
        if not one.keys:
            return [self._moved(one)]
        kinds = ["finish", "finish", "finish", "rename", "pin", "delete", "cancel", "take away"]
        kinds += ["reopen"] * 2 * bool(one.done) + ["move"] * 3 * (one.template == WEBINAR)
        return self._edit(one, self.chance.choice(kinds))

    def _edit(self, one: Asked, kind: str) -> list[tuple[str, Callable[[], None]]]:
        left = one.open_keys()
        if kind == "move":
            return [self._moved(one) for _ in range(self.chance.randint(1, 2))]
        if kind == "reopen":
            key = self.chance.choice(sorted(one.done.keys() - one.deleted))
            side = self._side(one, key)
            return [(f"{one.label}: {key} reopened{side}", lambda: one.reopen(key, there=bool(side)))]
        if kind in ("cancel", "take away") and left and self.chance.random() < 0.5:
            act = one.cancel if kind == "cancel" else one.take_away
            return [(f"{one.label}: {kind}", act)]
        if kind == "pin" and left:
            key, day = self.chance.choice(left), self.calendar.in_days(self.chance.randint(10, 40))
            side = self._side(one, key)
            return [(f"{one.label}: {key} put on {day}{side}", lambda: one.pin(key, day, there=bool(side)))]
        if kind == "rename" and left:
            key, title = self.chance.choice(left), f"In other words {self.chance.randint(1, 999)}"
            side = self._side(one, key)
            return [(f"{one.label}: {key} renamed{side}", lambda: one.rename(key, title, there=bool(side)))]
        if kind == "delete" and len(left) > 2:
            key = self.chance.choice([key for key in left if key not in one.twins])
            return [(f"{one.label}: {key} deleted", lambda: one.delete(key))]
        chosen = self.chance.sample(left, min(len(left), self.chance.randint(1, 3)))
        return [self._finished(one, key) for key in chosen]

    def _finished(self, one: Asked, key: str) -> tuple[str, Callable[[], None]]:
        side = self._side(one, key)
        return f"{one.label}: {key} finished{side}", lambda: one.finish(key, there=bool(side))

    def _side(self, one: Asked, key: str) -> str:
        """In which of two trackers a person does it; empty: where the request stands."""
        return self.chance.choice(("", " in the other tracker")) if key in one.twins else ""

    def _moved(self, one: Asked) -> tuple[str, Callable[[], None]]:
        day = self.calendar.in_days(self.chance.randint(60, 120))
        return f"{one.label}: the launch is on {day}", lambda: one.move(day)

    def _new_requests(self) -> list[tuple[str, Callable[[], None]]]:
        few = min(self.chance.randint(1, 3), MOST_REQUESTS - self.filed)
        return [self._new_request() for _ in range(few)]

    def _new_request(self) -> tuple[str, Callable[[], None]]:
        self.filed += 1
        site = self.chance.choice(self.sites)
        template = self.chance.choice((IMPORT, WEBINAR, WEBINAR))
        title = f"{template} {self.filed}"
        in_time, too_late = self.chance.randint(60, 120), self.chance.randint(3, 10)
        days = self.chance.choice((in_time, in_time, in_time, too_late, None)) if template == WEBINAR else None
        launch = self.calendar.in_days(days) if days else None

        def file() -> None:
            request = site.file(template, title, launch)
            mirror = self.sites[1] if site is self.sites[0] and template == WEBINAR else None
            one = Asked(site, request, template, title, self.morning, launch, mirror)
            one.wakes(self.calendar.now())
            self.asked.append(one)

        return f"{site.name}: {title} is asked for" + (f", on {launch}" if launch else ""), file

    # What happens to processes.

    def _blows(self) -> list[tuple[str, Callable[[], None]]]:
        blows: list[tuple[str, Callable[[], None]]] = []
        minutes = self.chance.choice((-100, -15, 15, 100))
        if self.chance.random() < 0.4:
            blows.append((f"the service's clock jumps by {minutes} min", lambda: self._jump(minutes)))
        if self._options:
            number, other = self.chance.sample((0, 1), 2)
            some = [
                (f"worker {number} is killed", lambda: self._kill_worker(number)),
                (f"worker {number} is killed, and nobody comes", lambda: self._kill(self.workers[number])),
                (f"worker {number} freezes", lambda: self._freeze(number)),
                (f"worker {other} is told to end", lambda: self._end_worker(other)),
                ("the web side is killed", self._kill_service),
            ]
            return blows + self.chance.sample(some, self.chance.randint(0, 2))
        some = [("the service is killed", self._kill_service), ("the service is told to end", self._end_service)]
        return blows + self.chance.sample(some, self.chance.randint(0, 1))

    def _jump(self, minutes: int) -> None:
        set_clock(self.clock, self._ahead + timedelta(minutes=minutes))

    def _kill_worker(self, number: int) -> None:
        self._kill(self.workers[number])
        self.workers[number] = self.home.start("work")

    def _end_worker(self, number: int) -> None:
        self.workers[number].send_signal(signal.SIGTERM)

    def _freeze(self, number: int) -> None:
        if self.workers[number].poll() is None:
            os.kill(self.workers[number].pid, signal.SIGSTOP)

    def _kill_service(self) -> None:
        self._kill(self.serving)
        self.serving = self.home.serve(*self._options)

    def _end_service(self) -> None:
        self.serving.send_signal(signal.SIGTERM)
        self.serving.wait(60)
        self.serving = self.home.serve(*self._options)

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            self.home.kill(process)

    # In the evening.

    def _evening(self) -> None:
        for site in self.sites:
            weather.turn(site.simulator.knobs, [])
        set_clock(self.clock, self._ahead)
        for number, worker in enumerate(self.workers):
            if worker.poll() is None:
                os.kill(worker.pid, signal.SIGCONT)
            else:
                self.workers[number] = self.home.start("work")
        self._agree()
        self._rest()

    def _agree(self) -> None:
        deadline, swept = time.monotonic() + PATIENCE_SECONDS, 0.0
        while True:
            if time.monotonic() - swept > 6:
                workflows.sweep_now(self.runtime, full=True)
                swept = time.monotonic()
            self._hush()
            wrong = [problem for one in self.asked for problem in one.wrong()] or list(self._unanswered())
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise ChaosError("after a quiet time still:\n" + "\n".join(wrong))

    def _unanswered(self) -> Iterator[str]:
        """What was heard and has not been looked at yet, as when the worker that was at it is frozen."""
        with reading(self.runtime.engine) as session:
            if count := inbox.counts(session).get("received"):
                yield f"{count} deliveries have not been read"
            yield from (f"{partition} waits for its run" for partition in changes.partitions(session))

    def _rest(self) -> None:
        """Once all agrees, another look at everything writes nothing."""
        before = len(self._writes())
        workflows.sweep_now(self.runtime, full=True)
        self._hush()
        if more := self._writes()[before:]:
            raise ChaosError("it writes although nothing changed:\n" + "\n".join(more))
        if wrong := [problem for one in self.asked for problem in one.wrong()]:
            raise ChaosError("it agreed, and does no more:\n" + "\n".join(wrong))

    def _hush(self, seconds: float = 0.7) -> None:
        """Wait until no webhook is on its way and nobody has called for a while; not for ever."""
        deadline, since, calls = time.monotonic() + 20, time.monotonic(), -1
        while time.monotonic() - since < seconds and time.monotonic() < deadline:
            now = sum(len(site.simulator.log) for site in self.sites)
            if now != calls or any(site.busy() or site.simulator.in_flight for site in self.sites):
                calls, since = now, time.monotonic()
            time.sleep(0.05)

    def _writes(self) -> list[str]:
        calls = [call for site in self.sites for call in site.simulator.log if call.method != "GET"]
        return [f"{call.method} {call.path}" for call in calls if not _only_reads(call.path, call.body)]

    # The clock.

    def _new_day(self, later: int) -> None:
        """Ten in the morning in New York, so that no day ends while people work."""
        now = self.calendar.now() if self.days else datetime.now(UTC)
        self.morning = (now + timedelta(days=later)).replace(hour=15, minute=0, second=0, microsecond=0)
        self._ahead = self.morning - datetime.now(UTC)
        set_clock(self.clock, self._ahead)
        for site in self.sites:
            site.simulator.clock.offset = self._ahead
        for one in self.asked:
            one.wakes(self.morning)


def _only_reads(path: str, body: bytes) -> bool:
    if path.endswith("/batch"):
        return b'"post"' not in body and b'"put"' not in body and b'"delete"' not in body
    return path.endswith(("/bulkfetch", "/search/jql")) or "webhook" in path


@contextmanager
def chaos(folder: Path, database: str, seed: int, tell: Callable[[str], None]) -> Iterator[Chaos]:
    """A run with everything started; all its processes end with the block."""
    clock = folder / "clock"
    set_clock(clock, timedelta())
    program = PROGRAM.format(silent=SILENT_SECONDS, clock=str(clock))
    with installation(folder, database, config=CONFIG, program=program) as home:
        path = folder / "tminus.yaml"
        statuses = STATUS_FIELD.format(field=home.asana.fields["Status"])
        settings = path.read_text().replace("requests:", f"{statuses}requests:", 1)
        path.write_text(settings.replace("when: {issue_type: Webinar}, template: webinar", MIRROR))
        runtime = make_runtime(load(path), now=clock_of(clock))
        try:
            run = Chaos(home, runtime, Random(seed), clock, tell)
            run.open()
            yield run
        finally:
            runtime.engine.dispose()


def main() -> int:
    """Days until the minutes are over; exit status 1 where plan and trackers did not come to agree."""
    asked = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    asked.add_argument("--minutes", type=float, default=5)
    asked.add_argument("--days", type=int, default=MOST_DAYS)
    asked.add_argument("--sqlite", action="store_true", help="one process on a file, not three on PostgreSQL")
    wishes = asked.parse_args()
    os.environ |= {"JIRA_TOKEN": "sim-token", "ASANA_TOKEN": "sim-token", "TMINUS_SECRET_KEY": new_key()}

    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    tell(f"SEED={wishes.seed}")
    ends = time.monotonic() + wishes.minutes * 60
    with tempfile.TemporaryDirectory(prefix="tminus-chaos-") as name, ExitStack() as held:
        database = f"sqlite:///{name}/tminus.db"
        if not wishes.sqlite:
            database = held.enter_context(start_server()).create("chaos")
        with chaos(Path(name), database, wishes.seed, tell) as run:
            try:
                while time.monotonic() < ends and run.days < wishes.days:
                    run.day()
            except (ChaosError, AssertionError) as error:
                tell(f"SEED={wishes.seed}, day {run.days}: {error}")
                return 1
            tell(f"{run.days} days, {len(run.asked)} requests: everything agrees, nothing twice, nothing lost.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
