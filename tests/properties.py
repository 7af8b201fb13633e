"""Properties: the same statement with few examples in every run of the tests, and with many in `make test-long`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

FEW, MANY = 200, 10_000


def always(*strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """A test that the decorated statement holds for whatever these strategies draw."""

    def decorate(statement: Callable[..., None]) -> Callable[[int], None]:
        @pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
        def test(examples: int) -> None:
            tried = settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
            tried(given(*strategies)(statement))()

        # No functools.wraps: pytest would take the drawn arguments for fixtures.
        test.__name__, test.__doc__, test.__module__ = statement.__name__, statement.__doc__, statement.__module__
        return test

    return decorate
