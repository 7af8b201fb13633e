"""The documentation of the settings holds: nothing is missing, nothing is invented, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel

from connectors.registry import installed
from service.catalogue import Catalogue
from service.core.assigning import Role
from service.settings import AwayDays, Environment, Form, Listen, Person, RequestRule, Settings, check_against, load

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
NOT_IN_THE_FILE = {"api_tokens", "secret_keys", "log_level", "source"}


def documented(section: str) -> set[str]:
    """The settings in the first column of the tables below this heading."""
    (text,) = re.findall(rf"^#+ {re.escape(section)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def fields(*models: type[BaseModel]) -> set[str]:
    """The names of all fields of these."""
    return {name for model in models for name in model.model_fields}


def test_every_setting_of_the_file_is_documented() -> None:
    """The table of the file names each setting, and no other."""
    assert documented("The file") == fields(Settings) - NOT_IN_THE_FILE


def test_every_variable_is_documented() -> None:
    """The table of the environment names each `TMINUS_*` variable, and no other."""
    assert documented("The environment") == {f"TMINUS_{name.upper()}" for name in fields(Environment)}


def test_every_setting_of_a_request_rule_is_documented() -> None:
    """The table of the rules names each setting, and no other."""
    assert documented("`requests`") == fields(RequestRule)


def test_every_setting_of_a_form_is_documented() -> None:
    """The table of the forms names each setting, and no other."""
    assert documented("`forms`") == fields(Form)


@pytest.mark.parametrize("tracker", ["jira", "asana"])
def test_every_setting_of_a_connection_is_documented(tracker: str) -> None:
    """What all connections have and what this connector adds are in two tables."""
    common = documented("`connections`")
    assert documented(f"`tracker: {tracker}`") | common == fields(installed()[tracker].settings) | {"tracker"}


def test_the_small_parts_are_documented() -> None:
    """The web server's address and the days of an absence are explained in the text."""
    parts = {field.alias or name for part in (Listen, AwayDays) for name, field in part.model_fields.items()}
    assert not [name for name in parts if f"`{name}`" not in PAGE]


def test_every_setting_of_people_and_roles_is_documented() -> None:
    """Each of the two tables names every setting, and no other."""
    assert documented("`people`") == fields(Person)
    assert documented("`roles`") == fields(Role)


def test_the_example_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its secrets set, the example file has no mistake, and it fits the starter pack."""
    monkeypatch.chdir(tmp_path)
    secrets = {"JIRA_TOKEN": "x", "ASANA_TOKEN": "y", "TMINUS_SECRET_KEY": Fernet.generate_key().decode()}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = load(DOCS / "tminus.example.yaml")
    assert {connection.tracker for connection in settings.connections.values()} == {"jira", "asana"}
    check_against(settings, Catalogue.load(settings.templates))
