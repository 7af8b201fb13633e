"""What can be wrong with the settings beyond their shape, and how pydantic's complaints are told to a person."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from connectors.contract import ConnectorSettings
from service.config_file import ConfigProblem, Document, Loc, is_reference, mapping, sequence
from service.core.assigning import REQUESTER

REFERENCE_PAGE = "docs/reference/configuration.md"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ASKED = {
    "tuple_type": "should be a list, like [A, B]",
    "mapping_type": "should be `name: value` pairs",
    "dict_type": "should be `name: value` pairs",
    "model_type": "should be `name: value` pairs",
    "too_short": "should not be empty",
}
"""Where pydantic speaks of Python's types."""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A remedy for a name that does not exist."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(sorted(known))}" if known else "none is defined yet"


def explain(
    document: Document, error: ValidationError, model: type[BaseModel], prefix: Loc = ()
) -> Iterator[tuple[Loc, ConfigProblem]]:
    """pydantic's complaints with their line, in plain words; a value is never quoted, it may be a secret."""
    for details in error.errors(include_url=False):
        inner: Loc = tuple(part for part in details["loc"] if part != "[key]")
        loc = (*prefix, *inner)
        message, remedy = _words(details["type"], details["msg"], loc, inner, model)
        if details["type"] == "string_type" and isinstance(details["input"], int):
            remedy = "put it in quotes, so that YAML takes it as text"
        yield loc, document.problem(loc, message, remedy)


def _words(kind: str, said: str, loc: Loc, inner: Loc, model: type[BaseModel]) -> tuple[str, str]:
    name = dotted(loc)
    if kind == "missing":
        return f"`{name}` is missing", f"add it; {REFERENCE_PAGE} tells what belongs there"
    if kind == "extra_forbidden":
        return f"`{name}` is not a setting", did_you_mean(str(inner[-1]), _keys_beside(model, inner))
    return f"`{name}` {_ASKED.get(kind) or plain(said)}", f"correct it; {REFERENCE_PAGE} tells what belongs there"


def plain(said: str) -> str:
    """pydantic's sentence, so that it goes on after the name of a setting."""
    words = said.removeprefix("Value error, ").removeprefix("Input ")
    return words[:1].lower() + words[1:]


def dotted(loc: Loc) -> str:
    """`requests[1].template`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _keys_beside(model: type[BaseModel], loc: Loc) -> list[str]:
    """The fields that the mapping at `loc` may have; keys that people chose and list positions are stepped over."""
    for part in loc[:-1]:
        if part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)


def is_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret."""
    return annotation is SecretStr or any(is_secret(inner) for inner in get_args(annotation))


def literal_secrets(
    document: Document, connection: str, model: type[ConnectorSettings]
) -> Iterator[tuple[Loc, ConfigProblem]]:
    """Secrets written into the file itself."""
    given = mapping(document.data["connections"][connection])
    for name, field in model.model_fields.items():
        value = given.get(name)
        if value is None or not is_secret(field.annotation) or (isinstance(value, str) and is_reference(value)):
            continue
        loc = ("connections", connection, name)
        variable = f"{connection}_{name}".upper().replace("-", "_")
        yield (
            loc,
            document.problem(
                loc,
                f"`{dotted(loc)}` is a secret and must not stand in the file",
                f"put it into the environment: {name}: ${{{variable}}}",
            ),
        )


def containers(
    document: Document, connection: str, model: type[ConnectorSettings], own: Mapping[str, Any]
) -> Iterator[tuple[Loc, ConfigProblem]]:
    """Request rules whose `container` this connection could not have itself."""
    for position, rule in enumerate(sequence(document.data.get("requests"))):
        container = mapping(rule).get("container")
        if container is None or rule.get("connection") != connection:
            continue
        try:
            model.model_validate({**own, "container": container})
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False):
                if details["loc"][:1] == ("container",):
                    loc = ("requests", position, "container")
                    message = f"`{dotted(loc)}` {plain(details['msg'])}"
                    yield loc, document.problem(loc, message, f"name a container that `{connection}` can have")


def literal_password(document: Document) -> Iterator[ConfigProblem]:
    """A database password written into the file itself."""
    database = document.data.get("database")
    try:
        password = urlsplit(database).password if isinstance(database, str) else None
    except ValueError:  # not a URL at all, which the field's own check tells
        return
    if password and not is_reference(password):
        yield document.problem(
            ("database",),
            "the database password must not stand in the file",
            "put it into the environment: postgresql://tminus:${PGPASSWORD}@host/tminus",
        )


def event_sources(document: Document) -> Iterator[ConfigProblem]:
    """Sources of events whose secret stands in the file itself, or whose name is ours."""
    for name, secret in mapping(document.data.get("event_sources")).items():
        loc = ("event_sources", name)
        if name == "tminus":
            words = f"`{dotted(loc)}` is our own name, for what we see in the trackers"
            yield document.problem(loc, words, "choose another")
        if isinstance(secret, str) and not is_reference(secret):
            yield document.problem(
                loc,
                f"`{dotted(loc)}` is a secret and must not stand in the file",
                f"put it into the environment: {name}: ${{{name.upper().replace('-', '_')}_EVENTS_SECRET}}",
            )


def forms(document: Document) -> Iterator[ConfigProblem]:
    """Forms whose secret stands in the file itself, and those that file nothing or nowhere."""
    connections = mapping(document.data.get("connections"))
    for name, form in mapping(document.data.get("forms")).items():
        loc, told = ("forms", name), mapping(form)
        secret, connection = told.get("secret"), told.get("connection")
        if isinstance(secret, str) and not is_reference(secret):
            words = f"`{dotted((*loc, 'secret'))}` is a secret and must not stand in the file"
            variable = f"{name}_FORM_SECRET".upper().replace("-", "_")
            yield document.problem((*loc, "secret"), words, f"put it into the environment: secret: ${{{variable}}}")
        targets = list(mapping(told.get("fields")).values())
        if targets.count("title") + list(mapping(told.get("always"))).count("title") != 1:
            yield document.problem(loc, f"`{dotted(loc)}` needs one field that becomes the `title`", "map one to it")
        if isinstance(connection, str) and connection not in connections:
            yield document.problem(
                (*loc, "connection"), f"there is no connection `{connection}`", did_you_mean(connection, connections)
            )
        elif told.get("project") not in (known := sequence(mapping(connections.get(str(connection))).get("projects"))):
            words = f"`{dotted((*loc, 'project'))}` is none of the projects that `{connection}` serves"
            yield document.problem((*loc, "project"), words, did_you_mean(str(told.get("project")), [*map(str, known)]))


def dangling(document: Document) -> Iterator[ConfigProblem]:
    """Names that point at nothing. Runs on data of any shape, so that one mistake does not hide another."""
    people, roles = mapping(document.data.get("people")), mapping(document.data.get("roles"))
    for role, written in roles.items():
        for loc, person in _people_in(written, ("roles", role)):
            whom = [*people, *([] if _in_pool(loc) else [REQUESTER])]
            if person not in whom:
                message = f"the role `{role}` names the unknown person `{person}`"
                if person == REQUESTER:
                    message = f"the role `{role}` has the requester in a pool, which only people take turns in"
                yield document.problem(loc, message, did_you_mean(person, whom))
    fallback = document.data.get("fallback_role")
    if isinstance(fallback, str) and fallback not in roles:
        yield document.problem(("fallback_role",), f"there is no role `{fallback}`", did_you_mean(fallback, roles))
    elif isinstance(fallback, str) and REQUESTER in [person for _, person in _people_in(roles[fallback], ())]:
        yield document.problem(
            ("fallback_role",),
            f"the role `{fallback}` is the requester, whom the tracker may not know either",
            "name a role that is a person",
        )
    connections = mapping(document.data.get("connections"))
    for position, rule in enumerate(sequence(document.data.get("requests"))):
        name = mapping(rule).get("connection")
        if isinstance(name, str) and name not in connections:
            yield document.problem(
                ("requests", position, "connection"),
                f"there is no connection `{name}`",
                did_you_mean(name, connections),
            )
        for party, other in mapping(mapping(rule).get("mirror")).items():
            loc = ("requests", position, "mirror", party)
            if isinstance(other, str) and other not in connections:
                yield document.problem(loc, f"there is no connection `{other}`", did_you_mean(other, connections))
            elif other == name:
                words = f"the tasks of `{party}` stand in `{other}` anyway: the request is there"
                yield document.problem(loc, words, "name another connection, or leave the line out")


def _people_in(written: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Every person that a role names, in whatever form, with their place."""
    if isinstance(written, str):
        yield loc, written
    elif isinstance(written, list):
        for position, entry in enumerate(written):
            yield from _people_in(entry, (*loc, position))
    elif isinstance(written, Mapping):
        for key in ("chain", "pool", "otherwise"):
            yield from _people_in(written.get(key), (*loc, key))
        for value, people in mapping(written.get("pools")).items():
            yield from _people_in(people, (*loc, "pools", value))


def _in_pool(loc: Loc) -> bool:
    return not {"pool", "pools", "otherwise"}.isdisjoint(loc[2:])


def calendar_addresses(document: Document, values: Mapping[str, Any]) -> Iterator[tuple[Loc, ConfigProblem]]:
    """Calendars of absences that we may not fetch; `values` are the file's, with the environment filled in."""
    hosts = [str(host).lower() for host in sequence(values.get("calendar_hosts"))]
    for name, person in mapping(values.get("people")).items():
        address = mapping(person).get("away_ics")
        if isinstance(address, str) and "://" in address and (refused := refusal(address, hosts)):
            loc = ("people", name, "away_ics")
            yield loc, document.problem(loc, f"`{dotted(loc)}` {refused[0]}", refused[1])


def refusal(address: str, hosts: Collection[str]) -> tuple[str, str] | None:
    """Why this address may not be fetched, and what to do; None for one that may. Never quotes more than its host."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        return "should be an https address or the name of a file", "use the calendar's https address"
    if host not in hosts:
        return f"is at {host}, which is not among `calendar_hosts`", f"add {host} to `calendar_hosts`"
    return None


def shadowed(document: Document) -> Iterator[ConfigProblem]:
    """Request rules that can never be the first match, because an earlier one asks for the same or less."""
    rules = [mapping(rule) for rule in sequence(document.data.get("requests"))]
    for position, rule in enumerate(rules):
        wanted = _conditions(rule)
        for earlier_position, earlier in enumerate(rules[:position]):
            asked = _conditions(earlier)
            if asked and earlier.get("connection") == rule.get("connection") and asked <= wanted:
                line = document.line(("requests", earlier_position))
                yield document.problem(
                    ("requests", position),
                    f"this rule can never match: the rule on line {line} takes every such request first",
                    "remove it, or put it before that rule",
                )
                break


def _conditions(rule: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What a rule asks for, as it is compared: as text, without case."""
    return {(str(name).casefold(), str(value).casefold()) for name, value in mapping(rule.get("when")).items()}
