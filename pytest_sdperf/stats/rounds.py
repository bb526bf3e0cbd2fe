"""Log ratio of a pair from its rounds, and the number of rounds of the next pair for the fastest verdict.

The mean over pairs varies by (pair + round / r) / n: `pair`, the variance between pairs that no number of rounds
averages out, and `round`, that inside a pair; n pairs of r rounds cost n (start + r cost of a round). For a given time
that is least at r = sqrt(start / cost x round / pair): Kalibera and Jones, Rigorous Benchmarking in Reasonable Time,
ISMM 2013, whose two levels are the pair and the round here.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_sdperf.stats.boundary import FEWEST_PAIRS

TRIMMED = 0.2
"""Share of rounds left out at each end. On recorded A/A pairs (12 and 20 rounds) the trimmed mean of the rounds' own
ratios spread 1.2 % and 2.8 % from pair to pair, the difference of the two medians 1.7 % and 4.3 %; in simulated
verdicts no other statistic needs fewer pairs on the whole (`benchmarks/results/gate_choices.md`). The calibration
kernel that is timed in each round is no covariate: taken off with the slope that fits best, 98 real A/A pairs of
each of two variants spread 2.34 % and 2.43 %, not 2.39 % and 2.47 % (`benchmarks/results/real_gates.md`)."""


def round_log_ratios(base: Sequence[float], head: Sequence[float]) -> list[float]:
    """log(head / base) of each round; latencies in one unit, above 0. A slowdown of both cancels."""
    return [math.log(h / b) for b, h in zip(base, head, strict=True)]


def trimmed_mean(log_ratios: Sequence[float]) -> float:
    """Log ratio of the pair: the mean of its rounds' without the TRIMMED largest and smallest."""
    cut = int(TRIMMED * len(log_ratios))
    return statistics.fmean(sorted(log_ratios)[cut : len(log_ratios) - cut])


def pair_log_ratio(base: Sequence[float], head: Sequence[float]) -> float:
    """Log ratio of two processes that drew in turn: equally many rounds, latencies in one unit, above 0."""
    return trimmed_mean(round_log_ratios(base, head))


FEWEST_ROUNDS, MOST_ROUNDS = 3, 40
"""Bounds of the answer. With fewer rounds one disturbed round is a third of a pair or more, and with five nothing is
trimmed on either side but one; from 40 on a pair says all that a pair can say (recorded traces: less than 0.9 % of
error left inside a pair that spreads by 1 to 3 %)."""


@dataclass(frozen=True)
class Variances:
    """Of log ratios, squared: the square root of ``round`` is 0.06 where a round's ratio spreads by 6 %."""

    round: float
    "within a pair: r times the variance that r rounds leave in the pair's log ratio"
    pair: float
    "between pairs, beyond what their rounds explain"


PRIOR = Variances(round=0.06**2, pair=0.018**2)
"""Variances assumed before anything is measured: the middle of recorded A/A pairs, 5 to 7 % and 1.1 to 2.5 %."""

_PRIOR_PAIRS = 20
"""Pairs that the prior counts for. Costs make most of the answer: a variance between few pairs says little, and rounds
that follow it up and down cost power. Simulated on a shared machine (4000 gates, 5 % slower, +-0.9 %): 92 % caught in
193 s with 3, 92 % in 187 s with 8, 93 % in 184 s with 20; 94 % in 185 s with 12 rounds throughout, which suit it."""


def components(log_ratios: Sequence[Sequence[float]]) -> Variances:
    """Components of variance of pairs, two at least, each the log ratios of its rounds, two at least.

    One-way analysis of variance, but of trimmed means, as `stats.rounds` takes them: their own variance is estimated
    from the winsorised spread (Tukey and McLaughlin, Sankhya A 25(3), 1963), so that rounds which are left out anyway
    call for no more rounds.
    """
    inside = [_round_variance(rounds) for rounds in log_ratios]
    explained = statistics.fmean(v / len(rounds) for v, rounds in zip(inside, log_ratios, strict=True))
    between = statistics.variance([trimmed_mean(rounds) for rounds in log_ratios])
    return Variances(round=statistics.fmean(inside), pair=max(0.0, between - explained))


def variances(log_ratios: Sequence[Sequence[float]]) -> Variances:
    """`components`, blended with the prior by how many pairs there are: none, one or more."""
    pairs = len(log_ratios)
    if pairs < 2:
        return PRIOR
    found = components(log_ratios)
    return Variances(_blend(PRIOR.round, found.round, pairs), _blend(PRIOR.pair, found.pair, pairs - 1))


def rounds_per_pair(
    log_ratios: Sequence[Sequence[float]],
    *,
    start_s: float,
    round_s: float,
    left_s: float = math.inf,
    fewest: int = FEWEST_ROUNDS,
    most: int = MOST_ROUNDS,
) -> int:
    """Rounds of the next pair, from ``fewest`` to ``most``.

    ``log_ratios`` holds one list per pair that counts so far, of its rounds' log(head / base). ``start_s`` are the
    seconds that a pair takes before its first round, ``round_s`` those of a round, base and head. In ``left_s``, the
    seconds that may still be spent, the pairs missing to FEWEST_PAIRS must fit: without them there is no verdict.
    """
    found = variances(log_ratios)
    best = math.sqrt(start_s / round_s * found.round / found.pair)
    wanted = max(FEWEST_PAIRS - len(log_ratios), 1)
    affordable = (left_s / wanted - start_s) / round_s
    return max(fewest, min(most, round(best), math.floor(min(affordable, most))))


def _round_variance(rounds: Sequence[float]) -> float:
    """``len(rounds)`` times the squared standard error of their trimmed mean."""
    cut = int(TRIMMED * len(rounds))
    kept = sorted(rounds)[cut : len(rounds) - cut]
    winsorised = [kept[0]] * cut + kept + [kept[-1]] * cut
    mean = statistics.fmean(winsorised)  # statistics.variance, exact, takes ten times as long
    variance = math.fsum((v - mean) ** 2 for v in winsorised) / (len(rounds) - 1)
    return variance / (len(kept) / len(rounds)) ** 2


def _blend(prior: float, found: float, degrees: int) -> float:
    return (_PRIOR_PAIRS * prior + degrees * found) / (_PRIOR_PAIRS + degrees)
