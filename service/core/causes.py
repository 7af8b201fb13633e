"""Why a running campaign was planned anew: what has changed since, each as a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from service.core.explain import listed


def causes(
    before: Mapping[str, Any], now: Mapping[str, Any], names: Mapping[str, str], planned: Mapping[str, date]
) -> list[str]:
    """The differences of two stored bases; `names` are the tasks' titles, `planned` their dates in the plan before."""
    return [
        *_request(before.get("inputs", {}), now["inputs"]),
        *_pins(before.get("pins", {}), now, names),
        *_done(before.get("done", {}), now["done"], names, planned),
        *_ahead(before.get("ahead", {}), now["ahead"], names),
        *_out(before.get("out", []), now["out"], names),
    ]


def _request(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    changed = [f"{name.replace('_', ' ')} is now {now[name]}" for name in now if now[name] != before.get(name)]
    if changed:
        yield f"The request changed: {', '.join(changed)}."


def _pins(before: Mapping[str, str], now: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for key, day in now["pins"].items():
        if day != before.get(key):
            yield f"The date of {names[key]} was fixed by hand."
    for key in sorted(before.keys() - now["pins"].keys() - set(now["out"])):
        yield f"The date of {names[key]} was given back to the plan."


def _done(
    before: Mapping[str, str], now: Mapping[str, str], names: Mapping[str, str], planned: Mapping[str, date]
) -> Iterator[str]:
    for key, day in now.items():
        if day != before.get(key) and key in planned:
            yield f"{names[key]} was done {'later' if day > planned[key].isoformat() else 'earlier'} than planned."
    for key in before:
        if key not in now:
            yield f"{names[key]} is open again."


def _ahead(before: Mapping[str, Any], now: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for key in now:
        if key not in before:
            yield f"{names[key]} was done before something that it should have waited for."
    for key in before:
        if key not in now:
            yield f"Nothing is open any more that {names[key]} should have waited for."


def _out(before: Collection[str], now: Collection[str], names: Mapping[str, str]) -> Iterator[str]:
    for keys, what in (
        ([key for key in now if key not in before], "left out"),
        ([key for key in before if key not in now], "in the plan again"),
    ):
        if keys:
            yield f"{listed([names[key] for key in keys])} {'is' if len(keys) == 1 else 'are'} {what}."
