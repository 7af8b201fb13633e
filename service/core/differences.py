"""What changes from one version of a template or commitment to the next, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from service.core.commitment import Commitment
from service.core.template import Template

Versioned: TypeAlias = Template | Commitment

_NOT_TOLD = {"id", "version", "library"}
_LONGEST = 60


def differences(before: Versioned, after: Versioned) -> list[str]:
    """One sentence for each field that is new, gone or different."""
    followed = _followed(before, after) if isinstance(before, Template) and isinstance(after, Template) else ()
    return [*_between(_written(before), _written(after), ""), *followed]


def _written(said: Versioned) -> dict[str, Any]:
    return said.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_NOT_TOLD)


def _between(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[str]:
    for name in (*before, *(name for name in after if name not in before)):
        old, new, path = before.get(name), after.get(name), f"{at}{name}"
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _between(old, new, f"{path}.")
        elif name not in before:
            yield f"`{path}` is new{_value(': ', new)}"
        elif name not in after:
            yield f"`{path}` is gone{_value('; it was ', old)}"
        elif _value("", old) and _value("", new):
            yield f"`{path}` is {_value('', new)} instead of {_value('', old)}"
        else:
            yield f"`{path}` reads differently"


def _value(lead: str, value: Any) -> str:
    """A value that is short enough to be told."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    told = not isinstance(value, dict) and len(text) <= _LONGEST and "{" not in text
    return f"{lead}{text.strip() or 'empty'}" if told else ""


def _followed(before: Template, after: Template) -> Iterator[str]:
    """The templates whose rules or tasks it takes, where they are of another version now."""
    for name, other in after.library.items():
        known = before.library.get(name)
        if known is not None and known.version != other.version:
            yield f"it takes from `{name}` v{other.version} instead of v{known.version}"
