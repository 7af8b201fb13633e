"""`tminus login` and `tminus rotate-keys`, as real processes beside simulated trackers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from connectors.asana.simulator import AsanaSimulator
from connectors.jira.simulator import JiraSimulator
from tests.house import free_port
from tests.signed_in import Site

TMINUS = Path(sys.executable).with_name("tminus")
CONFIG = """
public_url: http://127.0.0.1:9
database: sqlite:///{folder}/tminus.db
people:
  dana: {{name: Dana Ops, email: dana.ops@example.com}}
roles: {{ops: dana, mops_lead: dana, sales: dana, stakeholder: requester}}
fallback_role: mops_lead
connections:
  site: {connection}
requests:
  - {{connection: site, when: {{section: Lists}}, template: list_import, inputs: {{list_file: title}}}}
"""


@dataclass
class Installation:
    """A folder with settings."""

    folder: Path
    redirect_url: str
    keys: str

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command of a person."""
        environment = {"PATH": "/usr/bin:/bin", "TMINUS_SECRET_KEY": self.keys, "SECRET": "sim-client-secret"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen([TMINUS, *words], cwd=self.folder, env=environment, **pipes)  # type: ignore[call-overload,no-any-return]

    def run(self, *words: str, typed: str = "") -> str:
        """All that it says."""
        with self.start(*words) as process:
            return process.communicate(typed, timeout=60)[0]


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Asana's, where a test does not name it."""
    with getattr(request, "param", AsanaSimulator)() as found:
        yield found


@pytest.fixture
def home(site: Site, tmp_path: Path) -> Installation:
    """Its only connection is to the site."""
    redirect_url = f"http://localhost:{free_port()}/callback"
    site.desk.redirect_urls.add(redirect_url)
    tracker = "jira" if isinstance(site, JiraSimulator) else "asana"
    told = {"tracker": tracker, **site.signed_in_connection(), "redirect_url": redirect_url}
    told["client_secret"] = "${SECRET}"
    (tmp_path / "tminus.yaml").write_text(CONFIG.format(folder=tmp_path, connection=json.dumps(told)))
    return Installation(tmp_path, redirect_url, Fernet.generate_key().decode())


def address_in(process: subprocess.Popen[str]) -> str:
    """What a person is told to open."""
    assert process.stdout
    for line in process.stdout:
        if line.strip().startswith("http"):
            return line.strip()
    raise AssertionError("no address was told")


@pytest.mark.parametrize("site", [JiraSimulator, AsanaSimulator], indirect=True)
def test_a_person_signs_in_with_a_browser(site: Site, home: Installation) -> None:
    """A call by somebody else does not disturb it; doctor asks for it before."""
    home.run("campaigns")
    assert "Sign in with `tminus login site`" in home.run("doctor")
    with home.start("login", "site") as process:
        address = address_in(process)
        assert "does not belong" in httpx.get(f"{home.redirect_url}?code=x&state=forged").text
        assert httpx.get(address, follow_redirects=True).text == "Signed in: you can close this page."
        said = process.communicate(timeout=30)[0]
    assert "site: signed in as Tminus" in said


def test_a_person_elsewhere_pastes_the_address(site: Site, home: Installation) -> None:
    """That of another sign-in is refused."""
    with home.start("login", "site", "--paste") as process:
        ended = httpx.get(address_in(process)).headers["location"]
        assert "signed in as Tminus" in process.communicate(ended + "\n", timeout=30)[0]
    assert "does not belong" in home.run("login", "site", "--paste", typed=ended + "\n")


def test_refusing_is_told(home: Installation) -> None:
    """With the vendor's word for it."""
    with home.start("login", "site") as process:
        state = httpx.URL(address_in(process)).params["state"]
        httpx.get(home.redirect_url, params={"state": state, "error": "access_denied"})
        assert "did not let us in: access_denied" in process.communicate(timeout=30)[0]
        assert process.returncode == 2


def test_keys_are_rotated(home: Installation) -> None:
    """Afterwards the old key is not needed."""
    with home.start("login", "site", "--paste") as process:
        ended = httpx.get(address_in(process)).headers["location"]
        process.communicate(ended + "\n", timeout=30)
    new = Fernet.generate_key().decode()
    home.keys = f"{new},{home.keys}"
    assert "2 secrets are encrypted with the first key" in home.run("rotate-keys")
    home.keys = new
    assert "tminus login" not in home.run("doctor")


def test_a_connection_with_a_token_needs_no_sign_in(site: Site, home: Installation) -> None:
    """It is said, with where to read on."""
    tracker = "jira" if isinstance(site, JiraSimulator) else "asana"
    told = {"tracker": tracker, **site.connection(), "token": "${SECRET}"}
    (home.folder / "tminus.yaml").write_text(CONFIG.format(folder=home.folder, connection=json.dumps(told)))
    said = home.run("login", "site")
    assert "has its token in the settings" in said
    assert "there is no connection `nowhere`" in home.run("login", "nowhere")
