"""The quick way to read plain YAML: libyaml finds the parts, YAML 1.2's core schema says what a word means.

It reads only what it cannot misread. Anything unusual (tags, aliases, doubled keys, odd numbers, a mistake) is left to
the careful reader in `service.config_file`, which is twenty times slower and tells mistakes with their line.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INT = re.compile(r"[-+]?(0|[1-9]\d*)")
_DECIMAL = re.compile(r"[-+]?\d+\.\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TEXT = re.compile(r"(?!<<|[.=])[^\W\d].*|\d+ [a-z_]+( .*)?", re.DOTALL)
"""Plain words that no schema takes for anything but text: a letter first, or an amount such as `3 business_days`."""
_TAG = re.compile(r"(^|[\s,\[{])!")
_DEEP = re.compile(r"^[ \t?-]{200}", re.MULTILINE)
_LINE_ENDS = ("\x85", "\u2028", "\u2029", "\ufeff")
"""What only YAML 1.1 takes for the end of a line, and the byte-order mark."""
_MOST_BRACKETS = 1_000


class Unusual(Exception):
    """Not for the quick way."""


if yaml.__with_libyaml__:

    class _Composer(yaml.cyaml.CParser):  # type: ignore[misc]  # no types
        """libyaml's nodes, with every word as it was written: the parser's questions about types go unanswered."""

        def descend_resolver(self, *_: Any) -> None:
            pass

        def ascend_resolver(self) -> None:
            pass

        def resolve(self, *_: Any) -> str:
            return ""


def plain_mapping(text: str) -> dict[str, Any]:
    """The text's mapping as plain data, dates as ISO texts; raises `Unusual`."""
    if not yaml.__with_libyaml__ or _is_unusual(text):
        raise Unusual
    try:
        root = _Composer(text).get_single_node()
    except yaml.YAMLError:
        raise Unusual from None
    if not isinstance(root, yaml.MappingNode):
        raise Unusual
    seen: set[int] = set()
    found: dict[str, Any] = _value(root, seen)
    return found


def _is_unusual(text: str) -> bool:
    """Directives, tags, other line ends, and nesting so deep that libyaml could end the process."""
    if text.startswith("%") or "\n%" in text or any(end in text for end in _LINE_ENDS):
        return True
    if "!" in text and _TAG.search(text):
        return True
    return text.count("[") + text.count("{") > _MOST_BRACKETS or bool(_DEEP.search(text))


def _value(node: yaml.Node, seen: set[int]) -> Any:
    kind = type(node)
    if kind is yaml.ScalarNode:
        return node.value if node.style else _plain(node.value)
    # A collection that is met again is an alias.
    if id(node) in seen:
        raise Unusual
    seen.add(id(node))
    if kind is yaml.SequenceNode:
        return [_value(entry, seen) for entry in node.value]
    entries = {_key(key): _value(value, seen) for key, value in node.value}
    if len(entries) != len(node.value):
        raise Unusual
    return entries


def _key(node: yaml.Node) -> str:
    key = node.value if type(node) is not yaml.ScalarNode or node.style else _plain(node.value)
    if not isinstance(key, str):
        raise Unusual
    return key


@lru_cache(maxsize=4096)
def _plain(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _TEXT.fullmatch(word):
        return word
    if _INT.fullmatch(word):
        return int(word)
    if _DECIMAL.fullmatch(word):
        return float(word)
    if _DATE.fullmatch(word):
        try:
            return date.fromisoformat(word).isoformat()
        except ValueError:
            raise Unusual from None
    raise Unusual
