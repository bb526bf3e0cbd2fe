"""Pairs of measurements: the order they run in, and what their differences say."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any


def orders(pairs: int, seed: int) -> list[str]:
    """``AB`` or ``BA`` for each pair: half of each, shuffled, so that neither drift nor habit favours an arm."""
    drawn = ["AB", "BA"] * (pairs // 2) + ["AB"] * (pairs % 2)
    random.Random(seed).shuffle(drawn)
    return drawn


def median_interval(values: Sequence[float], level: float = 0.95) -> list[float] | None:
    """Distribution-free interval of the median from order statistics; None for too few values (below 6 at 95 %).

    Conover, Practical Nonparametric Statistics, 3rd edition, 1999, section 3.2.
    """
    from scipy import stats

    interval = stats.quantile_test(values, q=0, p=0.5).confidence_interval(level)
    low, high = float(interval.low), float(interval.high)
    return None if math.isnan(low) or math.isnan(high) else [low, high]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median with its 95 % interval, and the range."""
    return {
        "median": statistics.median(values),
        "median_interval_95": median_interval(values),
        "min": min(values),
        "max": max(values),
        "count": len(values),
    }
