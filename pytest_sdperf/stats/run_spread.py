"""How far runs of the same work differ on this machine: foreseen from its processes, and learned from its runs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_sdperf.baseline import level_s
from pytest_sdperf.measurement import Latency, Measurement, ProcessRun
from pytest_sdperf.stats.intervals import Difference, median_inflation
from pytest_sdperf.stats.regime import UNKNOWN, Usual, readings_ns, timings_of, usual

PROCESS_SD = 0.06
PROCESS_DEGREES = 2
"""Spread of processes of one run (standard deviation of the log of their medians) before any is known, as much as two
degrees of freedom with 6 % would say. Recorded ones spread by 2.5 % (2-core Zen 5, `fp32`) to 11 % (2-core Zen 4)."""

VARIANT_DEGREES = 2
"""What the processes of all other variants say of one variant's, in degrees of freedom. Variants differ: on a 2-core
Zen 4 the spreads of eight lay between 2.6 and 30 %, which two degrees describe (the estimator of Smyth 2004 on their
variances, four degrees each, gives 1.9)."""

JOB_SHARE = 0.5
JOB_SD = 0.02
JOB_DEGREES = 10
"""Variance between runs at different hours, beyond what their processes explain: JOB_SHARE of the variance of their
processes, and JOB_SD squared; with JOB_DEGREES for how well that foresees it.

Fitted to recorded runs of three processes, as shares of the variance of processes: 0.1 and 0.4 (an excess of 2.0 and
1.5 %) on a 2-core Zen 5 over 21 minutes, pictures of the usual regime only (`openvino_static`, `fp32`), 0.6 and 0.7 on
a 2-core Zen 4 over 7.5 hours, where nobody watched. Over all series there are, far regimes included, a share of 0.65
with 7.5 degrees is the most likely (F distributed ratios: Smyth, Statistical Applications in Genetics and Molecular
Biology 3(1), 2004); those of the usual regime alone would allow more. The series: `benchmarks/results/stored_power.md`.
"""

MOST_USUAL = 0.75
"""Of a run's pictures. With a quarter elsewhere most processes have their median where the usual ones are."""

UNWATCHED_SD = 0.32
"""Further spread of a run while which nobody watched the way between the machine's CPUs: it may be of a regime that
halves the speed for minutes. As far as four recorded runs of `openvino_static` spread on a shared 2-core machine. Never
learned from the runs: ten of the usual regime do not show how far away the other one is.
"""


@dataclass(frozen=True)
class RunSpread:
    """Spread of the processes within all recorded runs of this machine.

    A run's median of n processes with variance p varies by p median_inflation(n) / n + JOB_SHARE p + JOB_SD², as long
    as nothing else is known. The spread of the recorded runs themselves moderates that as in limma (Smyth 2004):
    s² = (d0 s0² + d s²_runs) / (d0 + d), with Student's t on d0 + d degrees of freedom, so that it takes over as runs
    come. Only the variant's own runs count, because all variants of one session share its hour.

    Simulated and from recorded traces (`benchmarks/results/stored_power.md`), at equal speed REGRESSED is called for at
    most 1 % of heads under every profile: on watched machines under those that a watch leaves (a drift that all
    variants of a session share up to 3 %), on others under all, runs that spread by 32 % and bimodal ones included. It
    is more where whole runs move by 8 % or more in spite of a watch that shows nothing: 10 % with one recorded run, 3 %
    with ten. The price on machines that nobody watches: slowdowns below 120 % are not detected.
    """

    squares: float = 0.0
    "sum of squared deviations of the processes' log medians from their run's mean"
    processes: int = 0
    "degrees of freedom of ``squares``: the processes beyond the first of each run"
    is_watch_enough: bool = True
    "False: runs may differ as on a machine that nobody watched, whatever a watch showed"
    usual: Usual = UNKNOWN
    "the machine's usual regime, by all recorded runs"

    @property
    def variance(self) -> float:
        """Moderated variance of one process's log median."""
        return (PROCESS_DEGREES * PROCESS_SD**2 + self.squares) / (PROCESS_DEGREES + self.processes)


NOTHING_RECORDED = RunSpread()
"""What is assumed of a machine on which nothing was recorded."""


def run_spread(variants: Iterable[Sequence[Measurement]]) -> RunSpread:
    """Pool the processes of all recorded runs of one machine, and the readings of its regime.

    ``variants`` has for each variant its runs, all of the same work. The sizes of one run share its processes, so a run
    counts once, with the mean of what its sizes show.
    """
    squares, processes, readings = 0.0, 0, list[int]()
    for run in (run for runs in variants for run in runs):
        readings += readings_ns(run.processes)
        squares += statistics.fmean(_squares(run.latency_at(size)) for size in run.sizes)
        processes += len(run.processes) - 1
    return RunSpread(squares, processes, usual=usual(readings))


def is_watched(run: Measurement, level: Usual) -> bool:
    """Whether the machine's regime was watched beside each picture, and MOST_USUAL of them drawn in the usual one.

    A single CPU, or thread, has none. Where readings change from picture to picture, so that no level is the usual one,
    processes have a share of each, and their spread shows what that makes.
    """
    if not all(_is_watched(process) for process in run.processes):
        return False
    pictures = list(timings_of(run.processes))
    return sum(map(level.includes, pictures)) >= MOST_USUAL * len(pictures)


@dataclass(frozen=True)
class Compared:
    """One new run against K recorded ones at one size: all that its `Difference` is made of."""

    log_ratio: float
    processes: int
    "of the new run"
    process_variance: float
    "of one process's log median, moderated"
    scale: float
    "how many times more runs vary than foreseen, moderated by how the recorded ones do"
    degrees: float
    "of ``scale`` times what is foreseen"
    recorded_variance: float
    "foreseen of the mean of the recorded runs"
    own_variance: float
    "of the new run's median, from its own processes; a single one shows none"
    unwatched_variance: float
    "for regimes that nobody watched"

    def difference(self, processes: int | None = None) -> Difference:
        """The difference and its error; with more ``processes`` of the new run, as they would be at the same ratio.

        Variances of different sources are added, with the degrees of Satterthwaite (Biometrics Bulletin 2(6), 1946).
        """
        count = processes or self.processes
        own = self.own_variance * _of_median(count) / _of_median(self.processes)
        known = max(self.scale * _foreseen(self.process_variance, count), own) + self.scale * self.recorded_variance
        whole = known + self.unwatched_variance
        return Difference(self.log_ratio, math.sqrt(whole), self.degrees * (whole / known) ** 2)

    def still_to_move(self, processes: int) -> float:
        """Standard deviation of what the log ratio still moves by until there are as many ``processes``."""
        left = _of_median(self.processes) - _of_median(processes)
        return math.sqrt(self.process_variance * max(left, 0.0))


def compared(measurement: Measurement, runs: Sequence[Measurement], size: str, spread: RunSpread) -> Compared:
    """One new run against recorded ones (at least one) at one size that all of them drew.

    The new run's median is never trusted more than the spread of its own processes allows: a run that is so uneven in
    itself would not repeat any better.
    """
    head, base = measurement.latency_at(size), [run.latency_at(size) for run in runs]
    degrees = VARIANT_DEGREES + sum(len(side.process_medians_s) - 1 for side in (head, *base))
    squares = sum(map(_squares, (head, *base)))
    variance = (VARIANT_DEGREES * spread.variance + squares) / degrees
    foreseen = [_foreseen(variance, len(side.process_medians_s)) for side in base]
    # Variances of logarithms of independent estimates add up: 2 / degrees each, for the processes and for the factor.
    prior_degrees = 1 / (1 / JOB_DEGREES + 1 / degrees)
    centre, count = level_s(runs, size), len(runs)
    between = sum(math.log(side.median_s / centre) ** 2 for side in base) / statistics.fmean(foreseen)
    own = len(head.process_medians_s)
    unwatched = [not (spread.is_watch_enough and is_watched(run, spread.usual)) for run in (measurement, *runs)]
    return Compared(
        log_ratio=math.log(head.median_s / centre),
        processes=own,
        process_variance=variance,
        scale=(prior_degrees + between) / (prior_degrees + count - 1),
        degrees=prior_degrees + count - 1,
        recorded_variance=sum(foreseen) / count**2,
        own_variance=_squares(head) / (own - 1) * _of_median(own) if own > 1 else 0.0,
        unwatched_variance=UNWATCHED_SD**2 * (unwatched[0] + sum(unwatched[1:]) / count**2),
    )


def difference(measurement: Measurement, runs: Sequence[Measurement], size: str, spread: RunSpread) -> Difference:
    """The same in short: how far the new run is from the recorded ones, and how sure that is."""
    return compared(measurement, runs, size, spread).difference()


def _foreseen(process_variance: float, processes: int) -> float:
    """Variance of a run's log median, as long as nothing else is known."""
    return process_variance * (_of_median(processes) + JOB_SHARE) + JOB_SD**2


def _of_median(count: int) -> float:
    """Variance of the median of so many processes, as a share of one's."""
    return median_inflation(count) / count


def _squares(latency: Latency) -> float:
    logs = [math.log(s) for s in latency.process_medians_s]
    centre = statistics.fmean(logs)
    return sum((y - centre) ** 2 for y in logs)


def _is_watched(process: ProcessRun) -> bool:
    if process.threads == 1 or len(process.cpus) == 1:
        return True
    return all(picture.round_trip_ns for pictures in process.images.values() for picture in pictures)
