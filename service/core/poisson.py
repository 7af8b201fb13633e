"""How likely it is that a steady stream brings enough in the time that is left."""

from __future__ import annotations

import math

_FAR = 12
"""Standard deviations beyond which nothing is left to add up."""


def at_least(needed: int, mean: float) -> float:
    """The probability that a Poisson variable of this mean is `needed` or more."""
    if needed <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    reach = _FAR * math.sqrt(mean) + _FAR
    if needed > mean + reach:
        return 0.0
    lowest = max(0, math.floor(mean - reach))
    below = (math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(lowest, needed))
    return max(0.0, 1.0 - math.fsum(below))
