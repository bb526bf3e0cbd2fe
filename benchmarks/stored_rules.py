"""The package's rule for recorded runs on arrays of many heads at once: same constants, same order of decisions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from pytest_sdperf.stats import enough_processes as looks
from pytest_sdperf.stats import run_spread as known
from pytest_sdperf.stats.intervals import CONFIDENCE, FALSE_ALARM, median_inflation

Array = NDArray[np.float64]

REGRESSED, PASSED, INCONCLUSIVE = 1, -1, 0

_STEPS = 280
"""Tabulated degrees of freedom, from 1 to a million."""


@dataclass(frozen=True)
class Heads:
    """What the rule knows of many heads with as many processes each, all arrays of (heads,)."""

    ratio: Array
    "log"
    error: Array
    degrees: Array
    error_with_most: Array
    moves: Array
    "standard deviation of what the ratio still moves by"


def share(count: int) -> float:
    """Variance of a median of so many, as a share of one's."""
    return median_inflation(count) / count


def heads(recorded: Array, pooled: Array, new: Array, most: int, *, watched: bool) -> Heads:
    """``recorded``: log medians (heads, K runs, n processes) of the variant; ``new``: (heads, processes so far).

    ``pooled`` is the variance of a process over all variants of the machine (`RunSpread.variance`), (heads,).
    """
    count, processes, own = recorded.shape[1], recorded.shape[2], new.shape[1]
    squares = _squares(recorded).sum(axis=1)
    degrees = known.VARIANT_DEGREES + count * (processes - 1) + own - 1
    variance = (known.VARIANT_DEGREES * pooled + squares + _squares(new)) / degrees
    levels = np.median(recorded, axis=2)
    centre = levels.mean(axis=1)
    of_recorded = _foreseen(variance, processes)
    prior = 1 / (1 / known.JOB_DEGREES + 1 / degrees)
    between = ((levels - centre[:, None]) ** 2).sum(axis=1) / of_recorded
    scale = (prior + between) / (prior + count - 1)
    unwatched = 0.0 if watched else known.UNWATCHED_SD**2 * (1 + 1 / count)

    def errors(of: int) -> tuple[Array, Array]:
        shown = _squares(new) / (own - 1) * share(of)
        sure = np.maximum(scale * _foreseen(variance, of), shown) + scale * of_recorded / count
        return np.sqrt(sure + unwatched), (prior + count - 1) * ((sure + unwatched) / sure) ** 2

    error, freedom = errors(own)
    moves = np.sqrt(variance * max(share(own) - share(most), 0.0))
    return Heads(np.median(new, axis=1) - centre, error, freedom, errors(most)[0], moves)


def gate(recorded: Array, pooled: Array, new: Array, *, watched: bool, most: int) -> list[Heads]:
    """What is known after each process from the second to the last."""
    return [
        heads(recorded, pooled, new[:, :count], most, watched=watched)
        for count in range(looks.FEWEST_PROCESSES, most + 1)
    ]


def ended(found: list[Heads], slowdown: float, limit: float) -> tuple[Array, Array]:
    """Verdict and number of processes of each head, slower by ``slowdown``; both logs."""
    verdict = np.full(found[0].ratio.shape, np.nan)
    processes = np.zeros_like(verdict)
    for index, one in enumerate(found):
        is_last = index == len(found) - 1
        ratio = one.ratio + slowdown
        sure = _quantile(CONFIDENCE, one.degrees)
        least = np.maximum(limit + sure * one.error, _quantile(1 - FALSE_ALARM, one.degrees) * one.error)
        early = _quantile(1 - looks.EARLY_ALARM, one.degrees) * one.error
        within = ratio + _quantile(looks.EARLY_CONFIDENCE, one.degrees) * one.error < limit
        error, moves = one.error_with_most, looks.FUTILE_SDS * one.moves
        surely = np.maximum(limit + sure * error, _quantile(1 - FALSE_ALARM, one.degrees) * error)
        hopeless = (limit - sure * error + moves < ratio) & (ratio < surely - moves)
        stops = np.isnan(verdict) & ((np.abs(ratio) > limit + early) | within | hopeless | is_last)
        says = np.where(ratio > least, REGRESSED, np.where(ratio + sure * one.error < limit, PASSED, INCONCLUSIVE))
        verdict = np.where(stops, says, verdict)
        processes = np.where(stops, looks.FEWEST_PROCESSES + index, processes)
    return verdict, processes


def smallest_seen(found: list[Heads], limit: float, power: float = 0.8) -> float:
    """The slowdown, as a share, that is called REGRESSED with a chance of ``power``; inf beyond a factor of 20."""
    low, high = 0.0, 3.0
    if (ended(found, high, limit)[0] == REGRESSED).mean() < power:
        return float("inf")
    for _ in range(14):
        middle = (low + high) / 2
        caught = (ended(found, middle, limit)[0] == REGRESSED).mean() >= power
        low, high = (low, middle) if caught else (middle, high)
    return float(np.expm1(high))


def pooled_variance(recorded: Array) -> Array:
    """`RunSpread.variance` of log medians (heads, variants, runs, processes)."""
    squares = _squares(recorded).sum(axis=(1, 2))
    degrees = np.prod(recorded.shape[1:3]) * (recorded.shape[3] - 1)
    assumed = known.PROCESS_DEGREES * known.PROCESS_SD**2
    pooled: Array = (assumed + squares) / (known.PROCESS_DEGREES + degrees)
    return pooled


def _squares(logs: Array) -> Array:
    squares: Array = ((logs - logs.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    return squares


def _foreseen(variance: Array, processes: int) -> Array:
    return variance * (share(processes) + known.JOB_SHARE) + known.JOB_SD**2


def _quantile(probability: float, degrees: Array) -> Array:
    """Student's t, between tabulated degrees: a step of 5 % is 0.3 % of the quantile at most."""
    grid, values = _table(probability)
    found: Array = np.interp(np.log(np.minimum(degrees, 1e6)), grid, values)
    return found


@cache
def _table(probability: float) -> tuple[Array, Array]:
    grid = np.linspace(0.0, np.log(1e6), _STEPS)
    return grid, t.ppf(probability, np.exp(grid))
