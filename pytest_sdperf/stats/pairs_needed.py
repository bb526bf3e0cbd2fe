"""How many pairs a machine's noise costs: asked of the sequential test itself, not of a formula next to it."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.intervals import SENSELESS
from pytest_sdperf.stats.sequential import POWER, Decision, Plan, look


@dataclass(frozen=True)
class PairsNeeded:
    """Pairs after which a case of some noise is decided with a chance of POWER; None: not with the most allowed."""

    to_catch: int | None
    "until a program that is slower by the plan's ``must_catch`` is called REGRESSED"
    to_pass: int | None
    "until one that is as fast as before is called PASSED"
    smallest: float
    "slowdown, as a share, that the most pairs call REGRESSED with the same chance"


def pairs_needed(spread: float, plan: Plan) -> PairsNeeded:
    """For pairs whose log ratios have the standard deviation ``spread`` (0.03: 3 %).

    The chance is that of one look: earlier looks only add to it, so that most cases end sooner.
    """
    counts = range(FEWEST_PAIRS, plan.max_pairs + 1)
    must_catch = math.log1p(plan.must_catch)
    catching = (n for n in counts if look(_pairs(n, spread), plan).detectable <= must_catch)
    passing = (n for n in counts if _passes(n, spread, plan))
    most = look(_pairs(plan.max_pairs, spread), plan).detectable
    smallest = math.expm1(most) if most < SENSELESS else math.inf
    return PairsNeeded(next(catching, None), next(passing, None), smallest)


def spread_bounds(spread: float, pairs: int, confidence: float = 0.80) -> tuple[float, float]:
    """Two-sided interval of the true standard deviation, of which ``pairs`` normal pairs showed ``spread``.

    Chi-square, as in every textbook: (n - 1) s^2 / sigma^2 has n - 1 degrees of freedom.
    """
    from scipy.stats import chi2

    degrees, outside = pairs - 1, (1 - confidence) / 2
    low, high = (math.sqrt(degrees / float(chi2.ppf(p, degrees))) * spread for p in (1 - outside, outside))
    return low, high


def _passes(count: int, spread: float, plan: Plan) -> bool:
    """Whether pairs of equal programs pass although their mean is as unlucky as it is with a chance of 1 - POWER."""
    from scipy.stats import t

    unlucky = float(t.ppf(POWER, count - 1)) * spread / math.sqrt(count)
    return look(_pairs(count, spread, unlucky), plan).decision in (Decision.PASSED, Decision.FASTER)


def _pairs(count: int, spread: float, mean: float = 0.0) -> list[float]:
    """Log ratios that have exactly this mean and standard deviation."""
    ramp = [i - (count - 1) / 2 for i in range(count)]
    scale = spread / statistics.stdev(ramp)
    return [mean + scale * step for step in ramp]
