"""How many processes measure a case by itself: at most, and whether those that there are say enough."""

from __future__ import annotations

from collections.abc import Callable

from pytest_sdperf.activity import Looked
from pytest_sdperf.baseline import Baseline
from pytest_sdperf.measure.sampling import Enough
from pytest_sdperf.measure.when_paired import Pairs
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Options
from pytest_sdperf.stats.enough_processes import (
    FEWEST_PROCESSES,
    MOST_PROCESSES,
    RECORDED_PROCESSES,
    UNCOMPARED_PROCESSES,
    has_enough_processes,
)
from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.stats.sure_factor import is_sure_of_factor

IsRecorded = Callable[[Measurement, Looked | None], bool]
"""Whether the program that was measured, and what its workers looked at, is the one that was recorded."""


def most_processes(pairs: Pairs, options: Options, *, has_baseline: bool, is_recorded: bool) -> int:
    """How many processes measure the case by itself, at most; ``is_recorded`` says whether the run is to be recorded.

    One serves picture and proof where its latency is certain to be judged by pairs alone: where it is neither
    recorded nor compared with a sibling, which is measured by itself, too.
    """
    if pairs is Pairs.YES and not options.update and not options.thresholds.min_speedup:
        return 1
    if options.processes:
        return options.processes
    if is_recorded:
        return RECORDED_PROCESSES
    return MOST_PROCESSES if has_baseline else UNCOMPARED_PROCESSES


def enough(
    baseline: Baseline,
    options: Options,
    spread: Callable[[], RunSpread],
    most: int,
    *,
    is_recorded: IsRecorded | None,
    sibling: Measurement | None = None,
) -> Enough | None:
    """Whether the processes of a case that is not recorded say enough; None where a fixed number is asked for.

    The program that was recorded needs one process, unless its latency is asked for, or it may be too slow beside
    ``sibling``, the variant that a promised factor names, as measured in this run; None: it was not yet.
    ``is_recorded`` is None where the case is compared with a base. What goes on side by side must rule out what pairs
    would have to catch, too.
    """
    limits = options.thresholds
    is_one_enough = options.identical == "pass" and (sibling is not None or not limits.min_speedup)
    if options.processes and (is_recorded is None or not is_one_enough):
        return None
    both = min(limits.max_slowdown, limits.must_catch)
    alone = limits.max_slowdown if options.escalate == "off" or "latency" not in options.gate else both
    limit = both if is_recorded is None else alone

    def say_enough(measurement: Measurement, looked: Looked | None) -> bool:
        nonlocal limit
        # A program that is not the same in one process is not the same in two.
        if is_recorded and len(measurement.processes) == 1 and is_recorded(measurement, looked):
            if is_one_enough and _is_sure(measurement, sibling, limits.min_speedup, spread):
                return True
            limit = limits.max_slowdown
        if options.processes:
            return False
        return has_enough_processes(measurement, baseline.measurements, spread(), max_slowdown=limit, most=most)

    if options.processes:
        return Enough(say_enough, (1, most))
    return Enough(say_enough, (1, FEWEST_PROCESSES - 1, 2) if is_recorded and is_one_enough else (FEWEST_PROCESSES, 2))


def _is_sure(
    measurement: Measurement,
    sibling: Measurement | None,
    promised: tuple[str, float] | None,
    spread: Callable[[], RunSpread],
) -> bool:
    return not promised or (sibling is not None and is_sure_of_factor(measurement, sibling, promised[1], spread()))
