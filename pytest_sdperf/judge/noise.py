"""How sure a difference of latency is: a two-sample t interval over processes, on logarithms."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

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
    "median of the head's process medians minus that of the base's, log"
    standard_error: float | None
    "of log_ratio, from the pooled spread of the processes; None: one process on each side"
    degrees: int
    "degrees of freedom of the spread"
    processes: tuple[int, int]
    "processes of base and head"

    def quantile(self, probability: float) -> float:
        """Student's t at ``probability`` times the standard error; infinite where the spread is unknown."""
        if self.standard_error is None:
            return math.inf
        from scipy.stats import t

        return float(t.ppf(probability, self.degrees)) * self.standard_error

    @property
    def lower(self) -> float:
        """One-sided lower confidence bound of the true log ratio; -inf where the spread is unknown."""
        return self.log_ratio - self.quantile(CONFIDENCE)

    @property
    def upper(self) -> float:
        """One-sided upper confidence bound of the true log ratio; inf where the spread is unknown."""
        return self.log_ratio + self.quantile(CONFIDENCE)

    def least_sure(self, limit: float, comparisons: int) -> float:
        """The smallest log ratio that is surely above ``limit`` and no false alarm, with this spread."""
        return max(limit + self.quantile(CONFIDENCE), self.quantile(1 - FALSE_ALARM / comparisons))

    def surely_above(self, limit: float, comparisons: int) -> bool:
        """True where the noise does not explain that log_ratio is above ``limit`` (log, 0 or more).

        Two tests must agree: the lower bound is above the limit, and at equal true speed a difference
        like this is rarer than FALSE_ALARM, shared out over ``comparisons`` sizes (Bonferroni). The
        first alone would call one equal case in twenty REGRESSED where the spread dwarfs the limit.
        """
        return self.standard_error is not None and self.log_ratio > self.least_sure(limit, comparisons)

    def surely_below(self, limit: float, comparisons: int) -> bool:
        """The same test the other way round: surely faster by more than ``limit``."""
        return self.standard_error is not None and -self.log_ratio > self.least_sure(limit, comparisons)

    def detectable(self, limit: float, comparisons: int) -> float:
        """The true log ratio that would be called REGRESSED with a chance of POWER.

        Minimum detectable effect, (t_alarm + t_power) x standard error: Bloom, Evaluation Review 19(5), 1995.
        """
        return self.least_sure(limit, comparisons) + self.quantile(POWER)


def difference(base_medians: Sequence[float], head_medians: Sequence[float]) -> Difference:
    """Compare two samples of process medians (any one unit of time, above 0).

    The process is the sampling unit: pictures drawn inside one process are not independent (Kalibera,
    Jones, ISMM 2013). The spread is pooled over both sides (Student's two-sample t, equal variances: with
    two to four processes a side, neither side alone says much), and its degrees of freedom are all
    processes less two. A side of a single process borrows the other's spread.

    The interval is Student's for means, put around a difference of medians, so the standard error is
    widened by what the median of that many normal samples varies more than their mean.
    """
    base, head = [math.log(m) for m in base_medians], [math.log(m) for m in head_medians]
    log_ratio = statistics.median(head) - statistics.median(base)
    degrees = len(base) + len(head) - 2
    if degrees == 0:
        return Difference(log_ratio, None, 0, (1, 1))
    pooled_variance = (_squares(base) + _squares(head)) / degrees
    variance = pooled_variance * sum(median_inflation(len(side)) / len(side) for side in (base, head))
    return Difference(log_ratio, math.sqrt(variance), degrees, (len(base), len(head)))


_MEDIAN_INFLATION = {1: 1.0, 2: 1.0, 3: 1.346, 4: 1.193, 5: 1.434, 6: 1.288, 7: 1.473, 8: 1.346}
"""Variance of the median of n normal samples over that of their mean; from n = 9 on its limit pi/2."""


def median_inflation(count: int) -> float:
    """How much more the median of ``count`` normal samples varies than their mean: 1 to pi/2.

    Table: n times the variance of the median of n standard normals (Teichroew, Annals of Mathematical
    Statistics 27(2), 1956).
    """
    return _MEDIAN_INFLATION.get(count, math.pi / 2)


def _squares(values: Sequence[float]) -> float:
    centre = statistics.fmean(values)
    return sum((v - centre) ** 2 for v in values)
