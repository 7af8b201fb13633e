"""Every folder beside this file that exports `CONNECTOR` is a connector; there is no list to keep."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import connectors
from connectors.contract import Connector


@cache
def installed() -> dict[str, Connector[Any]]:
    """Connectors by name, in alphabetical order."""
    found: dict[str, Connector[Any]] = {}
    for module in pkgutil.iter_modules(connectors.__path__):
        if module.ispkg:
            connector = getattr(importlib.import_module(f"connectors.{module.name}"), "CONNECTOR", None)
            if isinstance(connector, Connector):
                found[connector.name] = connector
    return found
