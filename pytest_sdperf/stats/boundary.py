"""How strict must each look of a sequential t test be, for its error rate to hold over all looks? By integration.

Let v be the cosine of the angle between the pairs so far and their mean's direction (1, …, 1): with n pairs,
t = v sqrt((n - 1) / (1 - v^2)). At the slowdown that is tested the direction of normal pairs is uniform on the sphere,
whatever their spread, and one pair more turns it by an angle phi that is independent of v and has the density
cos^(n-1)(phi): sqrt(n) tan(phi) is Student's t with n degrees of freedom. So v is a Markov chain in one dimension, and
the chance to cross a limit at any look follows backwards from the last one (Armitage, McPherson and Rowe, Journal of
the Royal Statistical Society A 132(2), 1969, did so for a known spread).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Angles = NDArray[np.float64]

FEWEST_PAIRS = 4
"""Pairs before the first decision: with three, a spread that is small by chance decides too often."""

_DEFAULTS = {(0.01, 24): 0.00136, (0.05, 24): 0.00904}
"""(error rate, most pairs) -> level of each look, for the defaults, as `computed_level` gives them."""

_STATES, _ANGLES = 400, 48
"""Grid of v at each look, and nodes of the integral over phi. Up to 24 pairs a chance is then right to 1 % of itself,
with 200 pairs 6 % too large, on the strict side; six times finer (`benchmarks/results/boundaries.md`) to 1 in 1,000."""


@lru_cache
def level(error_rate: float, max_pairs: int) -> float:
    """The one-sided level of each look from FEWEST_PAIRS to ``max_pairs`` that makes ``error_rate`` over all of them.

    The same for every look (Pocock, Biometrika 64(2), 1977).
    """
    known = _DEFAULTS.get((error_rate, max_pairs))
    return computed_level(error_rate, max_pairs) if known is None else known


def computed_level(error_rate: float, max_pairs: int, *, fineness: int = 1) -> float:
    """`level`, by integration."""
    from scipy.optimize import brentq

    looks = max_pairs - FEWEST_PAIRS + 1
    if looks == 1:
        return error_rate
    # Looks that always agree need no correction; Bonferroni's is the strictest
    found = brentq(
        lambda per_look: crossing(per_look, max_pairs, fineness=fineness) - error_rate,
        error_rate / looks,
        error_rate,
        rtol=1e-5,
    )
    return float(found)


def crossing(per_look: float, max_pairs: int, *, fineness: int = 1) -> float:
    """Chance that a one-sided t test at ``per_look`` rejects a true hypothesis at any look."""
    import numpy as np
    from scipy.stats import t

    grid = _STATES * fineness

    def limit(pairs: int) -> float:
        quantile = float(t.isf(per_look, pairs - 1))
        return quantile / math.sqrt(quantile**2 + pairs - 1)

    def states(pairs: int) -> Angles:
        return np.cos(np.linspace(math.pi, math.acos(limit(pairs)), grid))

    nodes, weights = np.polynomial.legendre.leggauss(_ANGLES * fineness)
    later = np.zeros(grid)
    for pairs in range(max_pairs - 1, FEWEST_PAIRS - 1, -1):
        v, following, bound = states(pairs), states(pairs + 1), math.sqrt(pairs + 1) * limit(pairs + 1)
        # The next v is length cos(phi - towards) / sqrt(pairs + 1): it crosses in the middle of three pieces of phi
        length, towards = np.sqrt(pairs * v**2 + 1), np.arctan2(1, math.sqrt(pairs) * v)
        reach = np.arccos(np.minimum(bound / length, 1))
        low, high = (np.clip(towards + sign * reach, -math.pi / 2, math.pi / 2) for sign in (-1, 1))
        chance = _below(high, pairs) - _below(low, pairs)
        right = np.full_like(v, math.pi / 2)
        for start, end in ((-right, low), (high, right)):
            half = (end - start) / 2
            phi = (start + half)[:, None] + half[:, None] * nodes
            after = np.interp(length[:, None] * np.cos(phi - towards[:, None]) / math.sqrt(pairs + 1), following, later)
            chance = chance + half * ((after * _density(phi, pairs)) @ weights)
        later = chance
    first = math.acos(limit(FEWEST_PAIRS))
    width = (math.pi - first) / 2
    angles = first + width * (nodes + 1)
    density = _density(math.pi / 2 - angles, FEWEST_PAIRS - 1)
    return per_look + width * float((np.interp(np.cos(angles), states(FEWEST_PAIRS), later) * density) @ weights)


def _density(phi: Angles, pairs: int) -> Angles:
    import numpy as np

    total = math.sqrt(math.pi) * math.exp(math.lgamma(pairs / 2) - math.lgamma((pairs + 1) / 2))
    density: Angles = np.cos(phi) ** (pairs - 1) / total
    return density


def _below(phi: Angles, pairs: int) -> Angles:
    """Share of the angles that are smaller than ``phi``."""
    import numpy as np
    from scipy.stats import t

    share: Angles = t.cdf(math.sqrt(pairs) * np.tan(phi), pairs)
    return share
