"""Whether another process of a case can still change what recorded runs say of its latency: then one is added."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_sdperf.baseline import other_work
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.stats.run_spread import Compared, RunSpread, compared

FEWEST_PROCESSES = 2
"""One does not show how far processes of this program differ."""

MOST_PROCESSES = 6
"""Of a case that is timed. More change little, because what is left is between runs and not between processes: the
smallest slowdown that one recorded run detects is 21 % with at most three, 18 % with six and with nine
(`benchmarks/results/stored_power.md`)."""

RECORDED_PROCESSES = 5
"""Of a run that later ones are compared with: they cost once what they give to every later run. One recorded run of
three detects slowdowns from 21 % on, of five from 18 %, of seven from 17 % (`benchmarks/results/stored_power.md`)."""

UNCOMPARED_PROCESSES = 3
"""Of a run that nothing is compared with, for a figure with some spread."""

EARLY_ALARM = 0.001
"""Chance of a false alarm with which the processes end before the most are there: so strict a boundary leaves the last
look its own 1 % (Haybittle, British Journal of Radiology 44, 1971; Peto and others, British Journal of Cancer 34,
1976)."""

EARLY_CONFIDENCE = 0.99
"""With which it is PASSED before: of the cases that are slower by just the limit, all looks together let 5 % pass at
most where runs differ as foreseen, 6 % on the other watched machines (`benchmarks/results/stored_power.md`)."""

FUTILE_SDS = 2.0
"""By so much the ratio would have to move, at least, for the processes to go on no longer (stochastic curtailment: Lan,
Simon and Halperin, Sequential Analysis 1(3), 1982)."""


def has_enough_processes(
    measurement: Measurement, runs: Sequence[Measurement], spread: RunSpread, *, max_slowdown: float, most: int
) -> bool:
    """Whether the processes so far decide on every size, or even ``most`` would not.

    ``runs`` are the recorded ones (at least one), ``max_slowdown`` is a share: 0.05 is 5 % slower. A size that has
    surely regressed needs no other's answer. Where half of the processes or more were disturbed, others may not be.
    """
    if len(measurement.processes) < FEWEST_PROCESSES or disturbance(measurement):
        return False
    sizes = [size for size in measurement.sizes if all(size in run.sizes for run in runs)]
    if not sizes or other_work(runs[-1], measurement):
        return True
    limit, comparisons = math.log1p(max_slowdown), len(measurement.sizes)
    found = [compared(measurement, runs, size, spread) for size in sizes]
    if any(_is_surely_apart(one, limit, comparisons) for one in found):
        return True
    return all(_is_surely_within(one, limit) or _is_hopeless(one, limit, comparisons, most) for one in found)


def _is_surely_apart(one: Compared, limit: float, comparisons: int) -> bool:
    """Slower, or faster, by more than the limit."""
    diff = one.difference()
    least = diff.least_significant(limit, comparisons, false_alarm=EARLY_ALARM, confidence=1 - EARLY_ALARM)
    return abs(diff.log_ratio) > least


def _is_surely_within(one: Compared, limit: float) -> bool:
    diff = one.difference()
    return diff.log_ratio + diff.quantile(EARLY_CONFIDENCE) < limit


def _is_hopeless(one: Compared, limit: float, comparisons: int, most: int) -> bool:
    """Whether the ratio is too far from both verdicts to reach one with as many processes as there may be."""
    diff, moves = one.difference(most), FUTILE_SDS * one.still_to_move(most)
    passes_below = limit - (diff.upper - diff.log_ratio)
    return passes_below + moves < diff.log_ratio < diff.least_significant(limit, comparisons) - moves
