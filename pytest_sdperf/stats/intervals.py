"""How sure a difference of latency is: a t interval on logarithms, and how much a median of few varies."""

from __future__ import annotations

import math
from dataclasses import dataclass

SENSELESS = 30.0
"""A log ratio of 30 is a factor of 10^13."""

CONFIDENCE = 0.95
"""One-sided confidence of the interval's two ends."""

FALSE_ALARM = 0.01
"""Largest chance that one case, at equal true speed, is called REGRESSED (and FASTER: as much)."""

POWER = 0.80
"""Chance with which a slowdown of the detectable size is called REGRESSED."""


@dataclass(frozen=True)
class Difference:
    """Latency of the head against the base, on the natural logarithm: 0.05 is 5.1 % slower."""

    log_ratio: float
    "log of the head's latency over the base's"
    standard_error: float
    "of log_ratio"
    degrees: float
    "degrees of freedom of the standard error, 1 or more"

    def quantile(self, probability: float) -> float:
        """Student's t at ``probability`` times the standard error."""
        from scipy.stats import t

        return float(t.ppf(probability, self.degrees)) * self.standard_error

    @property
    def lower(self) -> float:
        """One-sided lower confidence bound of the true log ratio."""
        return self.log_ratio - self.quantile(CONFIDENCE)

    @property
    def upper(self) -> float:
        """One-sided upper confidence bound of the true log ratio."""
        return self.log_ratio + self.quantile(CONFIDENCE)

    def least_significant(
        self, limit: float, comparisons: int, *, false_alarm: float = FALSE_ALARM, confidence: float = CONFIDENCE
    ) -> float:
        """The smallest log ratio that is significantly above ``limit`` and no false alarm, with this spread."""
        return max(limit + self.quantile(confidence), self.quantile(1 - false_alarm / comparisons))

    def significantly_above(self, limit: float, comparisons: int) -> bool:
        """True where the noise does not explain that log_ratio is above ``limit`` (log, 0 or more).

        Two tests must agree: the lower bound is above the limit, and at equal true speed a difference
        like this is rarer than FALSE_ALARM, shared out over ``comparisons`` sizes (Bonferroni). The
        first alone would call one equal case in twenty REGRESSED where the spread dwarfs the limit.
        """
        return self.log_ratio > self.least_significant(limit, comparisons)

    def significantly_below(self, limit: float, comparisons: int) -> bool:
        """The same test the other way round: significantly faster by more than ``limit``."""
        return -self.log_ratio > self.least_significant(limit, comparisons)

    def within(self, limit: float) -> bool:
        """True where even the upper bound is below ``limit``: not slower by as much, a proof and not an absence of one.

        Sizes need no sharing out here: a case passes only where every size does.
        """
        return self.upper < limit

    def detectable(self, limit: float, comparisons: int) -> float:
        """The true log ratio that would be called REGRESSED with a chance of POWER.

        Minimum detectable effect, (t_alarm + t_power) x standard error: Bloom, Evaluation Review 19(5), 1995.
        """
        return self.least_significant(limit, comparisons) + self.quantile(POWER)


def ratio_of(log_ratio: float) -> float | None:
    """exp; None where nothing is known, or the spread is beyond any sense: JSON has no infinity."""
    return math.exp(log_ratio) if abs(log_ratio) < SENSELESS else None


_MEDIAN_INFLATION = {1: 1.0, 2: 1.0, 3: 1.346, 4: 1.193, 5: 1.434, 6: 1.288, 7: 1.473, 8: 1.346}
"""Variance of the median of n normal samples over that of their mean; from n = 9 on its limit pi/2."""


def median_inflation(count: int) -> float:
    """How much more the median of ``count`` normal samples varies than their mean: 1 to pi/2.

    Table: n times the variance of the median of n standard normals (Teichroew, Annals of Mathematical
    Statistics 27(2), 1956).
    """
    return _MEDIAN_INFLATION.get(count, math.pi / 2)
