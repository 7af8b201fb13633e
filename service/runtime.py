"""What a use case needs, in one frozen object that `bootstrap` makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from connectors.contract import Receiver, Task, Tracker
from service import publishing
from service.budget import TokenBudget
from service.catalogue import Catalogue
from service.core.commitment import Commitment
from service.core.template import Template
from service.settings import Settings
from service.store.secrets import Vault
from service.tokens import StoredTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """One installation at work; trackers and receivers by the name of their connection."""

    settings: Settings
    engine: Engine
    catalogue: Catalogue
    trackers: Mapping[str, Tracker]
    receivers: Mapping[str, Receiver]
    vault: Vault
    now: Callable[[], datetime]
    """Aware, UTC."""
    budgets: Mapping[str, TokenBudget] = field(default_factory=dict)
    """By connection: the limits of its token."""
    began: datetime | None = None
    """When this process did. What was filed before may have been planned already, by a database that was lost since."""
    tokens: Mapping[str, StoredTokens] = field(default_factory=dict)
    """By connection, of those that sign in with OAuth."""
    unpublished: tuple[publishing.Step, ...] = ()
    """Templates and commitments of the folder that could not be published when the service started."""

    def knows_all_of(self, request: Task | None) -> bool:
        """Whether nothing can have been made for it before this process began, by a database that was lost since."""
        return self.began is None or bool(request and request.created_at and request.created_at >= self.began)

    def template(self, name: str) -> Template:
        """The published version in use at this moment; raises `KeyError` where there is none."""
        found = publishing.in_use(self.engine, name)
        if found is None:
            raise KeyError(f"no template `{name}` is published")
        return found

    def commitments(self) -> dict[str, Commitment]:
        """The published versions in use at this moment, by id."""
        return publishing.commitments_in_use(self.engine)
