"""Judge the order of two variants measured in the same session: this one so many times faster than that."""

from __future__ import annotations

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.stats.disturbance import disturbance, explained_slowdown
from pytest_sdperf.verdict.latency_findings import SizeSpeedup, SpeedupFinding
from pytest_sdperf.verdict.status import Status


def judge(seen: Observations, options: Options) -> SpeedupFinding | None:
    """Both variants as they were measured by themselves; None where no `min_speedup` is promised."""
    wanted = options.thresholds.min_speedup
    return judge_speedup(seen.unpaired, seen.sibling, wanted) if wanted else None


def judge_speedup(
    measurement: Measurement, sibling: Measurement | None, min_speedup: tuple[str, float]
) -> SpeedupFinding:
    """Compare median(sibling) / median(this) with the promised factor; the worst of the shared sizes decides.

    ``sibling`` is the named variant's measurement of the same workload and session; None or no shared
    size: nothing shows the promise, so the finding is NO_BASELINE. INCONCLUSIVE is a factor that was missed while
    something else took the machine from this variant, and one that was reached while it took it from the sibling,
    where that explains which of the two it is (`stats/disturbance.py`).
    """
    name, limit = min_speedup
    sizes = [size for size in measurement.sizes if sibling is not None and size in sibling.sizes]
    if sibling is None or not sizes:
        return SpeedupFinding(status=Status.NO_BASELINE, sibling=name, limit=limit)
    found = sorted(
        (SizeSpeedup(s, measurement.latency_at(s).median_s, sibling.latency_at(s).median_s) for s in sizes),
        key=lambda one: one.factor,
    )
    reached = found[0].factor >= limit
    slowed = sibling if reached else measurement
    # What slowed the sibling made the factor larger than it is, what slowed this variant made it smaller.
    most = explained_slowdown(slowed)
    real = found[0].factor / most if reached else found[0].factor * most
    doubt = disturbance(slowed) if (real >= limit) != reached else ""
    if doubt:
        clause = f"of {name}, {doubt}" if reached else doubt
        status = Status.INCONCLUSIVE
        return SpeedupFinding(status=status, sibling=name, limit=limit, sizes=found, doubted_because=clause)
    status = Status.PASSED if reached else Status.REGRESSED
    return SpeedupFinding(status=status, sibling=name, limit=limit, sizes=found)
