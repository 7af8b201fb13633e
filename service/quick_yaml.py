"""The quick way to read plain YAML: libyaml finds the parts, YAML 1.2's core schema says what a word means.

It reads only what it cannot misread. Anything unusual (tags, aliases, doubled keys, odd numbers, a mistake) is left to
the careful reader in `service.config_file`, which is twenty times slower and tells mistakes with their line.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import yaml
from yaml.resolver import BaseResolver

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INT = re.compile(r"[-+]?(0|[1-9]\d*)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TEXT = re.compile(r"(?!<<|[.=])[^\W\d].*|\d+ [a-z_]+( .*)?", re.DOTALL)
"""Plain words that no schema takes for anything but text: a letter first, or an amount such as `3 business_days`."""
_UNUSUAL = re.compile(r"(^|[\s,\[{])!|^[ \t?-]{200}|[\x85\u2028\u2029\ufeff]|^%", re.MULTILINE)
"""Tags, very deep nesting (libyaml would end the process), line ends that only YAML 1.1 has, directives."""
_MOST_BRACKETS = 1_000


class Unusual(Exception):
    """Not for the quick way."""


if yaml.__with_libyaml__:

    class _Composer(yaml.cyaml.CParser, BaseResolver):  # type: ignore[misc]  # no types
        """libyaml's nodes, with every word as it was written."""

        def __init__(self, text: str) -> None:
            yaml.cyaml.CParser.__init__(self, text)
            BaseResolver.__init__(self)


def plain_mapping(text: str) -> dict[str, Any]:
    """The text's mapping as plain data, dates as ISO texts; raises `Unusual`."""
    if not yaml.__with_libyaml__ or _UNUSUAL.search(text) or text.count("[") + text.count("{") > _MOST_BRACKETS:
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


def _value(node: yaml.Node, seen: set[int]) -> Any:
    # A node that is met again is an alias.
    if id(node) in seen:
        raise Unusual
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        entries = {_key(key): _value(value, seen) for key, value in node.value}
        if len(entries) != len(node.value):
            raise Unusual
        return entries
    if isinstance(node, yaml.SequenceNode):
        return [_value(entry, seen) for entry in node.value]
    return _plain(node.value) if not node.style else node.value


def _key(node: yaml.Node) -> str:
    key = _plain(node.value) if isinstance(node, yaml.ScalarNode) and not node.style else node.value
    if not isinstance(key, str):
        raise Unusual
    return key


def _plain(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    if _TEXT.fullmatch(word):
        return word
    if _INT.fullmatch(word):
        return int(word)
    if _DATE.fullmatch(word):
        try:
            return date.fromisoformat(word).isoformat()
        except ValueError:
            raise Unusual from None
    raise Unusual
