"""What one pair of processes says: the log ratio of head and base, from rounds in which they drew in turn."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

TRIMMED = 0.2
"""Share of rounds left out at each end. On recorded A/A pairs (12 and 20 rounds) the trimmed mean of the rounds' own
ratios spread 1.2 % and 2.8 % from pair to pair, the difference of the two medians 1.7 % and 4.3 %; in simulated
verdicts no other statistic needs fewer pairs on the whole (`benchmarks/results/gate_choices.md`). The calibration
kernel that is timed beside each round is no covariate: taken off with the slope that fits best, 98 real A/A pairs of
each of two variants spread 2.34 % and 2.43 %, not 2.39 % and 2.47 % (`benchmarks/results/real_gates.md`)."""


def round_log_ratios(base: Sequence[float], head: Sequence[float]) -> list[float]:
    """log(head / base) of each round; latencies in one unit, above 0. What slows both arms of a round cancels."""
    return [math.log(h / b) for b, h in zip(base, head, strict=True)]


def trimmed_mean(log_ratios: Sequence[float]) -> float:
    """Log ratio of the pair: the mean of its rounds' without the TRIMMED largest and smallest."""
    cut = int(TRIMMED * len(log_ratios))
    return statistics.fmean(sorted(log_ratios)[cut : len(log_ratios) - cut])


def pair_log_ratio(base: Sequence[float], head: Sequence[float]) -> float:
    """Log ratio of two processes that drew in turn: arms of equal length, latencies in one unit, above 0."""
    return trimmed_mean(round_log_ratios(base, head))
