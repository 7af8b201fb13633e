"""Reads a YAML file so that every later complaint can name its line; knows nothing of what the settings mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from service.quick_yaml import Unusual, plain_mapping

Loc = tuple[str | int, ...]
"""The keys and list positions that lead to a value, as pydantic reports them."""

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BRACKET = re.compile(r"[\[\]{}]")
_DEEPEST = 500
"""Brackets open at once: no reader of YAML gets as deep, and the careful one takes half a minute to find that out."""

_TOO_DEEP = "too many parts inside one another"


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake and what to do about it; `line` counts from 1 and is None where no line is at fault."""

    file: str
    line: int | None
    message: str
    remedy: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}\n    {self.remedy}"


class ConfigError(Exception):
    """The configuration cannot be used; carries every mistake that was found, in the order of the file."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0)))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Document:
    """A file's content as plain data, and where each part of it stands."""

    path: Path
    text: str
    data: Mapping[str, Any]
    unusual: bool
    """Whether it has words that YAML readers may differ about, such as an unquoted time of day."""

    @cached_property
    def _marked(self) -> CommentedMap:
        """Read once more with the place of every part, because somebody asks for a line."""
        return _carefully(self.path, self.text)

    def line(self, loc: Loc) -> int:
        """The line of the deepest part of `loc` that the file has: for a missing key that of its parent."""
        line, node = 1, self._marked
        for part in loc:
            marks = getattr(node, "lc", None)
            if marks is None or not marks.data or part not in marks.data:
                break
            line, node = marks.data[part][0] + 1, node[part]
        return line

    def problem(self, loc: Loc, message: str, remedy: str) -> ConfigProblem:
        """A mistake at this place of the file."""
        return ConfigProblem(str(self.path), self.line(loc), message, remedy)


def read(path: Path) -> Document:
    """The file's content (YAML 1.2, UTF-8); raises `ConfigError` where it cannot be read at all."""
    text = _text(path)
    try:
        return Document(path, text, plain_mapping(text), unusual=False)
    except Unusual:
        return Document(path, text, _plain(_carefully(path, text)), unusual=True)


def _carefully(path: Path, text: str) -> CommentedMap:
    if _is_too_deep(text):
        raise ConfigError([_syntax(path, None, _TOO_DEEP)])
    try:
        # The round-trip loader is the one that keeps line numbers; it builds no objects from tags.
        marked = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError([_syntax(path, mark.line + 1 if mark else None, error.problem or "not YAML")]) from None
    except ReaderError as error:
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        raise ConfigError([_syntax(path, line, f"the character U+{error.character:04X} cannot be seen")]) from None
    except YAMLError as error:
        raise ConfigError([_syntax(path, None, str(error).splitlines()[0])]) from None
    except RecursionError:
        raise ConfigError([_syntax(path, None, _TOO_DEEP)]) from None
    except ValueError:
        raise ConfigError([_no_such_day(path, text)]) from None
    if not isinstance(marked, CommentedMap):
        raise ConfigError(
            [ConfigProblem(str(path), 1, "there are no settings in it", "write `name: value` lines at the left margin")]
        )
    return marked


def _is_too_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def fill_in(document: Document, variables: Mapping[str, str]) -> tuple[dict[str, Any], dict[Loc, ConfigProblem]]:
    """The data with every `${NAME}` replaced, and a problem for each place that names a variable nobody set."""
    problems: dict[Loc, ConfigProblem] = {}

    def walk(value: Any, loc: Loc) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(inner, (*loc, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, (*loc, position)) for position, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        for name in (name for name in _REFERENCE.findall(value) if not variables.get(name)):
            problems[loc] = document.problem(
                loc, f"the environment variable {name} is not set", f"export {name}, or write {name}=… into .env"
            )
        return _REFERENCE.sub(lambda match: variables.get(match[1]) or match[0], value)

    return walk(document.data, ()), problems


def is_reference(value: str) -> bool:
    """Whether it is one `${NAME}` and nothing else."""
    return _REFERENCE.fullmatch(value) is not None


def _text(path: Path) -> str:
    raw = b""
    try:
        raw = path.read_bytes()
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = ConfigProblem(str(path), line, "this is not UTF-8 text", "save the file as UTF-8")
    except FileNotFoundError:
        problem = ConfigProblem(
            str(path),
            None,
            "there is no such file",
            "name it with --config or TMINUS_CONFIG; see docs/tminus.example.yaml",
        )
    except OSError as error:
        problem = ConfigProblem(
            str(path), None, f"it cannot be read: {error.strerror}", "name a file that this user may read"
        )
    raise ConfigError([problem])


def _syntax(path: Path, line: int | None, words: str) -> ConfigProblem:
    if duplicate := re.match(r'found duplicate key "(.*?)" with value', words):  # the rest would quote the values
        return ConfigProblem(str(path), line, f"`{duplicate[1]}` stands here a second time", "keep one of the two")
    if r"'\t'" in words:
        return ConfigProblem(str(path), line, "a tab cannot indent YAML", "use spaces instead of the tab")
    if "mapping values are not allowed" in words:
        return ConfigProblem(str(path), line, "a colon ends a name here", "put a text that has one into quotes")
    return ConfigProblem(str(path), line, f"this is not valid YAML: {words}", "mend the line or the one before it")


def _no_such_day(path: Path, text: str) -> ConfigProblem:
    """The first date that no calendar has: the YAML library makes dates of such words, and cannot of this one."""
    for number, line in enumerate(text.splitlines(), start=1):
        for word in _DATE.findall(line):
            try:
                date.fromisoformat(word)
            except ValueError:
                return ConfigProblem(str(path), number, f"there is no day {word}", "write year-month-day")
    return _syntax(path, None, "a date or number that does not exist")


def _plain(value: Any) -> Any:
    """Plain dicts, lists and scalars; a date becomes its ISO text, because no setting is one."""
    if isinstance(value, CommentedMap):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(inner) for inner in value]
    if isinstance(value, TaggedScalar):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    for kind in (bool, int, float, str):  # ruamel's own scalar types carry formatting that pydantic need not see
        if isinstance(value, kind):
            return kind(value)
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one: for checks that run on data of any shape."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """`value` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []
