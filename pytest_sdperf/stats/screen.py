"""Compare one run with the recorded ones, size by size: cheap, and only as sharp as the machine's noise allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_sdperf.baseline import other_work
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.stats.intervals import Difference
from pytest_sdperf.stats.run_spread import RunSpread, difference
from pytest_sdperf.stats.sequential import Decision


@dataclass(frozen=True)
class Screened:
    """One size, compared."""

    decision: Decision
    "REGRESSED, FASTER, PASSED or INCONCLUSIVE"
    difference: Difference
    detectable: float
    "log ratio that would be called REGRESSED four times in five"


def screen(
    measurement: Measurement, runs: Sequence[Measurement], max_slowdown: float, spread: RunSpread
) -> dict[str, Screened | None]:
    """Size -> what the recorded ``runs`` (at least one, of the same work) say of it; None: one of them lacks it.

    ``max_slowdown`` is a share: 0.05 is 5 % slower. The false-alarm rate is shared out over the sizes (Bonferroni).
    """
    limit, comparisons = math.log1p(max_slowdown), len(measurement.sizes)
    found: dict[str, Screened | None] = {}
    for size in measurement.sizes:
        if not all(size in run.sizes for run in runs):
            found[size] = None
            continue
        diff = difference(measurement, runs, size, spread)
        found[size] = Screened(_decision(diff, limit, comparisons), diff, diff.detectable(limit, comparisons))
    return found


def passes_screen(
    measurement: Measurement,
    runs: Sequence[Measurement],
    spread: RunSpread,
    *,
    max_slowdown: float,
    must_catch: float,
) -> bool:
    """Whether the recorded runs alone show that the latency is fine: then nothing more needs to be measured.

    They must rule out what pairs would have to catch: a wide ``max_slowdown`` would let it pass unmeasured. A run that
    is faster than all of them is measured side by side, too: it says that they are out of date.
    """
    if not runs or other_work(runs[-1], measurement):
        return False
    found = screen(measurement, runs, min(max_slowdown, must_catch), spread).values()
    decisions = {None if one is None else one.decision for one in found}
    return Decision.PASSED in decisions and decisions <= {Decision.PASSED, Decision.FASTER}


def _decision(diff: Difference, limit: float, comparisons: int) -> Decision:
    if diff.significantly_above(limit, comparisons):
        return Decision.REGRESSED
    if diff.significantly_below(limit, comparisons):
        return Decision.FASTER
    return Decision.PASSED if diff.within(limit) else Decision.INCONCLUSIVE
