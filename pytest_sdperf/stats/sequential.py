"""Judge pairs of base and head as they come in: a sequential test whose error rates hold over all looks.

Each pair gives one log ratio d (`stats.rounds`). After every pair from the `FEWEST_PAIRS`-th on, two one-sided t
tests are made: against the slowdown to ignore (small p: REGRESSED) and against the one that must be caught (small p:
PASSED, a proof of non-inferiority: Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15(6), 1987). Looking again
and again would raise the error rates, so every look uses a stricter level, the same for all (Pocock, Biometrika 64(2),
1977; Jennison and Turnbull, Group Sequential Methods, 2000).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from pytest_sdperf.stats.boundary import FEWEST_PAIRS, level

POWER = 0.80
"""Chance with which a slowdown of the detectable size would have been called REGRESSED."""

CONFIDENCE = 0.95
"""One-sided, of both ends of the interval, whenever the test stops."""

_OUTSIDE = round(1 - CONFIDENCE, 9)  # 0.05, whose level is known, and not 0.050000000000000044


class Decision(str, Enum):
    """The test's decision after a look."""

    GO_ON = "go on"
    PASSED = "passed"
    FASTER = "faster"
    "passed, and significantly faster by more than what is ignored"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    "the most pairs are there, and neither promise is shown to be kept"


@dataclass(frozen=True)
class Plan:
    """The promises of the test. Slowdowns are shares: 0.05 is 5 % slower."""

    ignore: float = 0.01
    "a slowdown up to this is called REGRESSED with a chance of at most ``alpha``"
    must_catch: float = 0.05
    "a slowdown from this on is called PASSED with a chance of at most ``beta``"
    alpha: float = 0.01
    beta: float = 0.05
    max_pairs: int = 24
    "undecided after that many: INCONCLUSIVE"

    @property
    def middle(self) -> float:
        """Log ratio halfway between the two: only a mean above it fails, only one below it passes."""
        return (math.log1p(self.ignore) + math.log1p(self.must_catch)) / 2


@dataclass(frozen=True)
class Look:
    """All that the pairs so far say. Ratios are on the natural logarithm: 0.05 is 5.1 % slower."""

    decision: Decision
    pairs: int
    log_ratio: float
    "mean of the pairs"
    lower: float
    "repeated confidence bound of the true log ratio: right whenever the test stops; -inf before the first look"
    upper: float
    detectable: float
    "true log ratio that these pairs would call REGRESSED with a chance of POWER; inf before the first look"


def look(log_ratios: Sequence[float], plan: Plan) -> Look:
    """Judge the pairs so far; ``log_ratios`` in the order they were measured."""
    pairs = len(log_ratios)
    mean = statistics.fmean(log_ratios) if pairs else 0.0
    if pairs < FEWEST_PAIRS:
        return Look(Decision.GO_ON, pairs, mean, -math.inf, math.inf, math.inf)
    error = statistics.stdev(log_ratios) / math.sqrt(pairs)
    fail, good, interval = (
        _quantile(1 - level(rate, plan.max_pairs), pairs - 1) * error for rate in (plan.alpha, plan.beta, _OUTSIDE)
    )
    ignore, must_catch = math.log1p(plan.ignore), math.log1p(plan.must_catch)
    decision = Decision.INCONCLUSIVE if pairs >= plan.max_pairs else Decision.GO_ON
    if mean - fail > ignore and mean > plan.middle:
        decision = Decision.REGRESSED
    elif mean + good < must_catch and mean < plan.middle:
        decision = Decision.FASTER if mean + fail < -ignore else Decision.PASSED
    least = ignore + _noncentrality(level(plan.alpha, plan.max_pairs), pairs - 1) * error
    detectable = max(least, plan.middle + statistics.NormalDist().inv_cdf(POWER) * error)
    return Look(decision, pairs, mean, mean - interval, mean + interval, detectable)


@lru_cache
def _noncentrality(rate: float, degrees: int) -> float:
    """How many standard errors a slowdown lies above what is ignored, if a t test at ``rate`` sees it with POWER.

    With few pairs the spread varies as much as the mean, so this is not the sum of two quantiles of t.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct

    critical = _quantile(1 - rate, degrees)
    return float(brentq(lambda shift: nct.sf(critical, degrees, shift) - POWER, 0.0, 4 * critical + 4))


@lru_cache
def _quantile(probability: float, degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(probability, degrees))
