"""How far runs of the same work differ on this machine: pooled over all that is recorded, moderated by a prior."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_sdperf.baseline import level_s
from pytest_sdperf.measurement import Latency, Measurement
from pytest_sdperf.stats.intervals import Difference, median_inflation

PRIOR_DEGREES = 2
PRIOR_SD = 0.06
"""Run-to-run spread (standard deviation of the log) that is assumed before any run was repeated: as much as two
degrees of freedom with 6 % would say, so that the true spread is 7 % or less with a chance of one half, and above
27 % with one in twenty.

Source: fourteen processes of each of two variants over five minutes on a shared two-core virtual machine, cut into
runs of three. Their medians spread 8 % (fp32) and 32 % (openvino_static, for which the machine ran at half its speed
for a while). Spreads that differ so much are described by few degrees (the estimator of Smyth 2004 gives 1.3, and a
spread of 12 %). It is wide on purpose: with one recorded run and nothing repeated, the 95 % bound of a run that is just
as fast lies 28 % above, and only slowdowns by 81 % or more are called REGRESSED. It is not as wide as that estimator
would have it: with one recorded run no limit below 100 % could then be passed, not even one for gross slowdowns only.
"""


@dataclass(frozen=True)
class RunSpread:
    """Run-to-run variance of this machine, as far as recorded runs show it.

    Moderated as in limma (Smyth, Statistical Applications in Genetics and Molecular Biology 3(1), 2004): s² = (d0 s0²
    + d s²_pooled) / (d0 + d), with Student's t on d0 + d degrees of freedom.

    Simulated (normal runs, one or nine variants of 1, 2, 3 or 10 recorded runs each, 20 000 heads, limit 5 %), at
    equal speed REGRESSED is called for at most

    - 1.2 % of heads where runs spread by 8 % or less, 1.5 % where each variant has a spread of its own of 1 to 10 %;
    - 2.7 % where all spread by 15 %, 5 % where half of the variants spread by 32 % and one run is recorded: more than
      the prior expects, until repeats show it;
    - 2.6 % where nine variants share a drift of 8 % from session to session, since repeats of one session then count
      nine times.

    Moderation pays while runs are few: without it one run shows nothing at all, and of three runs of one variant
    that spread by 8 % it finds 19 % of the slowdowns by 20 % where the pooled variance alone finds 9 %, with fewer
    false alarms (0.4 % for 0.9 %). It costs on machines much quieter than it assumes, until some twenty runs are
    repeats: three runs of one variant that spread by 3 % find 29 % instead of 44 %.
    """

    squares: float = 0.0
    "sum of squared deviations of the runs' log latencies from their variant's mean"
    repeats: int = 0
    "degrees of freedom of ``squares``: the runs beyond the first of each variant"

    @property
    def variance(self) -> float:
        """Moderated variance of one run's log latency."""
        return (PRIOR_DEGREES * PRIOR_SD**2 + self.squares) / self.degrees

    @property
    def degrees(self) -> int:
        """Degrees of freedom of ``variance``."""
        return PRIOR_DEGREES + self.repeats


NOTHING_REPEATED = RunSpread()
"""The prior alone: what is assumed of a machine on which no case has two runs."""


def run_spread(variants: Iterable[Sequence[Measurement]]) -> RunSpread:
    """Pool the recorded runs of one machine: for each variant its runs, all of the same work.

    The sizes of one run share its hour and its processes, so a variant counts once, with the mean of what
    its sizes show, and not once for each size.
    """
    squares, repeats = 0.0, 0
    for runs in variants:
        squares += statistics.fmean(_squares(runs, size) for size in runs[0].sizes)
        repeats += len(runs) - 1
    return RunSpread(squares, repeats)


def difference(measurement: Measurement, runs: Sequence[Measurement], size: str, spread: RunSpread) -> Difference:
    """One new run against K recorded ones (at least one) at one size that all of them drew.

    The new run's log median differs from the mean of the recorded ones' with variance s² (1 + 1/K). s² is the
    machine's run-to-run variance, but never less than what the spread of the new run's own processes makes
    of their median: a run that is so uneven in itself would not repeat any better.
    """
    variance = max(spread.variance, _variance_of_median(measurement.latency_at(size), runs, size))
    return Difference(
        log_ratio=math.log(measurement.latency_at(size).median_s / level_s(runs, size)),
        standard_error=math.sqrt(variance * (1 + 1 / len(runs))),
        degrees=spread.degrees,
    )


def _squares(runs: Sequence[Measurement], size: str) -> float:
    centre = math.log(level_s(runs, size))
    return sum((math.log(run.latency_at(size).median_s) - centre) ** 2 for run in runs)


def _variance_of_median(head: Latency, runs: Sequence[Measurement], size: str) -> float:
    """Of the log median of the head's processes, from their own spread; a single process borrows the recorded runs'."""
    sides = [head] if len(head.process_medians_s) > 1 else [run.latency_at(size) for run in runs]
    logs = [[math.log(s) for s in side.process_medians_s] for side in sides]
    degrees = sum(len(side) - 1 for side in logs)
    if degrees == 0:
        return 0.0
    squares = sum((y - statistics.fmean(side)) ** 2 for side in logs for y in side)
    count = len(head.process_medians_s)
    return squares / degrees * median_inflation(count) / count
