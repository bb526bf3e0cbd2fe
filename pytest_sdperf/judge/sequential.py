"""Judge pairs of base and head as they come in: a sequential test whose error rates hold over all looks.

Each pair gives one log ratio d (`pair_log_ratio`). After every pair from the `FEWEST_PAIRS`-th on, two one-sided t
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

from pytest_sdperf.options import FEWEST_PAIRS

POWER = 0.80
"""Chance with which a slowdown of the detectable size would have been called REGRESSED."""

CONFIDENCE = 0.95
"""One-sided, of both ends of the interval, whenever the test stops."""

_LEVELS = {(0.01, 12): 0.00222, (0.05, 12): 0.01400}
"""(error rate, most pairs) -> level of each look, for the defaults; `benchmarks/boundaries.py` computes them anew."""

_SIMULATED = 200_000
"""Sequences that a level off the defaults is computed from: it is then right to about 2 % of itself at 0.01."""


_TRIMMED = 0.2
"""Share of rounds left out at each end. On recorded A/A pairs (12 and 20 rounds) the trimmed mean of the rounds' own
ratios spread 1.2 % and 2.8 % from pair to pair, the difference of the two medians 1.7 % and 4.3 %."""


class Decision(str, Enum):
    """What is known after a look."""

    GO_ON = "go on"
    PASSED = "passed"
    FASTER = "faster"
    "passed, and surely faster by more than what is ignored"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    "the most pairs are there, and neither promise is shown to hold"


@dataclass(frozen=True)
class Plan:
    """What the test promises. Slowdowns are shares: 0.05 is 5 % slower."""

    ignore: float = 0.01
    "a slowdown up to this is called REGRESSED with a chance of at most ``alpha``"
    must_catch: float = 0.05
    "a slowdown from this on is called PASSED with a chance of at most ``beta``"
    alpha: float = 0.01
    beta: float = 0.05
    max_pairs: int = 12

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
    "repeated confidence bound of the true log ratio: holds whenever the test stops; -inf before the first look"
    upper: float
    detectable: float
    "true log ratio that these pairs would call REGRESSED with a chance of POWER; inf before the first look"


def pair_log_ratio(base: Sequence[float], head: Sequence[float]) -> float:
    """Log ratio of two processes that drew in turn: trimmed mean over rounds of log(head / base).

    ``base`` and ``head`` are latencies of equal length in one unit, above 0; what slows both arms of a round cancels.
    """
    from scipy.stats import trim_mean

    ratios = [math.log(h / b) for b, h in zip(base, head, strict=True)]
    return float(trim_mean(ratios, _TRIMMED))


def look(log_ratios: Sequence[float], plan: Plan) -> Look:
    """Judge the pairs so far; ``log_ratios`` in the order they were measured."""
    pairs = len(log_ratios)
    mean = statistics.fmean(log_ratios) if pairs else 0.0
    if pairs < FEWEST_PAIRS:
        return Look(Decision.GO_ON, pairs, mean, -math.inf, math.inf, math.inf)
    error = statistics.stdev(log_ratios) / math.sqrt(pairs)
    fail, good, interval = (
        _quantile(1 - level(rate, plan.max_pairs), pairs - 1) * error
        for rate in (plan.alpha, plan.beta, 1 - CONFIDENCE)
    )
    ignore, must_catch = math.log1p(plan.ignore), math.log1p(plan.must_catch)
    decision = Decision.INCONCLUSIVE if pairs >= plan.max_pairs else Decision.GO_ON
    if mean - fail > ignore and mean > plan.middle:
        decision = Decision.REGRESSED
    elif mean + good < must_catch and mean < plan.middle:
        decision = Decision.FASTER if mean + fail < -ignore else Decision.PASSED
    power = _quantile(POWER, pairs - 1) * error
    detectable = max(ignore + fail, plan.middle) + power
    return Look(decision, pairs, mean, mean - interval, mean + interval, detectable)


@lru_cache
def level(error_rate: float, max_pairs: int) -> float:
    """The one-sided level of each look from FEWEST_PAIRS to ``max_pairs`` that makes ``error_rate`` over all of them.

    For normal log ratios of unknown spread; where it is not a default, the quantile of the smallest p-value over the
    looks of simulated sequences, the same ones each time.
    """
    known = _LEVELS.get((error_rate, max_pairs))
    return simulated_level(error_rate, max_pairs, sequences=_SIMULATED) if known is None else known


def simulated_level(error_rate: float, max_pairs: int, *, sequences: int) -> float:
    """`level`, computed."""
    import numpy as np
    from scipy.stats import t

    drawn = np.random.default_rng(0).standard_normal((sequences, max_pairs))
    sums, squares = drawn.cumsum(axis=1), (drawn**2).cumsum(axis=1)
    smallest = np.ones(sequences)
    for pairs in range(FEWEST_PAIRS, max_pairs + 1):
        mean = sums[:, pairs - 1] / pairs
        variance = (squares[:, pairs - 1] - pairs * mean**2) / (pairs - 1)
        smallest = np.minimum(smallest, t.sf(mean / np.sqrt(variance / pairs), pairs - 1))
    return float(np.quantile(smallest, error_rate))


@lru_cache
def _quantile(probability: float, degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(probability, degrees))
