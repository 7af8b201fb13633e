"""`tminus demo`: everything is started, the story is told, and everything is ended again, whatever happens."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.demo.installation import Installation
    from service.demo.stage import Stage

WRONG, USAGE, INTERRUPTED = 1, 2, 130
START = 60.0
"""Seconds that the service may take to answer, on a machine that starts it for the first time."""
PAUSE = 1.2
"""Seconds for the eye after each step; none with --once."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story; status 1 where a promise broke.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Keep settings, database and log here; must be empty.")] = None,
) -> None:
    """The main job on two simulated trackers, live in the terminal, until Ctrl-C."""
    from service.demo.stage import Stage

    with _ending_on_signals(), _folder(folder) as place:
        status = _play(Stage(pause=0 if once else PAUSE), place, once=once)
        if status != WRONG and folder is None:
            shutil.rmtree(place)
    raise typer.Exit(status)


def _play(stage: Stage, folder: Path, *, once: bool) -> int:
    """Returns the exit status."""
    from connectors.asana.simulator import AsanaSimulator
    from connectors.jira.simulator import JiraSimulator
    from service.demo.desks import AsanaDesk, JiraDesk
    from service.demo.installation import set_up
    from service.demo.stage import Missing
    from service.demo.story import Story

    told = False
    status = 0
    with ExitStack() as held:
        try:
            jira, asana = held.enter_context(JiraSimulator()), held.enter_context(AsanaSimulator())
            installation = set_up(folder, jira, asana)
            service = held.enter_context(installation.serving())
            held.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not stop the stopping
            stage.heading("Two simulated trackers and the service start on this machine")
            addresses = f"  Jira    {jira.url}\n  Asana   {asana.url}\n  Tminus  {installation.url}/readyz"
            stage.say(f"{addresses}\n  with    {folder / 'tminus.yaml'}")
            try:
                _started(stage, installation, service)
                Story(stage, installation, JiraDesk(jira), AsanaDesk(asana)).tell()
            except Missing as error:
                status = WRONG
                _tell_missing(stage, error.problems, installation)
            told = True
            if not once:
                _serve_on(stage, installation, service, addresses)
                status = WRONG
        except KeyboardInterrupt:
            with suppress(OSError):  # the terminal may be the one that is gone
                stage.say("\nEnding.")
            status = status if told else INTERRUPTED
    return status


def _started(stage: Stage, installation: Installation, service: subprocess.Popen[bytes]) -> None:
    """The service answers, and both trackers call it. Raises `Missing`."""
    from service.demo.stage import Missing

    def unready() -> list[str]:
        if service.poll() is not None:
            raise Missing([f"the service: it ended by itself with status {service.returncode}"])
        return [] if installation.ready() else [f"the service at {installation.url}/readyz"]

    stage.wait("The service starts", unready, START)
    stage.heading("It connects to both, as you would: tminus connect")
    done = installation.run("connect")
    for line in done.stdout.splitlines():
        stage.say(f"  {line}")
    if done.returncode:
        raise Missing([f"the connections: `tminus connect` ended with status {done.returncode}"])


def _tell_missing(stage: Stage, problems: list[str], installation: Installation) -> None:
    stage.heading("Missing")
    for problem in problems:
        stage.say(f"  {problem}")
    stage.say(f"The service's log: {installation.log}")


def _serve_on(stage: Stage, installation: Installation, service: subprocess.Popen[bytes], addresses: str) -> None:
    """Returns only where the service ends by itself; else Ctrl-C ends it."""
    from service.demo.installation import TMINUS

    stage.heading("Act on the pages yourself; Tminus follows until Ctrl-C")
    stage.say(f"{addresses}\n  story   cd {installation.folder} && {TMINUS} campaigns")
    service.wait()
    stage.say(f"The service ended by itself with status {service.returncode}; its log: {installation.log}")


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """An empty folder."""
    if chosen is None:
        yield Path(tempfile.mkdtemp(prefix="tminus-demo-"))
        return
    chosen.mkdir(parents=True, exist_ok=True)
    if any(chosen.iterdir()):
        typer.echo(f"{chosen} is not empty\n    name a new folder, or none: each demo begins from nothing", err=True)
        raise typer.Exit(USAGE)
    yield chosen.resolve()


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """A closed terminal or a `kill` ends it as orderly as Ctrl-C does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
