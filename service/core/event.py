"""Something that happened outside a plan, as it was told to us: a lead was created, a post was published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field

_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_FACT = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z0-9_.-]+")


TAKES_BACK = {"campaign.resumed": "campaign.cancelled"}
"""What an event undoes: from then on it counts as if the other had not happened."""


def _event_type(written: str) -> str:
    if not _TYPE.fullmatch(written):
        raise ValueError(f"`{written}` is not the name of an event; write what it happened to first: `lead.created`")
    return written


def _fact(written: str) -> str:
    if not _FACT.fullmatch(written):
        raise ValueError(f"`{written}` is not a fact; write what it is about first: `lead.source`")
    return written


EventType: TypeAlias = Annotated[str, AfterValidator(_event_type), Field(max_length=100)]
"""What happened to what: `lead.created`, `content.published`."""
FactName: TypeAlias = Annotated[str, AfterValidator(_fact), Field(max_length=200)]
"""`lead.id` is the subject of an event about a lead, `lead.source` an entry of its data."""


@dataclass(frozen=True, slots=True)
class Event:
    """One happening; equal for everybody who hears of it."""

    id: str
    """Unlike that of any other event: its source, and the source's own name for it."""
    type: str
    at: datetime
    """Aware; as exact as its sender tells it."""
    subject: str
    """Which lead, post or occurrence it happened to."""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        """The kind of thing it happened to: `lead` of `lead.created`."""
        return self.type.partition(".")[0]

    def facts(self) -> dict[str, Any]:
        """What it says, as conditions name it."""
        return {f"{self.about}.id": self.subject} | {f"{self.about}.{name}": told for name, told in self.data.items()}


def and_undoing(types: Iterable[str]) -> frozenset[str]:
    """These types of event, and those that take one of them back."""
    types = frozenset(types)
    return types | {event for event, undone in TAKES_BACK.items() if undone in types}


def in_order(events: Iterable[Event]) -> list[Event]:
    """As they happened, in whatever order they arrived; what happened at the same instant stands by its id."""
    return sorted(events, key=lambda event: (event.at, event.id))


def facts_of(events: Iterable[Event]) -> dict[str, Any]:
    """Everything these say; a later event says it anew."""
    known: dict[str, Any] = {}
    for event in in_order(events):
        known |= event.facts()
    return known
