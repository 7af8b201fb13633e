"""Signing in for tests: a browser whose person agrees, and the tokens of a connection in a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import sqlalchemy as sa

from connectors.asana.simulator import AsanaSimulator
from connectors.contract import Tracker
from connectors.jira.simulator import JiraSimulator
from connectors.registry import installed
from service.store.secrets import Vault
from service.tokens import StoredTokens

Site = JiraSimulator | AsanaSimulator


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def tokens_of(
    site: Site, engine: sa.Engine, vault: Vault, at: Callable[[], datetime] = now, **changed: Any
) -> StoredTokens:
    """As one process has them; nobody is signed in yet."""
    connector = connector_of(site)
    sign_in = connector.sign_in(connector.settings.model_validate(site.signed_in_connection() | changed))
    assert sign_in is not None
    return StoredTokens(engine, vault, "site", sign_in, at)


def agree(site: Site, tokens: StoredTokens) -> None:
    """Sign in as a person does."""
    code = consent(tokens.sign_in.address("state", "verifier"))
    tokens.keep(tokens.sign_in.exchange(code, "verifier"))


def consent(address: str) -> str:
    """The code with which the browser is sent back."""
    answer = httpx.get(address)
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def tracker_of(site: Site, tokens: StoredTokens) -> Tracker:
    """A connector with these tokens."""
    connector = connector_of(site)
    return connector.open(connector.settings.model_validate(site.signed_in_connection()), tokens=tokens)


def connector_of(site: Site) -> Any:
    """The connector of this simulator."""
    return installed()["jira" if isinstance(site, JiraSimulator) else "asana"]
