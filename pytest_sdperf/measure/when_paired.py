"""Whether a case is measured in pairs with the base: one decision, asked before it is measured by itself, and after."""

from __future__ import annotations

from enum import Enum

from pytest_sdperf.baseline import Baseline
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Options
from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.stats.screen import passes_screen


class Pairs(Enum):
    """The answer."""

    NO = "no"
    YES = "yes"
    UNLESS_SCREENED = "unless the recorded runs show that the latency is fine"


def pairs_for(options: Options, *, has_target: bool, has_baseline: bool) -> Pairs:
    """Whether pairs are measured, as far as that is known before the case is measured.

    ``has_target`` says whether the session compares with anything, ``has_baseline`` whether runs of the case are
    recorded. No pairs are measured where an update accepts what was measured, whatever it was before.
    """
    if not has_target or options.update == "all" or "latency" not in options.gate:
        return Pairs.NO
    return Pairs.UNLESS_SCREENED if has_baseline else Pairs.YES


def is_screened(unpaired: Measurement, baseline: Baseline, options: Options, spread: RunSpread) -> bool:
    """The decision on `UNLESS_SCREENED` after the case was measured by itself: True where no pairs are needed."""
    limits = options.thresholds
    return passes_screen(
        unpaired, baseline.measurements, spread, max_slowdown=limits.max_slowdown, must_catch=limits.must_catch
    )
