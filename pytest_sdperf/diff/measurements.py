"""Differences between two measurements of one case, as a value: described, never judged."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_sdperf.baseline import Baseline, other_work
from pytest_sdperf.diff.changes import cold_start_changes, environment_changes, kernel_changes, stage_changes
from pytest_sdperf.measurement import Measurement, peaks_counted_alike
from pytest_sdperf.stats.intervals import SENSELESS, Difference, median_inflation


@dataclass(frozen=True)
class LatencyChange:
    """Latency at one size."""

    size: str
    base_s: float
    head_s: float
    bounds: tuple[float, float] | None
    "95 % bounds, each one-sided, of head over base as a factor, from the spread on each side; None: a side shows none"

    @property
    def ratio(self) -> float:
        return self.head_s / self.base_s


@dataclass(frozen=True)
class Changes:
    """Two measurements of one case."""

    case_id: str
    "both, with an arrow, where the two are of different cases"
    not_comparable: str
    "why latency and memory must not be compared, as a clause; empty: they may"
    latencies: list[LatencyChange]
    "at every size that both drew; empty where nothing may be compared"
    memory_bytes: tuple[int, int] | None
    "peak memory, base and head, counted alike; None where nothing may be compared"
    stages: list[str]
    kernels: list[str]
    environment: list[str]
    cold_start: list[str]


def changes(base: Measurement, head: Measurement) -> Changes:
    """Compare two runs, each by its processes.

    The bounds know how far the processes of a run lie apart. That one run differs from another by more than
    that (other hours, other neighbours) they cannot know: they describe these two runs, and decide nothing.
    """
    sizes = [size for size in head.sizes if size in base.sizes]
    found = [latency_change(s, *(m.latency_at(s).process_medians_s for m in (base, head))) for s in sizes]
    return changes_of(base, head, found)


def stored_changes(base: Baseline, head: Baseline) -> Changes:
    """Compare two baselines: where a side holds several runs, latency is compared by runs, else by processes."""
    if max(len(base.runs), len(head.runs)) == 1:
        return changes(base.newest, head.newest)
    sizes = [s for s in head.newest.sizes if all(s in run.sizes for side in (base, head) for run in side.measurements)]
    found = [
        latency_change(s, *([run.latency_at(s).median_s for run in side.measurements] for side in (base, head)))
        for s in sizes
    ]
    return changes_of(base.newest, head.newest, found)


def changes_of(base: Measurement, head: Measurement, latencies: list[LatencyChange]) -> Changes:
    """All that differs, with latencies that the caller has compared."""
    why = not_comparable(base, head)
    if not why and not latencies:
        why = f"other sizes ({', '.join(base.sizes)} and {', '.join(head.sizes)})"
    base_bytes, head_bytes = peaks_counted_alike([base, head])
    return Changes(
        case_id=head.case_id if base.case_id == head.case_id else f"{base.case_id} -> {head.case_id}",
        not_comparable=why,
        latencies=[] if why else latencies,
        memory_bytes=None if why else (base_bytes, head_bytes),
        stages=[] if why else [line for one in latencies for line in stage_changes(base, head, one.size)],
        kernels=kernel_changes(base.evidence, head.evidence),
        environment=environment_changes(base.environment, head.environment),
        cold_start=[] if why else cold_start_changes(base, head),
    )


def not_comparable(base: Measurement, head: Measurement) -> str:
    """Why the two must not be compared: another machine or other work; empty where they may."""
    machines = base.environment.machine_key, head.environment.machine_key
    if machines[0] != machines[1]:
        return f"measured on {machines[0]}, this on {machines[1]}"
    work = other_work(base, head)
    return f"measured with {work}" if work else ""


def latency_change(size: str, base_s: Sequence[float], head_s: Sequence[float]) -> LatencyChange:
    """Medians of both sides, with Welch's interval on logarithms where each side has two values or more."""
    sides = [[math.log(value) for value in side] for side in (base_s, head_s)]
    medians_s = statistics.median(base_s), statistics.median(head_s)
    if min(map(len, sides)) < 2:
        return LatencyChange(size, *medians_s, bounds=None)
    variances = [statistics.variance(side) * median_inflation(len(side)) / len(side) for side in sides]
    total = sum(variances)
    if total == 0:
        return LatencyChange(size, *medians_s, bounds=None)
    # Welch-Satterthwaite, rounded down: whole degrees of freedom, on the wide side
    degrees = total**2 / sum(v**2 / (len(side) - 1) for v, side in zip(variances, sides, strict=True))
    apart = Difference(math.log(medians_s[1] / medians_s[0]), math.sqrt(total), max(1, int(degrees)))
    return LatencyChange(size, *medians_s, bounds=(_factor(apart.lower), _factor(apart.upper)))


def _factor(log_ratio: float) -> float:
    """exp, where a bound may lie beyond any sense."""
    return math.exp(min(max(log_ratio, -SENSELESS), SENSELESS))
