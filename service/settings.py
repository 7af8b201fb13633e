"""What one installation is told: a YAML file, and the environment for secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.contract import ConnectorSettings
from connectors.registry import installed
from service import config_checks
from service.config_checks import did_you_mean, plain
from service.config_file import ConfigError, ConfigProblem, Document, Loc, fill_in, mapping, read
from service.core.assigning import REQUESTER, Role
from service.core.form import FormMap
from service.core.raci import roles_named
from service.core.template import Party, Template
from service.environment import variables

STARTER_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
NEW_KEY = "run `tminus new-key` and write TMINUS_SECRET_KEY=<the key> into .env"
SHORTEST_SECRET = 16
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a web address such as https://tminus.example.com")
    return value.rstrip("/")


def _database(value: SecretStr) -> SecretStr:
    scheme, colon, rest = value.get_secret_value().partition(":")
    if not colon or scheme not in DATABASES:
        raise ValueError("should begin with sqlite:/// or postgresql://")
    # SQLAlchemy would take the bare name for psycopg2, which is not installed.
    return SecretStr(f"postgresql+psycopg:{rest}") if scheme == "postgresql" else value


def _text(value: Any) -> Any:
    """Numbers and yes/no as the texts that tracker fields are compared with."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _split(keys: SecretStr) -> list[str]:
    return [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]


def _fernet_keys(value: SecretStr) -> SecretStr:
    try:
        for key in _split(value) or [""]:
            Fernet(key)
    except ValueError:
        raise ValueError(f"should be 32 bytes in url-safe base64: {NEW_KEY}") from None
    return value


def _event_secrets(value: SecretStr) -> SecretStr:
    if not all(len(secret) >= SHORTEST_SECRET for secret in _split(value) or [""]):
        raise ValueError(f"should have {SHORTEST_SECRET} characters or more: `openssl rand -hex 32` makes one")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", value):
        raise ValueError("is not a name: use letters, digits, - and _, a letter first")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError("should be an e-mail address")
    return value


def _day(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("should be a day, written as year-month-day: 2026-12-24")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is no day of the calendar; write it as year-month-day: 2026-12-24") from None


def _host(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9.:-]+", value.lower()):
        raise ValueError("should be the name of a host, such as calendar.example.com")
    return value.lower()


def _cron_can_tell(value: int) -> int:
    if not 1 <= value < 60 and not (value % 60 == 0 and 60 <= value < 3600):
        raise ValueError("should be 1 to 59, or whole minutes: 60, 120, … 3540")
    return value


Name = Annotated[str, AfterValidator(_name)]
FieldText = Annotated[str, BeforeValidator(_text)]
Day = Annotated[date, BeforeValidator(_day)]


class Part(BaseModel):
    """A piece of the settings: unknown keys are mistakes, and nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class AwayDays(Part):
    """Days on which somebody is not there."""

    from_: Day = Field(alias="from")
    to: Day
    """The last day away."""

    @model_validator(mode="after")
    def _in_order(self) -> AwayDays:
        if self.to < self.from_:
            raise ValueError(f"ends on {self.to}, before it begins on {self.from_}")
        return self


class Person(Part):
    """Somebody who can own tasks; each tracker is asked for the account behind the e-mail address."""

    name: str
    email: Annotated[str, AfterValidator(_email)]
    limit: int | None = Field(default=None, ge=1)
    """Open subtasks that they take at once, where a chain or a pool chooses."""
    away: tuple[AwayDays, ...] = ()
    away_ics: SecretStr | None = None
    """An ICS calendar of their absences: an https address of one of `calendar_hosts`, or a file beside the settings.
    Secret, because whoever knows such an address can read the calendar."""


class Listen(Part):
    """Where the service's own web server listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


class RequestRule(Part):
    """Which request starts which template."""

    connection: str
    when: Mapping[str, FieldText] = Field(min_length=1)
    """Fields of the tracker's task, by name or id, and the text each must have; all must match."""
    template: str
    inputs: Mapping[str, FieldText] = {}
    """Template input → the tracker's field it is read from (`due_on`, `title` and `text` too)."""
    container: str | None = None
    """Where these campaigns' tasks live, where it is not the connection's own choice."""
    mirror: Mapping[Party, Name] = {}
    """Party → the connection in which its tasks stand too, below a task in the first of its projects."""


class Form(FormMap, Part):
    """A form whose submissions become requests."""

    secret: Annotated[SecretStr, AfterValidator(_event_secrets)]
    """Signs each submission; two while one takes the other's place."""
    connection: Name
    project: FieldText


class Connection(Part):
    """One configured site or workspace and its credentials."""

    name: str
    tracker: str
    settings: SerializeAsAny[ConnectorSettings]


class _File(Part):
    """The shape of the file; what stands under a connection is its connector's to judge."""

    public_url: Annotated[str, AfterValidator(_web_address)]
    """Where the trackers reach us, without a slash at the end."""
    database: Annotated[SecretStr, AfterValidator(_database)] = SecretStr("sqlite:///tminus.db")
    """A SQLAlchemy URL; secret as a whole, because it may carry a password."""
    templates: Path = STARTER_TEMPLATES
    listen: Listen = Listen()
    max_body_kb: int = Field(default=1024, gt=0)
    sweep_seconds: Annotated[int, AfterValidator(_cron_can_tell)] = 300
    """Between two catch-ups that find what hooks missed."""
    people: Mapping[Name, Person]
    calendar_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
    """The hosts from which calendars of absences may be fetched."""
    roles: Mapping[Name, Role]
    fallback_role: str
    """Owns the tasks that nobody of their role can take."""
    connections: Mapping[Name, Any] = Field(min_length=1)
    requests: tuple[RequestRule, ...] = Field(min_length=1)
    forms: Mapping[Name, Form] = {}
    """Forms that may file requests, each under the last part of its address."""
    event_sources: Mapping[Name, Annotated[SecretStr, AfterValidator(_event_secrets)]] = {}
    """Who may post events, each with the secret that signs them, or with two while one takes the other's place."""


class Settings(_File):
    """Everything one installation is told, checked. Its secrets show as asterisks wherever it is printed."""

    connections: Mapping[Name, Connection]
    api_tokens: tuple[SecretStr, ...] = ()
    """Who sends one of these may ask the API; without any it is closed."""
    secret_keys: tuple[SecretStr, ...]
    """Fernet keys for the secrets of hooks at rest: the first encrypts, all decrypt."""
    log_level: str
    source: Path
    """The file it was read from."""


class Environment(BaseSettings):
    """The `TMINUS_*` variables, from the environment or from `.env` in the working folder."""

    model_config = SettingsConfigDict(
        env_prefix="TMINUS_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    config: Path = Path("tminus.yaml")
    """The settings file."""
    database_url: Annotated[SecretStr, AfterValidator(_database)] | None = None
    """Takes precedence over `database:`."""
    secret_key: Annotated[SecretStr, AfterValidator(_fernet_keys)] | None = None
    """One Fernet key, or several with commas between them; the first encrypts, all decrypt."""
    api_tokens: Annotated[SecretStr, AfterValidator(_event_secrets)] | None = None
    """Tokens for the API, with commas between them."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


def load(path: Path | None = None) -> Settings:
    """The settings of this installation; raises `ConfigError` with every mistake in the file and the environment.

    `path` is the file; None: the one that TMINUS_CONFIG names, else `tminus.yaml` in the working folder.
    """
    environment = _environment()
    document = read(path or environment.config)
    loading = _Loading(document)
    shape, connections = loading.shape(), dict(loading.connections())
    mistakes = list(loading.problems.values())
    secrets = (config_checks.literal_password, config_checks.event_sources, config_checks.forms)
    for check in (*secrets, config_checks.dangling, config_checks.shadowed):
        mistakes += check(document)
    if environment.secret_key is None:
        mistakes.append(ConfigProblem("environment", None, "TMINUS_SECRET_KEY is not set", NEW_KEY))
    if mistakes or shape is None or environment.secret_key is None:
        raise ConfigError(mistakes)
    told = {name: getattr(shape, name) for name in _File.model_fields} | {"connections": connections}
    if environment.database_url:
        told["database"] = environment.database_url
    keys = tuple(SecretStr(key) for key in _split(environment.secret_key))
    tokens = tuple(SecretStr(token) for token in _split(environment.api_tokens or SecretStr("")))
    return Settings(**told, api_tokens=tokens, secret_keys=keys, log_level=environment.log_level, source=document.path)


def templates_folder() -> Path:
    """The folder of the settings file, where there is one that names it, else the starter pack; asks for no secrets."""
    path = _environment().config
    if path.is_file() and isinstance(folder := read(path).data.get("templates"), str):
        return path.parent / folder
    return STARTER_TEMPLATES


class HasTemplates(Protocol):
    """The part of a catalogue that settings are held against."""

    @property
    def templates(self) -> Mapping[str, Template]:
        """By id."""
        ...


def check_against(settings: Settings, catalogue: HasTemplates) -> None:
    """Raise `ConfigError` where the request rules or the roles do not fit the templates they start."""
    document = read(settings.source)
    problems = []
    roles = {REQUESTER, *settings.roles}
    for position, rule in enumerate(settings.requests):
        loc = ("requests", position, "template")
        template = catalogue.templates.get(rule.template)
        if template is None:
            remedy = (
                f"{did_you_mean(rule.template, catalogue.templates)}\n    `tminus templates check` tells of broken ones"
            )
            problems.append(document.problem(loc, f"there is no template `{rule.template}`", remedy))
            continue
        for name in sorted(rule.inputs.keys() - template.inputs.keys()):
            message = f"the template `{template.id}` has no input `{name}`"
            remedy = did_you_mean(name, template.inputs)
            problems.append(document.problem(("requests", position, "inputs", name), message, remedy))
        for role in sorted(roles_named(template).working - roles):
            message = f"the template `{template.id}` gives work to the role `{role}`, which nobody holds"
            roles.add(role)
            problems.append(document.problem(("roles",), message, f"add `{role}: <a person or {REQUESTER}>`"))
    if problems:
        raise ConfigError(problems)


def _environment() -> Environment:
    try:
        return Environment()
    except ValidationError as error:
        raise ConfigError(
            ConfigProblem(
                "environment", None, f"TMINUS_{str(d['loc'][0]).upper()} {plain(d['msg'])}", "correct or unset it"
            )
            for d in error.errors(include_url=False, include_input=False)
        ) from None


class _Loading:
    """One reading of one file; collects the problems by their place, the first of each place."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.data, self.problems = fill_in(document, variables())

    def shape(self) -> _File | None:
        """The file without what only a connector understands."""
        values = dict(self.data)
        if isinstance(folder := values.get("templates"), str):
            values["templates"] = self.document.path.parent / folder
            if not values["templates"].is_dir():
                self._note(("templates",), f"there is no folder {values['templates']}", "name a folder with templates")
        self._keep(config_checks.calendar_addresses(self.document, values))
        try:
            return _File.model_validate(values)
        except ValidationError as error:
            self._explain(error, _File)
            return None

    def connections(self) -> Iterator[tuple[str, Connection]]:
        """Each connection as its connector's own settings class understands it."""
        for name, given in mapping(self.data.get("connections")).items():
            tracker = mapping(given).get("tracker")
            connector = installed().get(str(tracker))
            if connector is None:
                message = f"there is no tracker `{tracker}`" if tracker else f"`connections.{name}.tracker` is missing"
                self._note(("connections", name, "tracker"), message, did_you_mean(str(tracker), installed()))
                continue
            own = {key: value for key, value in given.items() if key != "tracker"}
            self._keep(config_checks.literal_secrets(self.document, name, connector.settings))
            self._keep(config_checks.containers(self.document, name, connector.settings, own))
            try:
                yield (
                    name,
                    Connection(name=name, tracker=connector.name, settings=connector.settings.model_validate(own)),
                )
            except ValidationError as error:
                self._explain(error, connector.settings, ("connections", name))

    def _note(self, loc: Loc, message: str, remedy: str) -> None:
        self.problems.setdefault(loc, self.document.problem(loc, message, remedy))

    def _keep(self, problems: Iterable[tuple[Loc, ConfigProblem]]) -> None:
        for loc, problem in problems:
            self.problems.setdefault(loc, problem)

    def _explain(self, error: ValidationError, model: type[BaseModel], prefix: Loc = ()) -> None:
        self._keep(config_checks.explain(self.document, error, model, prefix))
