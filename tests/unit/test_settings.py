"""The settings file: what a mistake says, where it points, and that secrets stay secret."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

import connectors
from connectors.registry import installed
from service.config_file import ConfigError, ConfigProblem
from service.core.template import Template
from service.settings import STARTER_TEMPLATES, Settings, check_against, load

PEBBLE = '''
"""A tracker of the tests' own."""
from typing import Literal
from pydantic import SecretStr
from connectors.contract import Connector, ConnectorSettings

class PebbleSettings(ConnectorSettings):
    url: str
    token: SecretStr
    container: Literal["subtasks", "project"] = "subtasks"

CONNECTOR = Connector("pebble", "Pebble", PebbleSettings, None, None, "connectors.pebble:Nothing")
'''

GOOD = """\
public_url: https://tminus.example.com/
people:
  dana: {name: Dana Ops, email: dana@example.com}
roles:
  ops: dana
  stakeholder: requester
fallback_role: ops
connections:
  rocks:
    tracker: pebble
    url: https://rocks.example.com
    token: ${ROCKS_TOKEN}
    projects: [ROCK]
requests:
  - connection: rocks
    when: {project: ROCK, issue_type: Webinar}
    template: webinar
    inputs: {webinar_date: Webinar date}
"""


@pytest.fixture
def pebble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One installed connector of the tests' own, so that no vendor's settings are needed here."""
    folder = tmp_path / "connectors" / "pebble"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PEBBLE)
    monkeypatch.setattr(connectors, "__path__", [str(folder.parent)])
    installed.cache_clear()
    yield
    installed.cache_clear()
    sys.modules.pop("connectors.pebble", None)


Loader = Callable[[str], Settings]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pebble: None) -> Loader:
    """Loads a file with this text, in a folder and an environment of its own."""
    monkeypatch.chdir(tmp_path)
    for variable in ("TMINUS_CONFIG", "TMINUS_DATABASE_URL", "TMINUS_LOG_LEVEL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ROCKS_TOKEN", "s3cret-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", Fernet.generate_key().decode())

    def load_text(text: str) -> Settings:
        Path("tminus.yaml").write_text(text, encoding="utf-8")
        return load()

    return load_text


def problems(given: Loader, text: str) -> list[ConfigProblem]:
    """What is wrong with this text."""
    with pytest.raises(ConfigError) as caught:
        given(text)
    return list(caught.value.problems)


def problem(given: Loader, text: str) -> ConfigProblem:
    """The one thing that is wrong with this text."""
    (only,) = problems(given, text)
    return only


def test_a_complete_file_becomes_settings(given: Loader) -> None:
    """Every part arrives checked, the connection's own part as its connector's class."""
    settings = given(GOOD)
    assert settings.public_url == "https://tminus.example.com"
    assert settings.people["dana"].email == "dana@example.com"
    assert {name: role.chain for name, role in settings.roles.items()} == {
        "ops": ("dana",),
        "stakeholder": ("requester",),
    }
    rocks = settings.connections["rocks"]
    assert (rocks.tracker, rocks.settings.projects) == ("pebble", ("ROCK",))
    assert rocks.settings.token.get_secret_value() == "s3cret-token"  # type: ignore[attr-defined]
    assert settings.requests[0].when == {"project": "ROCK", "issue_type": "Webinar"}
    assert settings.database.get_secret_value() == "sqlite:///tminus.db"
    assert settings.templates == STARTER_TEMPLATES
    assert (settings.listen.host, settings.listen.port, settings.max_body_kb) == ("127.0.0.1", 8000, 1024)


def test_numbers_and_yes_no_in_a_rule_are_texts(given: Loader) -> None:
    """A rule's wanted values can be compared with a tracker's fields whatever way they were typed."""
    settings = given(GOOD.replace("project: ROCK, issue_type: Webinar", "a: 1, b: true, c: 2027-01-21"))
    assert settings.requests[0].when == {"a": "1", "b": "true", "c": "2027-01-21"}


def test_settings_cannot_be_changed(given: Loader) -> None:
    """What was checked at the start stays what it is."""
    with pytest.raises(ValueError, match="frozen"):
        given(GOOD).public_url = "https://elsewhere.example.com"  # type: ignore[misc]


def test_secrets_never_show(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr, str, model_dump nor JSON of the settings contains a secret."""
    monkeypatch.setenv("PG", "s3cret-database")
    key = Fernet.generate_key().decode()
    monkeypatch.setenv("TMINUS_SECRET_KEY", key)
    settings = given(GOOD + "database: postgresql://tminus:${PG}@db/tminus\n")
    assert "s3cret-database" in settings.database.get_secret_value()
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "s3cret" not in shown
        assert key not in shown
        assert "rocks.example.com" in shown


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token: ${ROCKS_TOKEN}", "token: s3cret-literal"),
        ("token: ${ROCKS_TOKEN}", "token: [s3cret-literal]"),
        ("token: ${ROCKS_TOKEN}", "token: s3cret-${ROCKS_TOKEN}"),
        ("token: ${ROCKS_TOKEN}", "tokn: s3cret-literal"),
        ("token: ${ROCKS_TOKEN}", "token: ${ROCKS_TOKEN}\n    token: s3cret-literal"),
        ("public_url:", "database: postgresql://tminus:s3cret-literal@db/tminus\npublic_url:"),
        ("public_url:", "database: mysql://tminus:s3cret-literal@db/tminus\npublic_url:"),
    ],
)
def test_an_error_never_quotes_a_secret(given: Loader, old: str, new: str) -> None:
    """Not even a secret that was written where it does not belong."""
    with pytest.raises(ConfigError) as caught:
        given(GOOD.replace(old, new))
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_literal_secret_is_refused(given: Loader) -> None:
    """The remedy shows the line to write instead."""
    found = problem(given, GOOD.replace("${ROCKS_TOKEN}", "abc"))
    assert (found.line, found.message) == (12, "`connections.rocks.token` is a secret and must not stand in the file")
    assert found.remedy == "put it into the environment: token: ${ROCKS_TOKEN}"


def test_a_literal_database_password_is_refused(given: Loader) -> None:
    """A password inside the database URL is a secret too."""
    found = problem(given, GOOD + "database: postgresql://tminus:abc@db/tminus\n")
    assert found.line == 19
    assert "postgresql://tminus:${PGPASSWORD}@" in found.remedy


def test_an_unset_variable_is_named_with_its_line(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, line, variable and remedy, once."""
    monkeypatch.delenv("ROCKS_TOKEN")
    assert str(problem(given, GOOD)) == (
        "tminus.yaml:12: the environment variable ROCKS_TOKEN is not set\n"
        "    export ROCKS_TOKEN, or write ROCKS_TOKEN=… into .env"
    )


def test_env_file_is_read_and_the_environment_wins(
    given: Loader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` in the working folder fills what the environment leaves open."""
    monkeypatch.delenv("ROCKS_TOKEN")
    (tmp_path / ".env").write_text("ROCKS_TOKEN=from-file\nTMINUS_LOG_LEVEL=DEBUG\n")
    settings = given(GOOD)
    assert settings.connections["rocks"].settings.token.get_secret_value() == "from-file"  # type: ignore[attr-defined]
    assert settings.log_level == "DEBUG"
    monkeypatch.setenv("ROCKS_TOKEN", "from-environment")
    token = load().connections["rocks"].settings.token  # type: ignore[attr-defined]
    assert token.get_secret_value() == "from-environment"


def test_the_environment_replaces_the_database(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """TMINUS_DATABASE_URL wins over the file, and PostgreSQL gets the driver that is installed."""
    monkeypatch.setenv("TMINUS_DATABASE_URL", "postgresql://tminus:pw@db/tminus")
    assert given(GOOD).database.get_secret_value() == "postgresql+psycopg://tminus:pw@db/tminus"


def test_secret_keys_can_be_rotated(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several keys stand with commas between them, the newest first."""
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    monkeypatch.setenv("TMINUS_SECRET_KEY", f"{keys[0]}, {keys[1]}")
    assert [key.get_secret_value() for key in given(GOOD).secret_keys] == keys


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TMINUS_SECRET_KEY", "", "TMINUS_SECRET_KEY is not set"),
        ("TMINUS_SECRET_KEY", "too-short", "TMINUS_SECRET_KEY should be 32 bytes"),
        ("TMINUS_SECRET_KEY", ",", "TMINUS_SECRET_KEY should be 32 bytes"),
        ("TMINUS_DATABASE_URL", "mysql://db/tminus", "TMINUS_DATABASE_URL should begin with sqlite:///"),
        ("TMINUS_LOG_LEVEL", "LOUD", "TMINUS_LOG_LEVEL should be 'DEBUG'"),
        ("TMINUS_CONFIG", "elsewhere.yaml", "there is no such file"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    given: Loader, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """The service does not start with a TMINUS_* variable that it cannot use."""
    monkeypatch.setenv(variable, value)
    assert problem(given, GOOD).message.startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "remedy"),
    [
        ("people:", "peple:", 2, "`peple` is not a setting", "did you mean `people`?"),
        ("email: dana", "mail: dana", 3, "`people.dana.mail` is not a setting", "did you mean `email`?"),
        ("    url:", "    ulr:", 11, "`connections.rocks.ulr` is not a setting", "did you mean `url`?"),
        ("inputs:", "input:", 18, "`requests[0].input` is not a setting", "did you mean `inputs`?"),
        ("tracker: pebble", "tracker: peble", 10, "there is no tracker `peble`", "did you mean `pebble`?"),
        ("    tracker: pebble\n", "", 9, "`connections.rocks.tracker` is missing", "known here: pebble"),
        ("ops: dana", "ops: dane", 5, "the role `ops` names the unknown person `dane`", "did you mean `dana`?"),
        ("role: ops", "role: opps", 7, "there is no role `opps`", "did you mean `ops`?"),
        ("role: ops", "role: stakeholder", 7, "the role `stakeholder` is the requester", "name a role that"),
        ("connection: rocks", "connection: rock", 15, "there is no connection `rock`", "did you mean `rocks`?"),
        ("    inputs:", "    mirror: {ops: rock}\n    inputs:", 18, "there is no connection `rock`", "did you mean"),
        ("    inputs:", "    mirror: {ops: rocks}\n    inputs:", 18, "tasks of `ops` stand in `rocks`", "name another"),
        ("    inputs:", "    mirror: {oops: rocks}\n    inputs:", 18, "mirror.oops` should be", "correct it"),
        ("public_url: https:", "public_url: ftp:", 1, "`public_url` should be a web address", "correct it"),
        ("dana@example.com", "dana", 3, "`people.dana.email` should be an e-mail", "correct it"),
        ("{project: ROCK, issue_type: Webinar}", "{}", 16, "`requests[0].when` should not be empty", "correct it"),
        ("[ROCK]", "ROCK", 13, "`connections.rocks.projects` should be a list, like [A, B]", "correct it"),
        ("{project: ROCK, issue_type: Webinar}", "ROCK", 16, "`requests[0].when` should be `name:", "correct it"),
        ("[ROCK]", "[1203]", 13, "`connections.rocks.projects[0]` should be a valid string", "put it in quotes"),
        ("  rocks:", "  our rocks:", 9, "`connections.our rocks` is not a name", "correct it"),
        ("    template: webinar\n", "", 15, "`requests[0].template` is missing", "add it"),
        ("template: webinar", "template: webinar\n    container: shed", 18, "`requests[0].container` should", "name a"),
        ("public_url:", "listen: {port: 99999}\npublic_url:", 1, "`listen.port` should be less than", "correct it"),
        ("public_url:", "sweep_seconds: 90\npublic_url:", 1, "`sweep_seconds` should be 1 to 59", "correct it"),
        ("public_url:", "templates: nowhere\npublic_url:", 1, "there is no folder nowhere", "name a folder"),
    ],
)  # fmt: skip
def test_a_mistake_names_line_and_remedy(
    given: Loader, old: str, new: str, line: int, message: str, remedy: str
) -> None:
    """Each kind of mistake is told in words, at its line, with what to do."""
    assert old in GOOD
    found = next(p for p in problems(given, GOOD.replace(old, new)) if message in p.message)
    assert (found.file, found.line) == ("tminus.yaml", line)
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (GOOD + "roles: {}\n", 19, "`roles` stands here a second time"),
        (GOOD.replace("  ops:", "\tops:"), 5, "a tab cannot indent YAML"),
        ("a: [1,\n", 2, "this is not valid YAML"),
        ("a: 1\n---\nb: 1\n", 2, "this is not valid YAML"),
        ("", 1, "there are no settings in it"),
        ("- a\n", 1, "there are no settings in it"),
        ("a: \x07\n", 1, "the character U+0007 cannot be seen"),
    ],
)
def test_a_file_that_is_not_yaml_names_the_line(given: Loader, text: str, line: int | None, message: str) -> None:
    """Duplicate keys, tabs and broken syntax are refused before anything else is looked at."""
    found = problem(given, text)
    assert found.line == line
    assert message in found.message


def test_a_file_that_is_not_utf8_names_the_line(given: Loader) -> None:
    """A file saved in another encoding says so."""
    Path("latin.yaml").write_bytes(b"public_url: https://x.example\npeople: \xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2: this is not UTF-8 text"):
        load(Path("latin.yaml"))


def test_a_missing_file_says_how_to_name_one(given: Loader) -> None:
    """The remedy tells where the file's name comes from."""
    with pytest.raises(ConfigError, match=r"gone\.yaml: there is no such file\n.*--config or TMINUS_CONFIG"):
        load(Path("gone.yaml"))


@pytest.mark.parametrize(
    "later",
    [
        "{project: ROCK, issue_type: Webinar}",
        "{project: rock, issue_type: webinar}",
        "{issue_type: Webinar, project: ROCK, form: X}",
    ],
)
def test_a_rule_behind_an_equal_or_wider_one_is_a_mistake(given: Loader, later: str) -> None:
    """The first match wins, so such a rule would never run."""
    found = problem(given, GOOD + f"  - connection: rocks\n    when: {later}\n    template: other\n")
    assert found.line == 19
    assert found.message == "this rule can never match: the rule on line 15 takes every such request first"


def test_a_narrower_rule_may_stand_first(given: Loader) -> None:
    """Special cases before the general one are how rules are meant to be written."""
    wider = "  - connection: rocks\n    when: {project: ROCK}\n    template: other\n"
    assert [rule.template for rule in given(GOOD + wider).requests] == ["webinar", "other"]


def test_all_mistakes_are_told_at_once(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes of different kinds do not hide each other, and come in the order of the file."""
    monkeypatch.delenv("TMINUS_SECRET_KEY")
    text = (
        GOOD.replace("https://tminus", "ftp://tminus")
        .replace("ops: dana", "ops: nobody")
        .replace("url: https://r", "uri: https://r")
    )
    text = text.replace("connection: rocks", "connection: rubble")
    found = problems(given, text)
    assert [(p.file, p.line) for p in found] == [
        ("environment", None),
        *[("tminus.yaml", line) for line in (1, 5, 9, 11, 15)],
    ]


def test_templates_are_found_beside_the_file(given: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder counts from the file, not from where the command was started."""
    (tmp_path / "recipes").mkdir()
    given(GOOD + "templates: recipes\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load(tmp_path / "tminus.yaml").templates == tmp_path / "recipes"


@dataclass
class Templates:
    """As much of a catalogue as the check looks at."""

    templates: dict[str, Template]


WEBINAR = Template.model_validate(
    {
        "id": "webinar",
        "version": 1,
        "title": "Webinar",
        "calendar": "office",
        "inputs": {"webinar_date": {"type": "date"}},
        "tasks": {
            "page": {"title": "Page", "party": "ops"},
            "review": {"title": "Review", "party": "ops", "owner": "role:lead"},
            "brief": {"title": "Brief", "party": "requester"},
        },
    }
)


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        (
            GOOD.replace("template: webinar", "template: webinr"),
            17,
            "there is no template `webinr`",
            "did you mean `webi",
        ),
        (GOOD.replace("{webinar_date:", "{date:"), 18, "`webinar` has no input `date`", "known here: webinar_date"),
        (GOOD, 4, "gives work to the role `lead`, which nobody holds", "add `lead: <a person or requester>`"),
    ],
)
def test_rules_and_roles_must_fit_the_templates(given: Loader, text: str, line: int, message: str, remedy: str) -> None:
    """A rule for an unknown template or input, or a role that nobody holds, is a mistake in the settings."""
    with pytest.raises(ConfigError) as caught:
        check_against(given(text), Templates({"webinar": WEBINAR}))
    found = next(problem for problem in caught.value.problems if message in problem.message)
    assert found.line == line
    assert remedy in found.remedy


def test_settings_that_fit_their_templates_pass(given: Loader) -> None:
    """`requester` needs no entry, and templates that no rule names do not count."""
    other = WEBINAR.model_copy(update={"id": "other"})
    fitting = GOOD.replace("  ops: dana", "  ops: dana\n  lead: dana")
    check_against(given(fitting), Templates({"webinar": WEBINAR, "other": other}))
