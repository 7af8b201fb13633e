"""Commands that run an installation: serve, work, connect, disconnect, doctor, campaigns, replay, sweep."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.errors import TrackerError
from service.commands.terminal import Refused, user

if TYPE_CHECKING:
    from fastapi import FastAPI

    from service.runtime import Runtime

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings file; else $TMINUS_CONFIG.")]
WRONG = 1
"""Exit status of a check that found something."""
DAY_OR_MINUTE = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
MOST_LISTED = 1_000


def serve(
    config: ConfigOption = None,
    work: Annotated[bool, typer.Option(help="Work on campaigns in this process too.")] = True,
) -> None:
    """Take webhooks, and work on campaigns, until Ctrl-C."""
    with ExitStack() as held:
        with _all_that_is_made_stays():
            from service import tracing
            from service.bootstrap import serving, working

            runtime = held.enter_context(installation(config, service=True))
            listen = runtime.settings.listen
            held.enter_context(tracing.sending())
            worker = held.enter_context(working(runtime)) if work else None
            _must_be_free(listen.host, listen.port)
            app = held.enter_context(serving(runtime, worker.ring if worker else _nobody))
        # At Python's own 5 ms, whoever computes keeps the thread waiting that stores and answers webhooks.
        sys.setswitchinterval(0.0005)
        _answer(app, listen.host, listen.port)


@contextmanager
def _all_that_is_made_stays() -> Iterator[None]:
    """Looking for garbage in it takes an eighth of the start, and later holds everybody up for a tenth of a second."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def work(
    config: ConfigOption = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Answer /metrics, /healthz and /readyz on this port.")
    ] = None,
) -> None:
    """Work on campaigns without taking webhooks, until Ctrl-C: further workers on PostgreSQL."""
    from service import tracing
    from service.bootstrap import working

    with installation(config, service=True) as runtime, tracing.sending(), working(runtime):
        if metrics_port:
            from service.web.app import make_worker_app

            host = runtime.settings.listen.host
            _must_be_free(host, metrics_port)
            _answer(make_worker_app(runtime), host, metrics_port)
            return
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()


def connect(
    connection: Annotated[str | None, typer.Argument(help="One connection; all where not named.")] = None,
    config: ConfigOption = None,
) -> None:
    """Subscribe to the trackers' webhooks. Run it while the service runs; as often as you like."""
    from service import people
    from service.connect import connect as connect_all

    with installation(config) as runtime:
        failed = False
        for name in _connections(runtime, connection):
            try:
                who = runtime.trackers[name].whoami()
                typer.echo(f"{name}: signed in as {who.name}")
                for result in connect_all(runtime, name):
                    typer.echo(f"{name}: {result.project}: {result.sentence}")
                    if result.by_hand:
                        typer.echo(f"    Secret to enter there (shown only now): {result.by_hand}")
                    failed = failed or not (result.ok or result.by_hand)
                for whom in people.look_up_all(runtime, name):
                    typer.echo(f"{name}: nobody there matches {whom}; the fallback role stands in")
            except TrackerError as error:  # the other connections are none the worse for it
                typer.echo(f"{name}: {error}; `tminus doctor` says how to mend it")
                failed = True
        if failed:
            raise typer.Exit(WRONG)


def disconnect(
    connection: Annotated[str | None, typer.Argument(help="One connection; all where not named.")] = None,
    config: ConfigOption = None,
) -> None:
    """End our subscriptions to the trackers' webhooks. Tasks stay as they are; run it as often as you like."""
    from service.disconnect import disconnect as disconnect_all

    with installation(config) as runtime:
        failed = False
        for name in _connections(runtime, connection):
            told = False
            try:
                for result in disconnect_all(runtime, name):
                    typer.echo(f"{name}: {result.project}: {result.sentence}")
                    told, failed = True, failed or not result.ok
            except TrackerError as error:  # the other connections are none the worse for it
                typer.echo(f"{name}: {error}; `tminus doctor` says how to mend it")
                failed = told = True
            if not told:
                typer.echo(f"{name}: there is no hook of ours")
        typer.echo(
            "Tasks stay as they are. A running service with these connections in its settings still sweeps them."
        )
        if failed:
            raise typer.Exit(WRONG)


def doctor(config: ConfigOption = None) -> None:
    """Say what is wrong and how to mend it. Exit status 1 where something is."""
    from service.doctor import examine

    with installation(config, migrate=False) as runtime:
        findings = list(examine(runtime))
    for about, finding in findings:
        typer.echo(f"{about}: {finding.problem}\n    {finding.remedy}")
    if findings:
        raise typer.Exit(WRONG)
    typer.echo("Nothing is wrong.")


def campaigns(
    config: ConfigOption = None,
    name: Annotated[str | None, typer.Argument(help="One request, such as MKT-12: its plan and its story.")] = None,
) -> None:
    """List the campaigns, or tell one: its tasks, and what happened and why."""
    from service.commands.shown import show_all, show_one

    with installation(config) as runtime:
        if name is None:
            show_all(runtime)
        elif not show_one(runtime, name):
            raise Refused(f"there is no campaign for `{name}`", "`tminus campaigns` lists them")


def replay(
    delivery: Annotated[str | None, typer.Argument(help="The id of one parked delivery.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every parked delivery.")] = False,
    campaign: Annotated[str | None, typer.Option(help="Those of one request, such as MKT-12.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=DAY_OR_MINUTE, help="Those received since then, UTC.")
    ] = None,
    dismissed: Annotated[bool, typer.Option("--dismiss", help="Let them go instead: nobody waits for them.")] = False,
    config: ConfigOption = None,
) -> None:
    """Run parked deliveries again, after what parked them has been mended; without arguments, list them."""
    from service.replay import dismiss, parked, replay_all

    with installation(config) as runtime:
        if delivery is None and not (everything or campaign or since):
            if dismissed:
                raise Refused("--dismiss needs to know which", "name one by its id, or choose with an option")
            _list_parked(runtime)
            return
        of = _partition(runtime, campaign) if campaign else None
        waiting = parked(runtime, partition=of, since=since.replace(tzinfo=UTC) if since else None)
        chosen = [row.id for row in waiting if delivery in (None, row.id)]
        if not chosen and delivery:
            raise Refused(f"no parked delivery has the id `{delivery}`", "`tminus replay` lists them")
        if dismissed:
            dismiss(runtime, chosen, user())
            typer.echo(f"{len(chosen)} will not be run again; what they told of stays as it is")
            return
        replay_all(runtime, chosen)
        typer.echo(f"{len(chosen)} will be run again by the worker within a second or so")


def sweep(
    full: Annotated[bool, typer.Option("--full", help="Look at every campaign that is not over, too.")] = False,
    config: ConfigOption = None,
) -> None:
    """Look now at everything that changed since the last sweep."""
    from service.workflows import sweep_now

    with installation(config) as runtime:
        typer.echo(f"{sweep_now(runtime, full=full)} tasks will be looked at by the worker within a second or so")


def _list_parked(runtime: Runtime) -> None:
    from service.replay import parked, subjects

    rows = parked(runtime, MOST_LISTED)
    about = subjects(runtime, rows)
    for row in rows:
        subject = f"  {about[row.id]}" if row.id in about else ""
        typer.echo(f"{row.id}  {row.received_at:%Y-%m-%d %H:%M}  {row.connection}{subject}  {row.reason}")
    typer.echo(
        "`tminus replay ID`, `--campaign`, `--since` or `--all` runs them again" if rows else "Nothing is parked."
    )


def _partition(runtime: Runtime, name: str) -> str:
    from service.replay import partition_named

    found = partition_named(runtime, name)
    if found is None:
        what = f"there is no campaign for `{name}`, and no tracker knows it"
        raise Refused(what, "`tminus replay` lists what is parked")
    return found


def _answer(app: FastAPI, host: str, port: int) -> None:
    """Until Ctrl-C, or until the process is told to end."""
    import uvicorn

    # uvicorn raises the signal once more after it has stopped: it must not kill us before the worker has stopped.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)


def _must_be_free(host: str, port: int) -> None:
    """Refused where something else listens: uvicorn would only log it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # what follows is the address again
        raise Refused(
            f"nothing can listen on port {port} of {host}: {reason}",
            "end what uses it, or choose another: `listen` in the settings, or --metrics-port",
        ) from None


def _nobody() -> None:
    """Nobody works in this process; a worker elsewhere looks every second."""


def _connections(runtime: Runtime, wanted: str | None) -> Iterator[str]:
    from service.config_checks import did_you_mean

    if wanted is None:
        yield from runtime.settings.connections
    elif wanted in runtime.settings.connections:
        yield wanted
    else:
        raise Refused(f"there is no connection `{wanted}`", did_you_mean(wanted, runtime.settings.connections))


@contextmanager
def installation(config: Path | None, *, service: bool = False, migrate: bool = True) -> Iterator[Runtime]:
    """Everything a command needs, for as long as the block lasts; raises `Refused` where it cannot be had.

    `service`: it logs, and it publishes the folder's templates.
    """
    from sqlalchemy.exc import DBAPIError

    from service.bootstrap import log_to_stderr, make_runtime
    from service.settings import load
    from service.store.engine import StoreError, is_unusable, make_engine, unusable
    from service.store.secrets import SecretError

    settings = load(config)
    if service:
        log_to_stderr(settings.log_level)
    try:
        runtime = make_runtime(settings, migrate=migrate, publish=service)
        try:
            yield runtime
        finally:
            runtime.engine.dispose()
    except (StoreError, SecretError) as error:
        raise Refused(str(error)) from None
    except DBAPIError as error:
        if not is_unusable(error):
            raise
        raise Refused(str(unusable(make_engine(settings.database.get_secret_value()), error))) from None
