"""Whether it is sure that one variant is so many times faster than another, or that it is not."""

from __future__ import annotations

import math

from pytest_sdperf.measurement import Latency, Measurement
from pytest_sdperf.stats.intervals import median_inflation
from pytest_sdperf.stats.run_spread import RunSpread

_SURE = 3.0
"""Standard deviations between the factor and its limit: 1 of 740 is on the other side by chance (normal)."""


def is_sure_of_factor(measurement: Measurement, sibling: Measurement, limit: float, spread: RunSpread) -> bool:
    """Whether median(sibling) / median(this) is far from ``limit`` at every size that both drew, on either side.

    Both were measured in one session, so only the spread of their processes counts.
    """
    sizes = [size for size in measurement.sizes if size in sibling.sizes]
    return bool(sizes) and all(
        _is_far(measurement.latency_at(size), sibling.latency_at(size), limit, spread) for size in sizes
    )


def _is_far(own: Latency, other: Latency, limit: float, spread: RunSpread) -> bool:
    counts = [len(side.process_medians_s) for side in (own, other)]
    sd = math.sqrt(spread.variance * sum(median_inflation(count) / count for count in counts))
    return abs(math.log(other.median_s / own.median_s / limit)) > _SURE * sd
