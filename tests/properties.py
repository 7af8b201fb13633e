"""Properties that must hold for whatever hypothesis thinks of: a few hundred examples each time, many at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

EXAMPLES = pytest.mark.parametrize("examples", [200, pytest.param(10_000, marks=pytest.mark.long)])


def proved(*strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[int], None]]:
    """A test of 200 examples, and the same one of 10,000 that only `make test-long` runs."""

    def decorate(holds: Callable[..., None]) -> Callable[[int], None]:
        def test(examples: int) -> None:
            tried = settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
            tried(given(*strategies)(holds))()

        # Not functools.wraps: pytest would take the arguments of the wrapped function for fixtures.
        test.__name__, test.__qualname__, test.__doc__ = holds.__name__, holds.__qualname__, holds.__doc__
        return EXAMPLES(test)

    return decorate
