"""`tminus simulate` and `tminus new-key`, as real processes."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from ruamel.yaml import YAML

from connectors.registry import installed

TMINUS = Path(sys.executable).with_name("tminus")


def signed_in(said: str) -> str:
    """As whom the settings that it told sign in."""
    [(_, told)] = YAML(typ="safe").load(said.partition("tminus.yaml\n")[2].partition("below")[0]).items()
    variable, _, secret = said.partition(".env\n")[2].strip().partition("=")
    connector = installed()[told.pop("tracker")]
    given = {name: secret if value == f"${{{variable}}}" else value for name, value in told.items()}
    assert secret in given.values()
    return connector.open(connector.settings.model_validate(given)).whoami().name


@pytest.mark.parametrize(("tracker", "end"), [("jira", signal.SIGINT), ("asana", signal.SIGTERM)])
def test_a_simulator_serves_until_it_is_told_to_end(tracker: str, end: signal.Signals) -> None:
    """It says where it serves, shows its page there, tells the settings that work, and ends with status 0."""
    with subprocess.Popen([TMINUS, "simulate", tracker], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert found, first
        assert httpx.get(found[0], follow_redirects=True).status_code == 200
        said = "".join(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        assert signed_in(said) == "Tminus"
        process.send_signal(end)
        assert process.wait(timeout=20) == 0


def test_a_taken_port_is_a_sentence() -> None:
    """A port that somebody else serves ends the command with status 2 and a remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([TMINUS, "simulate", "jira", "--port", port], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"port {port} cannot be served\n    name another port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_key_is_a_fernet_key() -> None:
    """Its one line can be used as it is."""
    key = subprocess.run([TMINUS, "new-key"], capture_output=True, check=True).stdout
    Fernet(key.strip())
